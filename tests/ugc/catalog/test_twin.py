"""The Markdown twins of the pages, and what programs read first."""

from __future__ import annotations

import json
import posixpath
import re

import pytest

from contracts.model.loader import load_catalog
from contracts.reasons import Reason
from tests.support.everything import HOSTILE
from tests.ugc.catalog.test_site import CATALOGS, SITES, site_of, text_of
from ugc.catalog.site import Site
from ugc.catalog.twin import markdown

LINK = re.compile(r"\]\(([^)]+)\)")
CODE = re.compile(r"(?ms)^(`{3,})\n.*?\n\1$|(`+)(?!`).*?(?<!`)\2(?!`)")
PAGES = [
    pytest.param(site, path, id=f"{name}: {path}")
    for name, site in SITES.items()
    for path in site.paths
    if path.endswith(".html")
]


def prose(text: str) -> str:
    """What is no code."""
    return CODE.sub("", text)


@pytest.mark.parametrize(("site", "path"), PAGES)
def test_every_page_has_a_twin_that_links_to_twins(site: Site, path: str) -> None:
    twin = path.removesuffix("html") + "md"
    assert twin in site.paths
    text = text_of(site, twin)
    assert text.startswith("# ")
    for link in LINK.findall(prose(text)):
        there = posixpath.normpath(posixpath.join(posixpath.dirname(twin), link))
        assert there in site.paths, link
        assert not there.endswith(".html")


@pytest.mark.parametrize(("site", "path"), PAGES)
def test_a_twin_has_no_markup_but_its_own(site: Site, path: str) -> None:
    text = prose(text_of(site, path.removesuffix("html") + "md"))
    assert re.search(r"(?<!\\)<", text) is None
    for control in ("\u202e", "\x07", "\x1b"):
        assert control not in text


@pytest.mark.parametrize("is_served", [True, False])
def test_a_served_twin_links_as_one_in_a_folder_does(is_served: bool) -> None:
    site = site_of(load_catalog(), is_served=is_served)
    text = text_of(site, "events/search_filter/index.md")
    assert "(../../owners/ugc/index.md)" in text
    assert "| `search_query` · required · personal: free text |" in text
    found = site.page("events/search_filter/index.md")
    assert found is not None
    assert found.media_type == "text/markdown"


def test_hostile_texts_stand_in_a_twin_as_what_they_are() -> None:
    site = SITES["everything"]
    text = text_of(site, "events/order_placed/index.md")
    assert "<script>" in HOSTILE
    assert "\\<script\\>" in text
    assert "{{ 7 \\* 7 }}" in text


def test_a_fence_is_longer_than_any_in_the_code() -> None:
    page = '<main id="main"><pre><code>a\n````\nb</code></pre><p>x</p></main>'
    assert markdown(page) == "`````\na\n````\nb\n`````\n\nx\n"


@pytest.mark.parametrize("page", ["# no heading", "[link](http://x)", "| a |", "**b**", "<b>c</b>"])
def test_a_text_that_looks_like_markdown_is_text(page: str) -> None:
    escaped = page.replace("<", "&lt;").replace(">", "&gt;")
    text = markdown(f'<main id="main"><p>{escaped}</p></main>')
    assert re.sub(r"\\(.)", r"\1", text) == f"{page}\n"
    for sign in "#[|*<":
        assert re.search(rf"(?<!\\){re.escape(sign)}", text) is None


@pytest.mark.parametrize("name", CATALOGS)
def test_what_programs_read_first_links_to_every_event_and_table(name: str) -> None:
    site, catalog = SITES[name], CATALOGS[name]
    text = text_of(site, "llms.txt")
    assert text.startswith("# shop events\n\n> ")
    links = LINK.findall(text)
    assert set(links) <= set(site.paths)
    for contract in catalog.newest:
        assert f"events/{contract.event}/index.md" in links
    for contract in catalog.tables:
        assert f"tables/{contract.event}/index.md" in links


@pytest.mark.parametrize("name", CATALOGS)
def test_the_whole_in_one_file_has_contracts_columns_and_reasons(name: str) -> None:
    text = text_of(SITES[name], "llms-full.txt")
    for contract in CATALOGS[name]:
        assert f"### {contract.event}, version {contract.version}" in text
        for field in contract.schema.get("properties", {}):
            assert json.dumps(field)[1:-1] in text
    for reason in Reason:
        assert f"- `{reason}`: " in text
