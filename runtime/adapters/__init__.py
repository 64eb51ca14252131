"""Signatures to messages and answers to values: one file an adapter."""
