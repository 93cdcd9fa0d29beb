"""Issues and judges demo tokens: JWTs signed with HS256."""

from __future__ import annotations

import hashlib
import math
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

ISSUER = "ugc-auth"
MIN_SECRET_BYTES = 32
"""RFC 7518, section 3.2: a key for HS256 has at least 256 bits."""

_ALGORITHM = "HS256"
_CLOCK_SKEW_SECONDS = 60


class BadTokenError(Exception):
    """A token is not good; ``code`` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a token is, and until when (Unix seconds)."""

    user_id: str
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new token, whose it is, and until when (Unix seconds)."""

    token: str
    user_id: str
    expires_at: int


class Tokens:
    """The tokens of one secret and one issuer. Revocations last as long as the process."""

    def __init__(self, secret: str, issuer: str, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix seconds."""
        self._secret = secret
        self._issuer = issuer
        self._clock = clock
        self._revoked: set[bytes] = set()
        self._lock = threading.Lock()

    def issue(self, user_id: uuid.UUID, ttl_seconds: int) -> Issued:
        """A token for a user; a negative lifetime makes one that has ended."""
        now = int(self._clock())
        expires_at = now + ttl_seconds
        claims = {"sub": str(user_id), "iat": now, "exp": expires_at, "iss": self._issuer}
        token = jwt.encode(claims, self._secret, _ALGORITHM)
        return Issued(token=token, user_id=str(user_id), expires_at=expires_at)

    def verify(self, token: str) -> Owner:
        """Whose token it is.

        Raises:
            BadTokenError: ``token_invalid``, ``token_expired`` or ``token_revoked``.
        """
        try:
            owner = self._judged(self._signed_claims(token))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise BadTokenError("token_invalid") from error
        if owner.expires_at <= self._clock():
            raise BadTokenError("token_expired")
        with self._lock:
            if _digest(token) in self._revoked:
                raise BadTokenError("token_revoked")
        return owner

    def revoke(self, token: str) -> None:
        """From now on the token is bad."""
        with self._lock:
            self._revoked.add(_digest(token))

    def _signed_claims(self, token: str) -> Mapping[str, Any]:
        """The claims under a good signature; times are judged by our clock, not by PyJWT's."""
        return jwt.decode(
            token,
            self._secret,
            algorithms=[_ALGORITHM],
            issuer=self._issuer,
            options={
                "require": ["sub", "exp", "iss"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )

    def _judged(self, claims: Mapping[str, Any]) -> Owner:
        """The claims as an owner.

        Raises:
            ValueError: the subject is no UUID, or a time is none or lies in the future.
        """
        latest = self._clock() + _CLOCK_SKEW_SECONDS
        if any(_time(claims[name]) > latest for name in ("iat", "nbf") if name in claims):
            raise ValueError("the token is not valid yet")
        return Owner(user_id=str(uuid.UUID(claims["sub"])), expires_at=_time(claims["exp"]))


def _time(value: object) -> float:
    match value:
        case bool():
            raise ValueError("a truth value is no time")
        case int() | float() if math.isfinite(value):
            return value
        case _:
            raise ValueError("not a time")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
