"""Rules about what a file does when it is loaded."""
