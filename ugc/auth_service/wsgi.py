"""The entry of a WSGI server: ``ugc.auth_service.wsgi:create_from_env``."""

from __future__ import annotations

import os

from flask import Flask

from ugc.auth_service.app import create_app
from ugc.errors import SettingError


def create_from_env() -> Flask:
    """The stand-in with the secret in JWT_SECRET.

    Raises:
        SettingError: there is no secret.
    """
    secret = os.environ.get("JWT_SECRET", "")
    if not secret:
        raise SettingError("JWT_SECRET is not set; it is the key that demo tokens are signed with")
    return create_app(secret)
