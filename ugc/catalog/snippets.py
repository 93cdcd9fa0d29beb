"""Code that sends an event, and a query that finds it, to be copied as they are. Pure."""

from __future__ import annotations

import json
import random
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api import paths
from ch_schema.ddl.tables import Table
from ch_schema.ddl.views import Databases
from ch_schema.quoting import quote_identifier
from contracts.errors import SampleError
from contracts.model.applications import HEADER, Application
from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin
from contracts.samples.payloads import Sampler
from contracts.visible import visible

LOCAL_API = "http://127.0.0.1:8000"
"""Where `ugc api serve` listens, unless it is told otherwise."""

_SHOWN_COLUMNS = 8
_NEXT = "\n"


@dataclass(frozen=True, slots=True)
class Snippet:
    """``language`` is ``shell``, ``javascript`` or ``sql``."""

    name: str
    language: str
    code: str


def sending(catalog: Catalog, contract: Contract, api: str) -> tuple[Snippet, ...]:
    """Ways to send an event of this version to the API at an address; none for the loader's own."""
    if contract.origin is not Origin.CLIENT:
        return ()
    data = example_of(contract)
    newest = contract is catalog.get(contract.event)
    version = {} if newest else {"version": contract.version}
    event = {"event": contract.event, **version, "token": None, "data": data}
    sender = _sender(catalog, contract)
    return (
        Snippet("curl", "shell", _curl(api, event, sender)),
        Snippet("fetch", "javascript", _fetch(api, event, sender)),
        Snippet("tracker", "javascript", _tracker(catalog, contract, data, api, sender)),
    )


def example_of(contract: Contract) -> Mapping[str, Any]:
    """Data that the contract takes: its first example, else the same sample each time."""
    for example in contract.examples:
        if isinstance(example, Mapping):
            return example
    try:
        found: Mapping[str, Any] = Sampler(contract.schema).valid(random.Random(0))  # noqa: S311
    except SampleError:
        return {}
    return found


def _sender(catalog: Catalog, contract: Contract) -> Application | None:
    """One that may send it; one that may from anywhere, if there is such."""
    known = catalog.applications
    if known is None:
        return None
    able: list[Application] = [
        each
        for each in known.by_key.values()
        if not each.is_disabled and each.may_send(contract.event)
    ]
    able.sort(key=lambda each: (each.origins is not None, each.name, each.key))
    return able[0] if able else None


def _curl(api: str, event: Mapping[str, Any], sender: Application | None) -> str:
    body = visible(json.dumps(event, ensure_ascii=False))
    lines = [f"curl -sS {shlex.quote(api + paths.EVENTS)}", "-H 'Content-Type: application/json'"]
    if sender is not None:
        lines.append(f"-H '{HEADER}: {sender.key}'")
        lines += [f"-H {shlex.quote(f'Origin: {origin}')}" for origin in _page_of(sender)]
    return " \\\n  ".join([*lines, f"-d {shlex.quote(body)}"])


def _page_of(sender: Application | None) -> list[str]:
    """The origin that a request has to come from, where it is bound to some."""
    return sorted((sender.origins if sender else None) or ())[:1]


def _fetch(api: str, event: Mapping[str, Any], sender: Application | None) -> str:
    headers = {"Content-Type": "application/json", **({HEADER: sender.key} if sender else {})}
    place = "".join(f"// In a page of {origin}.\n" for origin in _page_of(sender))
    return (
        f"{place}"
        f"const answer = await fetch({_script(api + paths.EVENTS)}, {{\n"
        '  method: "POST",\n'
        f"  headers: {_script(headers)},\n"
        f"  body: JSON.stringify({_script(event, indent=2).replace(_NEXT, _NEXT + '  ')}),\n"
        "});\n"
        "console.log(answer.status, await answer.json());"
    )


def _tracker(
    catalog: Catalog,
    contract: Contract,
    data: Mapping[str, Any],
    api: str,
    sender: Application | None,
) -> str:
    """What `ugc sdk build` makes; for the halves of a pair, both of them."""
    options = {"url": api, **({"key": sender.key} if sender else {})}
    lines = [
        "// `ugc sdk build --typescript` makes the package.",
        'import { createTracker } from "./sdk/typescript/index.js";',
        f"const tracker = createTracker({_script(options)});",
    ]
    paired = [(e, p) for e, p in catalog.pairings.items() if contract.event in (p.start, p.end)]
    if paired:
        derived, pairing = paired[0]
        start, end = catalog.get(pairing.start), catalog.get(pairing.end)
        begun = _without(example_of(start), pairing.keys)
        ended = _without(example_of(end), (*pairing.keys, *pairing.carry))
        lines.append(
            f"const begun = tracker.begin({_script(derived)}, {_script(begun, indent=2)});"
        )
        lines.append(f"begun.end({_script(ended, indent=2)});")
    else:
        lines.append(f"tracker.track({_script(contract.event)}, {_script(data, indent=2)});")
    return "\n".join([*lines, "await tracker.flush();"])


def _without(data: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    """The tracker fills in what tells a pair's halves belong together."""
    return {name: value for name, value in data.items() if name not in names}


def _script(value: object, indent: int | None = None) -> str:
    """A JSON value as JavaScript, which JSON is a part of (ECMA-262, 2019)."""
    return visible(json.dumps(value, ensure_ascii=False, indent=indent))


def asking(table: Table, databases: Databases) -> tuple[Snippet, ...]:
    """Queries on the view that has each event once."""
    view = f"{quote_identifier(databases.unique)}.{quote_identifier(table.name)}"
    columns = ", ".join(_asked(table))
    return (
        Snippet(
            "a week by days",
            "sql",
            "SELECT toDate(timestamp) AS day, count() AS events, uniqExact(user_id) AS users\n"
            f"FROM {view}\n"
            "WHERE timestamp >= now() - INTERVAL 7 DAY\n"
            "GROUP BY day\nORDER BY day",
        ),
        Snippet(
            "the newest",
            "sql",
            f"SELECT {columns}\nFROM {view}\nORDER BY timestamp DESC\nLIMIT 20",
        ),
    )


def _asked(table: Table) -> Iterator[str]:
    own = [column.name for column in table.columns if column.read is not None]
    yield from ("timestamp", "user_id")
    yield from map(quote_identifier, own[:_SHOWN_COLUMNS])
