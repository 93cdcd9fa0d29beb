"""Where the parts are: the caller's environment, completed by the local stack's and ugc.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from contracts.project import find_project, with_project
from contracts.settings import Settings
from ugc.errors import MisconfiguredError
from ugc.local.stack import running_stack

STATE_DIR = Path(".ugc")


def default_state_dir() -> Path:
    """``.ugc`` beside the project file, as seen from everywhere in the project; else here.

    Raises:
        SettingError: UGC_PROJECT names no project file.
    """
    project = find_project(os.environ)
    if project is None or project.parent == Path.cwd().resolve():
        return STATE_DIR
    return project.parent / STATE_DIR


def own_environment() -> Mapping[str, str]:
    """The process's environment over what the project file says.

    Raises:
        SettingError: the project file is wrong.
    """
    return with_project(os.environ)


def current_environment(state_dir: Path | None = None) -> Mapping[str, str]:
    """The process's environment over that of the stack running in ``state_dir``, if one is.

    What neither of them says is the project file's.

    Raises:
        SettingError: the project file is wrong.
    """
    stack = running_stack(state_dir or default_state_dir())
    return with_project(completed(os.environ, stack.env if stack else {}))


def completed(own: Mapping[str, str], of_stack: Mapping[str, str]) -> Mapping[str, str]:
    """``own`` over ``of_stack``; a variable that is set to nothing counts as not set."""
    return {**of_stack, **{name: value for name, value in own.items() if value.strip()}}


def require(env: Mapping[str, str], name: str) -> str:
    """A variable that has to be there.

    Raises:
        MisconfiguredError: it is not set, and no local stack is running.
    """
    if value := Settings(env).optional(name):
        return value
    raise MisconfiguredError(f"{name} is not set, and no local stack runs here (start one: ugc up)")


state_dir_option = click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_state_dir,
    show_default=".ugc, beside ugc.toml where there is one",
    help="Folder of the local stack that is asked where the parts are.",
)
"""For every command that talks to the parts."""
