from __future__ import annotations

import pytest

from tests.fullstack.chromium import Page
from tests.fullstack.tracker.visit import Visit

pytestmark = [pytest.mark.full, pytest.mark.stack]


def test_clicks_become_the_right_rows(visit: Visit, tab: Page) -> None:
    tab.open(f"{visit}/films")
    for element in ("trailer", "movie", "trailer"):
        tab.click(f"#{element}")
    tab.wait("answers.length == 3")
    rows = visit.clicks(tab.run("answers.map((each) => each.event_id)"))
    assert [row["element_type"] for row in rows] == ["trailer", "movie", "trailer"]
    assert [row["context__sequence"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert row["context__page_url"] == f"{visit}/films"
        assert row["page_type"] == "main"
        assert row["context__clock"] == "corrected"
    assert len({(row["context__anonymous_id"], row["context__session_id"]) for row in rows}) == 1
