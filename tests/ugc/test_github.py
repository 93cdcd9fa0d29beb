"""Annotations that GitHub reads back as they were meant."""

from __future__ import annotations

from ugc.github import annotation


def test_an_annotation_names_its_place() -> None:
    found = annotation("error", "/: no name", {"file": "a.json", "line": 3, "title": "x"})
    assert found == "::error file=a.json,line=3,title=x::/: no name"


def test_what_would_end_the_line_or_a_property_is_escaped() -> None:
    found = annotation("notice", "100 %\r\na:b,c", {"title": "a:b,c\n%"})
    assert found == "::notice title=a%3Ab%2Cc%0A%25::100 %25%0D%0Aa:b,c"
