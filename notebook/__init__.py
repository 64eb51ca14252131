"""Programs in the cells of a Jupyter notebook or of IPython: `%load_ext dspyc`, then `%%dspy`."""
