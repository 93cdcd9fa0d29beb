"""The names of the topics, which every program takes from the same variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from api.config import ApiConfig
from contracts.errors import SettingError
from etl.config import KafkaConfig
from registry.topics import TopicNames, topic_specs
from tests.api.world import ENV
from ugc.environment import completed
from ugc.init.run import topics

ROOT = Path(__file__).parents[2]
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


def test_the_file_of_the_topics_says_of_each_how_it_is_named_and_who_writes_it() -> None:
    specs = topic_specs()
    assert specs.events.name
    assert not specs.events.suffix
    for each in (specs.events, specs.dead_letters, specs.rejected):
        assert (each.name is None) == bool(each.suffix)
        assert min(each.partitions, each.retention_days) >= 1
        assert each.owner in {"api", "etl"}
        assert each.description


def test_the_page_names_the_topics_as_the_file_does() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    specs = topic_specs()
    for each in (specs.events, specs.dead_letters, specs.rejected):
        name = each.default("<topic>")
        row = (
            f"| `{name}` | `{each.variable}` | {each.partitions} | {each.retention_days} days |"
            f" `{each.owner}/` | {each.description} |"
        )
        assert row in page


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
