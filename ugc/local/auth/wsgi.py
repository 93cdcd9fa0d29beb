"""The entry of a WSGI server: ``ugc.local.auth.wsgi:create_from_env``.

========================  ====================================================================
variable                  meaning (default)
========================  ====================================================================
JWT_SECRET                the key that tokens are signed with, at least 32 bytes
AUTH_TOKEN_TTL_SECONDS    lifetime of demo tokens (3,600)
AUTH_FAULT                how it misbehaves at first, as in ``PUT /faults`` (``ok``)
========================  ====================================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from wsgiref.types import WSGIApplication

from contracts.errors import SettingError
from contracts.settings import Settings
from ugc.local.auth.app import DEFAULT_TTL_SECONDS, LONGEST_TTL_SECONDS, create_app
from ugc.local.auth.faults import Fault, FaultMode
from ugc.local.auth.tokens import MIN_SECRET_BYTES


def create_from_env() -> WSGIApplication:
    """The stand-in with the settings of the process's environment.

    Raises:
        SettingError: a variable is missing or malformed.
    """
    return app_from(os.environ)


def app_from(env: Mapping[str, str]) -> WSGIApplication:
    """The stand-in with the settings in ``env``.

    Raises:
        SettingError: a variable is missing or malformed.
    """
    secret = Settings(env).text("JWT_SECRET", "")
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise SettingError("JWT_SECRET", f"set, to at least {MIN_SECRET_BYTES} bytes")
    return create_app(secret, ttl_seconds=_ttl_seconds(env), fault=_fault(env))


def _ttl_seconds(env: Mapping[str, str]) -> int:
    text = Settings(env).text("AUTH_TOKEN_TTL_SECONDS", str(DEFAULT_TTL_SECONDS))
    if text.isascii() and text.isdecimal() and len(text) < 10:
        seconds = int(text)
        if 0 < seconds <= LONGEST_TTL_SECONDS:
            return seconds
    expected = f"a whole number from 1 to {LONGEST_TTL_SECONDS}"
    raise SettingError("AUTH_TOKEN_TTL_SECONDS", f"{expected}, not {text!r}")


def _fault(env: Mapping[str, str]) -> Fault:
    text = Settings(env).text("AUTH_FAULT", FaultMode.OK.value)
    try:
        return Fault(FaultMode(text))
    except ValueError as error:
        expected = f"one of {', '.join(FaultMode)}"
        raise SettingError("AUTH_FAULT", f"{expected}, not {text!r}") from error
