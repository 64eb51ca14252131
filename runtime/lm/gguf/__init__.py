"""GGUF files: their header and their weights."""
