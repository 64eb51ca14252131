"""Rules about fields, parameters, defaults and demos."""
