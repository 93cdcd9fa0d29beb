"""``docs/auth.md``: its request, its answers and its numbers are those of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.auth import auth_http
from api.auth.auth_http import HttpAuthService
from api.auth.jwks_file import LOOK_SECONDS
from api.auth.jwt_local import MAX_TOKEN_CHARACTERS
from api.auth.users import MAX_USER_ID_CHARACTERS
from api.config import ApiConfig
from api.errors import AuthUnavailableError
from api.model import Identity, TokenRejection, Verdict
from contracts.reasons import Reason
from tests.api.auth_stub import Stub, auth_stub
from tests.api.tokens import SECRET
from tests.api.world import ENV
from ugc.local.auth.app import create_app

TEXT = (Path(__file__).parents[3] / "docs/auth.md").read_text(encoding="utf-8")

REQUEST = re.search(
    r"```http\nPOST (?P<path>\S+) HTTP/1.1\n(?P<headers>.+?)\n\n(?P<body>.+?)\n```", TEXT, re.DOTALL
)
ANSWERS = re.findall(r"^\| (\d{3}) \| `(.+)` \| (yes|no: `(\w+)`|none) \|$", TEXT, re.MULTILINE)
SETTINGS = dict(re.findall(r"^\| `(A\w+|JWT_\w+)` \| (\S+) \|", TEXT, re.MULTILINE))


@pytest.fixture
def stub() -> Iterator[Stub]:
    with auth_stub() as running:
        yield running


def asked(stub: Stub, token: str = "t") -> Verdict | None:
    """The verdict of the service as documented; ``None`` when it gave none."""
    assert REQUEST is not None
    with closing(HttpAuthService(stub.url + REQUEST["path"], timeout_seconds=60.0)) as service:
        try:
            return service.verify(token)
        except AuthUnavailableError:
            return None


def test_the_request_is_the_documented_one(stub: Stub) -> None:
    assert REQUEST is not None
    body = json.loads(REQUEST["body"])
    asked(stub, body["token"])
    assert stub.requests == [(REQUEST["path"], body)]
    documented = dict(line.split(": ") for line in REQUEST["headers"].splitlines())
    sent = stub.headers[0]
    assert {name: sent[name] for name in documented} == documented
    assert not sent.keys() & {"Authorization", "Cookie", "X-Forwarded-For"}


def documented_verdict(status: str, body: str, verdict: str, code: str) -> Verdict | None:
    match verdict:
        case "yes":
            found = json.loads(body)
            return Identity(found["user_id"], found.get("expires_at"))
        case "none":
            return None
        case _:
            return TokenRejection(Reason(code))


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row[0]} {row[1][:40]}")
def test_an_answer_means_what_is_documented(stub: Stub, row: tuple[str, str, str, str]) -> None:
    stub.always(int(row[0]), row[1].encode())
    assert asked(stub) == documented_verdict(*row)


def test_every_kind_of_answer_is_documented() -> None:
    rows = [line for line in TEXT.splitlines() if re.match(r"\| \d{3} \|", line)]
    assert len(rows) == len(ANSWERS)
    assert {row[2].split(":")[0] for row in ANSWERS} == {"yes", "no", "none"}
    codes = {row[3] for row in ANSWERS if row[3]}
    assert codes == {"token_expired", "token_revoked", "token_invalid"}


def test_the_stand_in_keeps_the_same_contract() -> None:
    assert REQUEST is not None
    client = create_app(SECRET).test_client()
    yes = next(json.loads(row[1]) for row in ANSWERS if row[2] == "yes")
    token = client.post("/api/v1/auth/demo-token", json={"user_id": yes["user_id"]}).get_json()
    good = client.post(REQUEST["path"], json={"token": token["token"]})
    assert (good.status_code, good.get_json().keys()) == (200, yes.keys())
    assert good.get_json()["user_id"] == yes["user_id"]
    bad = client.post(REQUEST["path"], json=json.loads(REQUEST["body"]))
    assert ("401", bad.get_json()["code"]) in {(row[0], row[3]) for row in ANSWERS}
    assert bad.status_code == 401


def test_its_settings_have_these_defaults() -> None:
    config = ApiConfig.from_env(ENV)
    assert config.auth_url == ENV["AUTH_SERVICE_URL"] + SETTINGS.pop("AUTH_SERVICE_PATH")
    assert {name: float(value) for name, value in SETTINGS.items()} == {
        "AUTH_TIMEOUT_SECONDS": config.auth_timeout_seconds,
        "AUTH_CACHE_SECONDS": config.cache_times.identity_seconds,
        "AUTH_CACHE_REFUSED_SECONDS": config.cache_times.rejection_seconds,
        "JWT_MAX_OVERDUE_SECONDS": config.jwt.max_overdue_seconds,
    }


def test_its_numbers_are_those_of_the_code() -> None:
    flat = " ".join(TEXT.split())
    for said in (
        f"1 to {MAX_TOKEN_CHARACTERS:,} characters",
        f"1 to {MAX_USER_ID_CHARACTERS} printable characters",
        f"more than {auth_http.ANSWER_LIMIT_BYTES // 1024} KiB",
        f"one of {auth_http.CONNECTIONS} connections",
        f"After {auth_http.FAILURES_TO_OPEN} failures in a row it is not asked for"
        f" {auth_http.RETRY_SECONDS:g} seconds",
        f"every {LOOK_SECONDS:g} seconds at most",
    ):
        assert said in flat, said
