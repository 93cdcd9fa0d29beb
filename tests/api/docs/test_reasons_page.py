"""The ``type`` of a problem document leads, in a browser, to the words about its code."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api import paths
from api.errors import STATUS, Rejection
from api.http.problems import problem, title
from contracts.reasons import DESCRIPTIONS, Reason
from tests.api.world import CLICK, World, post, token


class Sections(HTMLParser):
    """Anchor → the text from there to the next anchor; the same anchor twice is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._at: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        anchor = dict(attrs).get("id")
        if anchor is not None:
            assert anchor not in self.found, "an anchor twice"
            self.found[anchor] = ""
            self._at = anchor

    def handle_data(self, data: str) -> None:
        if self._at is not None:
            self.found[self._at] += data


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return World().client()


def followed(client: FlaskClient, asked_url: str, type_: str) -> str:
    """What a reader sees who follows a ``type`` (a reference, RFC 9457, 3.1.1) from an answer."""
    address, anchor = urldefrag(urljoin(asked_url, type_))
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return Sections(answer.text).found[anchor]


@pytest.mark.parametrize("reason", STATUS)
@pytest.mark.parametrize("path", [paths.EVENTS, paths.BATCH, f"{paths.CONTRACTS}/x/1"])
def test_every_refusal_leads_to_its_section(client: FlaskClient, reason: Reason, path: str) -> None:
    document = problem(Rejection(reason, "x"), correlation_id="c-1")
    section = followed(client, path, document["type"])
    assert section.startswith(title(reason))
    assert f"{reason}, status {STATUS[reason]}. {DESCRIPTIONS[reason]}" in section


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_section(client: FlaskClient, reason: Reason) -> None:
    section = followed(client, paths.EVENTS, f"{paths.REASONS}#{reason}")
    assert section.splitlines()[0] == title(reason)
    assert DESCRIPTIONS[reason] in section
    assert ("status" in section.split(".")[0]) == (reason in STATUS)


def test_the_page_has_no_other_sections(client: FlaskClient) -> None:
    assert Sections(client.get(paths.REASONS).text).found.keys() == set(Reason)


def sent(body: Any, **options: Any) -> tuple[str, Mapping[str, Any]]:
    return paths.EVENTS, {"json": body, **options} if not isinstance(body, bytes) else {
        "data": body,
        "content_type": "application/json",
        **options,
    }


REFUSED = {
    Reason.BODY_EMPTY: sent(b""),
    Reason.BODY_TOO_LARGE: sent(b" " * 70_000),
    Reason.LENGTH_INVALID: sent(b"{}", environ_overrides={"CONTENT_LENGTH": "3"}),
    Reason.REQUEST_INVALID: sent(b"{}", headers={"Content-Encoding": "gzip"}),
    Reason.MEDIA_TYPE_UNSUPPORTED: sent(b"{}", content_type="text/html"),
    Reason.ENCODING_UNSUPPORTED: sent(b"{}", headers={"Content-Encoding": "compress"}),
    Reason.JSON_INVALID: sent(b"{"),
    Reason.JSON_DUPLICATE_KEY: sent(b'{"a": 1, "a": 1}'),
    Reason.JSON_TOO_DEEP: sent(b"[" * 100 + b"]" * 100),
    Reason.BATCH_TOO_LONG: (paths.BATCH, {"json": [1] * 501}),
    Reason.ENVELOPE_INVALID: sent({}),
    Reason.EVENT_UNKNOWN: sent({**CLICK, "event": "no_such_event"}),
    Reason.EVENT_NOT_ACCEPTED: sent({**CLICK, "event": "page_view"}),
    Reason.VERSION_UNKNOWN: sent({**CLICK, "version": 999}),
    Reason.DATA_INVALID: sent({**CLICK, "data": {}}),
    Reason.TOKEN_INVALID: sent({**CLICK, "token": "bad"}),
    Reason.METHOD_NOT_ALLOWED: (paths.EVENTS, {"method": "DELETE"}),
    Reason.NOT_FOUND: ("/nothing/here", {}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_real_refusal_leads_to_its_section(client: FlaskClient, reason: Reason) -> None:
    path, options = REFUSED[reason]
    answer: TestResponse = client.open(path, **{"method": "POST", **options})
    document = answer.get_json()
    assert document["code"] == reason
    assert followed(client, path, document["type"]).startswith(document["title"])


def test_a_local_no_and_an_outage_lead_there_too() -> None:
    world = World()
    client = world.client()
    world.auth.available = False
    expired = post(client, {**CLICK, "token": token(exp=1)}).get_json()
    world.publisher.available = False
    unstored = post(client, CLICK).get_json()
    for document, code in ((expired, "token_expired"), (unstored, "store_unavailable")):
        assert document["code"] == code
        assert document["title"] in followed(client, paths.EVENTS, document["type"])
    in_batch = client.post(paths.BATCH, json=[CLICK]).get_json()["results"][0]["problem"]
    assert in_batch["title"] in followed(client, paths.BATCH, in_batch["type"])
