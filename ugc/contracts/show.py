"""``ugc contracts list`` and ``show``: which contracts there are, and where an event goes."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.table import Table

from ch_schema.ddl.tables import table_for
from contracts.model.context import FOLDER as CONTEXT
from contracts.model.loader import Catalog
from contracts.model.shared import path_of, used_by
from contracts.model.types import Contract, Origin
from registry.avro import record_name
from ugc.contracts.words import fields_of
from ugc.exits import PLAIN_EPILOG
from ugc.project.folder import contract_named, folder_option
from ugc.terminal import PlainConsole
from ugc.wiring import own_catalog


@click.command(name="list", epilog=PLAIN_EPILOG)
@folder_option
def list_(folder: Path) -> None:
    """List every event: versions, who makes it, its owner, its table.

    \b
    Example:
      ugc contracts list
    """
    catalog = own_catalog(folder)
    shown = Table("event", "versions", "made by", "owner", "table", "title")
    for column in (0, 4):  # Names are copied from here, so they stay whole.
        shown.columns[column].no_wrap = True
    for contract in catalog.newest:
        shown.add_row(
            contract.event,
            ", ".join(
                _version(catalog.get(contract.event, n)) for n in _versions(catalog, contract)
            ),
            contract.origin,
            contract.owner,
            _table_name(catalog, contract) or "(paired)",
            contract.title,
        )
    PlainConsole().print(shown)


@click.command(name="show", epilog=PLAIN_EPILOG)
@click.argument("event", metavar="EVENT[@N]")
@folder_option
def show(event: str, folder: Path) -> None:
    """Show one contract: its fields, versions and owner, its subject, its table and columns.

    \b
    Examples:
      ugc contracts show order_placed
      ugc contracts show order_placed@1
    """
    catalog = own_catalog(folder)
    contract = contract_named(catalog, event)
    console = PlainConsole()
    facts = Table(box=None, show_header=False)
    for name, value in _facts(catalog, contract):
        facts.add_row(name, value)
    console.print(f"{contract.id}  {contract.title}")
    console.print(contract.description)
    console.print(facts)
    fields = Table("field", "type", "required", "description", title="Fields", box=box.SIMPLE)
    for line in fields_of(contract.schema):
        fields.add_row(line.path, line.type, "yes" if line.required else "no", line.description)
    console.print(fields)
    if _table_name(catalog, contract) and contract in catalog.newest:
        columns = Table("column", "type", title="Columns of the event's fields", box=box.SIMPLE)
        for column in table_for(contract).columns:
            if column.read is not None:
                columns.add_row(column.name, column.type)
        console.print(columns)


def _facts(catalog: Catalog, contract: Contract) -> list[tuple[str, str]]:
    versions = (catalog.get(contract.event, n) for n in _versions(catalog, contract))
    facts = [
        ("owner", contract.owner),
        ("made by", contract.origin),
        ("versions", ", ".join(map(_version, versions))),
        ("subject", record_name(contract.event, catalog.naming.namespace)),
    ]
    if name := _table_name(catalog, contract):
        facts.append(("table", name))
        if contract is not catalog.get(contract.event):
            facts.append(("", "its columns are those of the newest version"))
    else:
        into = [e for e, p in catalog.pairings.items() if contract.event in (p.start, p.end)]
        facts.append(("becomes", ", ".join(into)))
    if pairing := contract.pairing:
        facts.append(("made of", f"{pairing.start} and {pairing.end}"))
        facts.append(("paired by", ", ".join(("user_id", *pairing.keys))))
    if shared := used_by(contract.schema):
        facts.append(("refers to", ", ".join(path_of(key) for key in shared)))
    if catalog.applications is not None and contract.origin is Origin.CLIENT:
        senders = catalog.applications.senders_of(contract.event)
        facts.append(("sent by", ", ".join(senders) or "(no application)"))
    if catalog.context is not None and catalog.context.is_sent:
        facts.append(("context", f"{CONTEXT}/v{catalog.context.version}.json, with every event"))
    if deprecation := contract.deprecation:
        facts.append(("deprecated", f"since {deprecation.since}: {deprecation.reason}"))
        facts.append(("sunset", str(deprecation.sunset)))
    return facts


def _versions(catalog: Catalog, contract: Contract) -> list[int]:
    return sorted(catalog.versions[contract.event])


def _version(contract: Contract) -> str:
    """The number, and how far the version is on its way out."""
    match contract.deprecation:
        case None:
            return str(contract.version)
        case deprecation if deprecation.retired:
            return f"{contract.version} (retired {deprecation.retired})"
        case deprecation:
            since = f"deprecated since {deprecation.since}"
            return f"{contract.version} ({since}, sunset {deprecation.sunset})"


def _table_name(catalog: Catalog, contract: Contract) -> str | None:
    """The event's table; ``None`` for the halves of a pairing, which become another event."""
    if any(contract.event == other.event for other in catalog.tables):
        return f"{catalog.naming.database}.{contract.event}"
    return None
