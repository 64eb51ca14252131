def search(text: str) -> str:
    return text
