"""Names that what a declaration is compiled to needs for itself."""

from __future__ import annotations

from typing import TypeAlias, get_args

from ....grammar import syntax
from ...program import Item, Program

OF_RECORDS = frozenset(
    {
        "model_computed_fields",
        "model_config",
        "model_construct",
        "model_copy",
        "model_dump",
        "model_dump_json",
        "model_extra",
        "model_fields",
        "model_fields_set",
        "model_json_schema",
        "model_parametrized_name",
        "model_post_init",
        "model_rebuild",
        "model_validate",
        "model_validate_json",
        "model_validate_strings",
    }
)
"""What a pydantic model, which a record is, needs its names for; a test compares them with pydantic's."""
OF_PREDICTIONS = frozenset(
    {
        "_completions",
        "_input_keys",
        "_lm_usage",
        "_names_of_inputs",
        "_origin",
        "_probabilities",
        "_read_from",
        "_shown",
        "_store",
    }
)
"""What predictions and examples keep for themselves; a test compares them with the runtime's."""
_OF_ENUMERATIONS = frozenset({"mro"})

Named: TypeAlias = (
    syntax.Field
    | syntax.Member
    | syntax.Part
    | syntax.Parameter
    | syntax.ModuleDeclaration
    | syntax.SignatureDeclaration
    | syntax.TypeDeclaration
    | syntax.EnumDeclaration
)
"""What has a name that becomes one of a class, or of an attribute."""
NAMED: tuple[type[syntax.Node], ...] = get_args(Named)


def problem_of_name(program: Program, item: Item, node: Named) -> str | None:
    """Why something cannot have its name; None where it can."""
    name = node.name.text if node.name is not None else ""
    match node:
        case syntax.Member():
            if name in _OF_ENUMERATIONS:
                return f"a member cannot be named `{name}`: every enumeration has a method of that name"
            if name.startswith("__") or (name.startswith("_") and name.endswith("_")):
                return f"a member cannot be named `{name}`: such names have a meaning of their own in Python"
        case syntax.Field(direction="attribute"):
            if name in OF_RECORDS:
                return f"an attribute cannot be named `{name}`: every record has one of that name"
            if name.startswith("_"):
                return f"an attribute cannot be named `{name}`: its name has to begin with a letter"
        case syntax.Field():
            if name.startswith("__"):
                return f"a field cannot be named `{name}`: such names have a meaning of their own in Python"
            if name in OF_PREDICTIONS:
                return f"a field cannot be named `{name}`: predictions and examples need that name themselves"
        case syntax.Part():
            if name.startswith("__") or name in _OF_MODULES:
                return f"a part cannot be named `{name}`: modules need that name themselves"
        case syntax.Parameter():
            if _is_of_module(item, node) and (name.startswith("__") or name in _OF_MODULES):
                return f"a parameter cannot be named `{name}`: modules need that name themselves"
        case _:
            if name.startswith("__"):
                return f"`{name}` is a name with a meaning of its own in Python; choose another"
            if name == "str" and isinstance(node, syntax.SignatureDeclaration | syntax.TypeDeclaration):
                return "`str` is the type of text; choose another name"
    return None


def _is_of_module(item: Item, node: syntax.Parameter) -> bool:
    """Whether a module is constructed with a parameter; those of a lambda inside of it are its own."""
    declaration = item.declaration
    return isinstance(declaration, syntax.ModuleDeclaration) and any(
        each is node for each in declaration.parameters
    )


_OF_MODULES = frozenset({"_defaults", "_history", "_part_settings"})


def better_name(name: str) -> str:
    """A name that can be used in its place."""
    plain = name.strip("_")
    return f"{name}_" if plain == name or not plain[:1].isalpha() else plain
