"""The ground that every room may import: words, files and secrets. It imports nothing of the package."""
