"""Where the parts are: the caller's environment, completed by the local stack's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from contracts.settings import Settings
from ugc.errors import MisconfiguredError
from ugc.local.stack import running_stack

STATE_DIR = Path(".ugc")


def current_environment(state_dir: Path = STATE_DIR) -> Mapping[str, str]:
    """The process's environment over that of the stack running in ``state_dir``, if one is."""
    stack = running_stack(state_dir)
    return completed(os.environ, stack.env if stack else {})


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
    default=STATE_DIR,
    show_default=True,
    help="Folder of the local stack that is asked where the parts are.",
)
"""For every command that talks to the parts."""
