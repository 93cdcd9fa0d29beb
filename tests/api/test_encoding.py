"""The encoder arrives as soon as the registry answers, and nobody waits for it."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from api.encoding import EncoderLoader
from api.errors import StoreUnavailableError
from api.model import PartStatus
from contracts.loader import load_catalog
from registry.client import InMemoryRegistry
from registry.errors import RegistryUnavailableError
from registry.subjects import register_all
from tests.support.processes import wait_until


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
        assert (waiting.health().status, waiting.health().required) == (PartStatus.DOWN, True)
        registry.up.set()
        wait_until(lambda: waiting.health().status is PartStatus.UP, "the ids are resolved")
        assert waiting.encoder() is waiting.encoder()


def test_once_resolved_the_registry_is_never_asked_again() -> None:
    registry = UnsteadyRegistry()
    register_all(registry, load_catalog())
    registry.up.set()
    with closing(loader(registry)) as ready:
        ready.start()
        wait_until(lambda: ready.health().status is PartStatus.UP, "the ids are resolved")
        asked = registry.asked
        registry.up.clear()
        ready.encoder()
        assert ready.health().status is PartStatus.UP
        assert registry.asked == asked


def test_contracts_that_are_registered_late_are_found() -> None:
    registry = InMemoryRegistry()
    with closing(loader(registry)) as waiting:
        waiting.start()
        wait_until(lambda: "no such schema" in waiting.health().detail, "it was asked")
        register_all(registry, load_catalog())
        wait_until(lambda: waiting.health().status is PartStatus.UP, "the ids are resolved")


def test_it_can_be_closed_while_it_waits() -> None:
    waiting = loader(UnsteadyRegistry())
    waiting.start()
    waiting.close()
    assert "schema-ids" not in {thread.name for thread in threading.enumerate()}
