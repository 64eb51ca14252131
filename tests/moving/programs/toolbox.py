"""An agent whose tools are closures and methods."""
import datetime
from dataclasses import dataclass, field

import dspy

INVENTORY = {"widget": 12, "gadget": 0, "doohickey": 3}


class Warehouse:
    """Stock that the agent can look at."""

    def __init__(self, stock: dict[str, int]):
        self.stock = dict(stock)
        self.log: list[str] = []

    def count(self, item: str) -> int:
        """How many of an item are there."""
        self.log.append(item)
        return self.stock.get(item, 0)

    def reserve(self, item: str, quantity: int = 1) -> str:
        """Reserve some of an item."""
        if self.stock.get(item, 0) < quantity:
            return "not enough"
        self.stock[item] -= quantity
        return f"reserved {quantity} {item}"


def make_converter(rate: float):
    def convert(amount: float) -> float:
        """Convert an amount in euros to dollars."""
        return round(amount * rate, 2)

    return convert


warehouse = Warehouse(INVENTORY)
convert = make_converter(1.1)


class HelpDesk(dspy.Signature):
    """You help the staff of a shop. Use the tools you are given."""

    request: str = dspy.InputField()
    answer: str = dspy.OutputField(desc="A short answer for the staff")


agent = dspy.ReAct(HelpDesk, tools=[warehouse.count, warehouse.reserve, dspy.Tool(convert, name="to_dollars")], max_iters=6)

if __name__ == "__main__":
    dspy.configure(lm=dspy.LM("openai/gpt-4o-mini"))
    print(agent(request="Reserve two widgets.").answer)
    dspy.inspect_history(n=3)
