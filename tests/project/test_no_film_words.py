"""The product knows no event by name: films are in contracts, tests and docs, and nowhere else.

The contracts and their demo are the films' own.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contracts.model.loader import load_catalog, package_folder

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "contracts" / "demo"
FILES = sorted(
    path
    for package in ("api", "ch_schema", "contracts", "etl", "registry", "ugc")
    for path in (ROOT / package).rglob("*")
    if path.suffix in {".py", ".js", ".css", ".html", ".md", ".toml", ".yml", ".yaml"}
    and not path.is_relative_to(DEMO)
)
FIELDS = {
    name
    for contract in load_catalog(package_folder())
    for name in contract.schema["properties"]
    if "_" in name
}
WORDS = ("film", "movie", "cinema", "trailer", "video", "actor", "genre")

ALLOWED = {
    ("api/http/rsgi.py", "trailer"): "HTTP's fields after a chunked body are called trailers"
}
"""File and word → why it is no film's there."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_look_for() -> None:
    assert {"element_type", "page_view_id", "video_id"} <= FIELDS
    assert len(FILES) > 300


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_names_no_film_and_no_event_or_field_of_the_film_contracts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    events = [contract.event for contract in load_catalog(package_folder()).newest]
    words = "|".join([*WORDS, *events, *FIELDS])
    found = {each.lower() for each in re.findall(rf"(?<![a-z])({words})", text, re.IGNORECASE)}
    assert {word for word in found if (relative(path), word) not in ALLOWED} == set()


def test_every_exception_is_needed() -> None:
    for name, word in ALLOWED:
        assert word in (ROOT / name).read_text(encoding="utf-8").lower(), name


def test_the_words_are_those_of_the_contracts() -> None:
    """A word that the film contracts do not use is none to look for."""
    told = json.dumps([dict(each.schema) for each in load_catalog(package_folder())]).lower()
    assert {"movie", "trailer", "video"} <= {word for word in WORDS if word in told}
