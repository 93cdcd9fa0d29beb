"""``ugc contracts``: look at the event contracts."""

from __future__ import annotations

import os

import click
from rich.console import Console
from rich.table import Table

from ugc.wiring import catalog_from


@click.group()
def command() -> None:
    """Look at the event contracts."""


@command.command(name="list")
def list_() -> None:
    """List every contract: versions, who makes the event, its owner, its table."""
    catalog = catalog_from(os.environ)
    tables = {contract.event for contract in catalog.tables}
    shown = Table("event", "versions", "made by", "owner", "table", "title")
    for contract in catalog.newest:
        versions = ", ".join(map(str, sorted(catalog.versions[contract.event])))
        table = f"ugc.{contract.event}" if contract.event in tables else "(paired)"
        shown.add_row(
            contract.event, versions, contract.origin, contract.owner, table, contract.title
        )
    Console().print(shown)
