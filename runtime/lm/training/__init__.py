"""Training models: on this machine, by servers with OpenAI's protocol, by jobs of Databricks."""
