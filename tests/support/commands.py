"""The commands of ``ugc``, found by walking its tree, and run as from a shell."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from ugc.cli import main, ugc

Path = tuple[str, ...]


def commands(command: click.Command = ugc, path: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    """Everything that can be run, with the words that run it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    if command.invoke_without_command:
        yield path, command
    context = click.Context(command)
    for name in command.list_commands(context):
        member = command.get_command(context, name)
        assert member is not None
        yield from commands(member, (*path, name))


def exit_code(*arguments: str) -> int:
    """What the process would end with."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code if isinstance(ended.value.code, int) else int(bool(ended.value.code))
