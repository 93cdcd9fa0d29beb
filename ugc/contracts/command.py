"""``ugc contracts``: write, check, bring and look at the event contracts."""

from __future__ import annotations

import click

from ugc.contracts_cli.diff import diff
from ugc.contracts_cli.lint import lint
from ugc.contracts_cli.new import new
from ugc.contracts_cli.sample import sample
from ugc.contracts_cli.show import list_, show
from ugc.gate.command import command as check
from ugc.importing.command import command as import_
from ugc.roundtrip.command import command as roundtrip


@click.group()
def command() -> None:
    """Write, check, bring and look at the event contracts."""


for _member in (check, diff, import_, lint, list_, new, roundtrip, sample, show):
    command.add_command(_member)
