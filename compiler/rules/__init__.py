"""Program to diagnostics: one file a rule."""
