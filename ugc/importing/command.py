"""``ugc contracts import``: contracts made of an existing tracking plan."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from contracts.lint.names import check_apart, check_event
from contracts.model.loader import parse_json
from ugc.errors import UgcError
from ugc.exits import PLAIN_EPILOG
from ugc.importing.convert import ImportedEvent, imported
from ugc.importing.plans import events_in
from ugc.importing.report import in_words, summary
from ugc.project.reserved import reserved_columns, reserved_events
from ugc.project.scaffold import new_event
from ugc.terminal import say


class PlanError(UgcError):
    """A plan cannot be read, or its contracts cannot be written as asked."""


@click.command(name="import", epilog=PLAIN_EPILOG)
@click.argument("plan", type=click.Path(exists=True, path_type=Path))
@click.option("--owner", required=True, metavar="TEAM", help="Who answers for the events.")
@click.option(
    "--into",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="The contract folder to write to. Without it nothing is written.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON document.")
def command(plan: Path, owner: str, folder: Path | None, as_json: bool) -> None:
    """Make contracts of a tracking PLAN, a JSON file or a folder of them.

    PLAN is plain JSON Schema, Iglu self-describing schemas, or a Segment or RudderStack tracking
    plan. Tells of each field whether it is typed, becomes a string that holds JSON text, or is
    refused. Exits with 1 when an event was refused or its contract still has findings.

    \b
    Examples:
      ugc contracts import plan.json --owner growth
      ugc contracts import schemas/ --owner growth --into contracts
    """
    reserved = reserved_columns()
    events = [
        imported(planned, owner=owner, reserved=reserved)
        for path in _files(plan)
        for planned in events_in(_read(path), path.stem)
    ]
    events = _with_findings_of_names(events, folder)
    if folder is not None:
        _write(folder, events)
    if as_json:
        say(json.dumps(summary(events), indent=2, ensure_ascii=True))
    else:
        for line in in_words(events):
            say(line)
    sys.exit(any(event.document is None or event.findings for event in events))


def _with_findings_of_names(
    events: Sequence[ImportedEvent], folder: Path | None
) -> list[ImportedEvent]:
    """The events with what lint says of their names, beside those in the folder."""
    reserved = reserved_events()
    present = {path.name for path in (folder / "events").glob("*")} if folder else set()
    made = {event.event for event in events if event.document is not None}
    apart = list(check_apart(made | present))

    def judged(event: ImportedEvent) -> ImportedEvent:
        notes = [
            *check_event(event.event, reserved),
            *(n for name, n in apart if name == event.event),
        ]
        found = tuple(f"/ {note.message}" for note in notes)
        return replace(event, findings=event.findings + found) if event.document else event

    return [judged(event) for event in events]


def _files(plan: Path) -> list[Path]:
    # Iglu's folders hold files named 1-0-0, without an ending.
    inside = sorted(path for path in plan.rglob("*") if path.is_file() and _is_plan(path))
    return inside if plan.is_dir() else [plan]


def _is_plan(path: Path) -> bool:
    return path.suffix == ".json" or path.parent.name == "jsonschema"


def _read(path: Path) -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise PlanError(f"{path} is not JSON: {error}") from error


def _write(folder: Path, events: Sequence[ImportedEvent]) -> None:
    """All files of all events, or none."""
    texts: dict[Path, str] = {}
    for path, text in _texts(folder, events):
        if path in texts or path.exists():
            raise PlanError(f"{path} would be written over; nothing was written")
        texts[path] = text
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        say(f"wrote {path}", err=True)


def _texts(folder: Path, events: Sequence[ImportedEvent]) -> Iterator[tuple[Path, str]]:
    for each in events:
        if each.document is None:
            continue
        if not each.document["examples"]:
            raise PlanError(f"no example of {each.event} could be made; nothing was written")
        for name, text in new_event(each.event, each.document).items():
            yield folder / name, text
