"""``ugc contracts diff``: what changed between two contracts, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from contracts.evolution.changes import ABSENT, Change, changes
from contracts.evolution.rules import rule_for
from contracts.model.loader import load_catalog, read_document, read_shared
from contracts.model.types import JsonSchema
from contracts.visible import counted
from ugc.contracts.words import in_words
from ugc.exits import PLAIN_EPILOG
from ugc.project.folder import contract_named, folder_option
from ugc.terminal import say


@click.command(name="diff", epilog=PLAIN_EPILOG)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@folder_option
def diff(old: str, new: str, folder: Path) -> None:
    """Say what changed from A to B, field by field; each is EVENT, EVENT@N or a file.

    \b
    Examples:
      ugc contracts diff order_placed@1 order_placed@2
      ugc contracts diff order_placed draft.json
    """
    found = changes(_document(folder, old), _document(folder, new))
    for change in found:
        say(f"{change.pointer}: {in_one_line(change)}")
    count = counted(len(found), "change")
    say(f"{old} → {new}: {count}" if found else f"{old} and {new} say the same")


def in_one_line(change: Change) -> str:
    """What was, what is, and what that means."""
    says = rule_for(change).says
    match change.before is ABSENT, change.after is ABSENT:
        case (True, False):
            return f"added {_shown(change.after)} ({says})"
        case (False, True):
            return f"removed {_shown(change.before)} ({says})"
        case _:
            return f"{_shown(change.before)} → {_shown(change.after)} ({says})"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) and ("type" in value or "$ref" in value):
        return in_words(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _document(folder: Path, reference: str) -> JsonSchema:
    """A file when it looks like one, else a contract of the folder."""
    if "/" in reference or reference.endswith(".json"):
        return read_shared(folder).whole(read_document(Path(reference)))
    return contract_named(load_catalog(folder), reference).schema
