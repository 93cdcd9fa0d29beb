"""Listens to the debugger of an API, and prints what it tells."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx2
import orjson

from contracts.addresses import without_user_info
from ugc.errors import MisconfiguredError, PartAwayError
from ugc.terminal import say, say_json

_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 25.0
"""A stream that lives says something every ten seconds."""

_PAUSE_SECONDS = 1.0
_MOST_RECORDED = 1_000


class Listener:
    """One filter at one API."""

    def __init__(
        self, url: str, asked: Mapping[str, str], *, key: str | None, as_json: bool
    ) -> None:
        self._url = url.rstrip("/")
        self._asked = dict(asked)
        self._headers = {} if key is None else {"X-UGC-Debug-Key": key}
        self._as_json = as_json
        self._last: str | None = None
        self._lost = 0

    def print_recorded(self) -> None:
        """Prints what is recorded, the oldest first.

        Raises:
            PartAwayError: the API does not answer.
            MisconfiguredError: it has no debugger, or wants another key.
        """
        asked = {**self._asked, "limit": str(_MOST_RECORDED)}
        try:
            answer = httpx2.get(
                f"{self._url}/debug/events", params=asked, headers=self._headers, timeout=30.0
            )
        except httpx2.HTTPError as error:
            raise self._away(error) from error
        self._check(answer.status_code)
        found = answer.json()
        for event in reversed(found["events"]):
            self._print(event)
        self._tell_lost(found["lost"])

    def run(self, *, after: str | None) -> None:
        """Prints until it is interrupted.

        Args:
            after: the id of the record to begin behind, ``0`` for all; ``None``: what comes.

        Raises:
            PartAwayError: the API does not answer the first time.
            MisconfiguredError: it has no debugger, or wants another key.
        """
        self._last = after
        has_begun = False
        while True:
            try:
                for name, document in self._heard():
                    has_begun = True
                    self._take(name, document)
            except (httpx2.HTTPError, PartAwayError) as error:
                if not has_begun:
                    raise self._away(error) from error
                say("the connection is broken; trying again, nothing will be missed", err=True)
            time.sleep(_PAUSE_SECONDS)

    def _heard(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What one connection tells, until it ends."""
        headers = dict(self._headers)
        if self._last is not None:
            headers["Last-Event-ID"] = self._last
        timeout = httpx2.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
        with httpx2.stream(
            "GET", f"{self._url}/debug/stream", params=self._asked, headers=headers, timeout=timeout
        ) as answer:
            self._check(answer.status_code)
            for record_id, name, document in events_in(answer.iter_lines()):
                self._last = record_id
                yield name, document

    def _take(self, name: str, document: Mapping[str, Any]) -> None:
        if name == "event":
            self._print(document)
        elif name == "position":
            self._tell_lost(document["lost"])

    def _tell_lost(self, lost: int) -> None:
        if lost > self._lost:
            say(f"{lost} events could not be recorded, and are missing here", err=True)
        self._lost = lost

    def _print(self, event: Mapping[str, Any]) -> None:
        if self._as_json:
            say_json(event)
        else:
            for line in lines_of(event):
                say(line)

    def _check(self, status: int) -> None:
        where = without_user_info(self._url)
        match status:
            case 200:
                return
            case 401:
                raise MisconfiguredError(
                    f"the debugger of {where} asks for a key: --key, or DEBUGGER_KEY"
                )
            case 404:
                raise MisconfiguredError(f"{where} has no debugger: set DEBUGGER for the API")
            case _:
                raise PartAwayError(f"the debugger of {where} answers {status}")

    def _away(self, error: Exception) -> PartAwayError:
        if isinstance(error, PartAwayError):
            return error
        return PartAwayError(f"{without_user_info(self._url)} does not answer: {error}")


def events_in(lines: Iterable[str]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The server-sent events in lines: id, name and document of each."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "data" in fields:
            yield fields.get("id", "0"), fields.get("event", ""), orjson.loads(fields["data"])
        fields = {}


def lines_of(event: Mapping[str, Any]) -> Iterator[str]:
    """One event for people: a line, and below it what is wrong with it."""
    name = event["event"] or "unknown event"
    version = "" if event["version"] is None else f"@{event['version']}"
    place = event["place"]
    parts = [
        event["time"][11:23],
        f"{event['outcome']:<9}",
        f"{name}{version}",
        "" if event["event_id"] is None else event["event_id"],
        "" if place is None else f"{place['topic']}/{place['partition']}/{place['offset']}",
        "" if event["tag"] is None else f"tag {event['tag']}",
        "" if event["application"] is None else f"from {event['application']}",
    ]
    yield "  ".join(part for part in parts if part)
    problem = event["problem"]
    if problem is None:
        return
    yield f"    {event['status']} {problem['code']}: {problem['detail']}"
    for each in problem.get("violations", ()):
        yield f"    {each['pointer'] or '/'} {each['message']}"
