"""Rules about what deceives a reader or gives something away."""
