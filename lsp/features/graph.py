"""`dspyc/graph`: the data flow of the program at a position, as a picture that follows the text.

A request of this server's own: the parameters are those of a hover, the answer is the program's name and an
SVG, or null where there is no program. Nothing is loaded or run.
"""

from __future__ import annotations

from ...compiler import types
from ...compiler.analysis import FileAnalysis
from ..protocol import PositionParams, Structure
from ..session import Server
from .handler import about_position


class GraphResult(Structure, frozen=True):
    """A picture of a program."""

    name: str
    svg: str


def _graph(
    server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams
) -> GraphResult | None:
    """The picture of the program at an offset; where that is none, of the first one that can be drawn."""
    from ...compiler.graph.flow import draw
    from ...compiler.graph.svg import as_svg
    from ...compiler.query.subjects import subject_at

    program = analysis.program
    subject = subject_at(analysis, offset)
    names = [] if subject is None else [subject.name]
    names += [
        name
        for name, symbol in program.symbols.items()
        if isinstance(symbol.type, types.Module | types.ModuleClass)
        if symbol.place is not None and symbol.place.path == program.path
    ]
    for name in names:
        symbol = program.symbols.get(name)
        graph = None if symbol is None else draw(program, symbol)
        if graph is not None:
            return GraphResult(name, as_svg(graph))
    return None


HANDLERS = {"dspyc/graph": about_position(_graph, PositionParams)}
CAPABILITIES: dict[str, dict[str, object]] = {}
