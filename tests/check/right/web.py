"""Tools of the agents in these programs; no check runs them."""


def search(query: str) -> list[str]:
    """The addresses of pages about a query."""
    return [f"https://example.org/{query}"]


def fetch(url: str) -> str:
    """The text of a page."""
    return url


def lookup(word: str, language: str = "en") -> dict[str, str]:
    """What a dictionary says of a word."""
    return {language: word}
