"""The stand-in keeps the contract that the API's client is written to."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from contracts.errors import SettingError
from ugc.local.auth.app import create_app
from ugc.local.auth.tokens import ISSUER
from ugc.local.auth.wsgi import app_from

SECRET = "a secret for tests, long enough for HS256"
USER = "7b4f2f9e-8f43-4ad5-9d1b-3f6f5a0f3c10"
OTHER_USER = uuid.UUID("00000000-0000-4000-8000-000000000001")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> FlaskClient:
    return create_app(SECRET, clock, lambda: OTHER_USER).test_client()


def token_for(client: Client, **body: Any) -> str:
    answer = client.post("/api/v1/auth/demo-token", json={"user_id": USER, **body})
    assert answer.status_code == 201
    return str(json.loads(answer.data)["token"])


def verify(client: Client, token: str) -> tuple[int, dict[str, Any]]:
    answer = client.post("/api/v1/auth/verify", json={"token": token})
    body: dict[str, Any] = json.loads(answer.data)
    return answer.status_code, body


def signed(claims: Mapping[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    good = {"sub": USER, "iss": ISSUER, "iat": 1_000_000, "exp": 1_000_060}
    merged = {name: value for name, value in {**good, **claims}.items() if value is not None}
    # PyJWT signs no claims of a wrong type, an attacker with the key would.
    return jwt.api_jws.encode(json.dumps(merged).encode(), secret, algorithm)


def test_it_says_that_it_is_up(client: FlaskClient) -> None:
    assert client.get("/health").status_code == 200


def test_a_good_token_names_its_user(client: FlaskClient) -> None:
    assert verify(client, token_for(client, ttl_seconds=60)) == (
        200,
        {"user_id": USER, "expires_at": 1_000_060},
    )


def test_a_demo_token_has_the_claims_that_the_local_check_reads(client: FlaskClient) -> None:
    claims = jwt.decode(
        token_for(client, ttl_seconds=60),
        SECRET,
        algorithms=["HS256"],
        issuer="ugc-auth",
        options={"verify_exp": False},
    )
    assert claims == {"sub": USER, "iss": "ugc-auth", "iat": 1_000_000, "exp": 1_000_060}


@pytest.mark.parametrize("body", [{}, {"user_id": None}])
def test_users_are_made_when_none_is_named(client: FlaskClient, body: dict[str, Any]) -> None:
    issued = client.post("/api/v1/auth/demo-token", json=body).get_json()
    assert issued["user_id"] == str(OTHER_USER)
    assert issued["expires_at"] == 1_003_600
    assert verify(client, issued["token"])[1]["user_id"] == str(OTHER_USER)


def test_an_old_token_is_refused(client: FlaskClient, clock: Clock) -> None:
    token = token_for(client, ttl_seconds=60)
    clock.now += 59
    assert verify(client, token)[0] == 200
    clock.now += 1
    status, body = verify(client, token)
    assert (status, body["code"]) == (401, "token_expired")


def test_a_token_can_be_old_from_the_start(client: FlaskClient) -> None:
    status, body = verify(client, token_for(client, ttl_seconds=-1))
    assert (status, body["code"]) == (401, "token_expired")


def test_a_revoked_token_is_refused_and_others_are_not(client: FlaskClient) -> None:
    token, other = token_for(client), token_for(client, ttl_seconds=60)
    assert client.post("/api/v1/auth/revoke", json={"token": token}).status_code == 204
    status, body = verify(client, token)
    assert (status, body["code"]) == (401, "token_revoked")
    assert verify(client, other)[0] == 200


def test_times_are_those_of_the_given_clock(client: FlaskClient, clock: Clock) -> None:
    clock.now = time.time() + 86_400
    assert verify(client, token_for(client))[0] == 200


BAD_TOKENS = {
    "a word": "x",
    "three words": "a.b.c",
    "another alphabet": "é",
    "a lone surrogate": "\ud800",
    "long": "x" * 100_000,
    "a nested header": "W1tb" * 100_000 + ".e30.AA",
    "another secret": signed({}, secret="another secret, also long enough for HS256"),
    "another algorithm": signed({}, secret=SECRET * 2, algorithm="HS512"),
    "no signature": jwt.encode({"sub": USER, "exp": 1_000_060}, "", "none"),
    "another issuer": signed({"iss": "somebody"}),
    "no issuer": signed({"iss": None}),
    "no subject": signed({"sub": None}),
    "subject that is no UUID": signed({"sub": "anonymous"}),
    "subject that is a number": signed({"sub": 7}),
    "no end": signed({"exp": None}),
    "end that is a text": signed({"exp": "soon"}),
    "end that is a truth value": signed({"exp": True}),
    "end that is no number": signed({"exp": float("nan")}),
    "end that never comes": signed({"exp": float("inf")}),
    "issued in the future": signed({"iat": 1_000_061}),
    "not valid yet": signed({"nbf": 1_000_061}),
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_what_is_no_token_is_refused(client: FlaskClient, bad: str) -> None:
    status, body = verify(client, bad)
    assert (status, body["code"]) == (401, "token_invalid")


def test_the_helper_for_bad_tokens_makes_a_good_one(client: FlaskClient) -> None:
    assert verify(client, signed({}))[0] == 200


BAD_BODIES = [
    ("/api/v1/auth/verify", b""),
    ("/api/v1/auth/verify", b"{"),
    ("/api/v1/auth/verify", b"[]"),
    ("/api/v1/auth/verify", b"null"),
    ("/api/v1/auth/verify", b"{}"),
    ("/api/v1/auth/verify", b'{"token": ""}'),
    ("/api/v1/auth/verify", b'{"token": 1}'),
    ("/api/v1/auth/verify", b'{"token": "\xff"}'),
    ("/api/v1/auth/verify", b'{"token": ' + b"9" * 5_000 + b"}"),
    ("/api/v1/auth/verify", b"[" * 100_000),
    ("/api/v1/auth/demo-token", b'{"user_id": "me"}'),
    ("/api/v1/auth/demo-token", b'{"user_id": 12345678123456781234567812345678}'),
    ("/api/v1/auth/demo-token", b'{"user_id": []}'),
    ("/api/v1/auth/demo-token", b'{"ttl_seconds": "1"}'),
    ("/api/v1/auth/demo-token", b'{"ttl_seconds": null}'),
    ("/api/v1/auth/demo-token", b'{"ttl_seconds": true}'),
    ("/api/v1/auth/demo-token", b'{"ttl_seconds": 0.5}'),
    ("/api/v1/auth/demo-token", b'{"ttl_seconds": 1e99}'),
    ("/api/v1/auth/demo-token", b'{"ttl_seconds": NaN}'),
    ("/api/v1/auth/demo-token", b'{"ttl_seconds": 31536001}'),
    ("/api/v1/auth/revoke", b"{}"),
]


@pytest.mark.parametrize(("path", "body"), BAD_BODIES)
def test_a_malformed_request_is_told_so(client: FlaskClient, path: str, body: bytes) -> None:
    answer = client.post(path, data=body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["code"] == "request_invalid"


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "/nowhere", b"", 404),
        ("GET", "/api/v1/auth/verify", b"", 405),
        ("POST", "/api/v1/auth/verify", b"x" * (1024 * 1024 + 1), 413),
    ],
)
def test_other_refusals_are_problems_too(
    client: FlaskClient, method: str, path: str, data: bytes, status: int
) -> None:
    answer = client.open(path, method=method, data=data)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_an_error_is_answered_as_one(client: FlaskClient) -> None:
    token = token_for(client)
    client.put("/faults", json={"mode": "error"})
    status, body = verify(client, token)
    assert (status, body["code"]) == (500, "internal_error")


def test_a_malformed_answer_is_no_json(client: FlaskClient) -> None:
    token = token_for(client)
    client.put("/faults", json={"mode": "malformed"})
    answer = client.post("/api/v1/auth/verify", json={"token": token})
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(answer.data)


def test_the_wrong_user_is_named(client: FlaskClient) -> None:
    token = token_for(client)
    client.put("/faults", json={"mode": "wrong_user"})
    assert verify(client, token) == (200, {"user_id": str(OTHER_USER), "expires_at": 1_003_600})
    client.put("/faults", json={"mode": "ok"})
    assert verify(client, token)[1]["user_id"] == USER


def test_a_slow_answer_comes_after_its_delay(client: FlaskClient) -> None:
    token = token_for(client)
    client.put("/faults", json={"mode": "slow", "delay_seconds": 0.2})
    started = time.monotonic()
    assert verify(client, token)[0] == 200
    assert time.monotonic() - started >= 0.2


def test_slow_requests_go_on_when_the_fault_ends(client: FlaskClient) -> None:
    token = token_for(client)
    client.put("/faults", json={"mode": "slow", "delay_seconds": 60})
    with ThreadPoolExecutor() as threads:
        held_back = threads.submit(verify, client.application.test_client(), token)
        with pytest.raises(FutureTimeoutError):
            held_back.result(0.2)
        client.put("/faults", json={"mode": "ok"})
        assert held_back.result(60)[0] == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "explode"},
        {"mode": []},
        {"mode": None},
        {"mode": "slow", "delay_seconds": -1},
        {"mode": "slow", "delay_seconds": 61},
        {"mode": "slow", "delay_seconds": "1"},
        {"mode": "slow", "delay_seconds": True},
        {"mode": "slow", "delay_seconds": float("nan")},
    ],
)
def test_an_unknown_fault_is_refused_and_changes_nothing(
    client: FlaskClient, fault: dict[str, Any]
) -> None:
    assert client.put("/faults", json=fault).status_code == 400
    assert verify(client, token_for(client))[0] == 200


def test_the_environment_sets_the_lifetime_and_the_first_fault() -> None:
    env = {"JWT_SECRET": SECRET, "AUTH_TOKEN_TTL_SECONDS": "120", "AUTH_FAULT": "error"}
    client = Client(app_from(env))
    before = time.time()
    token = token_for(client)
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=ISSUER)
    assert claims["exp"] - claims["iat"] == 120
    assert before - 1 <= claims["iat"] <= time.time()
    assert verify(client, token)[0] == 500


def test_blank_variables_count_as_not_set() -> None:
    env = {"JWT_SECRET": SECRET, "AUTH_TOKEN_TTL_SECONDS": " ", "AUTH_FAULT": ""}
    client = Client(app_from(env))
    assert verify(client, token_for(client))[0] == 200


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"JWT_SECRET": ""}, "JWT_SECRET"),
        ({"JWT_SECRET": "x" * 31}, "JWT_SECRET"),
        ({"AUTH_TOKEN_TTL_SECONDS": "0"}, "AUTH_TOKEN_TTL_SECONDS"),
        ({"AUTH_TOKEN_TTL_SECONDS": "1h"}, "AUTH_TOKEN_TTL_SECONDS"),
        ({"AUTH_TOKEN_TTL_SECONDS": "9" * 5_000}, "AUTH_TOKEN_TTL_SECONDS"),
        ({"AUTH_FAULT": "explode"}, "AUTH_FAULT"),
    ],
)
def test_a_bad_setting_is_named(env: dict[str, str], name: str) -> None:
    with pytest.raises(SettingError, match=f"^{name} must be "):
        app_from({"JWT_SECRET": SECRET, **env})
