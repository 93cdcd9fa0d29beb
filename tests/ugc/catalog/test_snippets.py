"""The code in the pages, executed: it sends events that are stored, and queries that answer."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from api.app import create_app
from api.config import ApiConfig
from ch_schema.client.connect import connect
from contracts.model.loader import Catalog, load_catalog
from contracts.model.types import Origin
from contracts.naming import Naming
from tests.api.world import ENV, World
from tests.fullstack.cache import program
from tests.fullstack.chromium import chromium
from tests.support.everything import catalog_with_everything
from tests.support.html import Read
from tests.support.shop import shop_catalog
from ugc.catalog.about import About
from ugc.catalog.site import Site
from ugc.project.tables import migrator
from ugc.sdk.typescript.package import script_text

CATALOGS = [load_catalog(), shop_catalog(), catalog_with_everything()]
NAMES = ["the contracts", "a shop", "everything"]


@contextmanager
def served(world: World) -> Iterator[str]:
    app = create_app(ApiConfig.from_env(ENV), world.services())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def codes(catalog: Catalog, language: str, api: str) -> dict[str, list[str]]:
    """Event and version → the snippets in that language on its page."""
    site = Site(catalog, About(title="shop", topic="shop.events", api=api))
    found = {}
    for contract in catalog:
        page = f"events/{contract.event}/"
        if contract is not catalog.get(contract.event):
            page += f"v{contract.version}/"
        document = site.page(page)
        assert document is not None
        found[contract.id] = Read(document.body.decode()).codes.get(language, [])
    return found


@pytest.mark.full
@pytest.mark.parametrize("catalog", CATALOGS, ids=NAMES)
def test_curl_sends_an_event_of_every_version(catalog: Catalog) -> None:
    program("curl")
    world = World(catalog)
    with served(world) as api:
        for event, found in codes(catalog, "shell", api).items():
            for code in found:
                done = subprocess.run(["bash", "-c", code], capture_output=True, text=True)
                assert '"timestamp"' in done.stdout, (event, done.stdout, done.stderr)
    stored = [f"{each.event}@{each.contract_version}" for each in world.messages()]
    assert stored == [each.id for each in catalog if each.origin is Origin.CLIENT]


@pytest.mark.full
@pytest.mark.parametrize("catalog", CATALOGS, ids=NAMES)
def test_fetch_sends_an_event_of_every_version(catalog: Catalog, tmp_path: Path) -> None:
    world = World(catalog)
    with served(world) as api:
        for event, found in codes(catalog, "javascript", api).items():
            for code in found[:1]:
                if code.startswith("// In a page of"):
                    continue  # where the browser says so
                file = tmp_path / "snippet.mjs"
                file.write_text(code, encoding="utf-8")
                done = subprocess.run([program("node"), str(file)], capture_output=True, text=True)
                assert done.stdout.startswith("202"), (event, done.stdout, done.stderr)
    assert world.messages()


def test_every_query_answers_on_tables_of_the_contracts(tmp_path: Path) -> None:
    catalog = replace(catalog_with_everything(), naming=Naming(database="shop"))
    queries = [each for found in codes(catalog, "sql", "http://x").values() for each in found]
    assert len(queries) >= 2 * len(catalog.tables)
    with closing(connect(f"chdb://{tmp_path}/shop")) as client:
        migrator(client, catalog).apply()
        for query in dict.fromkeys(queries):
            assert client.query(query) == []


@pytest.mark.full
@pytest.mark.parametrize("catalog", CATALOGS[:2], ids=NAMES[:2])
def test_the_tracker_sends_what_its_snippets_say(catalog: Catalog, tmp_path: Path) -> None:
    """In a page of the API's own origin; the module that they import is there as a script."""
    world = World(catalog)
    with served(world) as api, chromium(tmp_path) as page:
        for found in codes(catalog, "javascript", api).values():
            for code in found[1:]:
                head, _, rest = code.partition('index.js";\n')
                assert "import { createTracker }" in head
                page.open(api)
                page.run(script_text(catalog))
                page.run(f"(async () => {{ const {{ createTracker }} = ugc; {rest} }})()")
    stored = {each.event for each in world.messages()}
    assert stored == {each.event for each in catalog if each.origin is Origin.CLIENT}
