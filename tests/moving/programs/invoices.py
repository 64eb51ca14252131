"""Read invoices into typed records."""
from __future__ import annotations

import argparse
import csv
import json
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Optional

import dspy
from pydantic import BaseModel, ConfigDict, Field, field_validator


DATA_DIR = Path(__file__).parent / "data"


class LineItem(BaseModel):
    """One line of an invoice."""

    description: str = Field(..., description="What was sold")
    quantity: int = Field(1, ge=1)
    unit_price: float = Field(description="In the invoice's currency", gt=0)


class Invoice(BaseModel):
    number: str
    issued: date
    currency: Literal["EUR", "USD", "GBP"] = "EUR"
    items: list[LineItem] = Field(default_factory=list)
    notes: Optional[str] = None


class ExtractInvoice(dspy.Signature):
    """Extract the invoice from the text.

    Leave out what is not said.
    """

    text: str = dspy.InputField(desc="The text of the invoice, as scanned")
    language: str = dspy.InputField(default="en")
    invoice: Invoice = dspy.OutputField()
    confidence: Annotated[float, Field(ge=0, le=1)] = dspy.OutputField(desc="How sure you are, 0-1")


class InvoiceReader(dspy.Module):
    def __init__(self, retries: int = 2, *, verbose=False):
        super().__init__()
        self.retries = retries
        self.verbose = verbose
        self.extract = dspy.ChainOfThought(ExtractInvoice)
        self.repair = dspy.Predict("text, problem -> fixed_text")

    def forward(self, text: str, language: str = "en") -> dspy.Prediction:
        for attempt in range(self.retries):
            result = self.extract(text=text, language=language)
            if self.verbose:
                print(f"attempt {attempt}: {result.confidence}")
            if result.confidence >= 0.6:
                return dspy.Prediction(invoice=result.invoice, attempts=attempt + 1)
            text = self.repair(text=text, problem="low confidence").fixed_text
        return dspy.Prediction(invoice=result.invoice, attempts=self.retries)


def total(invoice: Invoice) -> float:
    return sum(item.quantity * item.unit_price for item in invoice.items)


def metric(example, pred, trace=None):
    same_number = example.number == pred.invoice.number
    close = abs(float(example.total) - total(pred.invoice)) < 0.01
    if trace is not None:
        return same_number and close
    return (same_number + close) / 2


def load_data(path):
    rows = []
    with open(path, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            rows.append(dspy.Example(**row).with_inputs("text"))
    return rows


reader = InvoiceReader()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="openai/gpt-4o-mini")
    parser.add_argument("--data", type=Path, default=DATA_DIR / "invoices.csv")
    parser.add_argument("--optimize", action="store_true")
    args = parser.parse_args()

    lm = dspy.LM(args.model, temperature=0.0, api_key=os.getenv("OPENAI_API_KEY"))
    dspy.configure(lm=lm)

    data = load_data(args.data)
    trainset, devset = data[:20], data[20:]
    evaluate = dspy.Evaluate(devset=devset, metric=metric, num_threads=4, display_progress=True)
    print(evaluate(reader))
    if args.optimize:
        optimizer = dspy.MIPROv2(metric=metric, auto="light")
        optimized = optimizer.compile(reader, trainset=trainset)
        optimized.save("reader.json")
        print(evaluate(optimized))


if __name__ == "__main__":
    main()
