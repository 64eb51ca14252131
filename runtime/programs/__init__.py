"""Optimised programs: a module with what an optimizer learned."""
