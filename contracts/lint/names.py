"""Rules about the names of events. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from contracts.lint.rules import Note
from contracts.lint.shape import SNAKE_CASE, alike

LONGEST_NAME = 63
"""Characters of an event's name: what the request envelope and the folder's name allow."""


def check_event(event: str, reserved: Mapping[str, str]) -> Iterator[Note]:
    """Everything wrong with the name of one event.

    Args:
        event: the name.
        reserved: names that no event may have, each with what has it already.
    """
    if not SNAKE_CASE.fullmatch(event) or len(event) > LONGEST_NAME:
        message = f"{event!r} is no event name: write snake_case, {LONGEST_NAME} characters at most"
        yield Note("name-not-snake-case", "", message)
    if event in reserved:
        yield Note("event-reserved", "", f"{event} is {reserved[event]}; write another name")


def check_apart(events: Iterable[str]) -> Iterator[tuple[str, Note]]:
    """Event and finding for each that differs from an earlier one in signs only."""
    named: dict[str, list[str]] = defaultdict(list)
    for event in sorted(events):
        named[alike(event)].append(event)
    for first, *others in named.values():
        for other in others:
            message = f"{other} differs from the event {first} in case and signs only; rename one"
            yield other, Note("name-collision", "", message)
