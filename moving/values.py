"""Statements of the top level: models, settings, modules, data, optimizers, evaluations, constants."""

from __future__ import annotations

import ast

from msgspec import Struct

from ..compiler import catalog
from .expressions import CannotMove, expression, string
from .fields import Known
from .names import kind_of
from .signatures import Moved


class Dropped(Exception):
    """A statement that does something when the file is run, and declares nothing; the argument says what."""


class Values(Struct):
    """What the top level of a file has made so far."""

    known: Known
    kinds: dict[str, str] = {}
    """What each name is: `module`, `optimizer`, `dataset` …"""
    evaluators: dict[str, ast.Call] = {}
    """`Evaluate(…)` without a program; each call of one becomes an evaluation."""
    taken: set[str] = set()
    """All names of the file."""

    def assigned(self, name: str, value: ast.expr) -> Moved:
        """`name = value` as a declaration.

        Raises:
            CannotMove: it has no form in the language.
            Dropped: it runs a program.
        """
        imports = self.known.imports
        match value:
            case ast.Call(func=ast.Attribute(attr="compile")):
                return self._compiled(name, value)
            case ast.Call(func=ast.Name(id=called)) if self.kinds.get(called) == "module class":
                return self._module(name, value)
            case ast.Call(func=ast.Name(id=called)) if called in self.evaluators:
                return self._evaluated(name, called, value)
            case ast.Call(func=ast.Name(id=called)) if self.kinds.get(called) in ("module", "program"):
                raise Dropped(f"a call of `{called}`: `dspyc run` runs programs")
            case ast.Call(func=func) if (found := imports.of(func)) is not None:
                return self._constructed(name, found, value)
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=func) as inner, attr="with_instructions")
            ) if imports.of(func) == "Signature":
                return self._signature(name, ast.Call(func, [*inner.args, *value.args], inner.keywords))
            case ast.Call(func=ast.Attribute()) if self.is_data(value):
                self.kinds[name] = "dataset"
                return Moved([f"dataset {name} = {expression(value, imports)}"])
            case ast.List() | ast.ListComp() if self._is_rows(value):
                return self._dataset(name, value)
            case ast.Subscript(value=ast.Name(id=data)) if self.kinds.get(data) == "dataset":
                self.kinds[name] = "dataset"
                return Moved([f"dataset {name} = {expression(value, imports)}"])
        if any(isinstance(node, (ast.Await, ast.Yield)) for node in ast.walk(value)):
            raise CannotMove("`await` and `yield` outside of functions")
        self.kinds[name] = "constant"
        return Moved([f"{name} = {expression(value, imports)}"])

    def is_data(self, value: ast.expr) -> bool:
        """Whether an expression is a method of a dataset."""
        match value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                return self.kinds.get(name) == "dataset"
        return False

    def divided(self, names: list[str], value: ast.expr) -> Moved:
        """Several datasets that are made of one."""
        self.kinds |= dict.fromkeys(names, "dataset")
        return Moved([f"dataset {', '.join(names)} = {expression(value, self.known.imports)}"])

    def _module(self, name: str, value: ast.Call) -> Moved:
        self.kinds[name] = "module"
        fields = self.known.of_constructor(value)
        if fields is not None:
            self.known.modules[name] = fields
        return Moved([f"module {name} = {expression(value, self.known.imports)}"])

    def _constructed(self, name: str, found: str, value: ast.Call) -> Moved:
        kind = kind_of(found)
        imports = self.known.imports
        match kind:
            case "module":
                return self._module(name, value)
            case "lm":
                self.kinds[name] = "lm"
                return Moved([f"lm {name} = {expression(value, imports)}"])
            case "optimizer":
                self.kinds[name] = "optimizer"
                return Moved([f"optimizer {name} = {expression(value, imports)}"])
            case "evaluate":
                self.kinds[name] = "evaluator"
                self.evaluators[name] = value
                return Moved([])
        if found == "Dataset":
            self.kinds[name] = "dataset"
            return Moved([f"dataset {name} = {expression(value, imports)}"])
        if found == "Signature":
            return self._signature(name, value)
        if found == "Example":
            raise CannotMove("a single example")
        self.kinds[name] = "constant"
        return Moved([f"{name} = {expression(value, imports)}"])

    def _signature(self, name: str, value: ast.Call) -> Moved:
        fields = self.known.of_signature(value)
        if fields is not None:
            self.known.signatures[name] = fields
        self.kinds[name] = "signature"
        first = value.args[0] if value.args else None
        if len(value.args) == 1 and not value.keywords and isinstance(first, ast.Constant):
            return Moved([f"signature {name} = {string(str(first.value))}"])
        if not isinstance(first, ast.Constant):
            raise CannotMove("a signature that is made of other things than a text")
        return Moved([f"signature {name} = {expression(value, self.known.imports)}"])

    # --- data

    def _is_rows(self, value: ast.List | ast.ListComp) -> bool:
        items = [value.elt] if isinstance(value, ast.ListComp) else value.elts
        return bool(items) and all(self._example(each) is not None for each in items)

    def _example(self, node: ast.expr) -> tuple[ast.Call, list[ast.expr]] | None:
        """The example that an expression makes, and its inputs."""
        match node:
            case ast.Call(func=ast.Attribute(value=inner, attr="with_inputs"), args=names):
                found = self._example(inner)
                return None if found is None else (found[0], names)
            case ast.Call(func=func) if self.known.imports.of(func) == "Example":
                return node, []
        return None

    def _dataset(self, name: str, value: ast.List | ast.ListComp) -> Moved:
        imports = self.known.imports
        items = [value.elt] if isinstance(value, ast.ListComp) else value.elts
        found = [example for each in items if (example := self._example(each)) is not None]
        inputs = found[0][1]
        rows = [self._row(call) for call, _ in found]
        if isinstance(value, ast.ListComp):
            loops = ast.unparse(ast.ListComp(ast.Constant(0), value.generators))[2:-1]
            source = f"[{rows[0]} {loops.strip()}]"
            call = found[0][0]
            generator = value.generators[0]
            if len(value.generators) == 1 and not generator.ifs and _spreads(call, generator.target):
                source = expression(generator.iter, imports)
            lines = [source]
        else:
            lines = ["[", *(f"    {row}," for row in rows), "]"]
        named = f", inputs=[{', '.join(expression(each, imports) for each in inputs)}]" if inputs else ""
        self.kinds[name] = "dataset"
        return Moved([*f"dataset {name} = Dataset({chr(10).join(lines)}{named})".splitlines()])

    def _row(self, call: ast.Call) -> str:
        imports = self.known.imports
        if call.args and not call.keywords:
            return expression(call.args[0], imports)
        if call.args:
            raise CannotMove("an example made of another one")
        pairs = [
            f"**{expression(each.value, imports)}"
            if each.arg is None
            else f"{string(each.arg)}: {expression(each.value, imports)}"
            for each in call.keywords
        ]
        return "{" + ", ".join(pairs) + "}"

    # --- improving and measuring

    def _compiled(self, name: str, value: ast.Call) -> Moved:
        imports = self.known.imports
        assert isinstance(value.func, ast.Attribute)
        optimizer, lines = value.func.value, []
        if isinstance(optimizer, ast.Call):
            made = imports.of(optimizer.func)
            if made is None or kind_of(made) != "optimizer":
                raise CannotMove(f"`{ast.unparse(value)}`")
            written = self._new(f"{name}_optimizer")
            lines.append(f"optimizer {written} = {expression(optimizer, imports)}")
        elif isinstance(optimizer, ast.Name) and self.kinds.get(optimizer.id) == "optimizer":
            written = optimizer.id
        else:
            raise CannotMove(f"`{ast.unparse(value)}`")
        arguments = [self._argument(each, None, name, lines) for each in value.args]
        arguments += [self._argument(each.value, each.arg, name, lines) for each in value.keywords]
        self.kinds[name] = "program"
        lines.append(f"program {name} = {written}.compile({', '.join(arguments)})")
        return Moved(lines)

    def _argument(self, node: ast.expr, keyword: str | None, name: str, lines: list[str]) -> str:
        """An argument of `compile`; a module that is made there gets a name."""
        imports = self.known.imports
        is_call = isinstance(node, ast.Call) and self.known.of_constructor(node) is not None
        if is_call:
            written = self._new(f"{name}_{keyword or 'student'}")
            lines.append(f"module {written} = {expression(node, imports)}")
        else:
            written = expression(node, imports)
        return written if keyword in (None, "student") else f"{keyword}={written}"

    def _evaluated(self, name: str, evaluator: str, value: ast.Call) -> Moved:
        imports = self.known.imports
        made = self.evaluators[evaluator]
        arguments = [expression(each, imports) for each in value.args]
        # What a call of the evaluator says stands over what it was made with.
        named = {each.arg: each.value for each in [*made.keywords, *value.keywords]}
        if (program := named.pop("program", None)) is not None:
            arguments.insert(0, expression(program, imports))
        arguments += [
            f"{name}={expression(node, imports)}"
            for name, node in named.items()
            if name not in (None, "display_progress", "display_table", "provide_traceback")
        ]
        self.kinds[name] = "evaluate"
        return Moved([f"evaluate {name} = Evaluate({', '.join(arguments)})"])

    def done(self, value: ast.expr) -> Moved:
        """A statement that is an expression: settings, or an evaluation.

        Raises:
            CannotMove: as `assigned`.
            Dropped: it declares nothing.
        """
        imports = self.known.imports
        match value:
            case ast.Constant():
                return Moved([])
            case (
                ast.Call(func=ast.Attribute(value=ast.Name(id=called), attr="__call__"))
                | ast.Call(func=ast.Name(id=called))
            ) if called in self.evaluators:
                return self._evaluated(self._new(f"{called}_result"), called, value)
            case ast.Call(func=ast.Name(id="print"), args=[inner]) if isinstance(inner, ast.Call):
                if isinstance(inner.func, ast.Name) and inner.func.id in self.evaluators:
                    return self.done(inner)
            case ast.Call(func=func) if imports.of(func) == "configure":
                return self._configured(value)
        raise Dropped(f"`{ast.unparse(value).splitlines()[0]}`, which runs when the file does")

    def _configured(self, value: ast.Call) -> Moved:
        imports = self.known.imports
        known = {each.name for each in catalog.configuration() or ()}
        keywords, remarks = [], []
        for each in value.keywords:
            if each.arg == "callbacks":
                remarks.append(
                    "`callbacks=` is left out: Python sets it, by `dspyc.runtime.configure(callbacks=[…])`"
                )
            elif each.arg is not None and each.arg not in known:
                remarks.append(f"`{each.arg}=` is left out: `configure` has no such setting")
            else:
                keywords.append(f"{each.arg}={expression(each.value, imports)}")
        return Moved([f"configure({', '.join(keywords)})"] if keywords else [], remarks)

    def _new(self, name: str) -> str:
        """A name that nothing has yet."""
        found, number = name, 2
        while found in self.taken:
            found, number = f"{name}_{number}", number + 1
        self.taken.add(found)
        return found


def _spreads(call: ast.Call, target: ast.expr) -> bool:
    """Whether an example is made of the loop's variable as it is: `Example(**row)`."""
    if len(call.keywords) + len(call.args) != 1:
        return False
    source = call.keywords[0].value if call.keywords and call.keywords[0].arg is None else None
    if call.args:
        source = call.args[0]
    return source is not None and ast.unparse(source) == ast.unparse(target)
