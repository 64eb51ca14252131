"""Prompts for an editor: what the predictor at a place of a text would send, asked and answered in JSON."""
