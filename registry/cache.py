"""What a registry once said, kept on disk, so that a process can start while the registry is away.

One file for each registry URL: schema fingerprints → ids under their subjects, and ids → texts.
The registry is always asked first; a different answer replaces what was remembered, and "there is
no such schema" removes it.  The ids of one registry mean nothing in another.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.client import RegisteredVersion, SchemaRegistry, connect, without_credentials
from registry.errors import (
    RegistryDeniedError,
    RegistryError,
    RegistryUnavailableError,
    SchemaNotFoundError,
)
from registry.lock import Lock, lock_path, read_lock, text_fingerprint
from registry.options import RegistryOptions

_log = logging.getLogger(__name__)

_FORMAT = 1
_ASK_AGAIN_SECONDS = 10.0


_Edition = tuple[int, int, int]
"""Of a file: its inode, when it was changed, and its size."""


@dataclass(slots=True)
class _Known:
    ids: dict[str, dict[str, int]] = field(default_factory=dict)
    """Subject → fingerprint of the text → id."""
    schemas: dict[int, str] = field(default_factory=dict)


class SchemaCache:
    """The file for one registry. Safe to share between threads and processes.

    A file that cannot be read or written is logged and costs the memory, nothing else.
    """

    def __init__(self, folder: Path, url: str, lock: Lock | None) -> None:
        """``lock``: only schemas in it are answered with a remembered id; ``None``: all are."""
        self._url, _ = without_credentials(url)
        name = hashlib.sha256(self._url.encode()).hexdigest()[:16]
        self.path = folder / f"registry-{name}.json"
        self._lock = lock
        self._parsed: tuple[_Edition, _Known] | None = None

    def lookup(self, subject: str, schema_text: str) -> int:
        """The id that the registry gave for a schema.

        Raises:
            SchemaNotFoundError: it is not remembered, or the lock file has another schema.
        """
        if self._lock is not None and not self._lock.holds(schema_text):
            raise SchemaNotFoundError(f"{subject}: the lock file does not have this schema")
        try:
            return self._read().ids[subject][text_fingerprint(schema_text)]
        except KeyError as error:
            raise SchemaNotFoundError(f"{subject}: its id is not remembered") from error

    def schema(self, schema_id: int) -> str:
        """The text that the registry gave for an id.

        Raises:
            SchemaNotFoundError: it is not remembered.
        """
        try:
            return self._read().schemas[schema_id]
        except KeyError as error:
            raise SchemaNotFoundError(f"schema id {schema_id}: not remembered") from error

    def remember_id(self, subject: str, schema_text: str, schema_id: int | None) -> None:
        """Keeps the id of a schema; ``None``: the registry does not have it."""
        fingerprint = text_fingerprint(schema_text)

        def change(known: _Known) -> None:
            ids = known.ids.setdefault(subject, {})
            if schema_id is None:
                ids.pop(fingerprint, None)
            else:
                ids[fingerprint] = schema_id

        if self._read().ids.get(subject, {}).get(fingerprint) != schema_id:
            self._update(change)

    def remember_schema(self, schema_id: int, schema_text: str | None) -> None:
        """Keeps the text behind an id; ``None``: the registry has none."""

        def change(known: _Known) -> None:
            if schema_text is None:
                known.schemas.pop(schema_id, None)
            else:
                known.schemas[schema_id] = schema_text

        if self._read().schemas.get(schema_id) != schema_text:
            self._update(change)

    def _read(self) -> _Known:
        """What the file holds, parsed once for each edition of it; not to be changed."""
        edition = _edition(self.path)
        parsed = self._parsed
        if edition is None or parsed is None or parsed[0] != edition:
            # What was written after the look at the edition is parsed again at the next look.
            parsed = edition or (0, 0, 0), self._parse()
            self._parsed = parsed
        return parsed[1]

    def _parse(self) -> _Known:
        try:
            return _known(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return _Known()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("%s is left aside: %s", self.path, error)
            return _Known()

    def _update(self, change: Callable[[_Known], None]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path.with_suffix(".lock")):
                known = self._parse()
                change(known)
                _replace(self.path, _document(self._url, known))
        except OSError as error:
            _log.warning("%s cannot be written: %s", self.path, error)


class CachingRegistry:
    """A registry that remembers what it was told.

    ``lookup`` always is the registry's own answer: whoever writes has to know that an id is only
    remembered, and asks :class:`SchemaCache` for it.  ``schema`` falls back on the memory, since
    the text behind an id does not change; after a failure the memory comes first for some seconds,
    so that a registry that is away is waited for once and not for each schema.
    """

    def __init__(
        self, registry: SchemaRegistry, cache: SchemaCache, clock: Callable[[], float]
    ) -> None:
        """``clock`` gives seconds that only grow."""
        self._registry = registry
        self._cache = cache
        self._clock = clock
        self._away_until = 0.0

    def register(self, subject: str, schema_text: str) -> int:
        schema_id = self._registry.register(subject, schema_text)
        self._cache.remember_id(subject, schema_text, schema_id)
        return schema_id

    def lookup(self, subject: str, schema_text: str) -> int:
        try:
            schema_id = self._registry.lookup(subject, schema_text)
        except SchemaNotFoundError:
            self._cache.remember_id(subject, schema_text, None)
            raise
        self._cache.remember_id(subject, schema_text, schema_id)
        return schema_id

    def schema(self, schema_id: int) -> str:
        if self._clock() < self._away_until:
            try:
                return self._cache.schema(schema_id)
            except SchemaNotFoundError:
                pass  # Then only the registry can tell.
        try:
            text = self._registry.schema(schema_id)
        except SchemaNotFoundError:
            self._cache.remember_schema(schema_id, None)
            raise
        except (RegistryUnavailableError, RegistryDeniedError) as error:
            self._away_until = self._clock() + _ASK_AGAIN_SECONDS
            return self._remembered(schema_id, error)
        self._cache.remember_schema(schema_id, text)
        return text

    def subjects(self) -> tuple[str, ...]:
        return self._registry.subjects()

    def versions(self, subject: str) -> tuple[RegisteredVersion, ...]:
        return self._registry.versions(subject)

    def is_compatible(self, subject: str, schema_text: str) -> bool:
        return self._registry.is_compatible(subject, schema_text)

    def compatibility(self, subject: str) -> str | None:
        return self._registry.compatibility(subject)

    def set_compatibility(self, subject: str, level: str) -> None:
        self._registry.set_compatibility(subject, level)

    def close(self) -> None:
        self._registry.close()

    def _remembered(self, schema_id: int, away: RegistryError) -> str:
        try:
            text = self._cache.schema(schema_id)
        except SchemaNotFoundError:
            raise away from None
        _log.warning("schema id %d is taken from %s: %s", schema_id, self._cache.path, away)
        return text


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """A registry, and what is remembered of it; no ``cache`` when nothing is to be."""

    registry: SchemaRegistry
    cache: SchemaCache | None


def connect_remembering(
    url: str, options: RegistryOptions, contracts_dir: Path | None, clock: Callable[[], float]
) -> RegistryAccess:
    """The registry at ``url``, remembered in the folder that the options name, if they do.

    Args:
        url: as for :func:`registry.client.connect`.
        contracts_dir: where the lock file lies; ``None`` for the package's.
        clock: gives seconds that only grow.

    Raises:
        SettingError: URL or options cannot be used.
        LockError: the lock file is malformed.
    """
    registry = connect(url, options)
    if options.cache_dir is None:
        return RegistryAccess(registry, None)
    cache = SchemaCache(options.cache_dir, url, read_lock(lock_path(contracts_dir)))
    return RegistryAccess(CachingRegistry(registry, cache, clock), cache)


def _edition(path: Path) -> _Edition | None:
    """Another one whenever the file was replaced; None when it is not there."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns, told.st_size


def _known(document: Any) -> _Known:
    if document["format"] != _FORMAT:
        raise ValueError(f"it has format {document['format']!r}, not {_FORMAT}")
    return _Known(
        ids={
            subject: {fingerprint: int(each) for fingerprint, each in ids.items()}
            for subject, ids in document["ids"].items()
        },
        schemas={int(each): str(text) for each, text in document["schemas"].items()},
    )


def _document(url: str, known: _Known) -> str:
    document = {"format": _FORMAT, "url": url, "ids": known.ids, "schemas": known.schemas}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps other processes and threads from changing the file between reading and replacing it."""
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _replace(path: Path, text: str) -> None:
    """Writes the file as a whole or not at all, also when the machine stops in between."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=path.name, delete=False
    ) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            os.replace(new.name, path)
        except OSError:
            Path(new.name).unlink(missing_ok=True)
            raise
