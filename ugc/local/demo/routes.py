"""``/demo`` and what belongs to it, as a blueprint for the API of a local stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from api import paths
from api.errors import Rejection
from contracts.reasons import DESCRIPTIONS, Reason
from ugc.local.auth.client import AuthServiceError, DemoToken
from ugc.local.demo.files import INDEX, MEDIA_TYPES, TRACKER

TOKEN = f"{paths.DEMO}/token"


def blueprint(
    found: Mapping[str, Path], tracker: str, issue: Callable[[str | None], DemoToken]
) -> Blueprint:
    """The demo's routes.

    Args:
        found: name below ``/demo/`` → its file.
        tracker: the script of the tracker.
        issue: a token for the user with this UUID, or for a new one; raises ``AuthServiceError``.
    """
    routes = Blueprint("demo", __name__)

    @routes.get(paths.DEMO)
    def page_without_slash() -> AnyResponse:
        # The page may name its files from where it lies itself, as in src="main.js".
        return redirect(f"{paths.DEMO}/")

    @routes.get(f"{paths.DEMO}/")
    def page() -> Response:
        return _file(found[INDEX])

    @routes.get(f"{paths.DEMO}/{TRACKER}")
    def script() -> Response:
        return Response(tracker, mimetype=MEDIA_TYPES[".js"])

    @routes.get(f"{paths.DEMO}/<path:name>")
    def file(name: str) -> Response:
        if name not in found:
            raise Rejection(Reason.NOT_FOUND, DESCRIPTIONS[Reason.NOT_FOUND])
        return _file(found[name])

    @routes.post(TOKEN)
    def token() -> tuple[Response, int]:
        """Signs a visitor in: ``POST /demo/token?user_id=<uuid>``, or without it as somebody new.

        The user is in the query, since the front of the API awaits bodies of events alone.
        """
        try:
            issued = issue(_user_id(request.args.get("user_id")))
        except AuthServiceError as error:
            return jsonify(title="no token", detail=str(error)), HTTPStatus.BAD_GATEWAY
        return jsonify(token=issued.token, user_id=issued.user_id), HTTPStatus.CREATED

    return routes


def _file(path: Path) -> Response:
    """Read at each request: whoever works on a demo sees each change."""
    media_type = MEDIA_TYPES[PurePosixPath(path.name).suffix]
    return Response(path.read_bytes(), mimetype=media_type)


def _user_id(text: str | None) -> str | None:
    try:
        return None if text is None else str(UUID(text))
    except ValueError as error:
        raise Rejection(Reason.REQUEST_INVALID, "user_id must be a UUID") from error
