"""Gets demo tokens from the auth_service stand-in."""

from __future__ import annotations

from dataclasses import dataclass

import httpx2

from contracts.addresses import without_user_info
from ugc.errors import PartAwayError, UgcError

_TIMEOUT_SECONDS = 5.0


class AuthServiceError(UgcError):
    """The stand-in does not answer, or refuses."""


class AuthServiceAwayError(AuthServiceError, PartAwayError):
    """The stand-in does not answer."""


@dataclass(frozen=True, slots=True)
class DemoToken:
    """A token, and the user it stands for."""

    token: str
    user_id: str


def demo_token(auth_service_url: str, user_id: str | None = None) -> DemoToken:
    """A fresh token for ``user_id``, or for a new user.

    Raises:
        AuthServiceError: no stand-in answers there.
    """
    url = f"{auth_service_url.rstrip('/')}/api/v1/auth/demo-token"
    shown = without_user_info(url)
    body = {} if user_id is None else {"user_id": user_id}
    try:
        answer = httpx2.post(url, json=body, timeout=_TIMEOUT_SECONDS)
    except httpx2.HTTPError as error:
        raise AuthServiceAwayError(f"{shown} does not answer: {error}") from error
    if answer.status_code != httpx2.codes.CREATED:
        raise AuthServiceError(f"{shown} answered {answer.status_code}: {answer.text[:200]}")
    issued = answer.json()
    return DemoToken(issued["token"], issued["user_id"])
