"""An MCP server with the tools of a small warehouse, over standard input and output."""

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("warehouse")

_STOCK = {
    "oak desk": {"pieces": 4, "price": 349.0, "weight": 42.5},
    "desk lamp": {"pieces": 31, "price": 39.5, "weight": 1.8},
    "office chair": {"pieces": 0, "price": 189.0, "weight": 14.0},
}


def _article(name: str) -> dict[str, float]:
    if name.lower() not in _STOCK:
        raise ToolError(f"there is no article {name!r}; there are: {', '.join(_STOCK)}")
    return _STOCK[name.lower()]


@server.tool()
def stock(article: str) -> int:
    """How many pieces of an article can be sent today.

    Args:
        article: the article's name, such as "oak desk".
    """
    return int(_article(article)["pieces"])


@server.tool()
def price(article: str, pieces: int = 1) -> float:
    """What some pieces of an article cost together, in euros. From ten pieces on there are 5 % off.

    Args:
        article: the article's name.
        pieces: how many.
    """
    rebate = 0.95 if pieces >= 10 else 1.0
    return round(_article(article)["price"] * pieces * rebate, 2)


@server.tool()
def shipping(weight: float) -> float:
    """What sending a parcel costs, in euros.

    Args:
        weight: of all that is sent together, in kilograms.
    """
    if weight <= 0:
        raise ToolError("the weight must be above 0 kg")
    return 6.9 if weight <= 5 else 19.9 if weight <= 31.5 else 79.0


@server.tool()
def weight(article: str) -> float:
    """What one piece of an article weighs, in kilograms."""
    return _article(article)["weight"]


if __name__ == "__main__":
    server.run()
