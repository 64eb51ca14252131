"""Programs as packages: a wheel with their data and what was learned, and a recipe for a container."""
