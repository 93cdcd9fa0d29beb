"""The pages of a site by path, each made when it is asked for. Pure but for its cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from typing import Any

from api.model import Document
from contracts.model.loader import Catalog
from contracts.model.shared import Key
from contracts.model.types import Contract
from ugc.catalog import llms, rendering
from ugc.catalog.about import About
from ugc.catalog.comparison import compare, pairs
from ugc.catalog.event_page import event_page
from ugc.catalog.facts import LiveFacts, NoFacts
from ugc.catalog.feed import entries
from ugc.catalog.fields import field_rows, limits, shown, type_in_words
from ugc.catalog.overview import Overview
from ugc.catalog.reason_page import reason_rows
from ugc.catalog.search import search_script
from ugc.catalog.table_page import report_rows, table_page
from ugc.catalog.twin import INDEX, TWIN, markdown

_KEPT_PAGES = 256

_MEDIA_TYPES = {
    "html": "text/html",
    "js": "text/javascript",
    "md": "text/markdown",
    "txt": "text/plain",
    "xml": "application/atom+xml",
}

Make = Callable[[str], str]
"""Path → the text of the page."""


class Site:
    """The pages of a catalog.

    ``facts`` tell how events fare now; without them the pages say nothing of it, and are the same
    bytes each time.
    """

    def __init__(self, catalog: Catalog, about: About, facts: LiveFacts | None = None) -> None:
        self._overview = Overview(catalog)
        self._about = about
        self._facts = facts or NoFacts()
        self._kept = lru_cache(_KEPT_PAGES)(self._made)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every path below the site's own address.

        Those of pages end in ``index.html``; each has its twin ``index.md`` beside it.
        """
        return (*rendering.ASSETS, *self._makers)

    def page(self, path: str) -> Document | None:
        """What is at a path, which may end in ``/`` for its page; ``None`` for nothing.

        Raises:
            TableError: a contract that no table can hold.
        """
        name = f"{path}{INDEX}" if path == "" or path.endswith("/") else path
        if name in rendering.ASSETS:
            return Document(rendering.asset(name), rendering.ASSETS[name])
        if name not in self._makers:
            return None
        is_lasting = not self._facts.are_there or not name.startswith("events/")
        return self._kept(name) if is_lasting else self._made(name)

    def _made(self, name: str) -> Document:
        text = self._makers[name](name)
        return Document(text.encode(), _MEDIA_TYPES[name.rpartition(".")[2]])

    @cached_property
    def _makers(self) -> Mapping[str, Make]:
        found: dict[str, Make] = {}
        for name, make in self._all():
            found[name] = make
            if name.endswith(INDEX):  # at once behind it, while the page is still kept
                found[f"{name.removesuffix(INDEX)}{TWIN}"] = self._twin
        return found

    def _twin(self, path: str) -> str:
        page = self.page(f"{path.removesuffix(TWIN)}{INDEX}")
        assert page is not None, "a twin has a page"
        return markdown(page.body.decode())

    def _all(self) -> Iterator[tuple[str, Make]]:
        overview, catalog = self._overview, self._overview.catalog
        yield INDEX, self._home
        yield "llms.txt", lambda _: llms.short(overview, self._about)
        yield "llms-full.txt", lambda _: llms.full(overview)
        yield "search.js", lambda _: search_script(overview)
        yield f"fields/{INDEX}", self._fields
        yield f"reasons/{INDEX}", self._reasons
        yield f"tables/{INDEX}", self._tables
        yield f"owners/{INDEX}", self._owners
        for event in catalog.versions:
            yield from self._of_event(event)
        for name in (*overview.tables, *overview.own_tables):
            yield f"tables/{name}/{INDEX}", partial(self._table, name)
        for owner in overview.owners:
            yield f"owners/{owner}/{INDEX}", partial(self._owner, owner)
        for name in dict.fromkeys(name for name, _ in sorted(catalog.shared.documents)):
            yield f"shared/{name}/{INDEX}", partial(self._definition, name)
        if catalog.applications is not None:
            yield f"applications/{INDEX}", self._applications
        if self._has_feed:
            yield "feed.xml", self._feed

    def _of_event(self, event: str) -> Iterator[tuple[str, Make]]:
        newest_first = self._overview.versions(event)
        yield f"events/{event}/{INDEX}", partial(self._event, newest_first[0])
        for contract in newest_first[1:]:
            where = f"events/{event}/v{contract.version}/{INDEX}"
            yield where, partial(self._event, contract)
        by_number = self._overview.catalog.versions[event]
        for old, new in pairs(list(by_number)):
            where = f"events/{event}/changes/{old}-{new}/{INDEX}"
            yield where, partial(self._changes, by_number[old], by_number[new])

    @cached_property
    def _has_feed(self) -> bool:
        return bool(self._about.dates)

    def _render(self, template: str, path: str, **values: Any) -> str:
        return (
            rendering.environment()
            .get_template(template)
            .render(
                root="../" * path.count("/") or "./",
                # A server finds the page of a folder; a browser that opens a file does not.
                index="" if self._about.is_served else INDEX,
                about=self._about,
                edition=rendering.edition(),
                has_feed=self._has_feed,
                has_applications=self._overview.catalog.applications is not None,
                **values,
            )
        )

    def _home(self, path: str) -> str:
        recent = entries(self._overview, self._about)[:5]
        return self._render("home.html", path, overview=self._overview, recent=recent)

    def _fields(self, path: str) -> str:
        by_name: dict[str, list[tuple[Contract, Any]]] = {}
        for contract in self._overview.catalog.newest:
            for row in self._overview.fields(contract):
                by_name.setdefault(row.path, []).append((contract, row))
        rows = sorted(by_name.items())
        return self._render("fields.html", path, rows=rows, context=self._overview.context)

    def _reasons(self, path: str) -> str:
        return self._render("reasons.html", path, rows=reason_rows(self._overview.catalog))

    def _tables(self, path: str) -> str:
        reports = report_rows(self._overview.reports.get("", ()))
        return self._render("tables.html", path, overview=self._overview, reports=reports)

    def _table(self, name: str, path: str) -> str:
        page = table_page(self._overview, name)
        return self._render("table.html", path, page=page)

    def _owners(self, path: str) -> str:
        return self._render("owners.html", path, owners=self._overview.owners)

    def _owner(self, owner: str, path: str) -> str:
        shared = [
            (key, document)
            for key, document in sorted(self._overview.catalog.shared.documents.items())
            if document["x-owner"] == owner
        ]
        events = self._overview.owners[owner]
        return self._render("owner.html", path, owner=owner, events=events, shared=shared)

    def _event(self, contract: Contract, path: str) -> str:
        page = event_page(self._overview, contract, self._about)
        facts = self._facts.of(contract.event)
        return self._render("event.html", path, page=page, contract=contract, facts=facts)

    def _changes(self, old: Contract, new: Contract, path: str) -> str:
        found = compare(self._overview, old, new)
        return self._render("changes.html", path, found=found, old=old, new=new, shown=_indented)

    def _definition(self, name: str, path: str) -> str:
        shared = self._overview.catalog.shared
        versions: list[tuple[Key, Any, Any]] = []
        for key in sorted((each for each in shared.documents if each[0] == name), reverse=True):
            schema = shared.whole_definition(key)
            facts = (type_in_words(schema, schema), list(limits(schema, schema)))
            examples = [shown(each) for each in schema.get("examples", ())]
            versions.append((key, shared.documents[key], (*facts, examples, field_rows(schema))))
        uses = self._overview.uses
        return self._render("definition.html", path, name=name, versions=versions, uses=uses)

    def _applications(self, path: str) -> str:
        known = self._overview.catalog.applications
        assert known is not None, "there is a page of applications where there are some"
        entries_by_name = sorted(known.by_key.values(), key=lambda each: (each.name, each.key))
        return self._render(
            "applications.html", path, entries=entries_by_name, is_required=known.is_required
        )

    def _feed(self, path: str) -> str:
        found = entries(self._overview, self._about)
        return self._render("feed.xml", path, entries=found)


def _indented(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
