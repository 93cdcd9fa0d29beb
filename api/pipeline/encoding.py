"""The encoder, as soon as the registry has told the schema ids.

The ids are asked for in the background until the registry answers, so that the process starts
without it, and an event never waits for it.  Until then those that it gave an earlier process are
used, if they were remembered; its answer, once there, replaces them.
"""

from __future__ import annotations

import logging
import threading

from api.errors import StoreUnavailableError
from api.model import ComponentHealth, ComponentStatus
from contracts.model.loader import Catalog
from registry.client import SchemaRegistry
from registry.errors import RegistryError, SchemaNotFoundError
from registry.serde import Encoder
from registry.subjects import SchemaLookup, SubjectOf, resolve_ids

_log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 10.0


class EncoderLoader:
    """Builds an :class:`~registry.serde.Encoder` on a thread of its own; once, then it is done."""

    def __init__(
        self,
        catalog: Catalog,
        registry: SchemaRegistry,
        cache: SchemaLookup | None = None,
        subject_of: SubjectOf | None = None,
    ) -> None:
        """``cache`` knows the ids that the registry gave before; ``None``: nobody does."""
        self._catalog = catalog
        self._registry = registry
        self._cache = cache
        self._subject_of = subject_of
        self._encoder: Encoder | None = None
        self._problem = "the schema ids are not resolved yet"
        self._detail = "schema ids are resolved"
        self._closing = threading.Event()
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._load, name="schema-ids", daemon=True)

    def start(self) -> None:
        """Begins to ask the registry; returns at once."""
        self._thread.start()

    def wait_asked(self, seconds: float) -> None:
        """Waits until the registry was asked once, whatever it said, or for that long."""
        self._asked.wait(seconds)

    def encoder(self) -> Encoder:
        """The encoder, without any waiting.

        Raises:
            StoreUnavailableError: the registry has not answered yet.
        """
        if self._encoder is None:
            raise StoreUnavailableError(self._problem)
        return self._encoder

    def health(self) -> ComponentHealth:
        """Whether the schema ids are known. Once they are, the registry is not needed again."""
        if self._encoder is None:
            return ComponentHealth(status=ComponentStatus.DOWN, required=True, detail=self._problem)
        return ComponentHealth(status=ComponentStatus.UP, required=True, detail=self._detail)

    def close(self) -> None:
        """Stops asking."""
        self._closing.set()
        self._thread.join()

    def _load(self) -> None:
        wait_seconds = _FIRST_WAIT_SECONDS
        while not self._resolved():
            self._asked.set()
            if self._closing.wait(wait_seconds):
                return
            wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT_SECONDS)
        self._asked.set()

    def _resolved(self) -> bool:
        """Whether the registry has answered for every contract."""
        try:
            encoder = self._encoder_by(self._registry)
        except SchemaNotFoundError as error:
            # The registry's own answer: whatever was remembered of it does not hold any more.
            self._encoder = None
            self._tell(error)
            return False
        except RegistryError as error:
            self._tell(error)
            self._remember()
            return False
        self._encoder, self._detail = encoder, "schema ids are resolved"
        _log.info("schema ids are resolved")
        return True

    def _remember(self) -> None:
        if self._encoder is not None or self._cache is None:
            return
        try:
            self._encoder = self._encoder_by(self._cache)
        except RegistryError as error:
            _log.warning("the remembered schema ids are not enough: %s", error)
            return
        self._detail = "schema ids are remembered, the registry has not confirmed them"
        _log.warning("%s", self._detail)

    def _encoder_by(self, ids: SchemaLookup) -> Encoder:
        return Encoder(self._catalog, resolve_ids(ids, self._catalog, self._subject_of))

    def _tell(self, error: RegistryError) -> None:
        self._problem = f"the schema ids are not resolved: {error}"
        _log.warning("%s", self._problem)
