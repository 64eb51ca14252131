"""Looking at runs, evaluations and optimisations in a browser: `dspyc ui`."""
