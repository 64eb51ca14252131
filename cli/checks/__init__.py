"""What `dspyc check` does to files: what was kept, all cores, baselines, changes, watching."""
