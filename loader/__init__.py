"""Loading: a `.dspy` file as a Python module, by `load` and through Python's own `import`."""
