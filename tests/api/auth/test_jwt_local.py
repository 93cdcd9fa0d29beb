"""The local check against forged, broken and aged tokens."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from api.auth.jwt_local import MAX_TOKEN_CHARACTERS, JwtVerifier
from api.errors import AuthUnavailableError
from api.model import Identity, JwtPolicy, TokenRejection
from contracts.errors import SettingError
from contracts.reasons import Reason
from tests.api.tokens import SECRET, handmade

NOW = 1_800_000_000.0
DAY = 24 * 3600

INVALID = TokenRejection(Reason.TOKEN_INVALID)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def public_pem(key: PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def verifier(**policy: Any) -> JwtVerifier:
    return JwtVerifier(JwtPolicy(**{"secret": SECRET, **policy}), clock=lambda: NOW)


def signed(
    claims: dict[str, Any] | None = None,
    *,
    key: str = SECRET,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
) -> str:
    token: str = jwt.encode(
        {"sub": "u", "exp": NOW + 60} if claims is None else claims,
        key,
        algorithm,
        headers=headers,
    )
    return token


def test_a_token_signed_with_the_secret_is_good() -> None:
    assert verifier().verify(signed()) == Identity("u", NOW + 60)


def test_a_token_that_states_no_end_is_good() -> None:
    assert verifier().verify(signed({"sub": "u"})) == Identity("u", None)


@pytest.mark.parametrize(("key", "algorithm"), [(RSA_KEY, "RS256"), (EC_KEY, "ES256")])
def test_a_token_signed_with_the_private_key_is_good(key: PrivateKey, algorithm: str) -> None:
    token = signed(key=private_pem(key), algorithm=algorithm)
    for policy in ({"secret": None}, {}):
        check = verifier(public_key=public_pem(key), **policy)
        assert check.verify(token) == Identity("u", NOW + 60)


def test_with_both_keys_each_stands_for_its_own_algorithm() -> None:
    both = verifier(public_key=public_pem(RSA_KEY))
    assert both.verify(signed()) == Identity("u", NOW + 60)
    assert both.verify(signed(key=private_pem(OTHER_RSA_KEY), algorithm="RS256")) == INVALID


def test_without_a_key_nothing_can_be_judged() -> None:
    with pytest.raises(AuthUnavailableError):
        verifier(secret=None).verify(signed())


CLAIMS = {"sub": "u", "exp": NOW + 60}

FORGED = {
    "empty": "",
    "not a token": "x",
    "two parts": "a.b",
    "four parts": f"{signed()}.x",
    "not base64": "$.$.$",
    "wrong signature": signed(key="another secret that also has 32 bytes or more"),
    "cut signature": signed()[:-2],
    "changed payload": ".".join(
        [signed().split(".")[0], signed({"sub": "v"}).split(".")[1], signed().split(".")[2]]
    ),
    "alg none": handmade({"alg": "none", "typ": "JWT"}, CLAIMS, None),
    "alg None in other letters": handmade({"alg": "nOnE"}, CLAIMS, None),
    "alg none with a signature": handmade({"alg": "none"}, CLAIMS),
    "alg empty": handmade({"alg": ""}, CLAIMS),
    "alg missing": handmade({"typ": "JWT"}, CLAIMS),
    "alg is a list": handmade({"alg": ["HS256"]}, CLAIMS),
    "alg is null": handmade({"alg": None}, CLAIMS),
    "HS384 with the secret": signed(algorithm="HS384", key=SECRET + SECRET),
    "HS512 with the secret": signed(algorithm="HS512", key=SECRET + SECRET),
    "kid is a path": handmade({"alg": "HS256", "kid": "../../dev/null"}, CLAIMS, ""),
    "kid is SQL": handmade({"alg": "HS256", "kid": "x' UNION SELECT 'k"}, CLAIMS, "k"),
    "kid is a number": handmade({"alg": "HS256", "kid": 7}, CLAIMS),
    "jwk in the header": handmade({"alg": "HS256", "jwk": {"kty": "oct", "k": "aw"}}, CLAIMS, "k"),
    "jku in the header": handmade({"alg": "HS256", "jku": "https://example.org/k"}, CLAIMS, "k"),
    "unknown crit": handmade({"alg": "HS256", "crit": ["exp"], "exp": 1}, CLAIMS),
    "unencoded payload": handmade({"alg": "HS256", "b64": False, "crit": ["b64"]}, CLAIMS),
    "payload is a list": handmade({"alg": "HS256"}, ["sub"]),
    "payload is text": handmade({"alg": "HS256"}, "sub"),
    "header is a list": handmade(["HS256"], CLAIMS),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_invalid(token: str) -> None:
    assert verifier().verify(token) == INVALID


def test_the_public_key_as_an_hmac_secret_opens_nothing() -> None:
    pem = public_pem(RSA_KEY)
    forged = handmade({"alg": "HS256", "typ": "JWT"}, CLAIMS, pem)
    assert verifier(secret=None, public_key=pem).verify(forged) == INVALID
    assert verifier(public_key=pem).verify(forged) == INVALID


@pytest.mark.parametrize("name", ["jwk", "x5c"])
def test_a_key_that_the_token_brings_along_opens_nothing(name: str) -> None:
    brought = {"kty": "RSA", "n": "AQAB", "e": "AQAB"} if name == "jwk" else ["MIIB"]
    forged = signed(key=private_pem(OTHER_RSA_KEY), algorithm="RS256", headers={name: brought})
    assert verifier(secret=None, public_key=public_pem(RSA_KEY)).verify(forged) == INVALID


def test_an_ec_signature_does_not_pass_for_rsa() -> None:
    token = signed(key=private_pem(EC_KEY), algorithm="ES256")
    assert verifier(public_key=public_pem(RSA_KEY)).verify(token) == INVALID


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": ""},
        {"sub": None},
        {"sub": "anonymous"},
        {"sub": "ANONYMOUS"},
        {"sub": "x" * 129},
        {"sub": "a\nb"},
        {"sub": "u", "exp": "tomorrow"},
        {"sub": "u", "exp": True},
        {"sub": "u", "exp": None},
        {"sub": "u", "exp": -1},
        {"sub": "u", "exp": 10**400},
        {"sub": "u", "exp": float("nan")},
        {"sub": "u", "exp": float("inf")},
        {"sub": "u", "nbf": NOW + 3600},
        {"sub": "u", "nbf": "never"},
        {"sub": "u", "iat": NOW + 3600},
    ],
    ids=str,
)
def test_claims_that_are_refused(claims: dict[str, Any]) -> None:
    assert verifier().verify(handmade({"alg": "HS256"}, claims)) == INVALID


@pytest.mark.parametrize("sub", [7, ["u"], {"id": "u"}, True, 1.5], ids=str)
def test_a_subject_has_to_be_text(sub: Any) -> None:
    token = handmade({"alg": "HS256"}, {"sub": sub})
    assert verifier().verify(token) == INVALID
    assert verifier().claimed_user(token) is None


def test_clocks_may_differ_by_a_minute() -> None:
    claims = {"sub": "u", "nbf": NOW + 60, "iat": NOW + 60}
    assert verifier().verify(signed(claims)) == Identity("u", None)


def test_a_token_that_has_ended_is_good_up_to_the_cap() -> None:
    cap = verifier(max_overdue_seconds=30 * DAY)
    assert cap.verify(signed({"sub": "u", "exp": NOW - 30 * DAY})) == Identity("u", NOW - 30 * DAY)
    too_old = signed({"sub": "u", "exp": NOW - 30 * DAY - 1})
    assert cap.verify(too_old) == TokenRejection(Reason.TOKEN_EXPIRED)


def test_a_token_that_ended_years_ago_is_refused_by_default() -> None:
    token = signed({"sub": "u", "exp": NOW - 3 * 365 * DAY})
    assert verifier().verify(token) == TokenRejection(Reason.TOKEN_EXPIRED)


@pytest.mark.parametrize(
    ("policy", "claims", "good"),
    [
        ({"issuer": "ugc-auth"}, {"iss": "ugc-auth"}, True),
        ({"issuer": "ugc-auth"}, {"iss": "somebody"}, False),
        ({"issuer": "ugc-auth"}, {}, False),
        ({"issuer": "ugc-auth"}, {"iss": ["ugc-auth"]}, False),
        ({}, {"iss": "somebody"}, True),
        ({"audience": "events"}, {"aud": "events"}, True),
        ({"audience": "events"}, {"aud": ["films", "events"]}, True),
        ({"audience": "events"}, {"aud": "films"}, False),
        ({"audience": "events"}, {}, False),
        ({}, {"aud": "films"}, True),
    ],
)
def test_issuer_and_audience_count_when_configured(
    policy: dict[str, str], claims: dict[str, Any], good: bool
) -> None:
    token = handmade({"alg": "HS256"}, {"sub": "u", **claims})
    assert verifier(**policy).verify(token) == (Identity("u", None) if good else INVALID)


def test_a_token_of_a_megabyte_is_not_even_looked_at() -> None:
    token = signed({"sub": "u", "x": "x" * 1_000_000})
    assert verifier().verify(token) == INVALID
    assert verifier().claimed_user(token) is None


def test_the_longest_token_is_looked_at() -> None:
    token = signed({"sub": "u", "x": "x" * 6000})
    assert MAX_TOKEN_CHARACTERS - 200 < len(token) <= MAX_TOKEN_CHARACTERS
    assert verifier().verify(token) == Identity("u", None)


def test_the_claimed_user_is_read_without_any_key() -> None:
    token = signed(key="a key that nobody here knows, of 32 bytes or more")
    assert verifier(secret=None).claimed_user(token) == "u"


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", handmade({"alg": "HS256"}, [1])])
def test_an_unreadable_token_claims_nobody(token: str) -> None:
    assert verifier().claimed_user(token) is None


@given(st.text(st.characters(codec="utf-8"), max_size=80) | st.text("ey.J0aWxn_-=", max_size=80))
def test_any_text_is_judged(token: str) -> None:
    assert verifier().verify(token) == INVALID
    verifier().claimed_user(token)


@pytest.mark.parametrize(
    "policy",
    [
        {"secret": "short"},
        {"secret": "change-me-this-is-a-local-secret-only"},
        {"public_key": "no key"},
        {"public_key": private_pem(RSA_KEY)},
        {"public_key": public_pem(rsa.generate_private_key(65537, 1024))},
        {"public_key": public_pem(ec.generate_private_key(ec.SECP384R1()))},
    ],
    ids=[
        "short secret",
        "printed secret",
        "no PEM",
        "private key",
        "RSA of 1,024 bits",
        "another curve",
    ],
)
def test_keys_that_are_unfit_stop_the_start(policy: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=r"JWT_(SECRET|PUBLIC_KEY) must be"):
        verifier(**policy)


def test_a_policy_does_not_show_its_secret() -> None:
    assert SECRET not in repr(JwtPolicy(secret=SECRET))
