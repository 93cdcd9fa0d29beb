"""The names of the topics, which every program takes from the same variables."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from api.config import ApiConfig
from contracts.errors import SettingError
from etl.config import KafkaConfig
from registry.topics import TopicNames
from tests.api.world import ENV
from ugc.environment import completed
from ugc.init.run import topics

DEFAULTS = ("ugc.events", "ugc.events.dead-letter", "ugc.events.rejected")


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, DEFAULTS),
        (
            {"KAFKA_TOPIC": " ", "KAFKA_DEAD_LETTER_TOPIC": "", "KAFKA_REJECTED_TOPIC": "\t"},
            DEFAULTS,
        ),
        ({"KAFKA_TOPIC": "mine"}, ("mine", "mine.dead-letter", "mine.rejected")),
        (
            {"KAFKA_TOPIC": "mine", "KAFKA_DEAD_LETTER_TOPIC": " dead "},
            ("mine", "dead", "mine.rejected"),
        ),
        (
            {"KAFKA_TOPIC": "mine", "KAFKA_REJECTED_TOPIC": "other"},
            ("mine", "mine.dead-letter", "other"),
        ),
    ],
)
def test_all_programs_mean_the_same_topics(
    env: Mapping[str, str], names: tuple[str, str, str]
) -> None:
    events, _, rejected = names
    api, loader = ApiConfig.from_env({**ENV, **env}), KafkaConfig.from_env({**ENV, **env})
    assert (api.kafka_topic, api.rejected_topic) == (events, rejected)
    assert (loader.topic, loader.dead_letter_topic, loader.rejected_topic) == names
    assert tuple(topic.name for topic in topics(env)) == names


def test_what_is_kept_of_each_topic() -> None:
    kept = [(made.partitions, made.retention_ms, made.retention_bytes) for made in topics({})]
    day_ms = 24 * 3600 * 1000
    assert kept == [(6, 7 * day_ms, -1), (1, 28 * day_ms, -1), (1, 3 * day_ms, 2**30)]


@pytest.mark.parametrize(
    ("env", "variable"),
    [
        ({"KAFKA_TOPIC": "two words"}, "KAFKA_TOPIC"),
        ({"KAFKA_TOPIC": ".."}, "KAFKA_TOPIC"),
        ({"KAFKA_TOPIC": "a" * 250}, "KAFKA_TOPIC"),
        ({"KAFKA_TOPIC": "a" * 240}, "KAFKA_DEAD_LETTER_TOPIC"),
        ({"KAFKA_TOPIC": "a", "KAFKA_DEAD_LETTER_TOPIC": "a"}, "KAFKA_DEAD_LETTER_TOPIC"),
        ({"KAFKA_TOPIC": "a", "KAFKA_REJECTED_TOPIC": "a"}, "KAFKA_REJECTED_TOPIC"),
        ({"KAFKA_DEAD_LETTER_TOPIC": "b", "KAFKA_REJECTED_TOPIC": "b"}, "KAFKA_REJECTED_TOPIC"),
    ],
)
def test_a_name_that_kafka_refuses_or_another_topic_has_is_an_error(
    env: Mapping[str, str], variable: str
) -> None:
    with pytest.raises(SettingError) as raised:
        TopicNames.from_env(env)
    assert raised.value.variable == variable


def test_a_variable_that_is_set_to_nothing_does_not_hide_the_local_stacks() -> None:
    stack = {"REDIS_URL": "redis://127.0.0.1:1", "KAFKA_TOPIC": "theirs"}
    own = {"REDIS_URL": " ", "KAFKA_TOPIC": "mine", "RATE_LIMIT": ""}
    assert completed(own, stack) == {"REDIS_URL": "redis://127.0.0.1:1", "KAFKA_TOPIC": "mine"}
