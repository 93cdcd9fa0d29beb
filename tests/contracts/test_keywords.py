"""Every ``x-`` keyword of the dialect is documented, and read by the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
KEYWORD = re.compile(r'"(x-[a-z-]+)"')
KEYWORDS = sorted(
    {
        keyword
        for file in (PROJECT / "contracts/meta").glob("*.json")
        for keyword in KEYWORD.findall(file.read_text(encoding="utf-8"))
    }
)
CODE = {
    keyword
    for package in ("api", "contracts", "registry", "ch_schema", "etl", "ugc")
    for file in (PROJECT / package).rglob("*.py")
    for keyword in KEYWORD.findall(file.read_text(encoding="utf-8"))
}
DOCUMENT = (PROJECT / "docs/contract-language.md").read_text(encoding="utf-8")


def test_the_dialect_has_keywords_of_its_own() -> None:
    assert "x-pii" in KEYWORDS


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_keyword_is_documented(keyword: str) -> None:
    assert re.search(rf"`{keyword}\b(?!-)", DOCUMENT)


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_keyword_is_read_by_code(keyword: str) -> None:
    assert keyword in CODE
