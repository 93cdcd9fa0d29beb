"""Bounds of decimals that the file writes with more digits than anybody reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from contracts.lint.rules import Note
from contracts.lint.sites import sites
from contracts.model import decimals, json_text


def check(text: str) -> Iterator[Note]:
    """Bounds of exact decimals that JSON tools, which read numbers as doubles, would change.

    Args:
        text: a contract's file, which is a JSON object.
    """
    try:
        root = json_text.parse(text)
    except ValueError:
        return  # an exponent of too many digits, which bounds nothing
    for site in sites(root):
        for keyword in decimals.BOUNDS if site.is_decimal else ():
            if isinstance(limit := site.schema.get(keyword), Decimal):
                message = f"{limit} has more digits than a double keeps; write 15 at most"
                yield Note("decimal-digits", site.at(keyword), message)
