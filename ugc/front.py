"""The API as ``ugc api serve`` runs it: with the pages of the events.

``ugc.front:create_front_from_env`` is for granian, ``create_from_env`` for any other WSGI server,
as in :mod:`api.wsgi`, whose own have no such pages.
"""

from __future__ import annotations

import datetime as dt
import os
from functools import cached_property
from pathlib import Path

from flask import Flask

from api import wsgi
from api.http.rsgi import RsgiBridge
from api.model import Document, Pages
from api.tables import ClickHouseTables, tables_url
from contracts.model.loader import Catalog
from contracts.project import with_project
from contracts.settings import Settings
from registry.topics import TopicNames
from ugc.wiring import catalog_from, contracts_folder


def create_front_from_env() -> RsgiBridge:
    """See :func:`api.wsgi.create_front_from_env`."""
    return wsgi.create_front_from_env(make_pages=LazyPages)


def create_local_front_from_env() -> RsgiBridge:
    """The same for a local stack: with the demo of the contracts, where they have one."""
    from ugc.local.demo.connect import demo_from
    from ugc.sdk.typescript.package import script_text

    env = with_project(os.environ)

    more = demo_from(env, lambda: script_text(catalog_from(env)))
    return wsgi.create_front_from_env(make_pages=LazyPages, more=more)


def create_from_env() -> Flask:
    """See :func:`api.wsgi.create_from_env`."""
    return wsgi.create_from_env(make_pages=LazyPages)


class LazyPages:
    """The pages of the project's catalog, made when one is first asked for.

    Templates, tables and the history of git are none of what an event waits for at a start.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def page(self, path: str) -> Document | None:
        """See :class:`api.model.Pages`."""
        return self._site.page(path)

    @cached_property
    def _site(self) -> Pages:
        from ugc.catalog.about import About
        from ugc.catalog.dates import dates_of
        from ugc.catalog.live import TableFacts
        from ugc.catalog.site import Site

        env = with_project(os.environ)
        folder: Path = contracts_folder(env)
        about = About(
            title=self._catalog.naming.database,
            topic=TopicNames.from_env(env).events,
            dates=dates_of(folder),
            is_served=True,
        )
        url = tables_url(Settings(env))
        if url is None:
            return Site(self._catalog, about)
        tables = ClickHouseTables(url, self._catalog.naming.database)
        return Site(self._catalog, about, TableFacts(tables, self._catalog, _now))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
