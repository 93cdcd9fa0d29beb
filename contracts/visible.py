"""Texts as they may be shown, whoever wrote them. Pure."""

from __future__ import annotations

import re

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls but tab and newline, what turns the direction of writing, and lone surrogates."""


def visible(text: str) -> str:
    """The text with what would act on a terminal spelt out; newlines and tabs stay.

    It is spelt as in JSON (``\\u001b``), so that a JSON document stays one with the same meaning.
    """
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shortened(text: str, most: int) -> str:
    """The text, or its first ``most`` characters and an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}…"


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``: for nouns that take an ``s``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
