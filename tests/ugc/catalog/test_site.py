"""The site of a catalog: whole, linked, deterministic, and safe whatever contracts say."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import posixpath
import re
from pathlib import Path
from urllib.parse import urldefrag, urljoin
from xml.etree import ElementTree

import pytest

from contracts.model.loader import Catalog, load_catalog
from contracts.reasons import DESCRIPTIONS, Reason
from contracts.remedies import REMEDIES
from tests.api.world import with_event
from tests.support.everything import HOSTILE, TILL, catalog_with_everything
from tests.support.html import Read
from tests.support.shop import shop_catalog
from ugc.catalog.about import About
from ugc.catalog.comparison import ALL_PAIRS, pairs
from ugc.catalog.facts import EventFacts
from ugc.catalog.site import Site
from ugc.catalog.twin import INDEX

WHEN = dt.datetime(2026, 1, 31, 12, 0, tzinfo=dt.UTC)
ABOUT = About(title="shop", topic="shop.events")

CATALOGS = {
    "the contracts": load_catalog(),
    "a shop": shop_catalog(),
    "everything": catalog_with_everything(),
    "no fields": with_event("nothing", {}),
}


def site_of(catalog: Catalog, *, dated: bool = True, is_served: bool = False) -> Site:
    dates = {(each.event, each.version): WHEN for each in catalog} if dated else {}
    return Site(catalog, About(title="shop", topic="shop.events", dates=dates, is_served=is_served))


def text_of(site: Site, path: str) -> str:
    found = site.page(path)
    assert found is not None, path
    return found.body.decode()


SITES = {name: site_of(catalog) for name, catalog in CATALOGS.items()}
PAGES = [
    pytest.param(site, path, id=f"{name}: {path}")
    for name, site in SITES.items()
    for path in site.paths
    if path.endswith(".html")
]


@pytest.mark.parametrize(("site", "path"), PAGES)
def test_a_page_is_well_formed_and_can_be_read_by_everybody(site: Site, path: str) -> None:
    page = Read(text_of(site, path))
    assert page.unbalanced == []
    assert len(page.anchors) == len(set(page.anchors))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), page.headings
    assert page.inline == []


@pytest.mark.parametrize(("site", "path"), PAGES)
def test_every_link_leads_to_a_page_of_the_site_and_an_anchor_in_it(site: Site, path: str) -> None:
    page = Read(text_of(site, path))
    for link in [*page.links, *page.loaded]:
        assert not re.match(r"[a-z]+:|//", link), "another host"
        target, anchor = urldefrag(urljoin(f"http://x/{path}", link))
        there = target.removeprefix("http://x/").partition("?")[0]
        found = site.page(there)
        assert found is not None, link
        assert there in site.paths, "a link of a file names a file"
        if anchor:
            assert anchor in Read(found.body.decode()).anchors, link


@pytest.mark.parametrize("name", CATALOGS)
def test_the_same_contracts_give_the_same_bytes(name: str) -> None:
    one, other = (site_of(CATALOGS[name]) for _ in range(2))
    assert one.paths == other.paths
    assert [one.page(path) for path in one.paths] == [other.page(path) for path in other.paths]


@pytest.mark.parametrize("path", SITES["everything"].paths)
def test_what_a_contract_says_is_never_markup(path: str) -> None:
    text = text_of(SITES["everything"], path)
    if path == "search.js":
        assert "</" not in text
        return
    if path.rpartition(".")[2] not in ("html", "xml"):
        return
    assert "<script>alert" not in text
    assert not re.search("[\u202e\u0007]", text)
    tags = set(Read(text).tags)
    assert Read(text).tags.count("script") <= 1
    assert "img" not in tags


def test_a_hostile_text_is_shown_as_it_is() -> None:
    page = Read(text_of(SITES["everything"], "events/order_placed/"))
    shown = HOSTILE.replace("\u202e", "\\u202e").replace("\u0007", "\\u0007")
    assert shown in page.text
    assert "{{ 7 * 7 }}" in page.text


def test_an_event_page_tells_what_people_ask() -> None:
    page = Read(text_of(SITES["everything"], "events/order_placed/"))
    for words in (
        "A customer paid, and the shop took the order.",  # what it means
        "An order was placed",  # when to send it
        "till",  # who sends it
        "ship_to.country",
        "personal: free text",
        "at most 200 characters",
        "≥ 0, ≤ 1000000000",
        'one of "EUR"',
        "Context: 10 more",
        "shop.events.order_placed",
        "shop_unique.order_placed",
        "deprecated since 2026-01-01, until 2026-12-31",
        "breaks 1 thing",
        "since 2026-01-31",
    ):
        assert words in page.text, words
    assert {"v1", "v2", "v3", "field-ship_to.street"} <= set(page.anchors)
    assert f"X-UGC-Key: {TILL}" in page.codes["shell"][0]
    assert "../../shared/address/index.html#v1" in page.links


def test_a_half_of_a_pair_leads_to_what_it_becomes_and_is_asked_for_there() -> None:
    page = Read(text_of(SITES["a shop"], "events/checkout_started/"))
    assert "It begins checkout: send the same" in page.text
    assert 'tracker.begin("checkout"' in page.codes["javascript"][1]
    assert all("`checkout`" in query for query in page.codes["sql"])
    derived = Read(text_of(SITES["a shop"], "events/checkout/"))
    assert "Nobody sends it" in derived.text
    assert "shell" not in derived.codes


def test_any_two_versions_have_a_page_with_verdict_counterexample_and_plan() -> None:
    site = SITES["everything"]
    good = Read(text_of(site, "events/order_placed/changes/1-2/"))
    assert "✓ nothing breaks" in good.text
    assert "ADD COLUMN" in good.codes["sql"][0]
    for pair in ("1-3", "2-3"):
        bad = Read(text_of(site, f"events/order_placed/changes/{pair}/"))
        assert "✗ breaks 1 thing" in bad.text
        assert '"currency": "SEK"' in bad.text
        assert "- " in bad.text
    assert site.page("events/order_placed/changes/3-2/") is None


def test_of_many_versions_neighbours_have_a_page_and_any_two_of_the_newest() -> None:
    assert len(list(pairs(list(range(1, 31))))) == 30 * 29 // 2
    found = set(pairs(list(range(1, 101))))
    assert len(found) == ALL_PAIRS * (ALL_PAIRS - 1) // 2 + 100 - ALL_PAIRS
    assert {(1, 2), (68, 69), (69, 100), (99, 100)} <= found
    assert (1, 100) not in found


def test_a_shared_definition_tells_where_it_is_used() -> None:
    page = Read(text_of(SITES["everything"], "shared/country/"))
    assert "order_placed@2: ship_to.country" in page.text
    assert "order_placed@1" not in page.text


def test_a_table_page_is_the_data_dictionary() -> None:
    page = Read(text_of(SITES["everything"], "tables/order_placed/"))
    for words in ("shop_unique.order_placed", "ship_to__street", "kafka_offset", "may be NULL"):
        assert words in page.text, words
    assert "One per run" in Read(text_of(SITES["everything"], "tables/etl_runs/")).text


def test_every_reason_has_its_cause_its_remedy_and_an_example() -> None:
    text = text_of(SITES["a shop"], "reasons/")
    page = Read(text)
    for reason in Reason:
        assert str(reason) in page.anchors
        assert DESCRIPTIONS[reason] in page.text
        assert REMEDIES[reason] in page.text
    assert '"code": "data_invalid"' in page.text
    assert REMEDIES.keys() == set(Reason)


def test_the_feed_is_atom_with_a_time_in_each_entry() -> None:
    root = ElementTree.fromstring(text_of(SITES["everything"], "feed.xml"))
    atom = "{http://www.w3.org/2005/Atom}"
    found = root.findall(f"{atom}entry")
    ids = [each.findtext(f"{atom}id") for each in found]
    assert "urn:ugc-events:shop:order_placed:v3" in ids
    assert "urn:ugc-events:shop:order_placed:v1:deprecated" in ids
    assert len(ids) == len(set(ids))
    for entry in (root, *found):
        for needed in ("id", "title", "updated"):
            assert entry.findtext(f"{atom}{needed}")
    for entry in found:
        link = entry.find(f"{atom}link")
        assert link is not None
        assert SITES["everything"].page(link.get("href", "")) is not None


def test_without_dates_there_is_no_feed_and_nobody_is_led_to_one() -> None:
    site = site_of(shop_catalog(), dated=False)
    assert "feed.xml" not in site.paths
    assert all("feed.xml" not in text_of(site, path) for path in site.paths if ".html" in path)


def test_the_search_knows_events_fields_definitions_and_where_they_are() -> None:
    site = SITES["everything"]
    data = json.loads(text_of(site, "search.js").removeprefix("self.ugcSearch=").rstrip(";\n"))
    names = {(kind, name) for kind, name, *_ in data}
    assert ("event", "order_placed") in names
    assert ("field", "ship_to.country") in names
    assert ("definition", "address@1") in names
    for _, name, _, path, anchor in data:
        page = Read(text_of(site, path))
        assert not anchor or anchor in page.anchors, name


def test_the_first_page_is_small() -> None:
    site = SITES["the contracts"]
    sent = [site.page(path) for path in ("", "catalog.css", "catalog.js")]
    assert sum(len(gzip.compress(each.body)) for each in sent if each) < 100_000


def test_a_served_site_names_folders_and_leads_to_the_documentation_of_the_api() -> None:
    site = site_of(shop_catalog(), is_served=True)
    page = Read(text_of(site, ""))
    assert "/docs" in page.links
    assert not any(link.endswith(INDEX) for link in page.links)
    assert "./events/cart_changed/" in page.links


def test_what_is_no_page_is_nothing() -> None:
    site = SITES["a shop"]
    for path in ("nothing/", "../index.html", "events/", "events/cart_changed", "/", "tables/x/"):
        assert site.page(path) is None, path


class _Known:
    """Facts that are always the same, of one event."""

    are_there = True

    def of(self, event: str) -> EventFacts | None:
        if event != "cart_changed":
            return None
        return EventFacts(
            events=12_345,
            last_seen=WHEN,
            rejected=(("data_invalid", 0.0123),),
            objectives=(("refused as invalid", True), ("loaded after", False)),
            versions=((1, 12_345),),
            applications=(("till", 9),),
            as_of=WHEN,
        )


def test_live_facts_stand_in_the_page_of_the_event_that_has_some() -> None:
    site = Site(shop_catalog(), ABOUT, _Known())
    page = Read(text_of(site, "events/cart_changed/"))
    for words in ("The last 24 hours", "12,345", "2026-01-31 12:00 UTC", "1.2 %", "✗ not met"):
        assert words in page.text, words
    assert "The last 24 hours" not in text_of(site, "events/order_placed/")


def test_a_picture_is_wide_enough_for_its_longest_name() -> None:
    name = "a" * 60
    page = text_of(Site(with_event(name, {}), ABOUT), f"events/{name}/")
    width = re.search(r'viewBox="0 0 ([0-9.]+)', page)
    assert width is not None
    assert float(width[1]) > 60 * 7.5


def test_paths_are_those_of_folders_with_a_page_or_of_files() -> None:
    for site in SITES.values():
        for path in site.paths:
            assert posixpath.normpath(path) == path
            assert not Path(path).is_absolute()
