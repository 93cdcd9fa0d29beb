"""The data dictionary: what an analyst finds where, as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ch_schema.ddl.tables import Column, Table, table_for
from ch_schema.ddl.targets import targets_for
from ch_schema.ddl.views import View
from ch_schema.values import is_nullable
from contracts.model.loader import Catalog
from contracts.model.types import Contract

_HEAD = """# Data dictionary

What analysts find in ClickHouse. This page is generated from the contracts
(`ugc schema dictionary > docs/data-dictionary.md`); a test keeps it equal.

Ask the views in `{unique}`: they hold one row per event. The tables in `{tables}` have the same
names and columns, and may for a while hold an event twice; a query on them says `FINAL`. Times are
UTC. `{reports}` has ready answers. A value marked *personal* is cleared when its user is erased."""


def dictionary(catalog: Catalog, internal: tuple[Table, ...] = ()) -> str:
    """The whole page. ``internal``: tables of other packages."""
    targets = targets_for(catalog, internal)
    names = targets.databases
    head = _HEAD.format(tables=names.tables, unique=names.unique, reports=names.reports)
    lines = [head, "", "## In every event's table", "", *_columns(_shared(catalog))]
    for contract in catalog.tables:
        lines += _event(contract, table_for(contract))
    lines += ["", "## Reports", "", "| view | columns | what it says |", "|---|---|---|"]
    lines += [_report(view) for view in targets.views if view.database == names.reports]
    lines += ["", "## The tool's own tables"]
    for table in targets.tables:
        if table.name not in targets.contracts:
            lines += ["", f"### `{names.tables}.{table.name}`", "", f"{table.comment}.", ""]
            lines += _columns(table.columns)
    return "\n".join(lines) + "\n"


def _shared(catalog: Catalog) -> tuple[Column, ...]:
    if not catalog.tables:
        return ()
    columns = table_for(catalog.tables[0]).columns
    return tuple(column for column in columns if column.read is None)


def _event(contract: Contract, table: Table) -> Iterator[str]:
    yield from ("", f"## `{contract.event}`", "", f"{contract.title}. {contract.description}", "")
    yield f"- contract `{contract.id}`, owner `{contract.owner}`, made by {_maker(contract)}"
    yield f"- sorted by {', '.join(f'`{part}`' for part in (*table.sorting_key, 'event_id'))}"
    kept = f"{table.retention_days} days" if table.retention_days else "for ever"
    personal = contract.table.personal_days
    yield f"- kept {kept}" + (f"; personal values {personal} days" if personal else "")
    yield ""
    own = tuple(column for column in table.columns if column.read is not None)
    yield from _columns(own)


def _maker(contract: Contract) -> str:
    if contract.pairing is None:
        return "front ends"
    return f"the loader out of `{contract.pairing.start}` and `{contract.pairing.end}`"


def _columns(columns: tuple[Column, ...]) -> Iterator[str]:
    yield "| column | type | may be NULL | meaning |"
    yield "|---|---|---|---|"
    for column in columns:
        nullable = "yes" if is_nullable(column.type) else "no"
        mark = f" *Personal: {column.pii}.*" if column.pii else ""
        yield _row(f"`{column.name}`", f"`{column.type}`", nullable, f"{column.comment}{mark}")


def _report(view: View) -> str:
    names = ", ".join(f"`{name}`" for name in column_names(view))
    return _row(f"`{view.database}.{view.name}`", names, view.comment)


def column_names(view: View) -> list[str]:
    """The columns of a report, in its order."""
    head = view.select.removeprefix("SELECT ").partition("\nFROM")[0]
    return [part.rpartition(" AS ")[2].strip("`") for part in _split(head)]


def _split(text: str) -> list[str]:
    """At commas outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
