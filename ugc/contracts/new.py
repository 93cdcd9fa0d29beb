"""``ugc contracts new``: writes the files of a new event, or of a next version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from contracts.lint import RULES, Severity
from contracts.lint.contract import check
from contracts.lint.names import check_event
from contracts.lint.shape import alike
from contracts.model.loader import load_catalog, read_document
from contracts.settings import Settings
from ugc.contracts import new_context, new_shared
from ugc.contracts.errors import ScaffoldError, ScaffoldTextError
from ugc.environment import own_environment
from ugc.exits import PLAIN_EPILOG
from ugc.project import scaffold
from ugc.project.folder import folder_option
from ugc.project.reserved import reserved_columns, reserved_events
from ugc.terminal import say


@click.command(name="new", epilog=PLAIN_EPILOG)
@click.argument("event", metavar="NAME", required=False, default="")
@click.option("--context", is_flag=True, help="What all events are sent with; it has no NAME.")
@click.option("--shared", is_flag=True, help="A definition that events refer to, and no event.")
@click.option(
    "--owner",
    metavar="TEAM",
    help="The team that answers for the event.  [default: CONTRACTS_OWNER, else owner in ugc.toml]",
)
@click.option("--title", help="A few words for lists; made of the event's name when left out.")
@click.option("--description", help="One sentence: what happened when this event is sent.")
@click.option(
    "--field",
    "fields",
    metavar="NAME:TYPE",
    multiple=True,
    help=f"A field; TYPE is {', '.join(scaffold.TYPES)}. A ? behind it: may be absent.",
)
@click.option("--no-fields", is_flag=True, help="The event says no more than that it happened.")
@click.option("--next-version", is_flag=True, help="Copy the newest version and its examples.")
@folder_option
def new(
    event: str,
    context: bool,
    shared: bool,
    owner: str | None,
    title: str | None,
    description: str | None,
    fields: tuple[str, ...],
    no_fields: bool,
    next_version: bool,
    folder: Path,
) -> None:
    """Write the files of a new event NAME: contract, valid and invalid examples.

    They pass `ugc contracts lint` as they are; put your own descriptions, bounds and examples in.
    In a folder without contracts it begins with the envelopes that all events are sent in.

    \b
    Examples:
      ugc contracts new order_placed --owner shop --field order_id:string
      ugc contracts new article_rated --owner catalogue --field rating:integer --field note:string?
      ugc contracts new session_start --owner web --no-fields
      ugc contracts new order_placed --next-version
      ugc contracts new --context --owner web
      ugc contracts new --shared address --owner shop --field street:string --field city:string
    """
    if context:
        if event or shared or title or description or fields or no_fields:
            raise ScaffoldTextError("--context takes --owner or --next-version, and nothing else")
        answers = owner if next_version else owner or owner_of_project()
        _write(folder, new_context.files(folder, answers, next_version=next_version))
        return
    if not event:
        raise ScaffoldTextError("write the NAME of the new event, as in `ugc contracts new --help`")
    if next_version:
        if owner or title or description or fields or no_fields:
            raise ScaffoldTextError(
                "--next-version copies; change owner, title and fields in the copy"
            )
        files = (
            new_shared.next_version(folder, event) if shared else next_version_files(folder, event)
        )
    elif shared:
        if no_fields:
            raise ScaffoldTextError("a shared definition without fields is no value")
        answers = owner or owner_of_project()
        files = new_shared.first_version(folder, event, answers, title, description, fields)
    else:
        if fields and no_fields:
            raise ScaffoldTextError("write --field or --no-fields, not both")
        wanted = () if no_fields else fields or ("element_id:string",)
        answers = owner or owner_of_project()
        files = new_event_files(folder, event, answers, title, description, wanted)
    _write(folder, files)
    if shared:
        say(f"an event refers to it by {new_shared.reference_in(files)}")


def owner_of_project() -> str | None:
    """The team that answers where none is named."""
    return Settings(own_environment()).optional("CONTRACTS_OWNER")


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name in files:
        if (folder / name).exists():
            raise ScaffoldError(f"{folder / name} exists already")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        say(f"wrote {path}")


def new_event_files(
    folder: Path,
    event: str,
    owner: str | None,
    title: str | None,
    description: str | None,
    fields: tuple[str, ...],
) -> Mapping[str, str]:
    """Path below the contract folder → text: the files of an event that is not there yet.

    Raises:
        ScaffoldError: it is there, or its twin; a name, a field or the owner is wrong or missing.
    """
    for note in check_event(event, reserved_events()):
        raise ScaffoldTextError(note.message)
    if (folder / "events" / event).exists():
        raise ScaffoldError(f"{event} exists already; a change is a new version: --next-version")
    others = (path.name for path in (folder / "events").glob("*"))
    if twin := next((other for other in others if alike(other) == alike(event)), None):
        raise ScaffoldError(f"{event} differs from the event {twin} in case and signs only")
    if owner is None:
        raise ScaffoldTextError(
            "write --owner TEAM, or owner in ugc.toml: somebody has to answer for the event"
        )
    parsed = [scaffold.NewField.parse(text) for text in fields]
    document = scaffold.contract_document(
        event, owner=owner, fields=parsed, title=title, description=description
    )
    if len(document["properties"]) < len(parsed):
        raise ScaffoldTextError("two fields have one name")
    notes, _ = check(document, reserved_columns())
    wrong = [n.message for n in notes if RULES[n.code].severity is Severity.ERROR]
    if wrong:
        raise ScaffoldTextError("; ".join(wrong))
    sent_in = scaffold.envelopes(event, document["examples"][0])
    around = {} if (folder / "envelopes").exists() else sent_in
    return {**around, **scaffold.new_event(event, document)}


def next_version_files(folder: Path, event: str) -> Mapping[str, str]:
    """Path below the contract folder → text: a copy of the newest version, and its examples."""
    newest = load_catalog(folder).get(event)
    written = read_document(folder / "events" / event / f"v{newest.version}.json")
    examples = folder / "examples" / event / f"v{newest.version}"
    return scaffold.next_version(
        event,
        newest.version,
        written,
        {
            path.relative_to(examples).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(examples.glob("*/*.json"))
        },
    )
