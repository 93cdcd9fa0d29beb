"""``ugc contracts dialect``: the JSON Schemas of contract files, for editors."""

from __future__ import annotations

import click

from ugc.exits import PLAIN_EPILOG
from ugc.project.scaffold import SCHEMAS, schema_text
from ugc.terminal import say


@click.command(name="dialect", epilog=PLAIN_EPILOG)
@click.argument("of", type=click.Choice(SCHEMAS), default="dialect")
def dialect(of: str) -> None:
    """Print the JSON Schema of what a contract may say.

    Editors that know it complete keywords and mark mistakes while a contract is written. "dialect"
    is that of events, "shared" that of shared definitions and of the context, "applications" that
    of applications.json. Each $id stays the same as long as files that it takes are taken.

    \b
    Examples:
      ugc contracts dialect > contracts/meta/dialect.json
      ugc contracts dialect shared > contracts/meta/shared.json
    """
    say(schema_text(of), nl=False)
