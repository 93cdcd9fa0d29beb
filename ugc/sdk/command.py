"""``ugc sdk``: packages that send this project's events."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from contracts.model.loader import Catalog
from ugc.exits import PLAIN_EPILOG
from ugc.project.folder import judged_folder_option
from ugc.sdk.errors import NoLanguageError
from ugc.sdk.files import Files, write_package
from ugc.terminal import say
from ugc.wiring import own_catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language that a package can be made for.

    ``module`` has ``package_files(catalog) -> Files``; it is imported when it is used.
    ``next_step`` is what a person does with the folder.
    """

    module: str
    what: str
    next_step: str


LANGUAGES: Mapping[str, Language] = {
    "typescript": Language(
        module="ugc.sdk.typescript.package",
        what="an npm package for browsers: a tracker with the types of every event",
        next_step="npm install {folder}, or npm pack in it",
    ),
    "python": Language(
        module="ugc.sdk.python.package",
        what="a Python package for servers: typed events, a queue and a spool",
        next_step="pip install {folder}",
    ),
    "kotlin": Language(
        module="ugc.sdk.kotlin",
        what="a Kotlin file: a data class for every event, which writes itself as JSON",
        next_step="put {folder}/Events.kt among your sources",
    ),
    "swift": Language(
        module="ugc.sdk.swift",
        what="a Swift package: a Codable structure for every event",
        next_step="add {folder} as a local package",
    ),
}
"""Name of the option, and of the folder below ``sdk/`` → the language."""


@click.group()
def command() -> None:
    """Make the packages that front ends and servers send this project's events with."""


_Command = TypeVar("_Command", bound=Callable[..., object])


def _language_options(command: _Command) -> _Command:
    for name in reversed(list(LANGUAGES)):
        told = LANGUAGES[name].what
        command = click.option(
            f"--{name}", name, is_flag=True, help=f"{told[0].upper()}{told[1:]}."
        )(command)
    return command


@command.command(epilog=PLAIN_EPILOG)
@_language_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the package is put, for one language alone.  [default: sdk/LANGUAGE]",
)
@judged_folder_option
def build(out: Path | None, folder: Path, **chosen: bool) -> None:
    """Make the package of a language from the contracts, in sdk/LANGUAGE.

    The folder is replaced whole; the same contracts give the same files, so it can be committed.
    Nothing but this program is needed: neither Node nor a compiler.

    \b
    Examples:
      ugc sdk build --typescript
      ugc sdk build --typescript --out ../web/packages/events
      ugc sdk build --python --kotlin --swift
    """
    names = [name for name in LANGUAGES if chosen[name]]
    options = ", ".join(f"--{name}" for name in LANGUAGES)
    if not names:
        raise NoLanguageError(f"say for which language: {options}")
    if out is not None and len(names) > 1:
        raise NoLanguageError("--out is the folder of one language; leave it out, or choose one")
    catalog = own_catalog(folder)
    for name in names:
        into = out or Path("sdk") / name
        write_package(into, _files_of(name, catalog))
        say(f"made {into}: {LANGUAGES[name].what}")
        say(f"next: {LANGUAGES[name].next_step.format(folder=_as_path(into))}")


def _as_path(folder: Path) -> str:
    """For package managers, which take ``sdk/typescript`` for somebody's repository."""
    return str(folder) if folder.is_absolute() else f".{os.sep}{folder}"


def _files_of(name: str, catalog: Catalog) -> Files:
    files: Files = importlib.import_module(LANGUAGES[name].module).package_files(catalog)
    return files
