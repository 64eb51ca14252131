"""Python functions that the sample imports."""


def find_articles(intent: str, k: int = 3) -> list[str]:
    """Return the k help pages that fit an intent best."""
    pages = {"lost_or_stolen_card": ["Freeze your card in the app.", "Order a new card."]}
    return pages.get(intent, [])[:k]
