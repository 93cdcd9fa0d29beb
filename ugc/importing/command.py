"""``ugc contracts import``: contracts made of an existing tracking plan."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from contracts.lint.names import check_apart, check_event
from contracts.model.loader import parse_json
from ugc.exits import PLAIN_EPILOG
from ugc.importing.errors import PlanError
from ugc.importing.events import ImportedEvent, Platform, imported_all
from ugc.importing.limits import DEFAULT_LIMITS, Limits
from ugc.importing.plans import PlannedEvent, events_in, unreadable
from ugc.importing.report import in_words, summary
from ugc.importing.writing import write_events
from ugc.importing.yaml_text import MOST_BYTES, parse_yaml
from ugc.project.reserved import reserved_columns, reserved_events
from ugc.terminal import say

_KIB = 1024
_YAML = (".yaml", ".yml")


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
@click.option(
    "--most-fields",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMITS.fields,
    show_default=True,
    help="Fields that one event may have, with those of its inner objects.",
)
@click.option(
    "--most-kib",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMITS.contract_bytes // _KIB,
    show_default=True,
    help="KiB that the contract of one event may have.",
)
@click.option(
    "--most-plan-kib",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMITS.plan_bytes // _KIB,
    show_default=True,
    help="KiB that one file of the plan may have.",
)
@click.option(
    "--most-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=DEFAULT_LIMITS.seconds,
    show_default=True,
    help="Seconds of the processor that one event may take.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON document.")
def command(
    plan: Path,
    owner: str,
    folder: Path | None,
    most_fields: int,
    most_kib: int,
    most_plan_kib: int,
    most_seconds: float,
    as_json: bool,
) -> None:
    """Make contracts of a tracking PLAN, a JSON or YAML file or a folder of them.

    PLAN is plain JSON Schema, Iglu self-describing schemas, a Segment or RudderStack tracking plan,
    an export of Avo or Amplitude, an AsyncAPI or OpenAPI document, or an ODCS data contract.
    Tells of each field whether it is typed, becomes a string that holds JSON text, or is refused,
    and in what the contract takes other values than the plan. A file that cannot be read and an
    event beyond a limit cost nothing but themselves. Versions of one event become v1, v2, …
    Exits with 1 when something was refused or not written, or a contract still has findings.

    \b
    Examples:
      ugc contracts import plan.json --owner growth
      ugc contracts import schemas/ --owner growth --into contracts
    """
    limits = Limits(
        fields=most_fields,
        contract_bytes=most_kib * _KIB,
        plan_bytes=most_plan_kib * _KIB,
        seconds=most_seconds,
    )
    events = events_of(plan, owner=owner, limits=limits, folder=folder)
    is_complete = folder is None or _write(folder, events)
    if as_json:
        say(json.dumps(summary(events), indent=2, ensure_ascii=True))
    else:
        for line in in_words(events):
            say(line)
    is_taken = all(event.document is not None and not event.findings for event in events)
    sys.exit(not (is_taken and is_complete))


def events_of(
    plan: Path, *, owner: str, limits: Limits = DEFAULT_LIMITS, folder: Path | None = None
) -> list[ImportedEvent]:
    """The contracts of all events in a plan, a file or a folder of them.

    What cannot be read or taken is told in the event itself.  ``folder``: the contracts that they
    will lie beside.
    """
    planned = [event for path in _files(plan) for event in _events(path, plan, limits)]
    platform = Platform(columns=reserved_columns(), events=reserved_events().keys())
    events = imported_all(planned, owner=owner, platform=platform, limits=limits)
    return _with_findings_of_names(events, folder)


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
    return sorted(filter(_is_plan, plan.rglob("*"))) if plan.is_dir() else [plan]


def _is_plan(path: Path) -> bool:
    # A link that leads nowhere is a plan that cannot be read.
    if not path.is_file() and not (path.is_symlink() and not path.exists()):
        return False
    # Iglu's folders hold files named 1-0-0, without an ending.
    return path.suffix in (".json", *_YAML) or path.parent.name == "jsonschema"


def _events(path: Path, plan: Path, limits: Limits) -> Iterator[PlannedEvent]:
    where = path.relative_to(plan).as_posix() if path != plan else path.name
    try:
        is_yaml = path.suffix in _YAML
        most_bytes = min(limits.plan_bytes, MOST_BYTES) if is_yaml else limits.plan_bytes
        if path.stat().st_size > most_bytes:
            problem = f"the file has more than {most_bytes // _KIB} KiB"
            yield unreadable(path.name, where, problem)
            return
        text = path.read_text(encoding="utf-8-sig")
        document = parse_yaml(text) if is_yaml else parse_json(text)
    except OSError as error:
        yield unreadable(path.name, where, f"the file cannot be read: {error.strerror}")
    except ValueError as error:
        form = "YAML as JSON has it" if path.suffix in _YAML else "JSON"
        yield unreadable(path.name, where, f"the file is not {form}: {error}")
    except RecursionError:
        yield unreadable(path.name, where, "the file is nested deeper than can be read")
    else:
        yield from events_in(document, path.stem, where)


def _write(folder: Path, events: Sequence[ImportedEvent]) -> bool:
    """Whether nothing was there already.

    Raises:
        PlanError: the folder cannot be written to.
    """
    is_complete = True
    try:
        for name, problem in write_events(folder, events):
            say(f"left {name} alone: {problem}" if problem else f"wrote {name}", err=True)
            is_complete &= not problem
    except OSError as error:
        raise PlanError(f"{folder} cannot be written to: {error.strerror}") from error
    return is_complete
