"""Words that other languages have for what is called otherwise here."""

from __future__ import annotations

TYPE_WORDS = {
    "string": "str",
    "String": "str",
    "text": "str",
    "varchar": "str",
    "number": "float",
    "double": "float",
    "Double": "float",
    "Float": "float",
    "integer": "int",
    "Integer": "int",
    "Int": "int",
    "long": "int",
    "boolean": "bool",
    "Boolean": "bool",
    "Bool": "bool",
    "any": "Any",
    "unknown": "Any",
    "object": "dict",
    "Object": "dict",
    "array": "list",
    "Array": "list",
    "List": "list",
    "Vec": "list",
    "map": "dict",
    "Map": "dict",
    "Record": "dict",
    "Dict": "dict",
    "hash": "dict",
    "HashMap": "dict",
    "Set": "set",
    "Tuple": "tuple",
    "FrozenSet": "set",
    "Sequence": "list",
    "Iterable": "list",
    "Mapping": "dict",
    "null": "None",
    "NoneType": "None",
    "void": "None",
}
"""Types, and what they are called here."""

VALUE_WORDS = {
    "null": "None",
    "NULL": "None",
    "Null": "None",
    "nil": "None",
    "none": "None",
    "NONE": "None",
    "undefined": "None",
    "true": "True",
    "TRUE": "True",
    "false": "False",
    "FALSE": "False",
}
"""Constants, and what they are called here."""
VARIABLE_WORDS = frozenset({"let", "const", "var", "val", "final", "auto", "local", "my", "static", "mut"})
"""What other languages put before a new variable."""
PUBLIC_WORDS = frozenset({"export", "public", "private", "pub", "extern", "default"})
"""What other languages put before a declaration."""
DECLARATION_WORDS = {
    "function": "def",
    "func": "def",
    "fn": "def",
    "fun": "def",
    "define": "def",
    "interface": "type",
    "struct": "type",
    "record": "type",
    "model": "type",
    "dataclass": "type",
    "schema": "type",
    "Signature": "signature",
    "Module": "module",
    "Type": "type",
    "Enum": "enum",
    "Test": "test",
}
"""The heads of declarations, and what they are called here."""
