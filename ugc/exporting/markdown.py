"""The contracts as one Markdown page for people: who sends what, and where it is found. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ch_schema.ddl.views import Databases
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from ugc.contracts.words import fields_of
from ugc.markdown import cell


def markdown_page(catalog: Catalog) -> str:
    """A section for each event, newest version first."""
    lines = ["# Events", "", row("event", "versions", "owner", "made by", "when")]
    lines.append(row(*["---"] * 5))
    tables = {contract.event for contract in catalog.tables}
    for contract in catalog.newest:
        numbers = ", ".join(str(number) for number in sorted(catalog.versions[contract.event]))
        name = f"[`{contract.event}`](#{contract.event})"
        lines.append(row(name, numbers, contract.owner, str(contract.origin), contract.title))
    for contract in catalog.newest:
        lines += ["", f"## {contract.event}", "", f"{contract.title}. {contract.description}", ""]
        lines.append(f"- owner: {contract.owner}")
        if contract.event in tables:
            lines.append(f"- view: `{Databases().unique}.{contract.event}`")
        into = [e for e, p in catalog.pairings.items() if contract.event in (p.start, p.end)]
        if into:
            lines.append(f"- becomes: {', '.join(f'`{event}`' for event in into)}")
        for number in sorted(catalog.versions[contract.event], reverse=True):
            lines += _version(catalog.get(contract.event, number))
    return "\n".join(lines) + "\n"


def _version(contract: Contract) -> Iterator[str]:
    yield from ("", f"### {contract.event}, version {contract.version}", "")
    if (ending := contract.deprecation) is not None:
        yield from (f"Deprecated since {ending.since}, until {ending.sunset}: {ending.reason}", "")
    fields = list(fields_of(contract.schema))
    if fields:
        yield row("field", "type", "required", "description")
        yield row(*["---"] * 4)
    else:
        yield "No fields."
    for line in fields:
        yield row(f"`{line.path}`", line.type, "yes" if line.required else "no", line.description)
    for example in contract.examples[:1]:
        yield from ("", "```json", json.dumps(example, indent=2, ensure_ascii=False), "```")


def row(*texts: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(map(cell, texts))} |"
