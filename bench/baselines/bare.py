"""A bare 202 and nothing else: what the server and the framework alone cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from flask.typing import ResponseReturnValue

flask_app = Flask(__name__)


@flask_app.post("/api/v1/events")
def take() -> ResponseReturnValue:
    return b"", 202


def wsgi_app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("202 Accepted", [("Content-Length", "0")])
    return [b""]


async def rsgi_app(_scope: Any, protocol: Any) -> None:
    await protocol()
    protocol.response_bytes(202, [], b"")
