"""What a visitor of an online cinema does, request by request. Pure: chance is passed in."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

PAGE_TYPES = ("movie", "category", "promotion", "main", "search")
ELEMENT_TYPES = ("movie", "trailer", "category", "banner", "actor")
QUALITIES = (360, 480, 720, 1080, 2160)
EVENTS = frozenset(
    {
        "element_click",
        "page_view_end",
        "page_view_start",
        "quality_change",
        "search_filter",
        "video_complete",
    }
)
"""What visitors send."""
GENRES = ("drama", "comedy", "sci-fi", "thriller", "anime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request. ``view`` names the page view that it starts or ends, if it does.

    One that ``is_bad`` has to be refused.
    """

    body: bytes
    is_bad: bool = False
    pause_seconds: float = 0.0
    view: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often things happen, as shares from 0 to 1, and how long visitors think."""

    never_leaves: float = 0.15
    sends_twice: float = 0.05
    sends_bad: float = 0.05
    think_seconds: float = 0.4


class Visitor:
    """One visitor: a source of chance, a token or none, and habits."""

    def __init__(
        self,
        rng: random.Random,
        token: str | None,
        habits: Habits,
        bad_bodies: Sequence[bytes],
    ) -> None:
        """``bad_bodies`` are requests that the API has to refuse; the visitor sends some."""
        self._rng = rng
        self._token = token
        self._habits = habits
        self._bad_bodies = bad_bodies

    def session(self) -> Iterator[Step]:
        """The requests of one visit, in order."""
        for _ in range(self._rng.randint(1, 4)):
            yield from self._page()

    def _page(self) -> Iterator[Step]:
        page_type = self._rng.choice(PAGE_TYPES)
        view = str(self._uuid())
        yield from self._event("page_view_start", view=view, page_view_id=view, page_type=page_type)
        for _ in range(self._rng.randint(0, 3)):
            element_type = self._rng.choice(ELEMENT_TYPES)
            yield from self._event("element_click", element_type=element_type, page_type=page_type)
        if page_type == "search":
            yield from self._search()
        if page_type == "movie" and self._rng.random() < 0.7:
            yield from self._video()
        if self._rng.random() < self._habits.sends_bad and self._bad_bodies:
            yield Step(body=self._rng.choice(self._bad_bodies), is_bad=True)
        if self._rng.random() >= self._habits.never_leaves:
            yield from self._event(
                "page_view_end", view=view, page_view_id=view, page_type=page_type
            )

    def _search(self) -> Iterator[Step]:
        genre, rating = self._rng.choice(GENRES), self._rng.randint(5, 9)
        query = self._rng.choice(("", "space", "космос", "love"))
        filters = f"genre={genre};rating>={rating}"
        yield from self._event("search_filter", search_query=query, filters=filters)

    def _video(self) -> Iterator[Step]:
        video_id = f"tt{self._rng.randrange(10**7):07d}"
        quality = self._rng.choice(QUALITIES)
        for _ in range(self._rng.randint(0, 2)):
            other = self._rng.choice([q for q in QUALITIES if q != quality])
            yield from self._event(
                "quality_change", video_id=video_id, old_quality=quality, new_quality=other
            )
            quality = other
        if self._rng.random() < 0.6:
            whole = self._rng.random() < 0.8
            yield from self._event("video_complete", video_id=video_id, duration_total=whole)

    def _event(self, event: str, *, view: str | None = None, **data: Any) -> Iterator[Step]:
        """The request; now and then a second time, as a client does that saw no answer."""
        message = {
            "event": event,
            "token": self._token,
            "data": data,
            "event_id": str(self._uuid()),
        }
        body = json.dumps(message, ensure_ascii=False).encode()
        pause = self._rng.expovariate(1 / self._habits.think_seconds)
        yield Step(body=body, pause_seconds=min(pause, 5 * self._habits.think_seconds), view=view)
        if self._rng.random() < self._habits.sends_twice:
            yield Step(body=body, view=view)

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)
