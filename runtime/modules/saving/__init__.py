"""Whole programs in a folder: their structure as JSON, their own code as the source text that it is."""

from .program import load, save_program

__all__ = ["load", "save_program"]
