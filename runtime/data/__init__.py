"""Labelled rows: `Dataset` and the readers of data files."""

from .dataset import Dataset

__all__ = ["Dataset"]
