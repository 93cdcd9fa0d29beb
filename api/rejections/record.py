"""Refused events as messages for operators: what one says, and how many are sent. Pure.

A message never holds a token or a value that a person typed.  Of the body only its shape is kept:
names that look like names, small numbers, booleans and null; every text is replaced by its length.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import orjson
from ua_parser import parse_user_agent

from api.errors import Rejection
from api.model import shown_time
from contracts.model.validation import MAX_VIOLATIONS

_T = TypeVar("_T")

MAX_BODY_BYTES = 4_096
"""A body that is longer than this after it was redacted is told by its length and hash alone."""

_MAX_DEPTH = 8
_MAX_MEMBERS = 64
_MAX_USER_AGENT = 512
_MAX_PLAIN_NUMBER = 1_000_000

_FEW_DIGITS = r"(?!(?:[^0-9]*[0-9]){5})"
_NAME = re.compile(_FEW_DIGITS + r"\$?[A-Za-z_][A-Za-z0-9_-]{0,39}", re.ASCII)
"""A name, and neither an id nor an opaque token, which have more digits."""

_INDEX = re.compile(r"[0-9]{1,6}", re.ASCII)
_EVENT = re.compile(_FEW_DIGITS + r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_ORIGIN = re.compile(r"null|https?://[A-Za-z0-9.\[\]:-]{1,100}", re.ASCII)
_SDK = re.compile(r"[A-Za-z0-9._+/-]{1,40}", re.ASCII)
_PRODUCT = re.compile(r"([A-Za-z][A-Za-z._-]{0,30})(?:/([0-9]{1,4}))?(?=[\s./]|$)", re.ASCII)
_FAMILY = re.compile(r"[A-Za-z][A-Za-z0-9 ._/()+-]{0,39}", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,4}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Headers that tell which client sent a request, as they were sent."""

    origin: str = ""
    user_agent: str = ""
    sdk: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One refused event. ``body`` is what was sent; ``None`` when it was not read, or not kept.

    ``violations`` are pairs of safe JSON pointer and keyword; ``time`` is an aware instant.
    """

    event: str | None
    version: int | None
    code: str
    violations: tuple[tuple[str, str], ...]
    time: dt.datetime
    correlation_id: str
    body: bytes | None
    hints: Hints

    @property
    def kind(self) -> tuple[str | None, str]:
        """What it is counted under when not all are sent."""
        return self.event, self.code


class RejectionReporter(Protocol):
    """Takes note of refused events. It never raises, never waits, and may forget."""

    def keep(
        self, rejection: Rejection, body: bytes | None, hints: Hints, *, correlation_id: str
    ) -> None:
        """``body`` is that of the one event, decompressed; ``None`` when it was not read."""
        ...


class NullReporter:
    """Keeps nothing."""

    def keep(
        self, rejection: Rejection, body: bytes | None, hints: Hints, *, correlation_id: str
    ) -> None:
        """Does nothing."""


def rejected(
    rejection: Rejection,
    body: bytes | None,
    hints: Hints,
    *,
    time: dt.datetime,
    correlation_id: str,
) -> Rejected:
    """What is worth keeping of a rejection; it holds on to nothing else."""
    return Rejected(
        event=rejection.event,
        version=rejection.version,
        code=str(rejection.reason),
        violations=tuple(
            (safe_pointer(each.pointer), each.keyword)
            for each in rejection.violations[:MAX_VIOLATIONS]
        ),
        time=time,
        correlation_id=correlation_id,
        body=body,
        hints=Hints(
            origin=hints.origin[:_MAX_USER_AGENT],
            user_agent=hints.user_agent[:_MAX_USER_AGENT],
            sdk=hints.sdk[:_MAX_USER_AGENT],
        ),
    )


def message(found: Rejected, weight: int) -> dict[str, Any]:
    """The message's JSON; ``weight`` tells for how many rejections it stands."""
    contract = None if found.version is None else f"{found.event}@{found.version}"
    return {
        "event": found.event,
        "contract": contract,
        "code": found.code,
        "weight": weight,
        "violations": [
            {"pointer": pointer, "keyword": keyword} for pointer, keyword in found.violations
        ],
        "time": shown_time(found.time),
        "correlation_id": found.correlation_id,
        "body": None if found.body is None else redacted(found.body),
        "origin": _sane(_ORIGIN, found.hints.origin),
        "user_agent": family(found.hints.user_agent),
        "sdk": _sane(_SDK, found.hints.sdk),
    }


def redacted(body: bytes) -> Any:
    """The shape of a body; its length and SHA-256 when it is no JSON, or too long even so."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _digest(body)
    shape = _shape(document, 0)
    if isinstance(document, dict) and isinstance(shape, dict):
        name = "type" if "specversion" in document else "event"
        event = document.get(name)
        # A misspelt name is what one looks for; one that is a token is not shown.
        if isinstance(event, str) and _EVENT.fullmatch(event) and event != document.get("token"):
            shape[name] = event
    return shape if len(orjson.dumps(shape)) <= MAX_BODY_BYTES else _digest(body)


def safe_pointer(pointer: str) -> str:
    """A JSON pointer in which a sender's text cannot hide: only names and indexes are shown."""
    return "/".join(
        part if not part or _NAME.fullmatch(part) or _INDEX.fullmatch(part) else "?"
        for part in pointer.split("/", _MAX_DEPTH + 1)[: _MAX_DEPTH + 1]
    )


def family(user_agent: str) -> str | None:
    """A browser's name and major version, ``Firefox 121``; else the first product, ``curl 8``."""
    text = user_agent[:_MAX_USER_AGENT]
    known = parse_user_agent(text)
    if known is not None and known.family and _FAMILY.fullmatch(known.family):
        return _with_version(known.family, known.major)
    product = _PRODUCT.match(text)
    return None if product is None else _with_version(product[1], product[2])


def _with_version(name: str, major: str | None) -> str:
    return f"{name} {major}" if major and _VERSION.fullmatch(major) else name


def _sane(form: re.Pattern[str], text: str) -> str | None:
    return text if form.fullmatch(text) else None


def _digest(body: bytes) -> dict[str, Any]:
    return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _shape(value: Any, depth: int) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return f"<text of {len(value)}>"
        case int() | float():
            # Longer numbers may be of a telephone or a card.
            return value if abs(value) < _MAX_PLAIN_NUMBER else "<number>"
        case list() if depth < _MAX_DEPTH:
            return [_shape(each, depth + 1) for each in value[:_MAX_MEMBERS]]
        case dict() if depth < _MAX_DEPTH:
            return {
                _shown_name(name): _member(name, each, depth)
                for name, each in list(value.items())[:_MAX_MEMBERS]
            }
        case _:
            return "<nested>"


def _member(name: str, value: Any, depth: int) -> Any:
    if "token" in name.lower():
        return None if value is None else "<token>"
    return _shape(value, depth + 1)


def _shown_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else f"<name of {len(name)}>"


@dataclass(slots=True)
class _Bucket(Generic[_T]):
    tokens: float
    filled_at: float
    suppressed: int = 0
    latest: _T | None = None


class Sampler(Generic[_T]):
    """A token bucket for each key: what it does not let pass is added to what it lets pass next.

    Not safe to share between threads.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        per_second: float = 5.0,
        burst: int = 20,
        max_keys: int = 256,
    ) -> None:
        """
        Args:
            clock: seconds, never going back.
            per_second: how many of one key pass in the long run.
            burst: how many of one key pass at once.
            max_keys: how many keys are known at a time.
        """
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._max_keys = max_keys
        self._buckets: OrderedDict[Hashable, _Bucket[_T]] = OrderedDict()

    def offer(self, key: Hashable, item: _T) -> int | None:
        """For how many an item stands that may pass now; ``None``: it is counted for later.

        Raises:
            OverflowError: too many keys wait to be told; this one is not counted.
        """
        bucket = self._bucket(key)
        now = self._clock()
        filled = bucket.tokens + (now - bucket.filled_at) * self._per_second
        bucket.tokens, bucket.filled_at = min(float(self._burst), filled), now
        if bucket.tokens < 1:
            bucket.suppressed += 1
            bucket.latest = item
            return None
        bucket.tokens -= 1
        weight, bucket.suppressed, bucket.latest = bucket.suppressed + 1, 0, None
        return weight

    def drain(self) -> list[tuple[_T, int]]:
        """All that was held back and is not told yet: of each key the latest, and how many."""
        found: list[tuple[_T, int]] = []
        for bucket in self._buckets.values():
            if bucket.latest is not None:
                found.append((bucket.latest, bucket.suppressed))
                bucket.suppressed, bucket.latest = 0, None
        return found

    def _bucket(self, key: Hashable) -> _Bucket[_T]:
        """The key's bucket; a new one may take the place of the one unused longest."""
        if key in self._buckets:
            self._buckets.move_to_end(key)
            return self._buckets[key]
        if len(self._buckets) >= self._max_keys:
            oldest = next((k for k, b in self._buckets.items() if not b.suppressed), None)
            if oldest is None:
                raise OverflowError("every key that is known has something to tell")
            del self._buckets[oldest]
        self._buckets[key] = _Bucket(float(self._burst), self._clock())
        return self._buckets[key]


def key_and_value(found: Rejected, weight: int) -> tuple[bytes | None, bytes]:
    """The Kafka message: keyed by the event, if that is known."""
    key = None if found.event is None else found.event.encode()
    return key, orjson.dumps(message(found, weight))
