"""A graph as a picture: SVG that is legible on light and on dark pages."""

from __future__ import annotations

from html import escape

from .layout import CHARACTER, LINE, PADDING, Box, Layout, Route, lay_out
from .model import Graph

_STYLE = """
  svg { color-scheme: light dark; }
  .page { fill: #ffffff; }
  text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; }
  .title { font-weight: 700; }
  .detail { fill: #59636e; }
  .box { fill: #f6f8fa; stroke: #8c959f; }
  .call { fill: #ddf4ff; stroke: #0969da; }
  .inputs, .outputs { fill: #dafbe1; stroke: #1a7f37; }
  .assert { fill: #fff8c5; stroke: #9a6700; }
  .return { fill: #dafbe1; stroke: #1a7f37; }
  .group { fill: #818b981a; stroke: #8c959f; stroke-dasharray: 5 3; }
  .arrow { fill: none; stroke: #59636e; stroke-width: 1.3; }
  .order { stroke-dasharray: 2 3; }
  .failure { stroke-dasharray: 6 4; }
  .head { fill: #59636e; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; }
    text { fill: #f0f6fc; }
    .detail { fill: #9198a1; }
    .box { fill: #151b23; stroke: #656c76; }
    .call { fill: #0c2d6b; stroke: #4493f8; }
    .inputs, .outputs, .return { fill: #04260f; stroke: #3fb950; }
    .assert { fill: #341a00; stroke: #d29922; }
    .arrow { stroke: #9198a1; }
    .head { fill: #9198a1; }
  }
"""


def as_svg(graph: Graph) -> str:
    """The picture of a graph, with its name and the number of its calls above it."""
    layout = lay_out(graph)
    heading = [each for each in (graph.name, graph.calls.replace("`", "")) if each]
    top = len(heading) * LINE + PADDING
    width = max(layout.width, *(len(each) * CHARACTER + 2 * PADDING for each in heading))
    height = layout.height + top
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(graph.name)}">',
        f"<style>{_STYLE}</style>",
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        '<path class="head" d="M0 0 L8 4 L0 8 z"/></marker>',
        f'<rect class="page" width="{width:.0f}" height="{height:.0f}" rx="6"/>',
        *(
            _text(PADDING, PADDING + LINE * (at + 0.75), line, "detail" if at else "title")
            for at, line in enumerate(heading)
        ),
        f'<g transform="translate({(width - layout.width) / 2:.1f} {top:.1f})">',
        *_contents(layout),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _contents(layout: Layout) -> list[str]:
    """The groups, then the arrows, then the other boxes, so that nothing is hidden."""
    groups = [box for box in layout.boxes if box.inside]
    others = [box for box in layout.boxes if not box.inside]
    return [
        *map(_group, groups),
        *map(_arrow, layout.routes),
        *map(_box, others),
    ]


def _group(box: Box) -> str:
    return f'<rect class="group" {_corners(box)} rx="8"/>' + _lines(box, PADDING)


def _box(box: Box) -> str:
    kind = box.step.kind if box.step is not None else ""
    radius = box.height / 2 if kind in {"inputs", "outputs"} else 6 if kind != "assert" else 14
    return f'<rect class="box {kind}" {_corners(box)} rx="{radius:.0f}"/>' + _lines(box, PADDING)


def _corners(box: Box) -> str:
    return f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'


def _lines(box: Box, above: float) -> str:
    """The texts of a box; a group's stand at its upper left."""
    if box.step is None:
        return ""
    lines = [(box.step.title, "title"), *((line, "detail") for line in box.step.details)]
    written = []
    for at, (line, kind) in enumerate(lines):
        x = box.x + PADDING if box.inside else box.middle - len(line) * CHARACTER / 2
        written.append(_text(x, box.y + above + LINE * (at + 0.75), line, kind))
    return "".join(written)


def _text(x: float, y: float, text: str, kind: str) -> str:
    length = len(text) * CHARACTER
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" textLength="{length:.0f}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def _arrow(route: Route) -> str:
    """A curve that leaves and enters every point vertically."""
    (x, y), *others = route.points
    path = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in others:
        half = (y + to_y) / 2
        path.append(f"C{x:.1f} {half:.1f} {to_x:.1f} {half:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return f'<path class="arrow {route.edge.kind}" d="{" ".join(path)}" marker-end="url(#head)"/>'
