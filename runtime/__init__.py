"""What compiled programs run on; usable by hand."""
