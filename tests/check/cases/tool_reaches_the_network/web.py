def fetch(url: str) -> str:
    """The text of a page."""
    import urllib.request as web

    with web.urlopen(url) as answer:
        return answer.read().decode()


def words(text: str) -> int:
    """How many words a text has."""
    return len(text.split())
