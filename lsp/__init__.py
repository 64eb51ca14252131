"""The language server: a thin skin over `compiler.analysis`."""
