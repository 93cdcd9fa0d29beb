"""The encoder arrives as soon as the registry answers, and nobody waits for it."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from api.errors import StoreUnavailableError
from api.model import ComponentStatus
from api.pipeline.encoding import EncoderLoader
from contracts.model.loader import load_catalog
from registry import framing
from registry.cache import CachingRegistry, SchemaCache
from registry.errors import RegistryUnavailableError
from registry.subjects import resolve_ids
from registry.testing import InMemoryRegistry
from tests.support.processes import wait_until
from tests.support.register import register_all


class UnsteadyRegistry(InMemoryRegistry):
    """Does not answer while ``up`` is not set; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.up = threading.Event()
        self.asked = 0

    def lookup(self, subject: str, schema_text: str) -> int:
        self.asked += 1
        if not self.up.is_set():
            raise RegistryUnavailableError("no answer")
        return super().lookup(subject, schema_text)


def loader(registry: InMemoryRegistry) -> EncoderLoader:
    return EncoderLoader(load_catalog(), registry)


def test_before_the_registry_answers_there_is_none_and_afterwards_there_is() -> None:
    registry = UnsteadyRegistry()
    register_all(registry, load_catalog())
    with closing(loader(registry)) as waiting:
        waiting.start()
        wait_until(lambda: registry.asked >= 2, "it asks again")
        with pytest.raises(StoreUnavailableError, match="no answer"):
            waiting.encoder()
        assert (waiting.health().status, waiting.health().required) == (ComponentStatus.DOWN, True)
        registry.up.set()
        wait_until(lambda: waiting.health().status is ComponentStatus.UP, "the ids are resolved")
        assert waiting.encoder() is waiting.encoder()


def test_once_resolved_the_registry_is_never_asked_again() -> None:
    registry = UnsteadyRegistry()
    register_all(registry, load_catalog())
    registry.up.set()
    with closing(loader(registry)) as ready:
        ready.start()
        wait_until(lambda: ready.health().status is ComponentStatus.UP, "the ids are resolved")
        asked = registry.asked
        registry.up.clear()
        ready.encoder()
        assert ready.health().status is ComponentStatus.UP
        assert registry.asked == asked


def test_contracts_that_are_registered_late_are_found() -> None:
    registry = InMemoryRegistry()
    with closing(loader(registry)) as waiting:
        waiting.start()
        wait_until(lambda: "no such schema" in waiting.health().detail, "it was asked")
        register_all(registry, load_catalog())
        wait_until(lambda: waiting.health().status is ComponentStatus.UP, "the ids are resolved")


def test_it_can_be_closed_while_it_waits() -> None:
    waiting = loader(UnsteadyRegistry())
    waiting.start()
    waiting.close()
    assert "schema-ids" not in {thread.name for thread in threading.enumerate()}


def remembering(
    registry: InMemoryRegistry, folder: Path, answers: InMemoryRegistry
) -> tuple[EncoderLoader, SchemaCache]:
    """A loader whose earlier process was told the ids by ``answers``."""
    cache = SchemaCache(folder, "http://registry", None)
    resolve_ids(CachingRegistry(answers, cache, time.monotonic), load_catalog())
    caching = CachingRegistry(registry, cache, time.monotonic)
    return EncoderLoader(load_catalog(), caching, cache), cache


def id_in_use(loader: EncoderLoader) -> int:
    value = loader.encoder().encode(
        load_catalog().get("page_view_end"),
        event_id=uuid.UUID(int=1),
        user_id="u",
        timestamp=dt.datetime(2026, 1, 31, tzinfo=dt.UTC),
        data=load_catalog().get("page_view_end").examples[0],
    )
    return framing.schema_id_of(value)


def test_remembered_ids_serve_until_the_registry_confirms_them(tmp_path: Path) -> None:
    registry = UnsteadyRegistry()
    ids = register_all(registry, load_catalog())
    earlier = InMemoryRegistry()
    register_all(earlier, load_catalog())
    loading, _ = remembering(registry, tmp_path, earlier)
    with closing(loading):
        loading.start()
        wait_until(lambda: loading.health().status is ComponentStatus.UP, "the ids are remembered")
        assert "not confirmed" in loading.health().detail
        assert id_in_use(loading) == ids["page_view_end", 1]
        registry.up.set()
        wait_until(lambda: loading.health().detail.endswith("are resolved"), "it confirms")


def test_other_ids_of_the_registry_replace_the_remembered_ones(tmp_path: Path) -> None:
    registry, earlier = UnsteadyRegistry(), InMemoryRegistry()
    old = register_all(earlier, load_catalog())
    registry.register("somebody.else", '"int"')
    new = register_all(registry, load_catalog())
    loading, cache = remembering(registry, tmp_path, earlier)
    with closing(loading):
        loading.start()
        wait_until(lambda: loading.health().status is ComponentStatus.UP, "the ids are remembered")
        assert id_in_use(loading) == old["page_view_end", 1]
        registry.up.set()
        wait_until(lambda: loading.health().detail.endswith("are resolved"), "it answers")
        assert id_in_use(loading) == new["page_view_end", 1] != old["page_view_end", 1]
    assert resolve_ids(cache, load_catalog()) == new


def test_a_registry_without_the_contracts_ends_the_use_of_remembered_ids(tmp_path: Path) -> None:
    registry, earlier = UnsteadyRegistry(), InMemoryRegistry()
    register_all(earlier, load_catalog())
    loading, _ = remembering(registry, tmp_path, earlier)
    with closing(loading):
        loading.start()
        wait_until(lambda: loading.health().status is ComponentStatus.UP, "the ids are remembered")
        registry.up.set()
        wait_until(lambda: loading.health().status is ComponentStatus.DOWN, "it denies them")
        with pytest.raises(StoreUnavailableError, match="no such schema"):
            loading.encoder()
        register_all(registry, load_catalog())
        wait_until(lambda: loading.health().status is ComponentStatus.UP, "they are registered")
