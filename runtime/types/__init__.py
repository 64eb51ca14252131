"""The types of the language that Python lacks."""
