"""Tokens that a library would not sign: any header, any payload, HMAC or no signature at all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

SECRET = "a secret of the tests that has 32 bytes or more"


def handmade(header: Any, claims: Any, secret: str | None = SECRET) -> str:
    """A compact token; without a secret its signature is empty."""
    signing = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
    if secret is None:
        return f"{signing}."
    return f"{signing}.{_part(hmac.digest(secret.encode(), signing.encode(), hashlib.sha256))}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
