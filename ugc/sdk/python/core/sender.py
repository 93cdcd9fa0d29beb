"""Sends one batch, and says what became of each of its events."""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ugc.sdk.python.core.answers import Answer, Outcome, Verdict, verdicts, wait_seconds
from ugc.sdk.python.core.encoding import now_text
from ugc.sdk.python.core.settings import Rejected, Settings
from ugc.sdk.python.core.spool import Entry

_log = logging.getLogger(__name__)

_PATH = "/api/v1/events/batch"
_BOTCHED = Answer(0, body=b"the token provider failed")


@dataclass(slots=True)
class Sent:
    """A batch's fate. ``pause`` says that it has to be waited before the next request.

    ``wait_seconds`` is what the API asked for.  ``too_large``: a smaller batch is to be tried.
    """

    accepted: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    again: list[Entry] = field(default_factory=list)
    pause: bool = False
    wait_seconds: float = 0.0
    too_large: bool = False
    answer: Answer = _BOTCHED


class Sender:
    """Knows the API, and nothing of queues."""

    def __init__(self, settings: Settings, *, has_context: bool, version: str) -> None:
        """``has_context``: whether requests may say when they were sent."""
        self._settings = settings
        self._has_context = has_context
        self._headers = {"Content-Type": "application/json", "X-UGC-SDK": f"python/{version}"}
        if settings.key is not None:
            self._headers["X-UGC-Key"] = settings.key
        if settings.debug is not None:
            self._headers["X-UGC-Debug"] = settings.debug

    def send(self, batch: Sequence[Entry]) -> Sent:
        """Sends it once. Never raises what a provider of tokens raises."""
        token = None
        if self._settings.token is not None and any(entry.asks for entry in batch):
            try:
                token = self._settings.token()
            except Exception:  # noqa: BLE001 - whatever a caller's function raises
                _log.exception("no token; the events are sent later")
                return Sent(again=list(batch), pause=True)
        settings = self._settings
        url = settings.url.rstrip("/") + _PATH
        answer = settings.send(
            url, self._body(batch, token), self._headers, settings.timeout_seconds
        )
        now = dt.datetime.now(dt.UTC)
        sent = Sent(answer=answer, wait_seconds=wait_seconds(answer, now))
        for entry, verdict in zip(batch, verdicts(answer, len(batch)), strict=True):
            self._judge(sent, entry, verdict)
        return sent

    def _judge(self, sent: Sent, entry: Entry, verdict: Verdict) -> None:
        match verdict.outcome:
            case Outcome.ACCEPTED:
                sent.accepted += 1
            case Outcome.AGAIN:
                sent.again.append(entry)
                sent.pause = True
            case Outcome.SMALLER:
                sent.again.append(entry)
                sent.too_large = True
            case Outcome.TOKEN if entry.asks and not entry.was_refused and self._settings.token:
                sent.again.append(replace(entry, was_refused=True))
            case _:
                sent.rejected.append(
                    Rejected(
                        entry.event,
                        uuid.UUID(entry.event_id),
                        verdict.status,
                        verdict.problem,
                        "{" + entry.body + "}",
                    )
                )

    def _body(self, batch: Sequence[Entry], token: str | None) -> bytes:
        events = ",".join(
            f'{{{entry.body},"token":{json.dumps(token if entry.asks else entry.token)}}}'
            for entry in batch
        )
        if not self._has_context:
            return f"[{events}]".encode()
        return f'{{"sent_at":"{now_text()}","events":[{events}]}}'.encode()
