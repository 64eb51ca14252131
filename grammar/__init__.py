"""Text to tree and back: knows the syntax of the language and none of its meaning."""
