"""Makes a project: all of it in a temporary folder first, and then in its place."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.model.loader import load_catalog
from contracts.naming import Naming
from contracts.project import KEYS, NAME_FORM, PROJECT_FILE, read_project
from registry.lock import LOCK_FILE, lock_of, lock_text
from ugc.errors import CommandLineError, UgcError
from ugc.importing.command import events_of
from ugc.importing.report import in_words
from ugc.importing.writing import write_events
from ugc.new.files import EVENT, EXAMPLE, example_contracts, project_files, write_all
from ugc.project.scaffold import SCHEMAS, envelopes, schema_text

_SECRET_BYTES = 32
_LONGEST_NAME = 30

Say = Callable[[str], object]


class NewProjectError(UgcError):
    """The project cannot be made; nothing is left of it."""


class NewProjectTextError(NewProjectError, CommandLineError):
    """Names from which no project can be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A project that was made, and an event that it may be tried with."""

    folder: Path
    name: str
    event: str


def make_project(
    folder: Path, *, name: str | None, owner: str | None, plan: Path | None, say: Say
) -> Made:
    """Makes the project in ``folder``, which is not there yet, or empty (but for ``.git``).

    Args:
        folder: where.
        name: what it is called; made of the folder's name when it is None.
        owner: who answers for the events; the project's name when it is None.
        plan: a tracking plan whose events it gets in place of the example.
        say: hears what became of the plan.

    Raises:
        NewProjectError: the folder is in use, a name cannot be had, or no event can be taken.
        PlanError: the plan's events cannot be written.
    """
    _check_free(folder)
    name = _name(folder, name)
    owner = owner or name
    if not KEYS["owner"].form.fits(owner):
        raise NewProjectTextError(f"--owner must be {KEYS['owner'].form.words}, not {owner!r}")
    was_there = folder.exists()
    with tempfile.TemporaryDirectory(prefix="ugc-new-") as beside:
        draft = Path(beside) / "project"
        event = _write(draft, name, owner, plan, say)
        try:
            shutil.copytree(draft, folder, dirs_exist_ok=True)
        except OSError as error:
            if not was_there:
                shutil.rmtree(folder, ignore_errors=True)
            reason = error.strerror or error
            raise NewProjectError(f"{folder} cannot be written: {reason}") from error
    return Made(folder=folder, name=name, event=event)


def _check_free(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NewProjectError(f"{folder} is a file; name a folder that is not there yet")
    if folder.is_dir() and (there := {path.name for path in folder.iterdir()} - {".git"}):
        advice = "name a folder that is not there yet, or an empty one"
        if PROJECT_FILE in there:
            advice = "it is a project already: `ugc contracts new` adds an event to it"
        raise NewProjectError(f"{folder} is not empty ({min(there)} is in it); {advice}")


def _name(folder: Path, given: str | None) -> str:
    if given is None:
        plain = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
        given = plain[:_LONGEST_NAME].rstrip("_")
        if NAME_FORM.fits(given):
            return given
        raise NewProjectTextError(
            f"{folder.resolve().name!r} gives no project's name; write --name, {NAME_FORM.words}"
        )
    if not NAME_FORM.fits(given):
        raise NewProjectTextError(f"--name must be {NAME_FORM.words}, not {given!r}")
    return given


def _write(draft: Path, name: str, owner: str, plan: Path | None, say: Say) -> str:
    """Writes the whole project; gives the event that its README sends."""
    contracts = draft / "contracts"
    if plan is None:
        write_all(contracts, example_contracts(owner))
        event, payload = EVENT, EXAMPLE
    else:
        event, payload = _import(plan, owner, contracts, say)
    schemas = {f"meta/{each}.json": schema_text(each) for each in SCHEMAS}
    write_all(contracts, {**envelopes(event, payload), **schemas})
    tokens = secrets.token_hex(_SECRET_BYTES), secrets.token_hex(_SECRET_BYTES)
    write_all(
        draft, project_files(name=name, owner=owner, event=event, payload=payload, secrets=tokens)
    )
    naming = Naming.from_env(read_project(draft / PROJECT_FILE).variables)
    lock = lock_text(lock_of(load_catalog(contracts, naming)))
    write_all(contracts, {LOCK_FILE: lock})
    return event


def _import(plan: Path, owner: str, contracts: Path, say: Say) -> tuple[str, Mapping[str, Any]]:
    """Writes the events of a plan; gives one of them, and a payload for it."""
    events = events_of(plan, owner=owner)
    for line in in_words(events):
        say(line)
    # One with findings would stop the whole project from being loaded; it is told above.
    usable = [each for each in events if each.document is not None and not each.findings]
    if not usable:
        raise NewProjectError(f"no event of {plan} can be taken; nothing was made")
    for event, problem in write_events(contracts, usable):
        if problem:
            raise NewProjectError(f"{event} cannot be written: {problem}")
    document = usable[0].document or {}
    return usable[0].event, dict(document["examples"][0])
