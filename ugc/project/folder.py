"""The contract folder that a command works on, and what is named inside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from contracts.errors import SettingError
from contracts.model.loader import Catalog, default_folder
from contracts.model.types import Contract
from ugc.errors import CommandLineError
from ugc.terminal import say

_REFERENCE = re.compile(r"([a-z][a-z0-9_]*)(?:@([1-9][0-9]*))?")


class ReferenceTextError(CommandLineError):
    """A text is no EVENT or EVENT@N."""


def _existing(context: click.Context, option: click.Parameter, folder: Path) -> Path:
    """The folder, if it is one; a wrong variable is told as one, and not as an option."""
    if folder.is_dir():
        return folder
    if option.name and context.get_parameter_source(option.name) is ParameterSource.ENVIRONMENT:
        raise SettingError("CONTRACTS_DIR", "a folder that exists")
    raise click.BadParameter(f"there is no folder {folder}", context, option)


def _say_which(context: click.Context, option: click.Parameter, folder: Path) -> Path:
    """Tells on stderr which folder was found, unless the person named it."""
    _existing(context, option, folder)
    if option.name and context.get_parameter_source(option.name) is ParameterSource.DEFAULT:
        say(f"contracts: {folder}", err=True)
    return folder


_Command = TypeVar("_Command", bound=Callable[..., object])


def _folder_option(
    callback: Callable[[click.Context, click.Parameter, Path], Path] = _existing,
) -> Callable[[_Command], _Command]:
    return click.option(
        "--contracts",
        "folder",
        type=click.Path(path_type=Path),
        envvar="CONTRACTS_DIR",
        default=default_folder,
        callback=callback,
        show_default="CONTRACTS_DIR, else contracts/ upwards from here, else the package's",
        help="The contract folder.",
    )


def folder_option(command: _Command) -> _Command:
    """For every command that reads or writes contract files."""
    return _folder_option()(command)


def judged_folder_option(command: _Command) -> _Command:
    """For commands that judge contracts or act on them elsewhere: they say which they found."""
    return _folder_option(_say_which)(command)


def contract_named(catalog: Catalog, reference: str) -> Contract:
    """The contract that EVENT or EVENT@N means; the newest version when N is left out.

    Raises:
        ReferenceTextError: the text has another form.
        UnknownContractError: there is no such event or version.
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ReferenceTextError(f"{reference!r} is not EVENT or EVENT@N, such as order_placed@1")
    return catalog.get(found[1], int(found[2]) if found[2] else None)
