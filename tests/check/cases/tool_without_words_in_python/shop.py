def price(item: str) -> float:
    return 3.5 if item == "tea" else 4.0
