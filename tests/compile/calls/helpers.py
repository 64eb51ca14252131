"""What the programs import."""


def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()
