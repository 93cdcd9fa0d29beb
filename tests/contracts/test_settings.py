"""The typed reader of settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.errors import SettingError
from contracts.settings import Settings

READS: dict[str, tuple[Callable[[Settings], object], object]] = {
    "optional": (lambda read: read.optional("A"), None),
    "text": (lambda read: read.text("A", "b"), "b"),
    "path": (lambda read: read.path("A"), None),
    "file": (lambda read: read.file("A"), None),
    "count": (lambda read: read.count("A", 7), 7),
    "seconds": (lambda read: read.seconds("A", 0.5), 0.5),
    "seconds_within": (lambda read: read.seconds_within("A", 0.5), 0.5),
    "share": (lambda read: read.share("A", 0.2), 0.2),
}
DEMANDS: dict[str, Callable[[Settings], object]] = {
    "required": lambda read: read.required("A", "b"),
    "servers": lambda read: read.servers("A"),
    "http_url": lambda read: read.http_url("A"),
    "http_urls": lambda read: read.http_urls("A"),
    "redis_url": lambda read: read.redis_url("A"),
}


@pytest.mark.parametrize("env", [{}, {"A": ""}, {"A": " \t"}], ids=["unset", "empty", "white"])
@pytest.mark.parametrize("kind", READS)
def test_a_variable_that_is_set_to_nothing_counts_as_not_set(
    kind: str, env: dict[str, str]
) -> None:
    read, default = READS[kind]
    assert read(Settings(env)) == default


@pytest.mark.parametrize("env", [{}, {"A": ""}, {"A": " \t"}], ids=["unset", "empty", "white"])
@pytest.mark.parametrize("kind", DEMANDS)
def test_what_has_to_be_there_is_missed_by_name(kind: str, env: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=r"^A must be set, in the form ") as raised:
        DEMANDS[kind](Settings(env))
    assert raised.value.variable == "A"


@pytest.mark.parametrize(
    "kind", sorted({*READS, *DEMANDS} - {"optional", "text", "path", "required"})
)
def test_a_value_that_cannot_be_used_is_not_quoted(kind: str) -> None:
    read = DEMANDS[kind] if kind in DEMANDS else READS[kind][0]
    with pytest.raises(SettingError, match=r"^A must be ") as raised:
        read(Settings({"A": "hunter2"}))
    assert "hunter2" not in str(raised.value)


def test_white_space_around_a_value_is_none_of_it(tmp_path: Path) -> None:
    read = Settings({"A": " 12 ", "B": f" {tmp_path} ", "C": "redis://h:1/ "})
    assert read.count("A", 1) == 12
    assert read.path("B") == tmp_path
    assert read.redis_url("C") == "redis://h:1"


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://h:26379/ugc",
        "rediss+sentinel://user:p%40ss@h:26379,i:26380/ugc-1.main",
        "redis+cluster://h:6379,i:6379",
        "rediss+cluster://:p%40ss@h:6379",
    ],
)
def test_sentinels_or_a_cluster_may_stand_for_a_redis(url: str) -> None:
    assert Settings({"A": url}).redis_url("A") == url


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://h:26379",
        "redis+sentinel://h:26379/",
        "redis+sentinel://h/ugc",
        "redis+sentinel://h:26379,/ugc",
        "redis+sentinel://h:26379/ugc/2",
        "redis+sentinel://:hunter2@h:0/ugc",
        "http+sentinel://h:26379/ugc",
    ],
)
def test_what_names_no_sentinels_or_no_service_is_refused(url: str) -> None:
    with pytest.raises(
        SettingError, match="redis\\+sentinel://host:port,host:port/service"
    ) as told:
        Settings({"A": url}).redis_url("A")
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["redis+cluster://h", "redis+cluster://h:1/2", "http+cluster://h:1", "redis+cluster://"]
)
def test_what_names_no_servers_of_a_cluster_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match="redis\\+cluster://host:port,host:port"):
        Settings({"A": url}).redis_url("A")
