"""Makes the documentation's pages: those of `docs/`, and the reference out of the sources."""
