"""Every line of "Bad input" in the reliability document, except those about Kafka values.

Each gets a 4xx that names the reason, never a 5xx, and nothing is published.  Slow headers, slow
bodies and real chunked requests need a server: see ``test_stack.py`` and ``test_wire.py``.  The
tables here are in ``docs/reliability.md`` (``test_bad_input_docs.py``).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.model import Identity, JwtPolicy
from tests.api.tokens import SECRET, handmade
from tests.api.world import CLICK, ISSUER, NOW, USER, World, post, token, with_event
from tests.support.with_context import nothing_said

EVENT = json.dumps(CLICK).encode()
LIMIT_BYTES = 65_536


@dataclass(frozen=True)
class Bad:
    """A request and what it is answered with; ``pointer`` is that of the first violation."""

    body: bytes
    status: int
    code: str
    pointer: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def raw(body: bytes, code: str, status: int = 400, **options: Any) -> Bad:
    return Bad(body, status, code, options=options)


def event(code: str, pointer: str | None = None, /, **changes: Any) -> Bad:
    return Bad(json.dumps({**CLICK, **changes}).encode(), 422, code, pointer)


def literal(text: bytes, code: str, status: int, pointer: str | None = None) -> Bad:
    """A quality change whose new quality is written as ``text``."""
    data = b'{"video_id": "v", "old_quality": 1, "new_quality": ' + text + b"}"
    body = b'{"event": "quality_change", "token": null, "data": ' + data + b"}"
    return Bad(body, status, code, pointer)


def page_view(page_view_id: Any) -> Bad:
    return event(
        "data_invalid",
        "/data/page_view_id",
        event="page_view_start",
        data={"page_view_id": page_view_id, "page_type": "movie"},
    )


VIEW = "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11"

BODY = {
    "empty": raw(b"", "body_empty"),
    "only white space": raw(b" \r\n\t", "body_empty"),
    "NaN": literal(b"NaN", "json_invalid", 400),
    "Infinity": literal(b"Infinity", "json_invalid", 400),
    "-Infinity": literal(b"-Infinity", "json_invalid", 400),
    "1e999": literal(b"1e999", "json_invalid", 400),
    "-1e999": literal(b"-1e999", "json_invalid", 400),
    "duplicate keys": raw(EVENT[:-1] + b', "event": "search_filter"}', "json_duplicate_key"),
    "duplicate keys, escaped": raw(EVENT[:-1] + b', "\\u0065vent": 1}', "json_duplicate_key"),
    "duplicate empty keys": raw(EVENT[:-1] + b', "": 1, "": 2}', "json_duplicate_key"),
    "duplicate `__proto__`": raw(
        EVENT[:-1] + b', "__proto__": 1, "\\u005f_proto__": 2}', "json_duplicate_key"
    ),
    "duplicate keys inside": raw(
        EVENT.replace(b'"page_type"', b'"element_type"'), "json_duplicate_key"
    ),
    "lone surrogate": raw(EVENT.replace(b"trailer", b"\\ud800"), "json_invalid"),
    "lone low surrogate": raw(EVENT.replace(b"trailer", b"\\udc00"), "json_invalid"),
    "lone surrogate as key": raw(EVENT.replace(b"page_type", b"\\ud800"), "json_invalid"),
    "5,000-digit integer": literal(b"9" * 5000, "json_invalid", 400),
    "number of 401 characters": literal(b"720." + b"0" * 397, "json_invalid", 400),
    "1E400": literal(b"1E400", "json_invalid", 400),
    "an exponent of 30 digits": literal(b"1e" + b"9" * 30, "json_invalid", 400),
    "leading zero": literal(b"0720", "json_invalid", 400),
    "hexadecimal": literal(b"0x2D0", "json_invalid", 400),
    "400-digit integer": literal(b"9" * 400, "data_invalid", 422, "/data/new_quality"),
    "nesting of 30,000 arrays": raw(b"[" * 30_000 + b"]" * 30_000, "json_too_deep"),
    "nesting of 10,000 objects": raw(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "json_too_deep"),
    "nesting of 100,000": raw(b"[" * 100_000, "body_too_large", 413),
    "unclosed nesting": raw(b"[" * 60_000, "json_too_deep"),
    "UTF-16": raw(EVENT.decode().encode("utf-16"), "encoding_unsupported", 415),
    "UTF-16 without a mark": raw(EVENT.decode().encode("utf-16-le"), "encoding_unsupported", 415),
    "UTF-32": raw(EVENT.decode().encode("utf-32"), "encoding_unsupported", 415),
    "UTF-32 without a mark": raw(EVENT.decode().encode("utf-32-be"), "encoding_unsupported", 415),
    "byte order mark": raw(b"\xef\xbb\xbf" + EVENT, "encoding_unsupported", 415),
    "array": Bad(b"[" + EVENT + b"]", 422, "envelope_invalid", ""),
    "string": Bad(b'"element_click"', 422, "envelope_invalid", ""),
    "null": Bad(b"null", 422, "envelope_invalid", ""),
    "number": Bad(b"5", 422, "envelope_invalid", ""),
    "true": Bad(b"true", 422, "envelope_invalid", ""),
    "empty object": Bad(b"{}", 422, "envelope_invalid", "/data"),
    "trailing garbage": raw(EVENT + b" x", "json_invalid"),
    "two documents": raw(EVENT + EVENT, "json_invalid"),
    "NUL at the end": raw(EVENT + b"\0", "json_invalid"),
    "cut off": raw(EVENT[:-1], "json_invalid"),
    "no JSON": raw(b"event=element_click", "json_invalid"),
    "comment": raw(b"/* x */" + EVENT, "json_invalid"),
    "control character": raw(EVENT.replace(b"trailer", b"a\nb"), "json_invalid"),
    "invalid UTF-8": raw(EVENT.replace(b"trailer", b"\xff\xfe"), "encoding_unsupported", 415),
    "surrogate in UTF-8": raw(
        EVENT.replace(b"trailer", b"\xed\xa0\x80"), "encoding_unsupported", 415
    ),
    "overlong UTF-8": raw(EVENT.replace(b"trailer", b"\xc0\xaf"), "encoding_unsupported", 415),
    "overlong NUL in UTF-8": raw(
        EVENT.replace(b"trailer", b"\xc0\x80"), "encoding_unsupported", 415
    ),
    "beyond Unicode": raw(
        EVENT.replace(b"trailer", b"\xf4\x90\x80\x80"), "encoding_unsupported", 415
    ),
    "no Content-Type": raw(EVENT, "media_type_unsupported", 415, content_type=None),
    "empty Content-Type": raw(EVENT, "media_type_unsupported", 415, content_type=""),
    "form": raw(
        EVENT, "media_type_unsupported", 415, content_type="application/x-www-form-urlencoded"
    ),
    "multipart": raw(
        EVENT, "media_type_unsupported", 415, content_type="multipart/form-data; boundary=x"
    ),
    "XML": raw(EVENT, "media_type_unsupported", 415, content_type="application/xml"),
    "nonsense Content-Type": raw(EVENT, "media_type_unsupported", 415, content_type="\\;="),
    "charset": raw(
        EVENT, "encoding_unsupported", 415, content_type="application/json; charset=utf-16"
    ),
    "gzip in gzip": raw(
        gzip.compress(EVENT),
        "encoding_unsupported",
        415,
        headers={"Content-Encoding": "gzip, gzip"},
    ),
    "cut gzip": raw(
        gzip.compress(EVENT)[:-1], "request_invalid", 400, headers={"Content-Encoding": "gzip"}
    ),
    "no gzip": raw(EVENT, "request_invalid", 400, headers={"Content-Encoding": "gzip"}),
    "gzip bomb": raw(
        gzip.compress(b" " * 10_000_000),
        "body_too_large",
        413,
        headers={"Content-Encoding": "gzip"},
    ),
    "gzip that says nothing": raw(gzip.compress(EVENT), "encoding_unsupported", 415),
    "one byte above the limit": raw(
        EVENT + b" " * (LIMIT_BYTES + 1 - len(EVENT)), "body_too_large", 413
    ),
    "one byte above the limit, chunked": raw(
        EVENT + b" " * (LIMIT_BYTES + 1 - len(EVENT)),
        "body_too_large",
        413,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    ),
    "shorter than announced": raw(
        EVENT, "length_invalid", environ_overrides={"CONTENT_LENGTH": str(len(EVENT) + 1)}
    ),
}

CONTRACT = {
    "2^63": literal(b"9223372036854775808", "data_invalid", 422, "/data/new_quality"),
    "-2^63 - 1": literal(b"-9223372036854775809", "data_invalid", 422, "/data/new_quality"),
    "1e300": literal(b"1e300", "data_invalid", 422, "/data/new_quality"),
    "-1 for a height": literal(b"-1", "data_invalid", 422, "/data/new_quality"),
    "fraction of 390 digits": literal(
        b"720." + b"5" * 390, "data_invalid", 422, "/data/new_quality"
    ),
    "fraction": literal(b"720.5", "data_invalid", 422, "/data/new_quality"),
    "true for an integer": literal(b"true", "data_invalid", 422, "/data/new_quality"),
    "text for an integer": literal(b'"720"', "data_invalid", 422, "/data/new_quality"),
    "null for an integer": literal(b"null", "data_invalid", 422, "/data/new_quality"),
    "unknown event": event("event_unknown", event="no_such_event"),
    "event with a path": event("event_unknown", event="../../etc/passwd"),
    "event with a newline": event("event_unknown", event="element_click\n"),
    "event with a NUL": event("event_unknown", event="element_click\0"),
    "event in capitals": event("event_unknown", event="ELEMENT_CLICK"),
    "event of 10 kB": event("envelope_invalid", "/event", event="x" * 10_000),
    "event empty": event("envelope_invalid", "/event", event=""),
    "event null": event("envelope_invalid", "/event", event=None),
    "event a list": event("envelope_invalid", "/event", event=["element_click"]),
    "event of the ETL": event(
        "event_not_accepted",
        event="page_view",
        data={"duration_seconds": 1, "page_type": "movie", "paired": True},
    ),
    "extra property of the envelope": event("envelope_invalid", "/extra", extra=1),
    "extra property of the data": event("data_invalid", "/data/x", data={**CLICK["data"], "x": 1}),
    "empty key": event("data_invalid", "/data/", data={**CLICK["data"], "": 1}),
    "empty key in the envelope": event("envelope_invalid", "/", **{"": 1}),
    "`__proto__` in the envelope": event("envelope_invalid", "/__proto__", __proto__={}),
    "key with a slash and a tilde": event(
        "data_invalid", "/data/a~1b~0", data={**CLICK["data"], "a/b~": 1}
    ),
    "arrays where text is asked for": event(
        "data_invalid", "/data/element_type", data={**CLICK["data"], "element_type": [[[[]]]]}
    ),
    "`__proto__`": event(
        "data_invalid", "/data/__proto__", data={**CLICK["data"], "__proto__": {}}
    ),
    "version 0": event("envelope_invalid", "/version", version=0),
    "version -1": event("envelope_invalid", "/version", version=-1),
    "version 999": event("version_unknown", version=999),
    "version 2^31": event("envelope_invalid", "/version", version=2**31),
    'version "1"': event("envelope_invalid", "/version", version="1"),
    "version 1.5": event("envelope_invalid", "/version", version=1.5),
    "version true": event("envelope_invalid", "/version", version=True),
    "version null": event("envelope_invalid", "/version", version=None),
    "client-set user_id": event("envelope_invalid", "/user_id", user_id="somebody"),
    "client-set timestamp": event(
        "envelope_invalid", "/timestamp", timestamp="2026-01-31T12:00:00Z"
    ),
    "client-set contract_version": event(
        "envelope_invalid", "/contract_version", contract_version=1
    ),
    "client-set paired": event(
        "data_invalid", "/data/paired", data={**CLICK["data"], "paired": True}
    ),
    "client-set user_id in the data": event(
        "data_invalid", "/data/user_id", data={**CLICK["data"], "user_id": "somebody"}
    ),
    "event_id is no UUID": event("envelope_invalid", "/event_id", event_id="1"),
    "event_id with braces": event("envelope_invalid", "/event_id", event_id="{" + VIEW + "}"),
    "event_id null": event("envelope_invalid", "/event_id", event_id=None),
    "data null": event("envelope_invalid", "/data", data=None),
    "data a list": event("envelope_invalid", "/data", data=[]),
    "data text": event("envelope_invalid", "/data", data="{}"),
    "data empty": event("data_invalid", "/data/element_type", data={}),
    "page_view_id with a dot": page_view(VIEW + ".x"),
    "page_view_id with a colon": page_view("pv:" + VIEW),
    "page_view_id with a star": page_view("*"),
    "page_view_id with a newline": page_view(VIEW + "\n"),
    "page_view_id in braces": page_view("{" + VIEW + "}"),
    "page_view_id without dashes": page_view(VIEW.replace("-", "")),
    "page_view_id as a urn": page_view("urn:uuid:" + VIEW),
    "page_view_id a number": page_view(5),
}


def assert_refused(world: World, bad: Bad) -> None:
    answer = post(world.client(), bad.body, **bad.options)
    document = answer.get_json()
    assert (answer.status_code, document["code"]) == (bad.status, bad.code), document
    assert answer.mimetype == "application/problem+json"
    assert document["detail"]
    if bad.pointer is not None:
        assert document["violations"][0]["pointer"] == bad.pointer
    assert world.publisher.published == []


@pytest.mark.parametrize("bad", BODY.values(), ids=BODY.keys())
def test_a_bad_body_is_refused(bad: Bad) -> None:
    assert_refused(World(), bad)


@pytest.mark.parametrize("bad", CONTRACT.values(), ids=CONTRACT.keys())
def test_a_broken_contract_is_refused(bad: Bad) -> None:
    assert_refused(World(), bad)


TYPED = with_event(
    "typed",
    {
        "at": {"type": "string", "format": "date-time", "description": "An instant."},
        "day": {"type": "string", "format": "date", "description": "A day."},
        "count": {"type": "integer", "description": "A number without bounds."},
        "ratio": {"type": "number", "description": "A number."},
    },
)
GOOD: Mapping[str, Any] = {
    "at": "2026-01-31T12:00:00Z",
    "day": "2026-01-31",
    "count": 1,
    "ratio": 0.5,
}


def typed(name: str, value: Any) -> Bad:
    request = {"event": "typed", "token": None, "data": {**GOOD, name: value}}
    return Bad(json.dumps(request).encode(), 422, "data_invalid", f"/data/{name}")


DATE_TIMES = (
    "yesterday",
    "",
    "2026-01-31",
    "2026-01-31T12:00:00",
    "2026-02-30T12:00:00Z",
    "2026-01-31T25:00:00Z",
    "2026-01-31T12:00:60Z",
    "2026-01-31T12:00:00.1234567Z",
    "2026-01-31T12:00:00Z\n",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "٢٠٢٦-01-31T12:00:00Z",
)
DATES = ("2026-02-30", "2026-1-31", "20260131", "0001-01-01")

TYPED_VALUES = {
    **{f"date-time {json.dumps(text)}": typed("at", text) for text in DATE_TIMES},
    **{f'date "{text}"': typed("day", text) for text in DATES},
    "2^63 without a maximum": typed("count", 2**63),
    "-2^63 - 1 without a minimum": typed("count", -(2**63) - 1),
    "1e19 without a maximum": typed("count", 1e19),
    "10^100 without a maximum": typed("count", 10**100),
    "10^309 for a number": typed("ratio", 10**309),
    "true for a number": typed("ratio", True),
    "text for a number": typed("ratio", "0.5"),
}


@pytest.mark.parametrize("bad", TYPED_VALUES.values(), ids=TYPED_VALUES.keys())
def test_a_value_without_a_typed_image_is_refused(bad: Bad) -> None:
    assert_refused(World(TYPED), bad)


def test_the_good_values_of_those_fields_are_stored() -> None:
    world = World(TYPED)
    answer = post(world.client(), {"event": "typed", "token": None, "data": GOOD})
    assert answer.status_code == 202
    assert len(world.messages()) == 1


NUMBERS = {
    b"-0": 0,
    b"-0.0": 0,
    b"0e999999999": 0,
    b"1e-400": 0,
    b"7.2e2": 720,
    b"72E+1": 720,
    b"720." + b"0" * 390: 720,
    b"720.00000000000000000001": 720,
}


"""JSON → the integer it is: the double nearest to what was written (RFC 7493, section 2.2)."""


@pytest.mark.parametrize(("text", "number"), NUMBERS.items(), ids=lambda v: repr(v)[:20])
def test_a_strange_way_to_write_a_good_integer_is_stored_as_it(text: bytes, number: int) -> None:
    world = World()
    assert post(world.client(), literal(text, "", 0).body).status_code == 202
    stored = world.messages()[0].data["new_quality"]
    assert (stored, type(stored)) == (number, int)


@pytest.mark.parametrize("text", ["[" * 500, '{"a":' * 10, "\u0000", "\U0001f600", "\\", '"'])
def test_strange_text_in_a_field_is_text(text: str) -> None:
    world = World()
    data = {"search_query": text, "filters": "genre=sci-fi"}
    answer = post(world.client(), {"event": "search_filter", "token": None, "data": data})
    assert answer.status_code == 202, answer.text
    assert world.messages()[0].data == {**data, **nothing_said()}


@pytest.mark.parametrize(
    ("depth", "status", "code"), [(30_000, 400, "json_too_deep"), (100_000, 413, "body_too_large")]
)
def test_an_event_of_a_batch_that_is_deep_hurts_no_other(
    depth: int, status: int, code: str
) -> None:
    world = World()
    body = b"[" + EVENT + b"," + b"[" * depth + b"]" * depth + b"," + EVENT + b"]"
    answer = world.client().post("/api/v1/events/batch", data=body, content_type="application/json")
    results = answer.get_json()["results"]
    assert [each["status"] for each in results] == [202, status, 202]
    assert results[1]["problem"]["code"] == code


def test_a_body_at_the_limit_is_stored() -> None:
    world = World()
    body = EVENT + b" " * (LIMIT_BYTES - len(EVENT))
    assert post(world.client(), body).status_code == 202
    assert len(world.messages()) == 1


NO_TOKENS = {
    **{
        f"token {json.dumps(sent)}": event("envelope_invalid", "/token", token=sent)
        for sent in ("", 0, [], {}, False)
    },
    "token of 8,193 characters": event("envelope_invalid", "/token", token="x" * 8193),
    "token of a megabyte": raw(
        json.dumps({**CLICK, "token": "x" * 1_000_000}).encode(), "body_too_large", 413
    ),
    "no token at all": Bad(
        json.dumps({name: CLICK[name] for name in ("event", "data")}).encode(),
        422,
        "envelope_invalid",
        "/token",
    ),
}


@pytest.mark.parametrize("bad", NO_TOKENS.values(), ids=NO_TOKENS.keys())
def test_a_token_that_is_no_token_is_refused(bad: Bad) -> None:
    assert_refused(World(), bad)


PUBLIC_PEM = (
    rsa.generate_private_key(65537, 2048)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
POLICY = JwtPolicy(secret=SECRET, public_key=PUBLIC_PEM, issuer=ISSUER)
CLAIMS = {"sub": USER, "iss": ISSUER}
YEARS_AGO = NOW.timestamp() - 3 * 365 * 24 * 3600

TOKENS = {
    "opaque": "no JWT at all",
    "alg none": handmade({"alg": "none"}, CLAIMS, None),
    "HS256 signed with the public key": handmade({"alg": "HS256"}, CLAIMS, PUBLIC_PEM),
    "hostile kid": handmade({"alg": "HS256", "kid": "../../../../dev/null"}, CLAIMS, ""),
    "embedded jwk": handmade({"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}}, CLAIMS, "x"),
    "wrong signature": handmade({"alg": "HS256"}, CLAIMS, SECRET + "x"),
    "no sub": token(sub=None),
    "empty sub": token(sub=""),
    "sub anonymous": token(sub="anonymous"),
    "integer sub": handmade({"alg": "HS256"}, {**CLAIMS, "sub": 5}),
    "wrong issuer": token(iss="somebody"),
    "future nbf": token(nbf=NOW.timestamp() + 3600),
    "expired for years": token(exp=YEARS_AGO),
}


def code_of_local_check(name: str) -> str:
    return "token_expired" if name == "expired for years" else "token_invalid"


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("auth_works", [True, False], ids=["auth_service", "local check"])
def test_a_bad_token_is_refused_by_whoever_judges_it(name: str, auth_works: bool) -> None:
    world = World(policy=POLICY)
    world.auth.available = auth_works
    code = "token_invalid" if auth_works else code_of_local_check(name)
    body = json.dumps({**CLICK, "token": TOKENS[name]}).encode()
    assert_refused(world, Bad(body, 401, code))


def test_a_good_token_passes_the_same_check() -> None:
    world = World(policy=POLICY)
    world.auth.available = False
    assert post(world.client(), {**CLICK, "token": world.good_token}).status_code == 202
    assert world.messages()[0].user_id == USER


def test_a_user_that_the_token_does_not_name_is_refused() -> None:
    world = World()
    world.auth.verdicts[world.good_token] = Identity("mallory")
    body = json.dumps({**CLICK, "token": world.good_token}).encode()
    assert_refused(world, Bad(body, 401, "token_subject_mismatch"))
