"""The ground that every room may stand on; imports nothing of ours."""
