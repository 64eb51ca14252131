from pathlib import Path


def remember(text: str) -> str:
    """Keep a note for later."""
    with open("notes.txt", "a", encoding="utf-8") as file:
        file.write(text)
    return Path("notes.txt").read_text(encoding="utf-8")
