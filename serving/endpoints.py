"""What a program takes and gives, as models of its JSON, and one run of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeAlias

from ..project.inputs import OTHERS, Input
from ..project.interface import inputs_of, outputs_of, python_type
from ..project.programs import Loaded
from ..runtime.modules.streaming import stream_module

Inside: TypeAlias = Sequence[tuple[ContextVar[Any], Any]]


class Endpoint:
    """A program of a file, ready to be called with JSON.

    Args:
        loaded: the file.
        name: the program's name in it.
        inside: the context variables that say which models answer, with their values.
    """

    def __init__(self, loaded: Loaded, name: str, inside: Inside) -> None:
        self.name = name
        self.program = loaded.names[name]
        self.inputs = inputs_of(loaded, name)
        self.outputs = outputs_of(loaded, name)
        self.description = _description(loaded, self.program)
        self._inside = inside
        takes, gives = _descriptions(self.program)
        self.takes = _model(f"{name}Inputs", self.inputs, takes)
        self.gives = _model(f"{name}Outputs", _as_fields(loaded, name), gives, open_ended=not self.outputs)

    def read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs in their types.

        Args:
            values: what the caller has sent, by name.

        Raises:
            pydantic.ValidationError: they are not what the program takes.
        """
        model = self.takes.model_validate(values)
        known = {
            name: getattr(model, name) for name in model.model_fields_set if name in self.takes.model_fields
        }
        return {**known, **(model.__pydantic_extra__ or {})}

    async def run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Run the program on inputs that were read, and give its outputs as JSON has them."""
        self._go_inside()
        return as_json(await self._call(**values))

    async def stream(self, values: Mapping[str, Any]) -> AsyncIterator[Any]:
        """Run the program and give what it writes while it runs; the prediction is the last."""
        self._go_inside()
        running = stream_module(self.program, dict(values), self._call)
        try:
            async for piece in running:
                yield piece
        finally:
            await running.aclose()

    async def _call(self, **values: Any) -> Any:
        """Call the program, which ends nothing but its own run: neither the process, nor another task."""
        try:
            return await self.program.acall(**values)
        except (SystemExit, KeyboardInterrupt) as error:
            raise RuntimeError(f"the program asked to exit: {type(error).__name__}({error})") from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise RuntimeError("the program was cancelled from inside") from None

    def _go_inside(self) -> None:
        """Let this task, which is that of one request, have the settings of the service."""
        for variable, value in self._inside:
            variable.set(value)


def as_json(prediction: Any) -> dict[str, Any]:
    """A prediction's outputs as values that JSON has; what is no prediction is the one output `result`."""
    from pydantic_core import to_jsonable_python

    items = dict(prediction.items()) if hasattr(prediction, "items") else {"result": prediction}
    outputs: dict[str, Any] = _whole(to_jsonable_python(items, fallback=str))
    return outputs


def _whole(value: Any) -> Any:
    """A value without halves of surrogate pairs, which no JSON document can hold; a model may write one."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return {_whole(key): _whole(each) for key, each in value.items()} if isinstance(value, dict) else value


def _model(
    name: str, fields: Sequence[Input], descriptions: Mapping[str, str], open_ended: bool = False
) -> Any:
    """A pydantic model of some fields."""
    from pydantic import ConfigDict, Field, create_model

    others = open_ended or any(one.name == OTHERS for one in fields)
    definitions: dict[str, Any] = {}
    for one in fields:
        if one.name == OTHERS:
            continue
        about: dict[str, Any] = {"description": descriptions.get(one.name)}
        # What is left out has the program's own default, which nobody has to know here.
        field = Field(**about) if one.required else Field(None, json_schema_extra=_without_default, **about)
        definitions[one.name] = (_with_schema(one.annotation), field)
    settings = ConfigDict(
        extra="allow" if others else "forbid",
        arbitrary_types_allowed=True,
        title=name,
        coerce_numbers_to_str=True,
    )
    return create_model(name, __config__=settings, **definitions)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _with_schema(annotation: Any) -> Any:
    """A type; `Any` in the place of one that JSON cannot give."""
    from pydantic import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, TypeAdapter

    try:
        TypeAdapter(annotation).json_schema()
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema):
        return Any
    return annotation


def _as_fields(loaded: Loaded, name: str) -> list[Input]:
    """The outputs of a program, with their types."""
    interface = loaded.analysis.program.interface(name)
    return [Input(one.name, python_type(one.type, loaded), "", True) for one in interface.outputs]


def _descriptions(module: Any) -> tuple[dict[str, str], dict[str, str]]:
    """What a program's signature says of its inputs and of its outputs."""

    def of(kind: str) -> dict[str, str]:
        fields = getattr(_signature(module), kind, None)
        found = fields if isinstance(fields, dict) else {}
        return {name: field.desc for name, field in found.items() if getattr(field, "desc", None)}

    return of("input_fields"), of("output_fields")


def _description(loaded: Loaded, module: Any) -> str:
    """The docstring of a module that the file declares, else the instructions of the signature."""
    if type(module) in loaded.names.values():
        return (type(module).__doc__ or "").strip()
    return str(getattr(_signature(module), "instructions", "")).strip()


def _signature(module: Any) -> Any:
    found = getattr(module, "signature", None)
    return found if found is not None else getattr(getattr(module, "module", None), "signature", None)
