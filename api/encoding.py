"""The encoder, as soon as the registry has told the schema ids.

The ids are asked for in the background until the registry answers, so that the process starts
without it, and an event never waits for it.
"""

from __future__ import annotations

import logging
import threading

from api.errors import StoreUnavailableError
from api.model import PartHealth, PartStatus
from contracts.loader import Catalog
from registry.client import SchemaRegistry
from registry.errors import RegistryError
from registry.serde import Encoder
from registry.subjects import resolve_ids

_log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 10.0


class EncoderLoader:
    """Builds an :class:`~registry.serde.Encoder` on a thread of its own; once, then it is done."""

    def __init__(self, catalog: Catalog, registry: SchemaRegistry) -> None:
        self._catalog = catalog
        self._registry = registry
        self._encoder: Encoder | None = None
        self._problem = "the schema ids are not resolved yet"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._load, name="schema-ids", daemon=True)

    def start(self) -> None:
        """Begins to ask the registry; returns at once."""
        self._thread.start()

    def encoder(self) -> Encoder:
        """The encoder, without any waiting.

        Raises:
            StoreUnavailableError: the registry has not answered yet.
        """
        if self._encoder is None:
            raise StoreUnavailableError(self._problem)
        return self._encoder

    def health(self) -> PartHealth:
        """Whether the schema ids are known. Once they are, the registry is not needed again."""
        if self._encoder is None:
            return PartHealth(status=PartStatus.DOWN, required=True, detail=self._problem)
        return PartHealth(status=PartStatus.UP, required=True, detail="schema ids are resolved")

    def close(self) -> None:
        """Stops asking."""
        self._closing.set()
        self._thread.join()

    def _load(self) -> None:
        wait_seconds = _FIRST_WAIT_SECONDS
        while not self._resolved():
            if self._closing.wait(wait_seconds):
                return
            wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT_SECONDS)

    def _resolved(self) -> bool:
        try:
            self._encoder = Encoder(self._catalog, resolve_ids(self._registry, self._catalog))
        except RegistryError as error:
            self._problem = f"the schema ids are not resolved: {error}"
            _log.warning("%s", self._problem)
            return False
        _log.info("schema ids are resolved")
        return True
