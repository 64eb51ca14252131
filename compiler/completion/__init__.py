"""What may stand at a place of a file that is being written."""
