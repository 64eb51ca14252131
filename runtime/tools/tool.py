"""`Tool`: a function that a model may call, with the schema that the model sees."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_type_hints

from ...base.later import Later
from ..errors import ToolError, also_as, did_you_mean
from ..execution import drive
from ..execution.callbacks import BaseCallback, with_callbacks
from ..execution.settings import lookup
from ..values.reading import ReadError, reader_for
from ..values.rendering import to_json_types

if TYPE_CHECKING:
    # With what it imports in turn, this would be a circle; it comes with the first tool of a server.
    conversion: Any
else:
    conversion = Later(globals(), "conversion", ".mcp.conversion")


class Tool:
    """A function for an agent: its name, docstring and annotations are what the model sees.

        def search(query: str, k: int = 3) -> list[str]:
            '''Search the archive.'''

        Tool(search)
        Tool(search, name="archive", desc="Search the archive of letters.")

    Args:
        func: the function; it may be async.
        name: the name to use instead of the function's own.
        desc: the description to use instead of the function's docstring.
        args: each argument's JSON schema, instead of what the annotations say.
        arg_types: each argument's type, instead of the annotations.
        arg_desc: what each argument is, in its schema; the docstring's `Args:` are told with the docstring.
        callbacks: called for each call of the tool.
    """

    _reported_as: ClassVar[str] = "tool"
    is_described: bool = False
    """Whether `required` was said by whoever offers the tool; else it is what has no default."""

    def __init__(
        self,
        func: Callable[..., Any],
        name: str | None = None,
        desc: str | None = None,
        args: dict[str, Any] | None = None,
        arg_types: dict[str, Any] | None = None,
        arg_desc: Mapping[str, str] | None = None,
        callbacks: Sequence[BaseCallback] | None = None,
    ) -> None:
        if not callable(func):
            raise also_as(
                ToolError(f"a tool must be a function; {func!r} must be callable to be one"), TypeError()
            )
        self.func = func
        self.callbacks = callbacks
        # What stands for a function, as a compiled one that calls modules does, takes what that takes.
        is_function = inspect.isroutine(func) or hasattr(func, "__wrapped__")
        function = func if is_function else func.__call__  # type: ignore[operator]
        self.name: str = name or str(getattr(func, "__name__", type(func).__name__))
        doc: str = func.__doc__ or function.__doc__ or ""
        self.desc: str = desc if desc is not None else doc  # with its margin, as DSPy tells it
        self.is_async = drive.is_async(func)
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError) as error:
            raise ToolError(f"the arguments of `{self.name}` cannot be determined: {error}") from error
        self.has_kwargs = any(
            parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()
        )
        named = {
            parameter.name: parameter
            for parameter in signature.parameters.values()
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        }
        self._keyword_only = frozenset(
            parameter.name for parameter in named.values() if parameter.kind is parameter.KEYWORD_ONLY
        )
        hints = _hints(function)
        self.arg_types: dict[str, Any] = arg_types or {name: hints.get(name, Any) for name in named}
        self.arg_desc = arg_desc
        described = arg_desc or {}
        self.required = [
            name for name, parameter in named.items() if parameter.default is inspect.Parameter.empty
        ]
        self.args: dict[str, Any] = args if args is not None else self._schemas(named, described)

    @with_callbacks
    def __call__(self, /, **kwargs: Any) -> Any:
        """Call the function with checked arguments, and wait for it if it is async.

        Raises:
            ToolError: an argument is unknown, missing, or of the wrong type; or the function is async, and
                the setting `allow_tool_async_sync_conversion` is False.
        """
        result = self.func(**self.check(kwargs))
        if not inspect.iscoroutine(result):
            return result
        if not lookup("allow_tool_async_sync_conversion"):
            result.close()
            raise ToolError(
                f"`{self.name}` is async: await its `acall`, or set `allow_tool_async_sync_conversion` "
                "to True"
            )
        return drive.run_on_loop(result)

    @with_callbacks
    async def acall(self, /, **kwargs: Any) -> Any:
        """Call the function from asynchronous code; one that is not async runs in a thread.

        Raises:
            ToolError: an argument is unknown, missing, or of the wrong type.
        """
        result = await drive.call_function(self.func, **self.check(kwargs))
        if not inspect.iscoroutine(result):
            return result
        # A function that is not `async def` and returns a coroutine: a lambda, a partial.
        return drive.run_on_loop(result) if drive.blocking.get() else await result

    def bind(self, args: Sequence[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by name, where code has given some by position.

        Raises:
            ToolError: there are more than the tool has, or one is given twice.
        """
        if not args:
            return dict(arguments)
        names = [name for name in self.args if name not in self._keyword_only]
        if len(args) > len(names):
            raise ToolError(f"`{self.name}` takes {len(names)} arguments by position, not {len(args)}")
        by_position = dict(zip(names, args, strict=False))
        if twice := [name for name in by_position if name in arguments]:
            raise ToolError(f"`{self.name}` got the argument `{twice[0]}` twice")
        return {**by_position, **arguments}

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as values of their types.

        Raises:
            ToolError: an argument is unknown, missing, or of the wrong type.
        """
        checked: dict[str, Any] = {}
        for name, value in arguments.items():
            if name not in self.args and not self.has_kwargs:
                known = ", ".join(self.args) or "none"
                raise ToolError(
                    f"`{self.name}` has no argument `{name}`{did_you_mean(name, self.args)} (it has: {known})"
                )
            annotation = self.arg_types.get(name, Any)
            if annotation is Any or name not in self.args:
                checked[name] = value
                continue
            try:
                checked[name] = (
                    value
                    if annotation is str and isinstance(value, str)
                    else reader_for(annotation).from_json(value)
                )
            except ReadError as error:
                raise ToolError(f"the argument `{name}` of `{self.name}` {error}") from error
        if missing := [name for name in self.required if name not in checked]:
            raise ToolError(
                f"`{self.name}` needs the argument{'s' * (len(missing) > 1)} {', '.join(missing)}"
            )
        return checked

    @classmethod
    def from_mcp_tool(
        cls, session: Any, tool: Any, *, result_mode: Literal["text", "structured"] = "text"
    ) -> Tool:
        """A tool of an MCP server, called through a session that is open.

        Args:
            session: what has `call_tool`: the official SDK's `ClientSession` or `Client`.
            tool: one of the tools that the session lists.
            result_mode: `structured` returns the structured result where the server gives one.
        """
        made: Tool = conversion.tool_of(session.call_tool, tool, result_mode=result_mode)
        return made

    @classmethod
    def from_langchain(cls, tool: Any) -> Tool:
        """A LangChain tool.

        Args:
            tool: a `langchain_core.tools.BaseTool`, such as `@tool` makes.

        Raises:
            ToolError: it is none.
        """
        for name in ("name", "description", "args", "ainvoke"):
            if not hasattr(tool, name):
                raise ToolError(f"{tool!r} is not a LangChain tool: it has no `{name}`")

        async def call(**arguments: Any) -> Any:
            return await tool.ainvoke(arguments)

        return cls(call, tool.name, tool.description, *schema_parts(tool.get_input_jsonschema()))

    def format(self) -> str:
        """The tool in words."""
        return str(self)

    def model_dump(self, **options: Any) -> str:
        """The tool in words, as DSPy's writes itself."""
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "object", "title": "Tool"}

    def format_as_litellm_function_call(self) -> dict[str, Any]:
        """The tool in OpenAI's form of function calling."""
        required = [
            name
            for name, schema in self.args.items()
            if (name in self.required if self.is_described else "default" not in schema)
        ]
        parameters = {"type": "object", "properties": self.args, "required": required}
        function = {"name": self.name, "description": self.desc, "parameters": parameters}
        return {"type": "function", "function": function}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """As the type of a field, it takes tools and functions."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _as_tool, serialization=core_schema.to_string_ser_schema()
        )

    def __repr__(self) -> str:
        return f"Tool(name={self.name}, desc={self.desc}, args={self.args})"

    def __str__(self) -> str:
        desc = f", whose description is <desc>{self.desc}</desc>.".replace("\n", "  ") if self.desc else "."
        return f"{self.name}{desc} It takes arguments {self.args}."

    def _schemas(
        self, named: Mapping[str, inspect.Parameter], described: Mapping[str, str]
    ) -> dict[str, Any]:
        schemas: dict[str, Any] = {}
        for name, parameter in named.items():
            schema = schema_of(self.arg_types.get(name, Any), f"the argument `{name}` of `{self.name}`")
            if parameter.default is not inspect.Parameter.empty:
                schema["default"] = to_json_types(parameter.default)
            if name in described:
                schema["description"] = described[name]
            schemas[name] = schema
        return schemas


_BY_NAME: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def schema_of(annotation: Any, what: str) -> dict[str, Any]:
    """The JSON schema of a type, for a tool's argument.

    Args:
        annotation: the type.
        what: what has it, for an error.

    Raises:
        ToolError: the type has none.
    """
    from pydantic import PydanticUserError, TypeAdapter

    try:
        return _without_references(TypeAdapter(annotation).json_schema())
    except PydanticUserError as error:
        raise ToolError(f"{what} has a type without a JSON schema: {error}") from error


def schema_parts(schema: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """The arguments that a JSON schema of an object describes: their schemas, types and descriptions."""
    definitions = {name: schema[name] for name in ("$defs",) if name in schema}
    args: dict[str, Any] = {}
    for name, each in schema.get("properties", {}).items():
        args[name] = _without_references({**each, **definitions}) if definitions else dict(each)
    required = schema.get("required", ())
    types = {name: _BY_NAME.get(str(each.get("type")), Any) for name, each in args.items()}
    described = {
        name: each.get("description", "No description provided.") + " (Required)" * (name in required)
        for name, each in args.items()
    }
    return args, types, described


def _as_tool(given: Any) -> Tool:
    if isinstance(given, Tool):
        return given
    if not callable(given):
        raise ValueError("must be a tool or a function")
    return Tool(given)


def _hints(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError):
        # Annotations that name what is imported for type checkers only; the arguments go unchecked.
        return {}


def _without_references(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its `$ref`s replaced by what they name; recursive ones stay."""
    definitions = schema.pop("$defs", {})

    def resolve(part: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(part, list):
            return [resolve(item, inside) for item in part]
        if not isinstance(part, dict):
            return part
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name in definitions and name not in inside:
            return resolve(
                {**definitions[name], **{k: v for k, v in part.items() if k != "$ref"}}, (*inside, name)
            )
        return {key: resolve(value, inside) for key, value in part.items()}

    resolved: dict[str, Any] = resolve(schema, ())
    return resolved
