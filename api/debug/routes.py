"""The debugger over HTTP: the page, the JSON API, and its share of server-sent events.

The page and its files hold nothing of anybody and are for all to load; whatever tells of events
asks for the key, where there is one.  The application over WSGI answers ``/debug/stream`` with what
has come and ends: a listener asks again, with ``Last-Event-ID``.  Behind granian
:mod:`api.debug.listening` keeps the answer open.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import orjson
from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from api import paths
from api.debug.asking import MOST_SHOWN, Filter, QuestionError, check_names, forget, newest
from api.debug.explaining import Explainer
from api.debug.following import Follower
from api.debug.recorder import Recorder
from api.debug.server_sent import CONTENT_TYPE, RETRY, event_bytes, is_record_id, page_after
from api.debug.settings import DebuggerSettings
from api.debug.store import DebugStore
from api.errors import CacheUnavailableError

KEY_HEADER = "X-UGC-Debug-Key"

_FOREIGN_SITES = frozenset({"cross-site", "same-site"})
_PAGE_FILES = {
    "debug.css": "text/css",
    "debug.js": "text/javascript",
    "render.js": "text/javascript",
    "expect-event.mjs": "text/javascript",
}
_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Debugger:
    """What the routes and the stream are made of."""

    settings: DebuggerSettings
    store: DebugStore
    recorder: Recorder
    explainer: Explainer
    follower: Follower

    def lets_in(self, key: str | None) -> bool:
        """Whether somebody with this key may look; compared in constant time."""
        wanted = self.settings.key
        return wanted is None or hmac.compare_digest(wanted.encode(), (key or "").encode())


def blueprint(debugger: Debugger) -> Blueprint:
    """The routes over one debugger."""
    routes = Blueprint("debug", __name__)
    texts = {name: _text(name) for name in ("page.html", *_PAGE_FILES)}

    @routes.get(paths.DEBUG)
    def page() -> Response:
        return Response(texts["page.html"], mimetype="text/html")

    @routes.get(f"{paths.DEBUG}/")
    def page_with_slash() -> AnyResponse:
        query = request.query_string.decode("latin-1")
        return redirect(f"{paths.DEBUG}?{query}" if query else paths.DEBUG)

    @routes.get(f"{paths.DEBUG}/<name>")
    def file(name: str) -> Response:
        if name not in _PAGE_FILES:
            return _problem(404, "Not found", "the page of the debugger has no such file")
        return Response(texts[name], mimetype=_PAGE_FILES[name])

    @routes.get(paths.DEBUG_EVENTS)
    def events() -> Response:
        return _answered(debugger, lambda: _events(debugger))

    @routes.get(paths.DEBUG_STREAM)
    def stream() -> Response:
        return _answered(debugger, lambda: _stream(debugger))

    @routes.get(f"{paths.DEBUG_FOLLOW}/<event_id>")
    def follow(event_id: str) -> Response:
        def found() -> Response:
            wanted = Filter.of({"event_id": event_id})
            return _json(debugger.follower.followed(str(wanted.event_id)))

        return _answered(debugger, found)

    @routes.get(paths.DEBUG_RESET)
    def reset_with_get() -> Response:
        answer = _problem(405, "Not with GET", f"it forgets records: POST {paths.DEBUG_RESET}")
        answer.headers["Allow"] = "POST"
        return answer

    @routes.post(paths.DEBUG_RESET)
    def reset() -> Response:
        def done() -> Response:
            check_names(request.args, {"tag"})
            forget(debugger.store, request.args.get("tag") or None)
            return Response(status=204)

        if request.headers.get("Sec-Fetch-Site") in _FOREIGN_SITES:
            return _problem(403, "Not from there", "another site's page may not do this")
        return _answered(debugger, done)

    return routes


def _events(debugger: Debugger) -> Response:
    wanted = Filter.of(request.args)
    limit = request.args.get("limit", str(_LIMIT))
    if not (limit.isdecimal() and limit.isascii() and 1 <= int(limit) <= MOST_SHOWN):
        raise QuestionError(f"limit is a number from 1 to {MOST_SHOWN:,}")
    found = newest(debugger.store, wanted, int(limit))
    return _json(
        {
            "events": [debugger.explainer.explained(each) for each in found],
            "lost": debugger.store.lost() + debugger.recorder.lost,
            "last": debugger.store.newest(),
            "records_every": debugger.settings.records_every,
            "catalog": _has_catalog(),
        }
    )


def _stream(debugger: Debugger) -> Response:
    """What has come behind the last event that the listener knows, and no waiting."""
    wanted = Filter.of(request.args)
    sent = request.headers.get("Last-Event-ID") or request.args.get("after") or ""
    after = sent if is_record_id(sent) else debugger.store.newest()
    page = page_after(debugger.store, debugger.explainer, wanted, after)
    body = [RETRY, *page.events, event_bytes(page.last, "position", {"lost": page.lost})]
    return Response(b"".join(body), content_type=CONTENT_TYPE)


def _answered(debugger: Debugger, found: Callable[[], Response]) -> Response:
    """The answer, or why there is none."""
    if not debugger.lets_in(request.headers.get(KEY_HEADER)):
        detail = f"send the value of DEBUGGER_KEY in the header {KEY_HEADER}"
        return _problem(401, "A key is needed", detail)
    try:
        return found()
    except QuestionError as error:
        return _problem(400, "Not a question", str(error))
    except CacheUnavailableError:
        detail = "Redis, which has the records, does not answer; try again"
        answer = _problem(503, "No answer", detail)
        answer.headers["Retry-After"] = "1"
        return answer


def _has_catalog() -> bool:
    return any(rule.rule.startswith("/catalog/") for rule in current_app.url_map.iter_rules())


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), mimetype="application/json")


def _problem(status: int, title: str, detail: str) -> Response:
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(orjson.dumps(document), status, mimetype="application/problem+json")


def _text(name: str) -> str:
    return files("api.debug").joinpath("page", name).read_text(encoding="utf-8")
