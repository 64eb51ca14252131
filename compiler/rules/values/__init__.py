"""Rules about what is done with values."""
