"""How requests reach a model: in this process, over our own connections, or through litellm."""
