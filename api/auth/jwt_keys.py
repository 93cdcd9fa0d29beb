"""The keys of the local check, and which of them a token may be checked with.

Each key stands for one algorithm, which its own kind decides and never the token: an RSA public key
of 2,048 bits or more for RS256, a P-256 public key for ES256, a shared secret for HS256.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from api.errors import KeySetError
from api.model import JwtPolicy
from contracts.errors import SettingError

MIN_SECRET_BYTES = 32
"""RFC 7518, 3.2: a key for HS256 has at least 256 bits."""

_PLACEHOLDER = "change-me"
"""How a secret begins that was printed for everybody: whoever read it could sign tokens."""

_MIN_DIFFERENT_CHARACTERS = 8
"""Of 32 random hexadecimal digits fewer are different once in some ten million times."""

_MIN_RSA_BITS = 2048
_SHOWN_CHARACTERS = 64

_ALGORITHM_OF_TYPE = {"RSA": "RS256", "EC": "ES256"}
"""``kty`` of a public key → the one algorithm that it is used with."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, the algorithm that it stands for, and its name in a key set, if it has one."""

    algorithm: str
    material: str | RSAPublicKey | EllipticCurvePublicKey = field(repr=False)
    kid: str | None = None


class KeyRing(Protocol):
    """Keys to check tokens with."""

    def find(self, header: Mapping[str, Any]) -> Key | None:
        """The one key for a token with this header, whose values are the sender's."""
        ...

    def __bool__(self) -> bool:
        """Whether there is any key at all."""
        ...


class ConfiguredKeys:
    """The keys that the settings hold: one at most for each algorithm. ``kid`` is not looked at."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)

    def find(self, header: Mapping[str, Any]) -> Key | None:
        return only(key for key in self._keys if key.algorithm == header.get("alg"))

    def __bool__(self) -> bool:
        return bool(self._keys)


def configured_keys(policy: JwtPolicy) -> ConfiguredKeys:
    """The secret and the public key of a policy.

    Raises:
        SettingError: one of them is too short, unreadable, or of another kind.
    """
    found: list[Key] = []
    if policy.secret is not None:
        if len(policy.secret.encode()) < MIN_SECRET_BYTES:
            raise SettingError("JWT_SECRET", f"at least {MIN_SECRET_BYTES} bytes long")
        if policy.secret.startswith(_PLACEHOLDER) or _can_be_guessed(policy.secret):
            demand = "a secret of your own, not a printed or simple one: `openssl rand -hex 32`"
            raise SettingError("JWT_SECRET", f"{demand} makes one")
        found.append(Key("HS256", policy.secret))
    if policy.public_key is not None:
        found.append(_pem_key(policy.public_key))
    return ConfiguredKeys(found)


def _can_be_guessed(secret: str) -> bool:
    """Whether it is long and says little: few characters, a word repeated, characters in a row."""
    half = len(secret) // 2
    repeats = any(secret[step:] == secret[:-step] for step in range(1, half + 1))
    steps = [ord(after) - ord(before) for before, after in pairwise(secret)]
    in_a_row = sum(abs(step) <= 1 for step in steps)
    return len(set(secret)) < _MIN_DIFFERENT_CHARACTERS or repeats or in_a_row > len(steps) // 2


def named(keys: Sequence[Key], header: Mapping[str, Any]) -> Key | None:
    """The key of a set that a token's header names.

    A token without ``kid`` has to leave no doubt: one key only has its algorithm.
    """
    fitting = (key for key in keys if key.algorithm == header.get("alg"))
    if "kid" not in header:
        return only(fitting)
    return only(key for key in fitting if key.kid is not None and key.kid == header["kid"])


def parse_key_set(text: bytes) -> Sequence[Key]:
    """The usable keys of a JWK Set (RFC 7517), at least one.

    Keys of another type, use, algorithm or size, and malformed ones, are left out, as section 5 of
    the RFC has it.
    Secrets are not: a file of keys to check signatures with is one that anybody may read.

    Raises:
        KeySetError: it is no such set, holds a secret, has a ``kid`` twice, or nothing usable.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise KeySetError("it is not JSON") from error
    match document:
        case {"keys": [*found]}:
            entries = [each for each in found if isinstance(each, dict)]
        case _:
            raise KeySetError('it is no object with a list "keys"')
    _check_names(entries)
    if any(each.get("kty") == "oct" or "d" in each for each in entries):
        raise KeySetError("it holds a secret or a private key")
    usable = [key for each in entries if (key := _jwk(each)) is not None]
    if not usable:
        raise KeySetError(f"none of its {len(found)} keys is usable")
    return usable


def only(keys: Iterable[Key]) -> Key | None:
    """The key, if there is exactly one."""
    match list(keys):
        case [key]:
            return key
        case _:
            return None


def _check_names(entries: Sequence[Mapping[str, Any]]) -> None:
    names = [each["kid"] for each in entries if isinstance(each.get("kid"), str)]
    for name, times in Counter(names).items():
        if times > 1:
            raise KeySetError(f"{times} of its keys have the kid {name[:_SHOWN_CHARACTERS]!r}")


def _jwk(entry: dict[str, Any]) -> Key | None:
    """The key in an entry; ``None`` when it is not for checking signatures, or not usable here."""
    kind = entry.get("kty")
    algorithm = _ALGORITHM_OF_TYPE.get(kind) if isinstance(kind, str) else None
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    if not isinstance(entry.get("kid", ""), str):
        return None
    if entry.get("use", "sig") != "sig" or not _may_verify(entry.get("key_ops")):
        return None
    try:
        material = jwt.PyJWK(entry, algorithm).key
    except jwt.PyJWTError:
        return None
    return _usable(material, entry.get("kid"))


def _may_verify(operations: object) -> bool:
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _pem_key(pem: str) -> Key:
    try:
        key = _usable(load_pem_public_key(pem.encode()))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad_public_key() from error
    if key is None:
        raise _bad_public_key()
    return key


def _usable(material: object, kid: str | None = None) -> Key | None:
    match material:
        case RSAPublicKey() if material.key_size >= _MIN_RSA_BITS:
            return Key("RS256", material, kid)
        case EllipticCurvePublicKey() if isinstance(material.curve, SECP256R1):
            return Key("ES256", material, kid)
        case _:
            return None


def _bad_public_key() -> SettingError:
    expected = (
        "a public key in PEM form (here, or in JWT_PUBLIC_KEY_FILE): RSA of 2,048 bits or more,"
        " or EC on the curve P-256"
    )
    return SettingError("JWT_PUBLIC_KEY", expected)
