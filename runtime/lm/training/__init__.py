"""Training GGUF models on this machine."""
