"""The compiler: a syntax tree to a resolved program, a program to diagnostics and to Python."""
