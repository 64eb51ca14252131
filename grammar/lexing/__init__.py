"""Text to tokens: one regular expression, brackets, indentation, and tokens that are wrong by themselves."""
