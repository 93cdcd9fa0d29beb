"""The local check with a file of keys: which key is used, and that the file may change."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from api.auth.jwks_file import LOOK_SECONDS, MAX_FILE_BYTES
from api.auth.jwt_keys import parse_key_set
from api.auth.jwt_local import JwtVerifier
from api.config import ApiConfig
from api.errors import KeySetError
from api.model import Identity, JwtPolicy, TokenRejection
from api.services import connect
from contracts.errors import SettingError
from contracts.reasons import Reason
from tests.api.tokens import SECRET, handmade
from tests.api.world import CLICK as EVENT
from tests.api.world import ENV, USER, World, post

INVALID = TokenRejection(Reason.TOKEN_INVALID)
GOOD = Identity("u")
CLAIMS = {"sub": "u"}

RSA_KEY = rsa.generate_private_key(65537, 2048)
NEW_KEY = rsa.generate_private_key(65537, 2048)
STRANGER = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def jwk(key: Private, kid: str | None = None, **more: Any) -> dict[str, Any]:
    """The public half."""
    match key:
        case rsa.RSAPrivateKey():
            found = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case _:
            found = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**found, **({} if kid is None else {"kid": kid}), **more}


def written(path: Path, *keys: Mapping[str, Any]) -> Path:
    return with_text(path, json.dumps({"keys": keys}))


def with_text(path: Path, text: str | bytes) -> Path:
    """Replaces the file as a rotation should: written whole under another name, then renamed."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(text if isinstance(text, bytes) else text.encode())
    draft.replace(path)
    return path


class Clock:
    """Seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def verifier(file: Path, clock: Clock | None = None, **policy: Any) -> JwtVerifier:
    return JwtVerifier(JwtPolicy(jwks_file=file, **policy), clock=clock or Clock())


def signed(key: Private, kid: str | None = None, **headers: Any) -> str:
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    named = headers if kid is None else {"kid": kid, **headers}
    token: str = jwt.encode(CLAIMS, key, algorithm, headers=named)
    return token


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(
        tmp_path / "jwks.json", jwk(RSA_KEY, "old"), jwk(NEW_KEY, "new"), jwk(EC_KEY, "ec")
    )


def test_the_key_that_the_token_names_checks_it(file: Path) -> None:
    check = verifier(file)
    assert check.verify(signed(RSA_KEY, "old")) == GOOD
    assert check.verify(signed(NEW_KEY, "new")) == GOOD
    assert check.verify(signed(EC_KEY, "ec")) == GOOD


def test_no_other_key_of_the_file_does(file: Path) -> None:
    check = verifier(file)
    assert check.verify(signed(RSA_KEY, "new")) == INVALID
    assert check.verify(signed(NEW_KEY, "old")) == INVALID
    assert check.verify(signed(RSA_KEY, "ec")) == INVALID
    assert check.verify(signed(EC_KEY, "old")) == INVALID


def test_a_token_that_names_no_key_must_leave_no_doubt(file: Path) -> None:
    check = verifier(file)
    assert check.verify(signed(EC_KEY)) == GOOD
    assert check.verify(signed(RSA_KEY)) == INVALID
    assert check.verify(signed(NEW_KEY)) == INVALID


def test_a_key_without_a_name_is_for_tokens_without_one(tmp_path: Path) -> None:
    check = verifier(written(tmp_path / "jwks.json", jwk(RSA_KEY)))
    assert check.verify(signed(RSA_KEY)) == GOOD
    assert check.verify(signed(RSA_KEY, "old")) == INVALID
    assert check.verify(signed(RSA_KEY, "")) == INVALID


PUBLIC_PEM = (
    RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
)

FORGED = {
    "unknown kid": signed(RSA_KEY, "other"),
    "kid in other letters": signed(RSA_KEY, "OLD"),
    "kid empty": signed(RSA_KEY, ""),
    "kid with a space": signed(RSA_KEY, "old "),
    "kid is a path": signed(RSA_KEY, "../../../../dev/null"),
    "kid is the file": signed(RSA_KEY, "jwks.json"),
    "kid of 4,000 characters": signed(RSA_KEY, "old" * 1333),
    "kid with a NUL": signed(RSA_KEY, "old\0"),
    "kid is a number": handmade({"alg": "RS256", "kid": 7}, CLAIMS),
    "kid is a list": handmade({"alg": "RS256", "kid": ["old"]}, CLAIMS),
    "kid is an object": handmade({"alg": "RS256", "kid": {"kid": "old"}}, CLAIMS),
    "kid is null": handmade({"alg": "RS256", "kid": None}, CLAIMS),
    "kid is true": handmade({"alg": "RS256", "kid": True}, CLAIMS),
    "alg none": handmade({"alg": "none", "kid": "old"}, CLAIMS, None),
    "alg none without kid": handmade({"alg": "none"}, CLAIMS, None),
    "alg missing": handmade({"kid": "old"}, CLAIMS),
    "alg is a list": handmade({"alg": ["RS256"], "kid": "old"}, CLAIMS),
    "HS256 with the public key": handmade({"alg": "HS256", "kid": "old"}, CLAIMS, PUBLIC_PEM),
    "HS256 with the key as the file has it": handmade(
        {"alg": "HS256", "kid": "old"}, CLAIMS, json.dumps(jwk(RSA_KEY, "old"))
    ),
    "HS256 with the modulus": handmade(
        {"alg": "HS256", "kid": "old"}, CLAIMS, jwk(RSA_KEY, "old")["n"]
    ),
    "RS512 with a key for RS256": jwt.encode(CLAIMS, RSA_KEY, "RS512", headers={"kid": "old"}),
    "PS256 with a key for RS256": jwt.encode(CLAIMS, RSA_KEY, "PS256", headers={"kid": "old"}),
    "a key of its own in the header": signed(STRANGER, "old", jwk=jwk(STRANGER, "old")),
    "a key of its own, unnamed": signed(STRANGER, jwk=jwk(STRANGER)),
    "jku": signed(STRANGER, "old", jku="https://127.0.0.1:1/jwks.json"),
    "x5u": signed(STRANGER, "old", x5u="https://127.0.0.1:1/certificate.pem"),
    "x5c": signed(STRANGER, "old", x5c=["MIIB"]),
    "another's signature": signed(STRANGER, "old"),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_invalid(file: Path, token: str) -> None:
    assert verifier(file).verify(token) == INVALID


def test_what_else_the_header_says_changes_nothing(file: Path) -> None:
    token = signed(RSA_KEY, "old", jwk=jwk(STRANGER, "old"), jku="https://127.0.0.1:1/jwks.json")
    assert verifier(file).verify(token) == GOOD


def test_issuer_and_times_are_judged_as_ever(file: Path) -> None:
    assert verifier(file, issuer="ugc-auth").verify(signed(RSA_KEY, "old")) == INVALID
    claims = {"sub": "u", "exp": Clock().now - 3 * 365 * 24 * 3600}
    expired = jwt.encode(claims, RSA_KEY, "RS256", headers={"kid": "old"})
    assert verifier(file).verify(expired) == TokenRejection(Reason.TOKEN_EXPIRED)


LEFT_OUT = {
    "for encryption": jwk(NEW_KEY, "x", use="enc"),
    "to wrap keys": jwk(NEW_KEY, "x", key_ops=["wrapKey"]),
    "another algorithm": jwk(NEW_KEY, "x", alg="RS512"),
    "an algorithm of another type": jwk(NEW_KEY, "x", alg="ES256"),
    "HS256 for a public key": jwk(NEW_KEY, "x", alg="HS256"),
    "alg none": jwk(NEW_KEY, "x", alg="none"),
    "alg is a list": jwk(NEW_KEY, "x", alg=["RS256"]),
    "alg null": jwk(NEW_KEY, "x", alg=None),
    "RSA of 1,024 bits": jwk(rsa.generate_private_key(65537, 1024), "x"),
    "another curve": jwk(ec.generate_private_key(ec.SECP384R1()), "x"),
    "Ed25519": OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True),
    "an unknown type": {"kty": "XYZ", "kid": "x"},
    "no type": {"kid": "x"},
    "a type that is no text": {"kty": ["RSA"], "kid": "x"},
    "no modulus": {"kty": "RSA", "e": "AQAB", "kid": "x"},
    "a modulus that is a number": {"kty": "RSA", "n": 5, "e": "AQAB", "kid": "x"},
    "an even exponent": {**jwk(NEW_KEY, "x"), "e": "AAAA"},
    "a point off the curve": {**jwk(EC_KEY, "x"), "x": "A" * 43},
    "a short point": {**jwk(EC_KEY, "x"), "x": "AAAA"},
    "nothing": {},
    "a name that is a number": {**jwk(STRANGER), "kid": 7},
    "a name that is a list": {**jwk(STRANGER), "kid": ["x"]},
}


def test_an_entry_that_is_no_key_does_not_harm_the_others(tmp_path: Path) -> None:
    text = json.dumps({"keys": ["text", 7, None, [], jwk(RSA_KEY, "good")]})
    check = verifier(with_text(tmp_path / "jwks.json", text))
    assert check.verify(signed(RSA_KEY, "good")) == GOOD


@pytest.mark.parametrize("entry", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_a_key_of_another_kind_is_left_out(tmp_path: Path, entry: dict[str, Any]) -> None:
    """One that is no good alone, and does not harm the others (RFC 7517, section 5)."""
    beside = verifier(written(tmp_path / "two.json", entry, jwk(RSA_KEY, "old")))
    assert beside.verify(signed(RSA_KEY, "old")) == GOOD
    assert beside.verify(signed(RSA_KEY)) == GOOD
    assert beside.verify(signed(NEW_KEY, "x")) == INVALID
    alone = written(tmp_path / "one.json", entry)
    with pytest.raises(SettingError, match="none of its 1 keys is usable"):
        verifier(alone)


@pytest.mark.parametrize(
    "more", [{"alg": "RS256"}, {"use": "sig"}, {"key_ops": ["verify"]}, {"x5t": "x", "extra": [1]}]
)
def test_what_a_key_may_say_of_itself(tmp_path: Path, more: dict[str, Any]) -> None:
    check = verifier(written(tmp_path / "jwks.json", jwk(RSA_KEY, "old", **more)))
    assert check.verify(signed(RSA_KEY, "old")) == GOOD


PRIVATE = json.loads(RSAAlgorithm.to_jwk(RSA_KEY))
OCT = {"kty": "oct", "k": "eA" * 32, "kid": "s", "alg": "HS256"}

UNFIT = {
    "empty": ("", "it is not JSON"),
    "no JSON": ("-----BEGIN PUBLIC KEY-----", "it is not JSON"),
    "not UTF-8": (b'{"keys": "\xff"}', "it is not JSON"),
    "cut off": (json.dumps({"keys": [jwk(RSA_KEY)]})[:-1], "it is not JSON"),
    "nested without end": ("[" * 100_000, "it is not JSON"),
    "a list": ("[]", 'no object with a list "keys"'),
    "a key alone": (json.dumps(jwk(RSA_KEY)), 'no object with a list "keys"'),
    "keys is an object": ('{"keys": {}}', 'no object with a list "keys"'),
    "keys of text": ('{"keys": ["a"]}', "none of its 1 keys is usable"),
    "no keys": ('{"keys": []}', "none of its 0 keys is usable"),
    "a kid twice": (
        json.dumps({"keys": [jwk(RSA_KEY, "a"), jwk(NEW_KEY, "a")]}),
        "2 of its keys have the kid 'a'",
    ),
    "a kid twice, for two types": (
        json.dumps({"keys": [jwk(RSA_KEY, "a"), jwk(EC_KEY, "a")]}),
        "2 of its keys have the kid 'a'",
    ),
    "a kid that is a number": (json.dumps({"keys": [jwk(RSA_KEY, kid=7)]}), "none of its 1 keys"),  # type: ignore[arg-type]
    "a private key": (json.dumps({"keys": [PRIVATE]}), "a secret or a private key"),
    "a shared secret": (json.dumps({"keys": [jwk(EC_KEY), OCT]}), "a secret or a private key"),
    "too long": (" " * (MAX_FILE_BYTES + 1), f"more than {MAX_FILE_BYTES} bytes"),
}


@pytest.mark.parametrize(("text", "why"), UNFIT.values(), ids=UNFIT.keys())
def test_a_file_that_is_unfit_stops_the_start(tmp_path: Path, text: str | bytes, why: str) -> None:
    file = with_text(tmp_path / "jwks.json", text)
    with pytest.raises(SettingError) as raised:
        verifier(file)
    assert raised.value.variable == "JWT_JWKS_FILE"
    assert why in str(raised.value)
    assert "eA" not in str(raised.value)


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(SettingError, match=r"JWT_JWKS_FILE must be .*it cannot be read"):
            verifier(path)


@pytest.mark.parametrize("policy", [{"secret": SECRET}, {"public_key": PUBLIC_PEM}])
def test_a_file_of_keys_stands_alone(file: Path, policy: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="JWT_JWKS_FILE must be unset when JWT_SECRET"):
        verifier(file, **policy)


def test_the_setting(file: Path) -> None:
    env = {**ENV, "JWT_SECRET": "", "JWT_JWKS_FILE": str(file)}
    policy = ApiConfig.from_env(env).jwt
    assert JwtVerifier(policy, clock=Clock()).verify(signed(RSA_KEY, "old")) == GOOD


def test_the_service_does_not_start_with_a_file_that_is_unfit(tmp_path: Path) -> None:
    file = with_text(tmp_path / "jwks.json", "{}")
    env = {**ENV, "JWT_SECRET": "", "JWT_JWKS_FILE": str(file)}
    with pytest.raises(SettingError, match="JWT_JWKS_FILE must be a file with a JWK Set"):
        connect(ApiConfig.from_env(env))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
ENTRIES = st.dictionaries(
    st.sampled_from(["kty", "alg", "kid", "use", "n", "e", "x", "y", "crv", "key_ops"]),
    st.sampled_from(["RSA", "EC", "P-256", "RS256", "ES256", "sig", "AQAB", "A" * 43]) | JSON,
)


@given(
    st.binary(max_size=60)
    | JSON.map(lambda found: json.dumps(found).encode())
    | st.lists(ENTRIES, max_size=3).map(lambda keys: json.dumps({"keys": keys}).encode())
)
def test_any_file_is_read_or_refused(text: bytes) -> None:
    try:
        outcome = len(parse_key_set(text)), ""
    except KeySetError as error:
        outcome = 0, str(error)
    assert outcome[0] or outcome[1]


# A file that changes.


def test_keys_rotate(file: Path) -> None:
    clock = Clock()
    check = verifier(written(file, jwk(RSA_KEY, "old")), clock)
    written(file, jwk(RSA_KEY, "old"), jwk(NEW_KEY, "new"))
    assert check.verify(signed(NEW_KEY, "new")) == INVALID
    clock.now += LOOK_SECONDS
    assert check.verify(signed(NEW_KEY, "new")) == GOOD
    assert check.verify(signed(RSA_KEY, "old")) == GOOD
    written(file, jwk(NEW_KEY, "new"))
    clock.now += LOOK_SECONDS
    assert check.verify(signed(NEW_KEY, "new")) == GOOD
    assert check.verify(signed(RSA_KEY, "old")) == INVALID


def test_the_file_is_looked_at_at_a_bounded_rate(file: Path) -> None:
    clock = Clock()
    check = verifier(written(file, jwk(RSA_KEY, "old")), clock)
    written(file, jwk(NEW_KEY, "new"))
    for _ in range(29):
        clock.now += 1
        assert check.verify(signed(RSA_KEY, "old")) == GOOD
    clock.now += 1
    assert check.verify(signed(RSA_KEY, "old")) == INVALID
    assert check.verify(signed(NEW_KEY, "new")) == GOOD


def test_a_clock_that_is_set_back_does_not_stop_rotation(file: Path) -> None:
    clock = Clock()
    check = verifier(written(file, jwk(RSA_KEY, "old")), clock)
    written(file, jwk(NEW_KEY, "new"))
    clock.now -= 365 * 24 * 3600
    assert check.verify(signed(NEW_KEY, "new")) == GOOD


def test_a_change_that_keeps_the_size_is_noticed(file: Path) -> None:
    """Written in place, as an editor may do; only the time of change differs."""
    clock = Clock()
    check = verifier(written(file, jwk(RSA_KEY, "old")), clock)
    before = file.stat()
    file.write_text(json.dumps({"keys": [jwk(NEW_KEY, "old")]}))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert file.stat().st_size == before.st_size
    clock.now += LOOK_SECONDS
    assert check.verify(signed(NEW_KEY, "old")) == GOOD


def test_a_link_that_leads_elsewhere_is_noticed(tmp_path: Path) -> None:
    """As Kubernetes replaces the files of a mounted ConfigMap."""
    clock = Clock()
    one = written(tmp_path / "one.json", jwk(RSA_KEY, "old"))
    two = written(tmp_path / "two.json", jwk(NEW_KEY, "old"))
    stat = one.stat()
    os.utime(two, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    link = tmp_path / "jwks.json"
    link.symlink_to(one)
    check = verifier(link, clock)
    other = tmp_path / "other"
    other.symlink_to(two)
    other.replace(link)
    clock.now += LOOK_SECONDS
    assert check.verify(signed(NEW_KEY, "old")) == GOOD


@pytest.mark.parametrize(("text", "why"), UNFIT.values(), ids=UNFIT.keys())
def test_a_broken_file_leaves_the_keys_in_use(
    file: Path, text: str | bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    check = verifier(written(file, jwk(RSA_KEY, "old")), clock)
    with_text(file, text)
    with caplog.at_level(logging.INFO, "api.auth.jwks_file"):
        for _ in range(3):
            clock.now += LOOK_SECONDS
            assert check.verify(signed(RSA_KEY, "old")) == GOOD
        assert [each.levelname for each in caplog.records] == ["WARNING"], "told once"
        assert why in caplog.text
        written(file, jwk(NEW_KEY, "new"))
        clock.now += LOOK_SECONDS
        assert check.verify(signed(NEW_KEY, "new")) == GOOD
        assert caplog.records[-1].levelname == "INFO"


def test_a_file_that_is_gone_leaves_the_keys_in_use(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    check = verifier(written(file, jwk(RSA_KEY, "old")), clock)
    file.unlink()
    clock.now += LOOK_SECONDS
    assert check.verify(signed(RSA_KEY, "old")) == GOOD
    assert "it cannot be read; the keys read before stay in use" in caplog.text
    written(file, jwk(NEW_KEY, "new"))
    clock.now += LOOK_SECONDS
    assert check.verify(signed(NEW_KEY, "new")) == GOOD


def test_many_threads_may_ask_while_keys_rotate(file: Path) -> None:
    """Each gets the keys from before or after, whole."""
    clock = Clock()
    check = verifier(written(file, jwk(RSA_KEY, "stays"), jwk(NEW_KEY, "a")), clock)
    token = signed(RSA_KEY, "stays")
    wrong: list[object] = []

    def ask() -> None:
        wrong.extend(found for _ in range(60) if (found := check.verify(token)) != GOOD)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        written(file, jwk(RSA_KEY, "stays"), jwk(NEW_KEY, f"b{number}"))
        clock.now += LOOK_SECONDS
    for thread in threads:
        thread.join(30)
    assert wrong == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "jwk", "jku", "x5u", "x5c", "crit", "typ", "b64"]),
        st.sampled_from(["old", "new", "ec", "RS256", "ES256", "HS256", "none"]) | JSON,
    ),
    st.sampled_from([None, "", PUBLIC_PEM, SECRET]),
)
def test_no_header_opens_anything(file: Path, header: dict[str, Any], secret: str | None) -> None:
    assert verifier(file).verify(handmade(header, CLAIMS, secret)) == INVALID


def test_an_outage_of_auth_service_is_bridged_with_the_file(file: Path) -> None:
    world = World(policy=JwtPolicy(jwks_file=file))
    world.auth.available = False
    sent = jwt.encode({"sub": USER}, RSA_KEY, "RS256", headers={"kid": "old"})
    client = world.client()
    assert post(client, {**EVENT, "token": sent}).status_code == 202
    assert [each.user_id for each in world.messages()] == [USER]
    assert post(client, {**EVENT, "token": signed(STRANGER, "old")}).status_code == 401
