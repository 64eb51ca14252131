"""Tests that test nothing, or that another hides."""
