"""How requests reach a model: through litellm, or in this process."""
