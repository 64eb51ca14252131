"""How calls run: settings, traces, threads, and what is in flight together."""
