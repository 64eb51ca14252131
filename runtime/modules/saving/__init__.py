"""Whole programs in a folder: their structure as JSON, their own code as the source text that it is."""

from .program import load, save_program
from .settings import load_settings, save_settings

__all__ = ["load", "load_settings", "save_program", "save_settings"]
