"""Traffic in a project with applications: each request is sent by one that may send it."""

from __future__ import annotations

import orjson

from tests.support.with_applications import PAGE, PHONE, SLOW, WEB, catalog_with_applications
from ugc.traffic.applications import headers_for

APPLICATIONS = catalog_with_applications().applications


def test_an_event_is_sent_by_one_that_may_from_a_page_of_its_own() -> None:
    for event in ("element_click", "search_filter"):
        headers = headers_for(APPLICATIONS, orjson.dumps({"event": event}))
        assert headers == {"X-UGC-Key": WEB["key"], "Origin": PAGE}
    assert APPLICATIONS is not None
    by_key = {each["key"]: APPLICATIONS.by_key[each["key"]] for each in (SLOW, PHONE)}
    others = type(APPLICATIONS)(by_key)
    for event, sender in (("element_click", PHONE), ("search_filter", SLOW)):
        headers = headers_for(others, orjson.dumps({"event": event}))
        assert headers == {"X-UGC-Key": sender["key"]}


def test_what_names_no_event_is_sent_by_anybody() -> None:
    for body in (b"{", b"[]", b"{}", b'{"event": 7}'):
        assert "X-UGC-Key" in headers_for(APPLICATIONS, body)


def test_without_applications_there_is_no_key() -> None:
    assert headers_for(None, b"{}") == {}
