"""Any bytes, and broken variants of good bodies, under any headers: refused or stored as told.

Never a 5xx; every rejection names its reason; what is published is what the answer tells.
"""

from __future__ import annotations

import gzip
import json
import os
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from api import paths
from api.errors import STATUS
from contracts.message import Message
from contracts.model.loader import load_catalog
from contracts.model.types import Origin
from contracts.reasons import Reason
from tests.api.world import World
from tests.support.with_context import nothing_said

EXAMPLES = int(os.environ.get("RAW_BYTES_EXAMPLES", "400"))

WORLD = World()
CLIENT = WORLD.client()

REFUSALS = {reason: status for reason, status in STATUS.items() if status < 500}

IDS = ("0190163d-8694-739b-aea5-966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad92")

GOOD = [
    {"event": contract.event, "token": token, "event_id": event_id, "data": data}
    for contract in load_catalog()
    if contract.origin is Origin.CLIENT
    for data in contract.examples
    for token, event_id in ((None, IDS[0]), (WORLD.good_token, IDS[1]))
]

CONTENT_TYPES = (
    None,
    "",
    "application/json",
    "Application/JSON; charset=UTF-8",
    "application/json; charset=utf-16",
    "application/json;charset",
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/x-ndjson",
    "text/html",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
)
PLAIN = ("", "identity", " IDENTITY ")
ENCODINGS = (*PLAIN, "gzip", "deflate", "GZIP", "gzip, gzip", "br", "zstd", "compress", "*", ",")

Compress = Callable[[bytes], bytes]
COMPRESS: Mapping[str, Compress] = {"gzip": gzip.compress, "deflate": zlib.compress}

SNIPPETS = (
    b"NaN",
    b"-0",
    b"1E400",
    b"1e-400",
    b"9" * 50,
    b"\\ud800",
    b"\\u0000",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b",",
    b'"',
    b"\\",
    b"[" * 40,
    b'"event":"search_filter",',
    b'"__proto__":{},',
    b'"":0,',
    b"\n",
)

header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)


@dataclass(frozen=True)
class Sent:
    """One request; ``encoding`` is the Content-Encoding it claims."""

    path: str
    body: bytes
    content_type: str | None
    encoding: str


def _flip(body: bytes, at: int, bit: int) -> bytes:
    return body[:at] + bytes([body[at] ^ (1 << bit % 8)]) + body[at + 1 :]


def _repeat(body: bytes, begin: int, length: int) -> bytes:
    return body[: begin + length] + body[begin:]


def _cut_out(body: bytes, begin: int, length: int) -> bytes:
    return body[:begin] + body[begin + length :]


def _truncate(body: bytes, at: int, _: int) -> bytes:
    return body[:at]


def _insert(body: bytes, at: int, number: int) -> bytes:
    return body[:at] + SNIPPETS[number % len(SNIPPETS)] + body[at:]


def _overwrite(body: bytes, at: int, number: int) -> bytes:
    snippet = SNIPPETS[number % len(SNIPPETS)]
    return body[:at] + snippet + body[at + len(snippet) :]


DAMAGE = (_flip, _repeat, _cut_out, _truncate, _insert, _overwrite)


@st.composite
def damaged(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """A good body after up to four accidents."""
    body = draw(bodies)
    for _ in range(draw(st.integers(0, 4))):
        if body:
            damage = draw(st.sampled_from(DAMAGE))
            body = damage(body, draw(st.integers(0, len(body) - 1)), draw(st.integers(0, 60)))
    return body


def _lines(events: list[Any]) -> bytes:
    return b"\n".join(_json(each) for each in events)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


good_events = st.sampled_from(GOOD)
good_bodies = st.one_of(
    good_events.map(_json),
    st.lists(good_events, max_size=4).map(_json),
    st.lists(good_events, max_size=4).map(_lines),
)
plain_bodies = st.binary(max_size=300) | damaged(good_bodies)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    path = draw(st.sampled_from((paths.EVENTS, paths.BATCH, paths.VALIDATE)))
    content_type = draw(st.sampled_from(CONTENT_TYPES) | header_text)
    encoding = draw(st.sampled_from(ENCODINGS) | header_text)
    body = draw(plain_bodies)
    if encoding in COMPRESS:
        body = COMPRESS[encoding](body)
        body = draw(st.just(body) | damaged(st.just(body)))
    return Sent(path, body, content_type, encoding)


@st.composite
def plain_requests(draw: st.DrawFn) -> Sent:
    """Headers are in order, so that what is in the body decides."""
    path = draw(st.sampled_from((paths.EVENTS, paths.BATCH, paths.VALIDATE)))
    types = ("application/json", "text/plain", "application/x-ndjson")
    content_type = draw(st.sampled_from(types if path == paths.BATCH else types[:2]))
    return Sent(path, draw(plain_bodies), content_type, "")


def send(sent: Sent) -> TestResponse:
    WORLD.publisher.published.clear()
    WORLD.seen.kept.clear()
    headers = {"Content-Encoding": sent.encoding} if sent.encoding else {}
    return CLIENT.post(sent.path, data=sent.body, content_type=sent.content_type, headers=headers)


def assert_problem(problem: Mapping[str, Any], status: int) -> None:
    PROBLEM.validate(problem)
    assert problem["status"] == status
    assert REFUSALS[Reason(problem["code"])] == status
    assert problem["detail"]


def _problem_validator() -> Draft202012Validator:
    components = CLIENT.get(paths.OPENAPI).get_json()["components"]
    return Draft202012Validator({"$ref": "#/components/schemas/Problem", "components": components})


PROBLEM = _problem_validator()


def told_as_stored(sent: Sent, answer: TestResponse) -> Iterator[Mapping[str, Any]]:
    """The events that the answer calls accepted; every rejection in it has been looked at."""
    document = answer.get_json()
    match sent.path, answer.status_code:
        case paths.EVENTS, 202:
            yield document
        case paths.BATCH, 207:
            results = document["results"]
            accepted = [each for each in results if each["status"] == 202]
            refused = [each for each in results if each["status"] != 202]
            assert (document["accepted"], document["refused"]) == (len(accepted), len(refused))
            for each in refused:
                assert_problem(each["problem"], each["status"])
            yield from accepted
        case paths.VALIDATE, 200:
            assert document["accepted"] is (document["status"] == 202)
            if not document["accepted"]:
                assert_problem(document["problem"], document["status"])
        case _, status:
            assert answer.mimetype == "application/problem+json"
            assert_problem(document, status)


def named(message: Message) -> tuple[str, str, int, str]:
    timestamp = message.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(message.event_id), message.event, message.contract_version, timestamp


def assert_honest(sent: Sent, answer: TestResponse) -> None:
    told = list(told_as_stored(sent, answer))
    fresh = [each for each in told if "duplicate" not in each]
    messages = WORLD.messages()
    assert [named(each) for each in messages] == [
        (each["event_id"], each["event"], each["version"], each["timestamp"]) for each in fresh
    ]
    if sent.path == paths.EVENTS and messages and sent.encoding in PLAIN:
        assert as_sent(messages[0].data) == lower(json.loads(sent.body)["data"])


def as_sent(data: Mapping[str, Any]) -> dict[str, Any]:
    """What was published, its typed values as JSON has them again."""
    own = {name: v for name, v in data.items() if name not in nothing_said()}
    return lower({name: str(v) if isinstance(v, uuid.UUID) else v for name, v in own.items()})


def lower(data: Mapping[str, Any]) -> dict[str, Any]:
    """Ids may be sent in capitals; they are stored in lower case."""
    return {n: v.lower() if n == "page_view_id" else v for n, v in data.items()}


@given(requests())
@settings(max_examples=EXAMPLES, deadline=None)
@example(Sent(paths.EVENTS, _json(GOOD[0]), "application/json", ""))
@example(Sent(paths.EVENTS, gzip.compress(_json(GOOD[0])), "text/plain", "gzip"))
@example(Sent(paths.BATCH, _json(GOOD), "application/json", ""))
@example(Sent(paths.BATCH, zlib.compress(_lines(GOOD)), "application/x-ndjson", "deflate"))
@example(Sent(paths.VALIDATE, _json(GOOD[0]), "application/json", ""))
def test_any_request_is_refused_with_a_reason_or_stored_as_told(sent: Sent) -> None:
    assert_honest(sent, send(sent))


@given(plain_requests())
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_body_is_refused_with_a_reason_or_stored_as_told(sent: Sent) -> None:
    assert_honest(sent, send(sent))


@pytest.mark.parametrize("path", [paths.EVENTS, paths.BATCH, paths.VALIDATE])
def test_every_cut_of_a_good_body_is_refused(path: str) -> None:
    whole = _json(GOOD[:2] if path == paths.BATCH else GOOD[0])
    for length in range(len(whole)):
        sent = Sent(path, whole[:length], "application/json", "")
        answer = send(sent)
        assert list(told_as_stored(sent, answer)) == []
        assert WORLD.publisher.published == []
        assert path == paths.VALIDATE or answer.status_code == 400


@pytest.mark.parametrize("encoding", COMPRESS)
def test_every_flipped_bit_of_a_compressed_body_is_refused_or_told(encoding: str) -> None:
    whole = COMPRESS[encoding](_json(GOOD[0]))
    for at in range(len(whole)):
        for bit in range(8):
            sent = Sent(paths.EVENTS, _flip(whole, at, bit), "application/json", encoding)
            assert_honest(sent, send(sent))
