"""The names of the Kafka topics; read once from environment variables.

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

import re
from collections.abc import Mapping
from dataclasses import dataclass

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
        events = _name(env, "KAFKA_TOPIC", "ugc.events")
        dead_letters = _name(env, "KAFKA_DEAD_LETTER_TOPIC", f"{events}.dead-letter")
        rejected = _name(env, "KAFKA_REJECTED_TOPIC", f"{events}.rejected")
        # A loader that writes its dead letters where it reads finds each of them again.
        if dead_letters == events:
            raise SettingError("KAFKA_DEAD_LETTER_TOPIC", "another topic than KAFKA_TOPIC")
        if rejected in (events, dead_letters):
            expected = "another topic than KAFKA_TOPIC and KAFKA_DEAD_LETTER_TOPIC"
            raise SettingError("KAFKA_REJECTED_TOPIC", expected)
        return cls(events=events, dead_letters=dead_letters, rejected=rejected)


def _name(env: Mapping[str, str], variable: str, default: str) -> str:
    found = Settings(env).text(variable, default)
    if not _LEGAL.fullmatch(found):
        expected = "a topic's name: letters of ASCII, digits, '.', '_' and '-', 249 at most"
        raise SettingError(variable, expected)
    return found
