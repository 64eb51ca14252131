"""Language models: the client, its cache, its providers."""
