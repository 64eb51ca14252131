"""What a model might answer about the three invoices, so that the example runs without one."""

import json


def _invoice(number: str, issued: str, seller: dict, buyer: dict, lines: list, sums: tuple) -> str:
    parts = {"number": number, "issued": issued, "seller": seller, "buyer": buyer, "lines": lines}
    return json.dumps(parts | dict(zip(("net", "vat", "total"), sums, strict=True)), ensure_ascii=False)


def _party(name: str, vat_id: str | None, street: str, city: str, country: str) -> dict:
    return {
        "name": name,
        "vat_id": vat_id,
        "address": {"street": street, "city": city, "country": country},
    }


def _line(description: str, quantity: float, unit_price: float, amount: float) -> dict:
    return {
        "description": description,
        "quantity": quantity,
        "unit_price": unit_price,
        "amount": amount,
    }


_KERN = _party("Werkstatt Kern GmbH", "DE811234567", "Hafenweg 12", "Hamburg", "DE")
_BRANDT = _party("Ilse Brandt", None, "Lindenallee 3", "Hamburg", "DE")


def _brakes(amount: float) -> str:
    lines = [_line("Bremsbelag vorn", 2, 49.9, amount)]
    return _invoice("A-88", "2024-06-11", _KERN, _BRANDT, lines, (99.8, 18.96, 118.76))


ANSWERS = {
    # An answer that breaks a condition comes back with the reason, and the second one is right.
    "the quantity times the price of one": {"invoice": _brakes(99.8)},
    "RECHNUNG A-88": {"invoice": _brakes(9.8)},
    "PAPETERIE LUNE": {
        "invoice": _invoice(
            "2024-117",
            "2024-05-02",
            _party("Papeterie Lune", "BE 0412.345.678", "Rue Haute 4", "Bruxelles", "BE"),
            _party("Atelier Nord SPRL", None, "Quai du Port 18", "Liège", "BE"),
            [_line("carnets A5", 12, 3.5, 42.0)],
            (42.0, 8.82, 50.82),
        )
    },
    "OLIVAR DEL SUR": {
        "invoice": _invoice(
            "N.º 31/2024",
            "2024-01-20",
            _party("Olivar del Sur S.L.", "B23456789", "Calle Real 9", "Jaén", "ES"),
            _party("Bistro Alma GmbH", None, "Marktgasse 5", "Zürich", "CH"),
            [_line("10 L aceite virgen extra", 10, 8.2, 82.0), _line("envío", 1, 6.0, 6.0)],
            (88.0, 18.48, 106.48),
        )
    },
}
"""By a text of the last message. The number of the Spanish invoice is wrong on purpose."""
