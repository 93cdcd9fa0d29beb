"""The picture of the flow in README.md and on the site's first page, as SVG: light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Colours:
    """Of one of the two pictures."""

    text: str
    quiet: str
    box: str
    line: str
    contract: str


PICTURES = {
    "light": Colours("#1f2933", "#52606d", "#f5f7fa", "#7b8794", "#c6f0e6"),
    "dark": Colours("#e4e7eb", "#b0bac5", "#262e38", "#9aa5b1", "#12544a"),
}

_WIDTH, _HEIGHT = 960, 330
_PARTS = (
    ("Browser, server", "typed tracker, or curl"),
    ("HTTP API", "checks, answers 202"),
    ("Kafka", "Avro, one schema each"),
    ("Loader", "pairs, removes repeats"),
    ("ClickHouse", "a typed table, views"),
)
_DERIVED = ("SDKs", "validation, Swagger", "registry subject", "rows, pairs", "DDL, dictionary")
_FLOW = ("HTTP", "publish", "read", "insert")
_BOX, _GAP, _TOP = 152, 38, 200


def flow(colours: Colours) -> str:
    """What follows from a contract above, the way of an event below."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        ' aria-labelledby="t" font-family="system-ui, sans-serif" font-size="14">',
        '<title id="t">A contract, one JSON Schema file, decides on the SDKs, the validation, the'
        " Avro subject, the rows and the table. An event goes from the browser over the HTTP API,"
        " Kafka and the loader into ClickHouse.</title>",
        f'<defs><marker id="a" markerWidth="9" markerHeight="9" refX="8" refY="4.5" orient="auto">'
        f'<path d="M0 0L9 4.5L0 9z" fill="{colours.line}"/></marker></defs>',
        _box(280, 16, 400, 62, colours.contract, colours),
        _text(480, 43, "contracts/events/<event>/v1.json", colours.text, weight=600),
        _text(480, 64, "one JSON Schema file: fields, limits, owner, quality", colours.quiet),
    ]
    for index, (name, below) in enumerate(_PARTS):
        left = 24 + index * (_BOX + _GAP)
        middle = left + _BOX // 2
        parts += [
            _line(f"M480 78V108H{middle}V{_TOP - 4}", colours, dashed=True),
            _label(middle, 152, _DERIVED[index], colours),
            _box(left, _TOP, _BOX, 66, colours.box, colours),
            _text(middle, _TOP + 29, name, colours.text, weight=600),
            _text(middle, _TOP + 50, below, colours.quiet, size=12),
        ]
        if index < len(_FLOW):
            parts.append(_line(f"M{left + _BOX} {_TOP + 33}H{left + _BOX + _GAP - 2}", colours))
            at = left + _BOX + _GAP // 2
            parts.append(_text(at, _TOP + 88, _FLOW[index], colours.quiet, size=12))
    note = "what the contract refuses is answered with 422 and the place; what is answered with 202"
    parts.append(_text(480, 318, f"{note} has one row", colours.quiet, size=13))
    return "\n".join([*parts, "</svg>", ""])


def _box(x: int, y: int, width: int, height: int, fill: str, colours: Colours) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}"'
        f' stroke="{colours.line}"/>'
    )


def _text(x: int, y: int, text: str, fill: str, *, weight: int = 400, size: int = 14) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" fill="{fill}" font-weight="{weight}"'
        f' font-size="{size}">{escape(text)}</text>'
    )


def _line(path: str, colours: Colours, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 4"' if dashed else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colours.line}" stroke-width="1.5"{dash}'
        ' marker-end="url(#a)"/>'
    )


def _label(x: int, y: int, text: str, colours: Colours) -> str:
    """A text on a line, with ground of its own."""
    width = 8 * len(text) + 12
    ground = _box(x - width // 2, y - 16, width, 24, colours.contract, colours)
    return f"{ground}\n{_text(x, y, text, colours.text, size=13)}"
