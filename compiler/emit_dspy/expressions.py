"""Expressions and statements of the generated module, with the runtime's own names replaced by DSPy's."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field

from .. import catalog
from ..emit.code import attribute, call, constant, load
from .losses import CannotSay, Losses
from .names import Names
from .surface import offered, surface

_ERRORS = {"DspycError": "dspy.DSPyError"}
_MEANS = {"Score": "Prediction", "Dataset": "", "EvaluationResult": "EvaluationResult"}
_FOR_THE_MODEL = frozenset({"timeout", "api_base", "api_key", "base_url", "temperature", "max_tokens"})
"""What DSPy takes by name without declaring it: it goes to the provider."""
_OF_THE_RUNTIME = ("max_retries", "probabilities", "adapter")
_REASONS = re.compile(r"^(?:.*/)?(?:o[1345]\b|gpt-5)")
"""Models that choose their temperature themselves."""
_HERE = ("embedded/", "gguf/")


class State(Struct):
    """What is known of the module that is converted."""

    losses: Losses
    names: Names
    signatures: Mapping[str, ast.expr]
    """The demos of signatures that have some: the name of the list, by that of the signature."""
    rewards: Collection[str] = ()
    """Functions that read the inputs of a reward as attributes; DSPy gives them a dict."""
    module_classes: Mapping[str, Collection[str]] = {}
    """The parameters of the file's module classes."""
    feedback: bool = False
    """Whether somebody reads what a metric says in words."""
    scores: Mapping[tuple[int, ...], str] = {}
    """The attributes that are read of a metric's result, by their places: lines and columns."""
    lacking: Mapping[tuple[int, ...], str] = {}
    """What is read of predictions and programs that DSPy's do not have, by its place: the reasons."""
    values: str = "values"
    """What the parameter of conditions is called."""
    support: set[str] = field(default_factory=set)
    """The support functions that are used."""

    def helper(self, name: str) -> ast.Name:
        """One of the support functions."""
        self.support.add(name)
        return load(self.names.local(name))

    def said(self, node: ast.expr | None) -> tuple[str, str]:
        """A name of one of the modules that the backend imports for itself: `("flow", "matches")`."""
        match node:
            case ast.Attribute(value=ast.Name(id=local), attr=name):
                return self.names.aliases.get(local, ""), name
        return "", ""


class Converter(ast.NodeTransformer):
    """Writes with DSPy's means what the generated code says with the runtime's.

    Raises:
        CannotSay: DSPy has nothing of the kind.
    """

    def __init__(self, state: State) -> None:
        self.state = state

    # --- names ------------------------------------------------------------------------------------------

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """A block out of which everything is left keeps its place."""
        blocks = [name for name in ("body", "finalbody") if isinstance(getattr(node, name, None), list)]
        blocks = [name for name in blocks if getattr(node, name)]
        super().generic_visit(node)
        for name in blocks:
            if not getattr(node, name):
                setattr(node, name, [ast.Pass()])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """`dspy.NAME`, wherever DSPy has it."""
        match self.state.said(node):
            case "dspy", name:
                return ast.copy_location(self._named(name), node)
            case "flow", "matches":
                return self.state.helper("matches")
            case "flow", "printed":
                return self.state.names.builtin("print")
            case "builtins", name:
                return self.state.names.builtin(name)
        if (reason := self.state.lacking.get(_place(node))) is not None:
            raise CannotSay(reason)
        if not self.state.feedback and self.state.scores.get(_place(node)) == node.attr:
            if node.attr != "score":
                raise CannotSay(f"it reads `{node.attr}` of a score, which is a number")
            found: ast.expr = self.visit(node.value)
            return found
        self.generic_visit(node)
        return node

    def _named(self, name: str) -> ast.expr:
        names = self.state.names
        if name == "Dataset":
            return ast.Subscript(names.builtin("list"), names.dspy("dspy.Example"), ast.Load())
        if name == "Score":
            return names.dspy("dspy.Prediction") if self.state.feedback else names.builtin("float")
        if name == "ProgramAssertionError":
            return names.builtin("AssertionError")
        path = _ERRORS.get(name) or (found.path if (found := offered(name)) is not None else None)
        if path is None:
            raise CannotSay(f"DSPy has no `{name}`")
        return names.dspy(path)

    # --- calls ------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call of one of the runtime's names; others stay."""
        if (reason := self.state.lacking.get(_place(node))) is not None:
            raise CannotSay(reason)
        match self.state.said(node.func):
            case "dspy", name:
                if name in _OF_SIGNATURES:
                    self._name_types(node)
                return ast.copy_location(self._made(name, node), node)
            case "compiled", "as_type":
                kind, value, _ = (self.visit(each) for each in node.args)
                adapter = call(attribute(self.state.names.module("pydantic"), "TypeAdapter"), [kind])
                return ast.copy_location(call(attribute(adapter, "validate_python"), [value]), node)
            case "flow", "pick":
                return ast.copy_location(call(self.state.helper("pick"), self._all(node.args)), node)
        if isinstance(node.func, ast.Name) and node.func.id in self.state.module_classes:
            return self._constructed(node)
        self.generic_visit(node)
        return node

    def _name_types(self, node: ast.Call) -> None:
        """Write the types of a signature's text as DSPy reads them: `dspy.Image` for `Image`."""
        given = (
            [node.args[0]] if node.args else [each.value for each in node.keywords if each.arg == "signature"]
        )
        own = {
            str(key.value)
            for each in node.keywords
            if each.arg == "custom_types" and isinstance(each.value, ast.Dict)
            for key in each.value.keys
            if isinstance(key, ast.Constant)
        }
        for each in given:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                refuse_fields(re.findall(r"(?:^|,|->)\s*(\w+)", each.value) if "->" in each.value else [])
                each.value = types_named(each.value, own)

    def _all(self, nodes: Sequence[ast.expr]) -> list[ast.expr]:
        return [self.visit(each) for each in nodes]

    def _made(self, name: str, node: ast.Call) -> ast.expr:
        match name:
            case "LM":
                return self._model(node)
            case "Score":
                return self._score(node)
            case "Dataset":
                return self._dataset(node)
            case "Example" | "Prediction" | "make_signature":
                return call(self._named(name), self._all(node.args), self._keywords(node))
        return self._constructed(node, name)

    def _keywords(self, node: ast.Call, without: Collection[str] = ()) -> list[tuple[str | None, ast.expr]]:
        return [(each.arg, self.visit(each.value)) for each in node.keywords if each.arg not in without]

    def _constructed(self, node: ast.Call, name: str | None = None) -> ast.expr:
        """A module, an optimizer, an adapter … made with the arguments that DSPy's takes."""
        function = self._named(name) if name is not None else node.func
        lm: ast.expr | None = None
        keywords: list[tuple[str | None, ast.expr]] = []
        for each in node.keywords:
            if each.arg == "lm" and (name is None or _is_module(name)):
                lm = self.visit(each.value)
            elif each.arg == "reward_fn" and isinstance(each.value, ast.Name):
                keywords.append((each.arg, self._reward(each.value)))
            elif self._takes(name, node.func, each):
                keywords.append((each.arg, self.visit(each.value)))
        made: ast.expr = call(function, self._all(node.args), keywords)
        first = node.args[0] if node.args else None
        if name is not None and isinstance(first, ast.Name) and first.id in self.state.signatures:
            made = call(self.state.helper("with_demos"), [made, self.state.signatures[first.id]])
        if lm is not None:
            made = call(self.state.helper("with_lm"), [made, lm])
        return made

    def _takes(self, name: str | None, function: ast.expr, each: ast.keyword) -> bool:
        """Whether DSPy takes an argument; notes it where it does not."""
        if each.arg is None:
            return True
        if name is None:
            return each.arg is None or self._is_parameter(function, each)
        theirs = offered(name)
        if theirs is None or each.arg in theirs.parameters:
            return True
        if theirs.open and (each.arg in _FOR_THE_MODEL or each.arg not in _own_parameters(name)):
            return True
        self.state.losses.note(each, f"DSPy's `{name}` has no `{each.arg}`; it is left out")
        return False

    def _is_parameter(self, function: ast.expr, each: ast.keyword) -> bool:
        """Whether an argument is one of a class of the file; else it is a setting of all its parts."""
        assert isinstance(function, ast.Name)
        if each.arg in self.state.module_classes[function.id]:
            return True
        self.state.losses.note(each, f"`{each.arg}` for all parts at once is left out")
        return False

    def _reward(self, name: ast.Name) -> ast.expr:
        """A reward gets its inputs as a dict in DSPy; ours reads them as attributes."""
        if name.id not in self.state.rewards:
            return name
        args, pred = (each if each != name.id else f"{each}_" for each in ("args", "pred"))
        parameters = ast.arguments([], [ast.arg(args), ast.arg(pred)], None, [], [], None, [])
        example = call(self.state.names.dspy("dspy.Example"), [], [(None, load(args))])
        return ast.Lambda(parameters, call(name, [example, load(pred)]))

    def _score(self, node: ast.Call) -> ast.expr:
        """`Score(1.0, feedback="…")`: a number, or for optimizers that read feedback a prediction."""
        named = {each.arg: each.value for each in node.keywords}
        score: ast.expr = self.visit(node.args[0] if node.args else named["score"])
        if not self.state.feedback:
            return score
        words = node.args[1] if len(node.args) > 1 else named.get("feedback")
        keywords: list[tuple[str | None, ast.expr]] = [("score", score)]
        keywords += [("feedback", self.visit(words) if words is not None else constant(""))]
        return call(self.state.names.dspy("dspy.Prediction"), [], keywords)

    def _model(self, node: ast.Call) -> ast.expr:
        """A model, with what is not said as the language has it: an answer of 1000 tokens, without chance."""
        model = node.args[0] if node.args else None
        text = model.value if isinstance(model, ast.Constant) and isinstance(model.value, str) else ""
        if text.startswith(_HERE):
            raise CannotSay(f"`{text}` runs in this package's own process; name a model that a server serves")
        made = self._constructed(node, "LM")
        assert isinstance(made, ast.Call)
        given = {each.arg for each in made.keywords}
        if not _REASONS.match(text) and None not in given:
            for name, value in (("temperature", 0.0), ("max_tokens", 1000)):
                if name not in given:
                    made.keywords.append(ast.keyword(name, ast.Constant(value)))
        return made

    def _dataset(self, node: ast.Call) -> ast.expr:
        source, rest = (node.args[0], node.args[1:]) if node.args else (None, [])
        keywords = [each for each in node.keywords if each.arg != "base"]
        if source is None:
            source = next(each.value for each in keywords if each.arg == "source")
            keywords = [each for each in keywords if each.arg != "source"]
        if isinstance(source, ast.Constant) and isinstance(source.value, str):
            name = source.value.removesuffix(".gz")
            if name.startswith("hf://") or name.endswith(".parquet"):
                raise CannotSay(f"`{source.value}` is read by this package; save it as JSON Lines for DSPy")
            path = attribute(self.state.names.module("pathlib"), "Path")
            folder = attribute(call(path, [load("__file__")]), "parent")
            source = ast.BinOp(folder, ast.Div(), source)
        else:
            source = self.visit(source)
        made = [(each.arg, self.visit(each.value)) for each in keywords]
        return call(self.state.helper("dataset"), [source, *self._all(rest)], made)

    # --- statements -------------------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> ast.stmt | None:
        """A failed `assert` ends the call; a failed `suggest` does nothing."""
        match node.body:
            case [ast.Raise(exc=ast.Call(args=[message, *_]) as error)] if self._of_flow(error):
                return ast.copy_location(
                    ast.Assert(_opposite(self.visit(node.test)), self.visit(message)), node
                )
            case [ast.Expr(value=ast.Call() as made)] if self.state.said(made.func) == ("flow", "suggest"):
                self.state.losses.note(node, "`suggest` is left out: DSPy does not ask again")
                return None
        self.generic_visit(node)
        return node

    def _of_flow(self, node: ast.Call) -> bool:
        return self.state.said(node.func)[0] == "flow"

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | None:
        """What only the runtime needs to be told is left out."""
        if isinstance(node.value, ast.Call) and self.state.said(node.value.func) in _TOLD:
            return None
        self.generic_visit(node)
        return node


_TOLD = (("flow", "fall_back"), ("flow", "pass_mistakes_on"))


def _place(node: ast.expr) -> tuple[int, ...]:
    """Where an expression of the program stands."""
    return tuple(getattr(node, each, None) or 0 for each in ast.expr._attributes)


def _opposite(condition: ast.expr) -> ast.expr:
    """What `if not …: raise` asserts."""
    opposite = {ast.NotIn: ast.In, ast.In: ast.NotIn, ast.IsNot: ast.Is, ast.Is: ast.IsNot}
    match condition:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
        case ast.Compare(ops=[operator]) if type(operator) in opposite:
            return ast.Compare(condition.left, [opposite[type(operator)]()], condition.comparators)
    return ast.UnaryOp(ast.Not(), condition)


def refuse_fields(names: Iterable[str]) -> None:
    """Refuse names that no field of a signature has in DSPy.

    Raises:
        CannotSay: there is one.
    """
    for name in names:
        if name.startswith("_") or name in surface().refused_fields:
            raise CannotSay(f"DSPy takes no field that is called `{name}`")


def types_named(text: str, own: Collection[str] = ()) -> str:
    """The text of a signature with its types as DSPy reads them.

    Args:
        text: `"picture: Image -> taken: date"`.
        own: types of the program, which stay.
    """
    if "->" not in text:
        return text

    def written(match: re.Match[str]) -> str:
        name = match[0]
        if name in own:
            return name
        if name in _MODULES:
            return f"{_MODULES[name]}.{name}"
        found = offered(name)
        return found.path if name in _FIELD_TYPES and found is not None else name

    # A name before a colon, or without a type, is a field.
    pieces = re.split(r"(\[[^\]]*\]|,|->)", text)
    for index, piece in enumerate(pieces):
        name, colon, kind = piece.partition(":")
        if piece.startswith("[") and not re.search("['\"]", piece):
            pieces[index] = _WORD.sub(written, piece)
        elif colon:
            pieces[index] = f"{name}:{_WORD.sub(written, kind)}"
        elif index and pieces[index - 1].startswith("["):
            pieces[index] = _WORD.sub(written, piece)
    return "".join(pieces)


_WORD = re.compile(r"(?<![\w.'\"])[^\W\d]\w*(?![\w'\"])(?!\.)")
_OF_SIGNATURES = frozenset(
    {"Predict", "ChainOfThought", "ReAct", "ProgramOfThought", "CodeAct", "RLM", "MultiChainComparison"}
    | {"Signature", "make_signature", "KNN"}
)
"""What takes the text of a signature first."""
_FIELD_TYPES = frozenset(
    {"Audio", "Code", "File", "History", "Image", "Reasoning", "Tool", "ToolCalls", "Document", "Citations"}
)
_MODULES = {
    **dict.fromkeys(("date", "time", "timedelta", "datetime"), "datetime"),
    "Decimal": "decimal",
    "UUID": "uuid",
    "Path": "pathlib",
}
"""Where types of Python's library are; DSPy imports the modules that a text names."""


def _is_module(name: str) -> bool:
    definition = catalog.definition(name)
    return definition is not None and definition.is_a("Module")


def _own_parameters(name: str) -> Collection[str]:
    """What the runtime's class declares."""
    definition = catalog.definition(name)
    own = [each.name for each in definition.parameters or ()] if definition is not None else []
    return {*own, *_OF_THE_RUNTIME}


def known_settings() -> Collection[str]:
    """The settings of `configure` that DSPy has."""
    return surface().settings
