"""What an editor asks of an analysed file: pure functions of an analysis and an offset, which return plain data."""
