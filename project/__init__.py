"""Projects: which files there are, what they hold, which settings are theirs, and what they declare."""
