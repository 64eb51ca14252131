def price(item, currency: str = "EUR") -> float:
    """The price of a drink."""
    return 3.5 if item == "tea" else 4.0
