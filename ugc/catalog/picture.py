"""What becomes of an event, as a picture (SVG): from whoever sends it to the views. Pure.

The picture is drawn downwards, so that it can be read on a telephone, and its colours are those of
the page's style sheet.  What it says stands in words beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_LETTER = 7.9
"""Width of a letter of the names, monospaced at 13 pixels."""

_PADDING, _GAP, _ARROW, _HEIGHT = 14, 16, 26, 46
_LEAST = 150


@dataclass(frozen=True, slots=True)
class Box:
    """``name`` is what the thing is called, ``kind`` what it is; ``is_here``: the page's own."""

    kind: str
    name: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A box and where it is drawn, in pixels from the upper left."""

    box: Box
    x: float
    y: float
    width: float
    height: float = _HEIGHT

    @property
    def middle(self) -> float:
        """Where arrows begin and end."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """From the bottom of one box to the top of another."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of boxes, each row joined to all of the next; ``words`` say the same in a sentence."""

    width: float
    height: float
    boxes: tuple[Placed, ...]
    arrows: tuple[Arrow, ...]
    words: str


def drawn(rows: Sequence[Sequence[Box]], words: str) -> Picture:
    """The picture of rows of boxes, from top to bottom."""
    widths = [[_width(box) for box in row] for row in rows]
    whole = max(sum(row) + _GAP * (len(row) - 1) for row in widths)
    placed: list[list[Placed]] = []
    for number, (row, of_row) in enumerate(zip(rows, widths, strict=True)):
        x = (whole - sum(of_row) - _GAP * (len(row) - 1)) / 2
        y = float(number * (_HEIGHT + _ARROW))
        line: list[Placed] = []
        for box, width in zip(row, of_row, strict=True):
            line.append(Placed(box, round(x + 1, 1), y + 1, width))
            x += width + _GAP
        placed.append(line)
    return Picture(
        width=round(whole + 2, 1),
        height=len(rows) * (_HEIGHT + _ARROW) - _ARROW + 2,
        boxes=tuple(each for row in placed for each in row),
        arrows=tuple(_arrows(placed)),
        words=words,
    )


def _width(box: Box) -> float:
    return max(_LEAST, round(max(len(box.name), len(box.kind)) * _LETTER + 2 * _PADDING, 1))


def _arrows(rows: Sequence[Sequence[Placed]]) -> Iterator[Arrow]:
    for upper, lower in pairwise(rows):
        for one in upper:
            for other in lower:
                yield Arrow(one.middle, one.y + one.height, other.middle, other.y - 4)
