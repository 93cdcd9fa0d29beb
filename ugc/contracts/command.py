"""``ugc contracts``: create, check, import and inspect the event contracts."""

from __future__ import annotations

import click

from ugc.compatibility.command import command as check
from ugc.contracts.dialect import dialect
from ugc.contracts.diff import diff
from ugc.contracts.lint import lint
from ugc.contracts.new import new
from ugc.contracts.owners import owners
from ugc.contracts.sample import sample
from ugc.contracts.show import list_, show
from ugc.importing.command import command as import_
from ugc.roundtrip.command import command as roundtrip


@click.group()
def command() -> None:
    """Create, check, import and inspect the event contracts."""


for _member in (check, dialect, diff, import_, lint, list_, new, owners, roundtrip, sample, show):
    command.add_command(_member)
