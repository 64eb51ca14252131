"""Rules about the bodies of functions and modules."""
