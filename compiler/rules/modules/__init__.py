"""Rules about modules and their parts."""
