"""The documentation site: it builds without a warning, its links lead somewhere, all of it is here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.site_hooks import FROM_OUTSIDE, moved, on_page_markdown
from tests.support.golden import ROOT

FETCHED = {"img": "src", "script": "src", "iframe": "src", "source": "srcset", "link": "href"}
"""Tag → attribute whose address a browser asks for without a click."""


class Page(HTMLParser):
    """The anchors of a page, where it links, and what it makes a browser fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in FETCHED and given.get("rel") not in {"canonical", "prev", "next"}:
            self.fetched.append(given.get(FETCHED[tag], ""))


def build(project: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=project,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def inside(pages: dict[Path, Page], site: Path) -> Iterator[tuple[Path, str, Path, str]]:
    """Every link to a place in the site: page, link, the file it leads to, the anchor."""
    for path, page in pages.items():
        for link in [*page.links, *page.fetched]:
            parts = urlsplit(link)
            if not parts.scheme and not parts.netloc:
                start = site if parts.path.startswith("/") else path.parent
                target = (start / unquote(parts.path).lstrip("/")) if parts.path else path
                yield path, link, target.resolve(), unquote(parts.fragment)


def test_every_link_leads_to_a_page_and_a_place_in_it(pages: dict[Path, Page], site: Path) -> None:
    """The words behind the ``#`` of a picture say when it is shown, and are no place."""
    wrong = []
    for path, link, target, anchor in inside(pages, site):
        there = target / "index.html" if target.is_dir() else target
        anchors = pages[there].anchors if there in pages else {anchor}
        if not there.is_file() or (anchor and anchor not in anchors):
            wrong.append(f"{path.relative_to(site)}: {link}")
    assert wrong == []
    assert len(pages) > 50


def test_nothing_is_fetched_from_another_host(pages: dict[Path, Page], site: Path) -> None:
    asked = [link for page in pages.values() for link in page.fetched]
    asked += [
        address
        for sheet in site.rglob("*.css")
        for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8"))
    ]
    assert len(asked) > 50
    assert [link for link in asked if re.match(r"(?!data:)[a-z]+:|//", link)] == []


def test_every_page_of_the_project_is_in_the_site(pages: dict[Path, Page], site: Path) -> None:
    docs = ROOT / "docs"
    wanted = {path.relative_to(docs).with_suffix("") for path in docs.rglob("*.md")}
    wanted |= {Path(name.lower()).with_suffix("") for name in FROM_OUTSIDE}
    found = {path.relative_to(site).with_suffix("") for path in pages}
    assert {path.parent / path.name.replace("README", "index") for path in wanted} <= found


@pytest.mark.parametrize("spoilt", ["[gone](gone.md)", "[gone](auth.md#nowhere)"])
def test_a_link_to_nowhere_fails_the_build(tmp_path: Path, spoilt: str) -> None:
    project = tmp_path / "project"
    for name in ("docs", "tests/docs"):
        shutil.copytree(ROOT / name, project / name)
    for name in ("mkdocs.yml", *FROM_OUTSIDE):
        shutil.copy(ROOT / name, project / name)
    page = project / "docs/glossary.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\n{spoilt}\n", encoding="utf-8")
    done = build(project, tmp_path / "site")
    assert done.returncode == 1
    assert "glossary.md" in done.stderr


def test_a_page_from_outside_links_to_the_pages_of_the_site() -> None:
    assert moved("[a](docs/auth.md#x) [b](SECURITY.md) [c](https://h/d)") == (
        "[a](auth.md#x) [b](security.md) [c](https://h/d)"
    )
    assert moved("see [a](contracts/x.json).") == "see a."


def test_a_list_begins_behind_a_paragraph_and_code_stays_as_it_is() -> None:
    code = "```yaml\nnav:\n- a\n```\n"
    assert on_page_markdown(f"{code}Three:\n- a\n- b\n{code}") == (
        f"{code}Three:\n\n- a\n- b\n{code}"
    )
