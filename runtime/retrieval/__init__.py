"""Finding passages for a query: by words, by vectors, or by a server that does it."""
