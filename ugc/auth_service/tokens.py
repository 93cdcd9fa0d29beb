"""Issues and judges demo tokens: JWTs signed with HS256."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import jwt

ISSUER = "ugc-auth"
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token, whose it is, and until when (Unix seconds)."""

    token: str
    user_id: str
    expires_at: int


class BadTokenError(Exception):
    """A token is not good; ``code`` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Tokens:
    """The tokens of one secret. Revocations last as long as the process."""

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix seconds."""
        self._secret = secret
        self._clock = clock
        self._revoked: set[bytes] = set()
        self._lock = threading.Lock()

    def issue(self, user_id: uuid.UUID, ttl_seconds: int) -> Issued:
        """A token for a user; a negative lifetime makes one that has ended."""
        now = int(self._clock())
        claims = {"sub": str(user_id), "iat": now, "exp": now + ttl_seconds, "iss": ISSUER}
        token = jwt.encode(claims, self._secret, _ALGORITHM)
        return Issued(token=token, user_id=str(user_id), expires_at=now + ttl_seconds)

    def verify(self, token: str) -> Issued:
        """Whose token it is.

        Raises:
            BadTokenError: ``token_invalid``, ``token_expired`` or ``token_revoked``.
        """
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                options={"require": ["sub", "exp", "iss"], "verify_exp": False},
            )
        except (jwt.InvalidTokenError, UnicodeError) as error:
            raise BadTokenError("token_invalid") from error
        if claims["exp"] <= self._clock():
            raise BadTokenError("token_expired")
        with self._lock:
            if _digest(token) in self._revoked:
                raise BadTokenError("token_revoked")
        return Issued(token=token, user_id=claims["sub"], expires_at=claims["exp"])

    def revoke(self, token: str) -> None:
        """From now on the token is bad."""
        with self._lock:
            self._revoked.add(_digest(token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
