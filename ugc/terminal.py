"""What commands print: nothing that comes from elsewhere acts on the terminal that shows it.

Contracts, keys in Kafka, rows and answers hold what anybody wrote there.  No command prints in
another way (``tests/project/test_architecture.py``).
"""

from __future__ import annotations

import io
import json
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from contracts.visible import visible


def say(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Prints a text in its visible form."""
    click.echo(visible(str(text)), err=err, nl=nl)


def say_json(document: object) -> None:
    """Prints a document on one line. It may hold whatever JSON can: integers of any size too."""
    say(json.dumps(document, ensure_ascii=False, allow_nan=False))


def say_wrong(error: click.ClickException) -> None:
    """Prints what click says of a wrong command line, which it quotes."""
    told = io.StringIO()
    error.show(told)
    say(told.getvalue(), err=True, nl=False)


class PlainConsole(Console):
    """A console for which a string is what it says: no markup, no emoji, nothing that acts.

    Colours are given by :class:`rich.text.Text`.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string comes through here, cells and titles of tables too."""
        return super().render_str(visible(text), **options)
