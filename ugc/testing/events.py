"""Events as the debugger of an API tells of them, for pytest. It needs the standard library alone.

::

    @pytest.fixture
    def events(page):                                     # Playwright's
        found = DebugEvents("http://127.0.0.1:8000", tag="checkout")
        page.set_extra_http_headers(found.headers)
        found.reset()
        return found

    def test_buying(page, events):
        page.click("text=Buy")
        sent = events.expect_event("order_placed", data={"currency": "EUR"})
        assert events.expect_row(sent["event_id"])["currency"] == "EUR"
        events.expect_no_rejected()

``/debug/expect-event.mjs`` of the API (``api/debug/page/expect-event.mjs``) is the same
for Playwright's own runner.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

_T = TypeVar("_T")

_ANSWER_SECONDS = 30.0
_PAUSE_SECONDS = 0.1

Event = dict[str, Any]


class DebugEvents:
    """The events of one tag, or all events, at one API.

    Every method raises :class:`OSError` when the API does not answer, or has no debugger, or wants
    another key.
    """

    def __init__(
        self,
        url: str,
        *,
        tag: str | None = None,
        key: str | None = None,
        timeout_seconds: float = 5.0,
    ) -> None:
        """
        Args:
            url: of the API.
            tag: what the events bear as ``X-UGC-Debug``; ``None``: all events.
            key: DEBUGGER_KEY, where the debugger asks for it.
            timeout_seconds: how long an event may take to come.
        """
        self._url = url.rstrip("/")
        self._tag = tag
        self._key = key
        self._timeout_seconds = timeout_seconds

    @property
    def headers(self) -> dict[str, str]:
        """What has to be sent with the events."""
        return {} if self._tag is None else {"X-UGC-Debug": self._tag}

    def events(self, **filters: str) -> list[Event]:
        """What has come, the newest first; filters are ``event``, ``outcome``, ``application``."""
        found: list[Event] = self._asked("/debug/events", {"limit": "1000", **filters})["events"]
        return found

    def reset(self) -> None:
        """Forgets the events with the tag; all events where there is none."""
        self._asked("/debug/reset", {}, method="POST")

    def expect_event(
        self,
        event: str,
        data: Mapping[str, Any] | None = None,
        *,
        outcome: str = "accepted",
        timeout_seconds: float | None = None,
    ) -> Event:
        """Waits for an event whose data has ``data`` among other things; gives the newest.

        Raises:
            AssertionError: none came in time; the text tells what came.
        """
        wanted = data or {}

        def found() -> Event | None:
            came = self.events(event=event, outcome=outcome)
            return next((each for each in came if is_like(_data_of(each), wanted)), None)

        def failed() -> str:
            came = "\n".join(map(_told, self.events())) or "  none"
            return f"no {outcome} event {event} with {json.dumps(wanted)} came; these did:\n{came}"

        return self._waited(found, failed, timeout_seconds)

    def expect_row(self, event_id: str, *, timeout_seconds: float = 60.0) -> dict[str, Any]:
        """Waits until the loader has made a row of an event; gives the row, by column.

        Raises:
            AssertionError: there is none in time; the text tells where the event is.
        """

        def followed() -> dict[str, Any]:
            found: dict[str, Any] = self._asked(f"/debug/follow/{event_id}", {})
            return found

        def failed() -> str:
            stages = (f"  {each['stage']}: {each['text']}" for each in followed()["stages"])
            return "\n".join([f"{event_id} has no row:", *stages])

        return self._waited(lambda: followed()["row"], failed, timeout_seconds)

    def expect_no_rejected(self) -> None:
        """
        Raises:
            AssertionError: an event was rejected; the text tells why.
        """
        found = self.events(outcome="rejected")
        assert not found, "\n".join(["rejected:", *map(_told, found)])

    def _waited(
        self,
        find: Callable[[], _T | None],
        failed: Callable[[], str],
        timeout_seconds: float | None,
    ) -> _T:
        longest = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        until = time.monotonic() + longest
        while (found := find()) is None:
            if time.monotonic() >= until:
                raise AssertionError(failed())
            time.sleep(_PAUSE_SECONDS)
        return found

    def _asked(self, path: str, query: Mapping[str, str], *, method: str = "GET") -> Any:
        asked = {**query, **({} if self._tag is None else {"tag": self._tag})}
        headers = {} if self._key is None else {"X-UGC-Debug-Key": self._key}
        request = urllib.request.Request(  # noqa: S310 - the address is the test's own
            f"{self._url}{path}?{urlencode(asked)}", headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
                body = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                told = error.read().decode(errors="replace")
            raise OSError(f"the debugger at {self._url} answers {error.code}: {told}") from error
        return json.loads(body) if body else None


def is_like(found: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one; an object may have more members."""
    if not isinstance(wanted, Mapping):
        return bool(found == wanted)
    return isinstance(found, Mapping) and all(
        name in found and is_like(found[name], value) for name, value in wanted.items()
    )


def _data_of(event: Event) -> Any:
    sent = event["sent"]
    return sent.get("data") if isinstance(sent, dict) else None


def _told(event: Event) -> str:
    lines = [f"  {event['event'] or 'unknown event'}: {event['outcome']} {_data_of(event)}"]
    problem = event["problem"] or {}
    lines += [f"    {problem['detail']}"] if problem else []
    lines += [f"    {each['pointer']} {each['message']}" for each in problem.get("violations", ())]
    return "\n".join(lines)
