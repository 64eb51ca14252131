"""Conditions of fields and attributes: in the schema, in the prompt, in the retry and in the error."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import dspyc
from dspyc.runtime import ConditionError, DummyLM, InputError
from dspyc.runtime.errors import AdapterParseError
from dspyc.runtime.values.rendering import json_schema

PROGRAM = '''\
type Address:
    street: str
    country: str where len(country) == 2 and country == country.upper() "of the seller"
    zip: str = "0000" where matches(zip, r"^(?=\\d)\\w+$")

type Company:
    name: str
    kind: str where kind in ["shop", "maker"]
    address: Address
    founded: int where 1800 <= founded <= 2030, "founded in a plausible year"
    closed: int | None = None where closed is None or closed > founded, "closed after it was founded"
    branches: list[Address] = []

type Chain(Company):
    founded: int
    shops: int where shops > len(branches)

signature Find:
    """Find the seller."""
    input text: str where len(text) > 2, "a text of some length"
    output seller: Company
    output score: float where 0 <= score <= 1, "a share"
    output words: list[str] where len(words) > 0 and words == sorted(words), "sorted words"

signature FindChain:
    input text: str
    output seller: Chain

module find = Predict(Find, max_retries=1)
module find_chain = Predict(FindChain, max_retries=0)
'''
SELLER = {
    "name": "A",
    "kind": "shop",
    "address": {"street": "s", "country": "BE", "zip": "9000"},
    "founded": 1990,
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    path = tmp_path_factory.mktemp("conditions") / "p.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    return dspyc.load(path)


def seller(**changes: Any) -> dict[str, Any]:
    return {**SELLER, **changes}


def answer(**changes: Any) -> dict[str, Any]:
    return {"seller": json.dumps(SELLER), "score": "0.5", "words": '["a"]', **changes}


def feedback(program: ModuleType, wrong: dict[str, Any]) -> str:
    """What the model is told about its first answer."""
    lm = DummyLM([answer(**wrong), answer()])
    assert program.find(text="text", lm=lm).score == 0.5
    told: str = lm.history[1]["messages"][-1]["content"].splitlines()[0]
    return told.removeprefix("That answer cannot be used: ").removesuffix(".")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"address": {"street": "s", "country": "be"}},
            "`seller.address.country` is 'be': it violates the condition: country == country.upper()",
        ),
        (
            {"address": {"street": "s", "country": "Belgium" * 30}},
            f"`seller.address.country` is '{'Belgium' * 30}': String should have at most 2 characters",
        ),
        (
            {"address": {"street": "s", "country": "BE", "zip": "x"}},
            "`seller.address.zip` is 'x': it violates the condition: "
            "matching the regular expression: ^(?=\\d)\\w+$",
        ),
        ({"founded": 1066}, "`seller.founded` is 1066: founded in a plausible year"),
        ({"closed": 1700}, "`seller.closed` is 1700: closed after it was founded"),
        ({"kind": "farm"}, "`seller.kind` is 'farm': Input should be 'shop' or 'maker'"),
        (
            {"branches": [SELLER["address"], {"street": "s", "country": "bE"}]},
            "`seller.branches[1].country` is 'bE': it violates the condition: country == country.upper()",
        ),
        ({"address": {"street": "s"}}, "`seller.address.country` is missing"),
    ],
)
def test_a_retry_names_the_attribute_and_its_value(
    program: ModuleType, changes: dict[str, Any], told: str
) -> None:
    assert feedback(program, {"seller": json.dumps(seller(**changes))}) == told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"score": "1.5"}, "`score` is 1.5: a share"),
        ({"words": "[]"}, "`words` is []: sorted words"),
        ({"words": '["b", "a"]'}, "`words` is ['b', 'a']: sorted words"),
    ],
)
def test_a_retry_says_the_message_of_a_field(program: ModuleType, wrong: dict[str, Any], told: str) -> None:
    assert feedback(program, wrong) == told


def test_the_error_says_the_message_too(program: ModuleType) -> None:
    with pytest.raises(ConditionError, match=r"`score` is 2\.0: a share"):
        program.find(text="text", lm=DummyLM([answer(score="2")] * 2))
    with pytest.raises(AdapterParseError, match=r"`seller\.founded` is 1: founded in a plausible year"):
        program.find(text="text", lm=DummyLM([answer(seller=json.dumps(seller(founded=1)))] * 2))
    with pytest.raises(InputError, match="the input `text` is 'x': a text of some length"):
        program.find(text="x", lm=DummyLM([answer()]))


def test_the_model_is_told_all_conditions(program: ModuleType) -> None:
    lm = DummyLM([answer()])
    program.find(text="text", lm=lm)
    prompt = lm.history[0]["messages"][0]["content"]
    assert "Constraints: greater than or equal to: 0, less than or equal to: 1, a share" in prompt
    assert "Constraints: minimum length: 1, sorted words" in prompt
    schema = json_schema(program.Company)
    properties = schema["properties"]
    address = schema["$defs"]["Address"]["properties"]
    assert (address["country"]["minLength"], address["country"]["maxLength"]) == (2, 2)
    assert address["country"]["description"] == "of the seller; must hold: country == country.upper()"
    assert address["zip"]["pattern"] == r"^(?=\d)\w+$"
    assert properties["kind"]["enum"] == ["shop", "maker"]
    assert (properties["founded"]["minimum"], properties["founded"]["maximum"]) == (1800, 2030)
    assert properties["founded"]["description"] == "founded in a plausible year"
    assert properties["closed"]["description"] == "closed after it was founded"
    assert '"description": "of the seller; must hold: country == country.upper()"' in prompt


def test_a_condition_goes_with_the_attribute_that_is_replaced(program: ModuleType) -> None:
    chain = {**SELLER, "founded": 1, "shops": 2}
    found = program.find_chain(text="text", lm=DummyLM([{"seller": json.dumps(chain)}]))
    assert (found.seller.founded, found.seller.shops) == (1, 2)
    few = {**chain, "shops": 0}
    with pytest.raises(AdapterParseError, match=r"`seller\.shops` is 0: .* shops > len\(branches\)"):
        program.find_chain(text="text", lm=DummyLM([{"seller": json.dumps(few)}]))
    closed = {**chain, "closed": 0}
    with pytest.raises(AdapterParseError, match=r"`seller\.closed` is 0: closed after it was founded"):
        program.find_chain(text="text", lm=DummyLM([{"seller": json.dumps(closed)}]))


def test_a_record_that_leaves_attributes_out_keeps_the_conditions_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "p.dspy").write_text(
        "type A:\n    first: int where first > 0\n    other: str\n    last: int where last > first\n\n"
        'type B(A):\n    """Of two."""\n    del other\n\nmodule b = Predict("x -> y")\n',
        encoding="utf-8",
    )
    made = dspyc.load(tmp_path / "p.dspy").B
    assert list(made.model_fields) == ["first", "last"]
    assert made.__doc__ == "Of two."
    assert made(first=1, last=2).last == 2
    with pytest.raises(ValueError, match="last > first"):
        made(first=2, last=1)
