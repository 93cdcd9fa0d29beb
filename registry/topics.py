"""The Kafka topics: what ``contracts/topics.json`` says of each, and its name from the environment.

=========================  ===================================================================
variable                   meaning (default)
=========================  ===================================================================
KAFKA_TOPIC                the accepted events (``ugc.events``)
KAFKA_DEAD_LETTER_TOPIC    messages that cannot be used (KAFKA_TOPIC with ``.dead-letter``)
KAFKA_REJECTED_TOPIC       events that the API refused (KAFKA_TOPIC with ``.rejected``)
=========================  ===================================================================

A variable that is set to nothing counts as not set.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from contracts.errors import SettingError
from contracts.settings import Settings

LONGEST_RECORD_BYTES = 100_000_000
"""The producers' ``message.max.bytes``: what a topic takes is for the topic to say.

A broker closes the connection on a longer request (``socket.request.max.bytes``, 104,857,600),
which would look like an outage that never ends.
"""

# Source: Kafka's org.apache.kafka.common.internals.Topic.
_LEGAL = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """One topic as ``contracts/topics.json`` describes it.

    Either ``name`` is its default name, or ``suffix`` follows the name of the events' topic.
    ``retention_mebibytes`` bounds each partition, ``max_message_mebibytes`` a message with its key
    and headers; None: only the time does, or the broker's own bound holds.  ``owner`` is the
    program that writes it.
    """

    variable: str
    partitions: int
    retention_days: int
    owner: str
    description: str
    name: str | None = None
    suffix: str = ""
    retention_mebibytes: int | None = None
    max_message_mebibytes: int | None = None

    def default(self, events: str) -> str:
        """Its name where none is set, beside the events' topic ``events``."""
        return self.name or f"{events}{self.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpecs:
    """All topics of an installation."""

    events: TopicSpec
    dead_letters: TopicSpec
    rejected: TopicSpec


@cache
def topic_specs() -> TopicSpecs:
    """The file that comes with the package."""
    text = (files("contracts") / "topics.json").read_text(encoding="utf-8")
    return TopicSpecs(**{key: TopicSpec(**each) for key, each in json.loads(text).items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicNames:
    """Three different topics of one installation."""

    events: str
    dead_letters: str
    rejected: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> TopicNames:
        """The names in environment variables.

        Raises:
            SettingError: Kafka knows no such name, or two topics would be one.
        """
        specs, settings = topic_specs(), Settings(env)
        events = _name(settings, specs.events, "")
        dead_letters = _name(settings, specs.dead_letters, events)
        rejected = _name(settings, specs.rejected, events)
        # A loader that writes its dead letters where it reads finds each of them again.
        if dead_letters == events:
            raise SettingError("KAFKA_DEAD_LETTER_TOPIC", "another topic than KAFKA_TOPIC")
        if rejected in (events, dead_letters):
            expected = "another topic than KAFKA_TOPIC and KAFKA_DEAD_LETTER_TOPIC"
            raise SettingError("KAFKA_REJECTED_TOPIC", expected)
        return cls(events=events, dead_letters=dead_letters, rejected=rejected)


def _name(settings: Settings, spec: TopicSpec, events: str) -> str:
    found = settings.text(spec.variable, spec.default(events))
    if not _LEGAL.fullmatch(found):
        expected = "a topic's name: letters of ASCII, digits, '.', '_' and '-', 249 at most"
        raise SettingError(spec.variable, expected)
    return found
