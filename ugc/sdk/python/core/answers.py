"""What the API's answer to a batch means for each of its events. Pure."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

NO_ANSWER = 0
_UNAUTHORISED, _TOO_LARGE = 401, 413
_AGAIN = frozenset({NO_ANSWER, 408, 425, 429})
_ELSEWHERE = frozenset({301, 302, 303, 307, 308, 404, 405})
"""Nobody there knows events: the address is wrong, or a proxy is."""

_MOST_WAIT_SECONDS = 3600.0


class Outcome(Enum):
    """What to do with an event."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """Never to be sent again."""
    AGAIN = "again"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    """To be sent again with another token, if there is one."""
    SMALLER = "smaller"
    """To be sent again with fewer beside it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; names of headers in small letters. Status 0: there was none."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one event. ``problem`` is the document that says why, empty if the answer had none."""

    outcome: Outcome
    status: int
    problem: Mapping[str, Any] = field(default_factory=dict)


def verdicts(answer: Answer, count: int) -> list[Verdict]:
    """One for each of the ``count`` events, in their order."""
    document = _document(answer.body)
    if 200 <= answer.status < 300:
        results = document.get("results")
        if isinstance(results, list) and len(results) == count:
            return [_of_result(each) for each in results]
        return [Verdict(Outcome.AGAIN, answer.status)] * count
    if answer.status == _TOO_LARGE and count > 1:
        return [Verdict(Outcome.SMALLER, answer.status)] * count
    return [Verdict(_outcome(answer.status), answer.status, document)] * count


def wait_seconds(answer: Answer, now: dt.datetime) -> float:
    """What ``Retry-After`` says (RFC 9110, 10.2.3), in seconds or as a date; 0 without it."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return min(float(said), _MOST_WAIT_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return min(max(0.0, (moment - now).total_seconds()), _MOST_WAIT_SECONDS)


def _of_result(result: object) -> Verdict:
    told = result if isinstance(result, dict) else {}
    status, problem = told.get("status"), told.get("problem")
    if not isinstance(status, int):
        return Verdict(Outcome.AGAIN, NO_ANSWER)
    return Verdict(_outcome(status), status, problem if isinstance(problem, dict) else {})


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status in _AGAIN or status in _ELSEWHERE or status >= 500:
        return Outcome.AGAIN
    return Outcome.TOKEN if status == _UNAUTHORISED else Outcome.REJECTED


def _document(body: bytes) -> Mapping[str, Any]:
    """What a proxy answers may be HTML."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
