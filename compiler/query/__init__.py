"""What an editor asks of an analysed file: functions of an analysis and an offset that return plain data."""
