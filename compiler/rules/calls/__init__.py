"""Rules about calls and their arguments."""
