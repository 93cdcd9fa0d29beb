"""What a registry once said is kept on disk, replaced when it changes, and used when it is away."""

from __future__ import annotations

import datetime as dt
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contracts.model.loader import load_catalog
from registry.avro import avro_schema, record_name, schema_text
from registry.cache import CachingRegistry, SchemaCache, connect_remembering
from registry.client import ConfluentRegistry
from registry.errors import (
    RegistryDeniedError,
    RegistryError,
    RegistryUnavailableError,
    SchemaNotFoundError,
)
from registry.lock import Lock, lock_of
from registry.options import RegistryOptions
from registry.serde import Decoder, Encoder
from registry.subjects import resolve_ids
from registry.testing import InMemoryRegistry
from tests.support.processes import free_port
from tests.support.register import register_all

CATALOG = load_catalog()
CLICK = schema_text(avro_schema(CATALOG, CATALOG.get("element_click")))
SUBJECT = record_name("element_click")
URL = "http://registry:8081"


class UnsteadyRegistry(InMemoryRegistry):
    """Does not answer while ``is_away``; counts how often it was asked."""

    is_away = False
    away: type[RegistryError] = RegistryUnavailableError
    asked = 0

    def lookup(self, subject: str, schema_text: str) -> int:
        self._answer()
        return super().lookup(subject, schema_text)

    def schema(self, schema_id: int) -> str:
        self._answer()
        return super().schema(schema_id)

    def _answer(self) -> None:
        self.asked += 1
        if self.is_away:
            raise self.away("no answer")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def cache(tmp_path: Path) -> SchemaCache:
    return SchemaCache(tmp_path / "cache", URL, lock_of(CATALOG))


@pytest.fixture
def inner() -> UnsteadyRegistry:
    return UnsteadyRegistry()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(inner: UnsteadyRegistry, cache: SchemaCache, clock: Clock) -> CachingRegistry:
    return CachingRegistry(inner, cache, clock)


def test_all_ids_are_known_to_the_next_process(
    registry: CachingRegistry, inner: UnsteadyRegistry, tmp_path: Path
) -> None:
    register_all(inner, CATALOG)
    ids = resolve_ids(registry, CATALOG)
    later = SchemaCache(tmp_path / "cache", URL, lock_of(CATALOG))
    assert resolve_ids(later, CATALOG) == ids


def test_registering_is_remembered_too(registry: CachingRegistry, cache: SchemaCache) -> None:
    assert registry.register(SUBJECT, CLICK) == cache.lookup(SUBJECT, CLICK)


def test_a_lookup_is_never_answered_from_memory(
    registry: CachingRegistry, inner: UnsteadyRegistry, cache: SchemaCache
) -> None:
    inner.register(SUBJECT, CLICK)
    registry.lookup(SUBJECT, CLICK)
    inner.is_away = True
    with pytest.raises(RegistryUnavailableError):
        registry.lookup(SUBJECT, CLICK)
    assert cache.lookup(SUBJECT, CLICK) == 1, "and what was remembered stays"


def test_another_id_replaces_the_remembered_one(cache: SchemaCache, clock: Clock) -> None:
    old, new = InMemoryRegistry(), InMemoryRegistry()
    new.register("other", '"int"')
    for inner in (old, new):
        inner.register(SUBJECT, CLICK)
        CachingRegistry(inner, cache, clock).lookup(SUBJECT, CLICK)
    assert cache.lookup(SUBJECT, CLICK) == 2


def test_what_the_registry_denies_is_forgotten(
    registry: CachingRegistry, inner: UnsteadyRegistry, cache: SchemaCache
) -> None:
    cache.remember_id(SUBJECT, CLICK, 5)
    cache.remember_schema(5, CLICK)
    with pytest.raises(SchemaNotFoundError):
        registry.lookup(SUBJECT, CLICK)
    with pytest.raises(SchemaNotFoundError):
        registry.schema(5)
    with pytest.raises(SchemaNotFoundError, match="not remembered"):
        cache.lookup(SUBJECT, CLICK)
    with pytest.raises(SchemaNotFoundError, match="not remembered"):
        cache.schema(5)


def test_each_registry_has_ids_of_its_own(tmp_path: Path) -> None:
    here = SchemaCache(tmp_path, URL, None)
    here.remember_id(SUBJECT, CLICK, 5)
    with pytest.raises(SchemaNotFoundError):
        SchemaCache(tmp_path, "http://other:8081", None).lookup(SUBJECT, CLICK)
    same = SchemaCache(tmp_path, "http://user:hunter2@registry:8081/", None)
    assert same.lookup(SUBJECT, CLICK) == 5, "credentials do not make another registry"
    same.remember_id(SUBJECT, CLICK, 6)
    assert "hunter2" not in same.path.read_text()


def test_a_schema_that_the_lock_does_not_hold_has_no_remembered_id(tmp_path: Path) -> None:
    SchemaCache(tmp_path, URL, None).remember_id(SUBJECT, CLICK, 5)
    with pytest.raises(SchemaNotFoundError, match="the lock file does not have"):
        SchemaCache(tmp_path, URL, Lock({})).lookup(SUBJECT, CLICK)
    with pytest.raises(SchemaNotFoundError):
        SchemaCache(tmp_path, URL, None).lookup(SUBJECT, CLICK + " ")
    assert SchemaCache(tmp_path, URL, lock_of(CATALOG)).lookup(SUBJECT, CLICK) == 5


@pytest.mark.parametrize("away", [RegistryUnavailableError, RegistryDeniedError])
def test_a_text_is_remembered_while_the_registry_is_away(
    registry: CachingRegistry, inner: UnsteadyRegistry, clock: Clock, away: type[RegistryError]
) -> None:
    inner.away = away
    known = inner.register("s", '"int"')
    unknown = inner.register("s", '"long"')
    assert registry.schema(known) == '"int"'
    inner.is_away, inner.asked = True, 0
    assert [registry.schema(known) for _ in range(5)] == ['"int"'] * 5
    assert inner.asked == 1, "it is waited for once"
    with pytest.raises(away, match="no answer"):
        registry.schema(unknown)
    inner.is_away = False
    assert registry.schema(unknown) == '"long"', "only the registry can tell"
    inner.asked, clock.now = 0, clock.now + 60
    registry.schema(known)
    assert inner.asked == 1, "it is asked first again"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "ids": {}, "schemas": {}}',
    '{"format": 1, "ids": [], "schemas": {}}', '{"format": 1, "ids": {"s": 1}, "schemas": {}}',
    '{"format": 1, "ids": {}, "schemas": {"x": "y"}}', "\\ud800", "\0"])  # fmt: skip
def test_a_malformed_file_counts_as_empty_and_is_written_anew(
    cache: SchemaCache, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache.path.parent.mkdir()
    cache.path.write_text(text)
    with pytest.raises(SchemaNotFoundError):
        cache.lookup(SUBJECT, CLICK)
    assert "is left aside" in caplog.text
    cache.remember_id(SUBJECT, CLICK, 5)
    assert cache.lookup(SUBJECT, CLICK) == 5


def test_a_folder_that_cannot_be_written_costs_only_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    (tmp_path / "file").touch()
    cache = SchemaCache(tmp_path / "file", URL, None)
    inner = InMemoryRegistry()
    inner.register(SUBJECT, CLICK)
    assert CachingRegistry(inner, cache, clock).lookup(SUBJECT, CLICK) == 1
    assert "cannot be written" in caplog.text


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    barrier = threading.Barrier(4)

    def write(number: int) -> None:
        cache = SchemaCache(tmp_path, URL, None)
        barrier.wait()
        for n in range(10):
            cache.remember_id(f"s{number}", str(n), 10 * number + n)
            cache.remember_schema(10 * number + n, str(n))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    cache = SchemaCache(tmp_path, URL, None)
    for number in range(4):
        for n in range(10):
            assert cache.lookup(f"s{number}", str(n)) == 10 * number + n
            assert cache.schema(10 * number + n) == str(n)
    assert json.loads(cache.path.read_text())["url"] == URL
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".lock"}, "nothing is left"


def test_what_connecting_gives(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    without = connect_remembering(url, RegistryOptions(), None, Clock())
    without.registry.close()
    assert without.cache is None
    assert isinstance(without.registry, ConfluentRegistry)
    options = RegistryOptions(cache_dir=tmp_path)
    access = connect_remembering(url, options, None, Clock())
    assert access.cache is not None
    assert isinstance(access.registry, CachingRegistry)
    access.cache.remember_schema(1, '"int"')
    assert access.registry.schema(1) == '"int"'
    access.cache.remember_id(SUBJECT, CLICK, 1)
    assert access.cache.lookup(SUBJECT, CLICK) == 1, "the package's lock file holds it"
    access.registry.close()


def test_the_other_calls_go_through(registry: CachingRegistry, inner: UnsteadyRegistry) -> None:
    registry.set_compatibility("s", "FULL")
    registry.register("s", '"int"')
    assert registry.compatibility("s") == "FULL"
    assert registry.subjects() == ("s",)
    assert registry.versions("s") == inner.versions("s")
    assert registry.is_compatible("s", '"int"')
    registry.close()


def test_a_decoder_reads_on_while_the_registry_is_away(
    inner: UnsteadyRegistry, cache: SchemaCache, clock: Clock
) -> None:
    ids = register_all(inner, CATALOG)
    contract = CATALOG.get("page_view_end")
    value = Encoder(CATALOG, ids).encode(
        contract,
        event_id=uuid.UUID(int=1),
        user_id="u",
        timestamp=dt.datetime(2026, 1, 31, tzinfo=dt.UTC),
        data=contract.examples[0],
    )
    before = Decoder(CATALOG, CachingRegistry(inner, cache, clock)).decode(b"page_view_end", value)
    inner.is_away = True
    restarted = Decoder(CATALOG, CachingRegistry(inner, cache, clock))
    assert restarted.decode(b"page_view_end", value) == before
