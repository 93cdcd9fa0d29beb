"""What commands print: nothing that comes from elsewhere acts on the terminal that shows it.

Contracts, keys in Kafka, rows and answers hold what anybody wrote there.  Control characters are
shown as JSON writes them (``\\u001b``), so that a JSON document stays one with the same meaning.
"""

from __future__ import annotations

import json
import re
from typing import Any

import click
from rich.console import Console
from rich.text import Text

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls but tab and newline, what turns the direction of writing, and lone surrogates."""


def visible(text: str) -> str:
    """The text with what would act on a terminal spelt out; newlines and tabs stay."""
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Prints a text in its visible form."""
    click.echo(visible(str(text)), err=err, nl=nl)


def say_json(document: object) -> None:
    """Prints a document on one line. It may hold whatever JSON can: integers of any size too."""
    say(json.dumps(document, ensure_ascii=False, allow_nan=False))


class PlainConsole(Console):
    """A console for which a string is what it says: no markup, no emoji, nothing that acts.

    Colours are given by :class:`rich.text.Text`.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string comes through here, cells and titles of tables too."""
        return super().render_str(visible(text), **options)
