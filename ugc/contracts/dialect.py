"""``ugc contracts dialect``: the JSON Schema of contract files, for editors."""

from __future__ import annotations

import click

from ugc.exits import PLAIN_EPILOG
from ugc.project.scaffold import dialect_text
from ugc.terminal import say


@click.command(name="dialect", epilog=PLAIN_EPILOG)
def dialect() -> None:
    """Print the JSON Schema of what a contract may say.

    Editors that know it complete keywords and mark mistakes while a contract is written. Its $id
    stays the same as long as contracts that it takes are taken.

    \b
    Example:
      ugc contracts dialect > contracts/meta/dialect.json
    """
    say(dialect_text(), nl=False)
