"""The ground that every room stands on: it imports nothing of the package."""
