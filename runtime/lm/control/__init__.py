"""How many requests a model gets: at once, in a minute, and for how much money."""
