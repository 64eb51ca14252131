"""Records that a `.dspy` file names behind a dot."""

from pydantic import BaseModel


class Order(BaseModel):
    class Line(BaseModel):
        price: float

    lines: list[Line]
