"""Inline values: the variables that a debugger shows the values of, where it has stopped."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import InlineValueParams, InlineValueVariableLookup
from ..session import Server
from .handler import about_file


def _inline_value(
    server: Server, analysis: FileAnalysis, params: InlineValueParams
) -> list[InlineValueVariableLookup]:
    """The variables of the body in which a program has stopped, up to that line."""
    from ...compiler.query.inline_values import variables

    source = analysis.source
    area = convert.span_of(source, params.range, server.encoding)
    stopped = convert.offset(source, params.context.stopped_location.start, server.encoding)
    return [
        InlineValueVariableLookup(convert.range_of(source, each.span, server.encoding), each.name)
        for each in variables(analysis, area, stopped)
    ]


HANDLERS = {"textDocument/inlineValue": about_file(_inline_value, InlineValueParams)}
CAPABILITIES = {"inlineValueProvider": True}
