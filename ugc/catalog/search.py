"""What the search on the home page looks through, as a script that holds data alone. Pure.

It is no JSON file: a page that was opened from a disk may load a script beside it, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contracts.model.shared import id_of
from ugc.catalog.overview import Overview

_MOST_CHARACTERS = 160


def search_script(overview: Overview) -> str:
    """``ugcSearch = [[kind, name, text, path, anchor], …]``, in the order of the pages."""
    found = json.dumps(list(_entries(overview)), ensure_ascii=False, separators=(",", ":"))
    # Of no use to a script, and the one sequence that could end it were it ever put into a page.
    found = found.replace("</", "<\\/")
    return f"self.ugcSearch={found};\n"


def _entries(overview: Overview) -> Iterator[list[Any]]:
    for contract in overview.catalog.newest:
        page = f"events/{contract.event}/"
        text = f"{contract.title}. {contract.description}"
        yield ["event", contract.event, text[:_MOST_CHARACTERS], page, ""]
        for row in overview.fields(contract):
            text = row.description[:_MOST_CHARACTERS]
            yield ["field", row.path, text, page, row.anchor]
    for row in overview.context:
        yield ["context", row.path, row.description[:_MOST_CHARACTERS], "fields/", "context"]
    for key, document in sorted(overview.catalog.shared.documents.items()):
        text = f"{document['title']}. {document['description']}"[:_MOST_CHARACTERS]
        yield ["definition", id_of(key), text, f"shared/{key[0]}/", f"v{key[1]}"]
    for name in overview.tables:
        yield ["table", name, "", f"tables/{name}/", ""]
    for owner in overview.owners:
        yield ["owner", owner, "", f"owners/{owner}/", ""]
