"""Labels, in a package."""

KNOWN = ["a", "b"]
