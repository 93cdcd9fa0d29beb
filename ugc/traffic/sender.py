"""Sends visitors' requests over HTTP and keeps the tally of what the API answered."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

from contracts.addresses import without_user_info
from ugc.errors import PartAwayError
from ugc.traffic.visitor import Step

_ACCEPTED = 202
_TIMEOUT_SECONDS = 15.0
_ATTEMPTS_ON_503 = 5


@dataclass
class Tally:
    """What the API answered.

    ``refused`` counts what had to be; everything else that was not accepted ``failed``.
    ``accepted`` counts answers; ``recognised`` those among them that the API itself took for a
    repetition and did not store again; ``ids`` distinct events.  ``views`` are the starts of pairs
    that were accepted: the event that a pair becomes → distinct views.
    """

    sent: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    recognised: Counter[str] = field(default_factory=Counter)
    ids: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    views: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, step: Step, answer: httpx2.Response, latency_ms: float) -> None:
        """Books one answer."""
        with self._lock:
            self.sent += 1
            self.latencies_ms.append(latency_ms)
            if answer.status_code == _ACCEPTED:
                self._accept(step, orjson.loads(answer.content))
            elif step.is_bad and 400 <= answer.status_code < 500:
                self.refused[str(orjson.loads(answer.content)["code"])] += 1
            else:
                self.failed[_failure(answer)] += 1

    def add_failure(self, error: httpx2.HTTPError) -> None:
        """Books a request that got no answer."""
        with self._lock:
            self.sent += 1
            self.failed[type(error).__name__] += 1

    def _accept(self, step: Step, answer: dict[str, Any]) -> None:
        event = answer["event"]
        self.accepted[event] += 1
        self.recognised[event] += bool(answer.get("duplicate"))
        self.ids[event].add(answer["event_id"])
        if step.begins is not None:
            joined, view = step.begins
            self.views[joined].add(view)


def _failure(answer: httpx2.Response) -> str:
    """``HTTP 503``, or ``HTTP 422 data_invalid`` where the answer is a problem document."""
    try:
        code = orjson.loads(answer.content)["code"]
    except (ValueError, TypeError, KeyError):
        return f"HTTP {answer.status_code}"
    return f"HTTP {answer.status_code} {code}"


class ApiAwayError(PartAwayError):
    """What answers, or does not, is no API of events."""


def newest_versions(api_url: str) -> Mapping[str, int]:
    """The events that an API knows, and the newest version of each.

    Raises:
        ApiAwayError: it does not answer, or as something else.
    """
    url = f"{api_url.rstrip('/')}/api/v1/contracts"
    shown = without_user_info(url)
    try:
        answer = httpx2.get(url, timeout=_TIMEOUT_SECONDS).raise_for_status()
        listed = orjson.loads(answer.content)["contracts"]
        return {str(each["event"]): int(each["newest"]) for each in listed}
    except httpx2.HTTPError as error:
        raise ApiAwayError(f"{shown} does not answer as the API does: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ApiAwayError(f"{shown} lists no contracts; another service answers there") from error


def send_sessions(
    events_url: str,
    sessions: Sequence[Iterable[Step]],
    tally: Tally,
    *,
    at_once: int,
    on_session_done: Callable[[], object],
    headers_for: Callable[[bytes], Mapping[str, str]] = lambda _: {},
) -> None:
    """Sends every session, ``at_once`` of them side by side, each step after its pause.

    ``headers_for`` tells those that a body is sent with beside its type.

    A 503 is tried again after its Retry-After, as the API's documentation asks clients to do.
    """
    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    with (
        httpx2.Client(limits=limits, timeout=_TIMEOUT_SECONDS) as client,
        ThreadPoolExecutor(at_once) as pool,
    ):

        def send(steps: Iterable[Step]) -> None:
            for step in steps:
                time.sleep(step.pause_seconds)
                _send_step(client, events_url, step, tally, headers_for(step.body))
            on_session_done()

        for done in [pool.submit(send, steps) for steps in sessions]:
            done.result()


def _send_step(
    client: httpx2.Client, events_url: str, step: Step, tally: Tally, more: Mapping[str, str]
) -> None:
    headers = {"Content-Type": "application/json", **more}
    for _ in range(_ATTEMPTS_ON_503):
        started = time.perf_counter()
        try:
            answer = client.post(events_url, content=step.body, headers=headers)
        except httpx2.HTTPError as error:
            tally.add_failure(error)
            return
        latency_ms = (time.perf_counter() - started) * 1000
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    tally.add(step, answer, latency_ms)
