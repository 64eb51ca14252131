"""The rules: one file each, each a function from a resolved program to diagnostics."""
