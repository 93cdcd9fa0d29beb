"""The local check of a token, for when auth_service is unavailable (requirement L2).

Keys and algorithms are pinned by configuration (:mod:`api.auth.jwt_keys`), never taken from the
token: ``jwk``, ``jku`` and ``x5u`` in a header are not looked at, and ``kid`` only chooses among
the keys of a configured file.  A token's end is ignored, as L2 says, up to a cap: one that ended
longer ago is refused, so that an old stolen token is not good in every outage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jwt

from api.auth.jwks_file import JwksFile
from api.auth.jwt_keys import Key, KeyRing, configured_keys
from api.auth.users import usable_user_id
from api.errors import AuthUnavailableError
from api.model import Identity, JwtPolicy, TokenRejection, Verdict
from contracts.errors import SettingError
from contracts.reasons import Reason

MAX_TOKEN_CHARACTERS = 8192
"""As in the request envelope; a longer text is not even looked at."""

_CLOCK_SKEW_SECONDS = 60

_LAST_TIME = 253_402_300_799
"""Unix seconds of the end of the year 9999."""


class JwtVerifier:
    """Checks tokens with PyJWT and the keys of a policy."""

    def __init__(self, policy: JwtPolicy, *, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix seconds.

        Raises:
            SettingError: a key is too short, unreadable, or of another kind; or there are keys
                besides the file of them.
        """
        self._policy = policy
        self._clock = clock
        self._keys = _key_ring(policy, clock)

    def verify(self, token: str) -> Verdict:
        """A verdict from signature and claims.

        Raises:
            AuthUnavailableError: no key is configured.
        """
        if not self._keys:
            raise AuthUnavailableError("no key for a local check is configured")
        if len(token) > MAX_TOKEN_CHARACTERS:
            return TokenRejection(Reason.TOKEN_INVALID)
        try:
            return self._judged(self._signed_claims(token))
        except jwt.PyJWTError:
            return TokenRejection(Reason.TOKEN_INVALID)

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
        key = self._keys.find(jwt.get_unverified_header(token))
        if key is None:
            raise jwt.InvalidAlgorithmError
        return self._decoded(token, key)

    def _decoded(self, token: str, key: Key) -> Mapping[str, Any]:
        return jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
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
            return TokenRejection(Reason.TOKEN_INVALID)
        times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
        if not all(map(_is_time, times.values())):
            return TokenRejection(Reason.TOKEN_INVALID)
        now = self._clock()
        if any(times.get(name, now) > now + _CLOCK_SKEW_SECONDS for name in ("iat", "nbf")):
            return TokenRejection(Reason.TOKEN_INVALID)
        if now - times.get("exp", now) > self._policy.max_overdue_seconds:
            return TokenRejection(Reason.TOKEN_EXPIRED)
        return Identity(user_id, times.get("exp"))


def _is_time(value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | float():
            return 0 <= value <= _LAST_TIME
        case _:
            return False


def _key_ring(policy: JwtPolicy, clock: Callable[[], float]) -> KeyRing:
    if policy.jwks_file is None:
        return configured_keys(policy)
    if policy.secret is not None or policy.public_key is not None:
        raise SettingError("JWT_JWKS_FILE", "unset when JWT_SECRET or a JWT_PUBLIC_KEY is set")
    return JwksFile(policy.jwks_file, clock=clock)
