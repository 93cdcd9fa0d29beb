"""``ugc new``: a repository of one's own that works at once."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from ugc.exits import PLAIN_EPILOG
from ugc.terminal import say


@click.command(epilog=PLAIN_EPILOG)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from-plan",
    "plan",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="A tracking plan, or a folder of them, whose events become the contracts"
    " (`ugc contracts import` says which plans).",
)
@click.option(
    "--name", help="What topics, tables and subjects begin with.  [default: made of DIR's name]"
)
@click.option("--owner", metavar="TEAM", help="Who answers for the events.  [default: the name]")
def command(folder: Path, plan: Path | None, name: str | None, owner: str | None) -> None:
    """Make a project in DIR: contracts with examples and lock, ugc.toml, and the files of an
    editor, pre-commit, GitHub, Docker and git.

    DIR is not there yet, or empty. Nothing is left of a project that cannot be made. In it
    `ugc up`, `ugc traffic`, `ugc demo` and `ugc contracts` work with its contracts, beside other
    projects on the same servers.

    \b
    Examples:
      ugc new shop
      ugc new shop --from-plan tracking-plan.json --owner growth
    """
    from ugc.new.run import make_project

    made = make_project(folder, name=name, owner=owner, plan=plan, say=say)
    say(f"made {made.name} in {folder}, with the event {made.event}")
    say("next:")
    if folder.resolve() != Path.cwd():
        say(f"  cd {shlex.quote(os.fspath(folder))}")
    if not (folder / ".git").exists():
        say("  git init && git add . && git commit -m 'Begin'")
    say("  ugc up              # runs everything until Ctrl-C and prints the addresses")
    say("  ugc contracts lint  # in a second terminal; README.md goes on")
