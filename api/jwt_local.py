"""The local check of a token, for when auth_service is unavailable (requirement L2).

Keys and algorithms are pinned by configuration and never taken from the token: a shared secret
stands for HS256, an RSA public key for RS256, a P-256 public key for ES256.  ``kid``, ``jwk``,
``jku`` and ``x5u`` in a header are not looked at.  A token's end is ignored, as L2 says, up to a
cap: one that ended longer ago is refused, so that an old stolen token is not good in every outage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from api.errors import AuthUnavailableError, ConfigError
from api.model import Identity, JwtPolicy, Rejection, Verdict
from api.users import usable_user_id
from contracts.reasons import Reason

MAX_TOKEN_CHARACTERS = 8192
"""As in the request envelope; a longer text is not even looked at."""

MIN_SECRET_BYTES = 32
"""RFC 7518, 3.2: a key for HS256 has at least 256 bits."""

_CLOCK_SKEW_SECONDS = 60

_LAST_TIME = 253_402_300_799
"""Unix seconds of the end of the year 9999."""

_Key = str | RSAPublicKey | EllipticCurvePublicKey


class JwtVerifier:
    """Checks tokens with PyJWT and the keys of a policy."""

    def __init__(self, policy: JwtPolicy, *, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix seconds.

        Raises:
            ConfigError: a key is too short, unreadable, or of another kind.
        """
        self._policy = policy
        self._clock = clock
        self._keys = _keys(policy)

    def verify(self, token: str) -> Verdict:
        """A verdict from signature and claims.

        Raises:
            AuthUnavailableError: no key is configured.
        """
        if not self._keys:
            raise AuthUnavailableError("no key for a local check is configured")
        if len(token) > MAX_TOKEN_CHARACTERS:
            return Rejection(Reason.TOKEN_INVALID)
        try:
            return self._judged(self._signed_claims(token))
        except jwt.PyJWTError:
            return Rejection(Reason.TOKEN_INVALID)

    def claimed_user(self, token: str) -> str | None:
        """The token's subject, its signature unchecked; ``None`` when it cannot be read."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            return None
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            return None
        subject = claims.get("sub")
        return subject if isinstance(subject, str) else None

    def _signed_claims(self, token: str) -> Mapping[str, Any]:
        """The claims under a good signature; times are not yet judged."""
        for algorithm, key in self._keys.items():
            try:
                return self._decoded(token, key, algorithm)
            except jwt.InvalidAlgorithmError:
                continue
        raise jwt.InvalidAlgorithmError

    def _decoded(self, token: str, key: _Key, algorithm: str) -> Mapping[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=self._policy.audience,
            issuer=self._policy.issuer,
            options={
                "require": ["sub"],
                "verify_aud": self._policy.audience is not None,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "enforce_minimum_key_length": True,
            },
        )

    def _judged(self, claims: Mapping[str, Any]) -> Verdict:
        user_id = usable_user_id(claims["sub"])
        if user_id is None:
            return Rejection(Reason.TOKEN_INVALID)
        times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
        if not all(map(_is_time, times.values())):
            return Rejection(Reason.TOKEN_INVALID)
        now = self._clock()
        if any(times.get(name, now) > now + _CLOCK_SKEW_SECONDS for name in ("iat", "nbf")):
            return Rejection(Reason.TOKEN_INVALID)
        if now - times.get("exp", now) > self._policy.max_overdue_seconds:
            return Rejection(Reason.TOKEN_EXPIRED)
        return Identity(user_id, times.get("exp"))


def _is_time(value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | float():
            return 0 <= value <= _LAST_TIME
        case _:
            return False


def _keys(policy: JwtPolicy) -> Mapping[str, _Key]:
    """Algorithm → the one key that may be used with it."""
    found: dict[str, _Key] = {}
    if policy.secret is not None:
        if len(policy.secret.encode()) < MIN_SECRET_BYTES:
            raise ConfigError("JWT_SECRET", f"at least {MIN_SECRET_BYTES} bytes long")
        found["HS256"] = policy.secret
    if policy.public_key is not None:
        algorithm, key = _public_key(policy.public_key)
        found[algorithm] = key
    return found


def _public_key(pem: str) -> tuple[str, _Key]:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad_public_key() from error
    match key:
        case RSAPublicKey() if key.key_size >= 2048:
            return "RS256", key
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return "ES256", key
        case _:
            raise _bad_public_key()


def _bad_public_key() -> ConfigError:
    expected = "a public key in PEM form: RSA of 2,048 bits or more, or EC on the curve P-256"
    return ConfigError("JWT_PUBLIC_KEY", expected)
