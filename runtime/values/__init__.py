"""Values: answers read into their types, checked, and written into prompts."""
