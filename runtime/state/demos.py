"""Values of a signature's fields as JSON's types, and exactly those values again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import StateError
from ..example import Example
from ..signature import inputs
from ..values.exact import Unstorable, as_json
from ..values.inputs import Misfit


def plain_demo(signature: Any, demo: Any) -> dict[str, Any]:
    """A demo as JSON's types: the signature's fields, and whether it comes from a run.

    Raises:
        StateError: a value that JSON cannot hold; the message gives its field and type.
    """
    plain: dict[str, Any] = {"augmented": True} if demo.get("augmented") else {}
    for name in signature.fields:
        if name in demo:
            try:
                plain[name] = as_json(demo[name], f"`{name}` of a demo")
            except Unstorable as error:
                raise StateError(str(error)) from None
    return plain


def typed_demo(signature: Any, plain: Mapping[str, Any]) -> Example:
    """A demo again, its values of their fields' types, read exactly: the text "None" is a text.

    Raises:
        StateError: a value is not one of its field's type.
    """
    return Example(typed_values(signature, plain))


def typed_values(signature: Any, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Values of JSON's types as those of a signature's fields; other names, and all without a signature,
    stay as they are.

    Raises:
        StateError: a value is not one of its field's type.
    """
    if signature is None:
        return dict(plain)
    try:
        return inputs.typed_demo(signature, plain)
    except Misfit as misfit:
        raise StateError(f"a demo's {misfit.describe('').replace('`.', '`', 1)}") from None
    except RecursionError:
        raise StateError("a demo's value is nested too deeply") from None
