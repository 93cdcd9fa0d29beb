"""Confluent's contexts: ``:.context:name`` is a subject in one, ``:.:name`` the same as ``name``.

Source: https://docs.confluent.io/platform/current/schema-registry/schema-contexts-cp.html.

A level or mode set for ``:.context:`` holds for the subjects in it that have none of their own.
Ids are not counted anew in each context: one id has one meaning everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

DEFAULT = "."

_QUALIFIED = re.compile(r":(\.[^:]*):(.*)", re.DOTALL)
_PATH = re.compile(
    r"/contexts/([^/]+)/(subjects|config|mode|compatibility/subjects)(?:/(.*))?", re.DOTALL
)
_OTHER_PATH = re.compile(r"/contexts/[^/]+(/schemas(?:/.*)?)", re.DOTALL)


def plain(subject: str) -> str:
    """The subject as it is kept: without the default context."""
    return subject.removeprefix(f":{DEFAULT}:")


def context_of(subject: str) -> str:
    """The context that a subject, or a context's own settings, are in."""
    found = _QUALIFIED.fullmatch(subject)
    return found[1] if found else DEFAULT


def settings_of(context: str) -> str:
    """Under which name a context's own level and mode are kept; empty for the default one."""
    return "" if context == DEFAULT else f":{context}:"


def listed(subjects: Iterable[str]) -> list[str]:
    """All contexts, sorted; the default one is always there."""
    return sorted({DEFAULT, *map(context_of, subjects)})


def with_context_paths(app: WSGIApplication) -> WSGIApplication:
    """Answers ``/contexts/.context/subjects/name`` as ``/subjects/:.context:name``, and so on."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if found := _PATH.fullmatch(path):
            context, collection, rest = found.groups()
            query = environ.get("QUERY_STRING", "")
            environ = {**environ, **_moved(context, collection, rest, query)}
        elif found := _OTHER_PATH.fullmatch(path):
            environ = {**environ, "PATH_INFO": found[1]}
        return app(environ, start_response)

    return answer


def _moved(context: str, collection: str, rest: str | None, query: str) -> dict[str, str]:
    qualifier = f":{context if context.startswith('.') else f'.{context}'}:"
    if rest:
        return {"PATH_INFO": f"/{collection}/{plain(qualifier + rest)}"}
    if collection == "subjects":
        prefix = f"subjectPrefix={quote(qualifier)}"
        return {"PATH_INFO": "/subjects", "QUERY_STRING": f"{query}&{prefix}" if query else prefix}
    return {"PATH_INFO": f"/{collection}/{plain(qualifier)}"}
