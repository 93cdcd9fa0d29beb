"""A file with a JWK Set, read again when it changes: keys rotate without a restart."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.auth.jwt_keys import Key, named, parse_key_set
from api.errors import KeySetError
from contracts.errors import SettingError

_log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""How often at most the file is looked at."""

MAX_FILE_BYTES = 262_144

_Version = tuple[int, int, int]
"""What tells one content of the file from another: time of change (ns), size, inode."""


class JwksFile:
    """The keys of a file.

    A call may look at the file, once within ``LOOK_SECONDS``, and reads it when it is another than
    before.  When it is gone or malformed, the keys that were read last stay and a warning is
    logged: a mistake in a rotation does not shut out everybody.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds.

        Raises:
            SettingError: the file cannot be used.
        """
        self._path = path
        self._clock = clock
        self._looking = threading.Lock()
        self._looked_at = clock()
        try:
            self._version = self._version_now()
            self._keys: Sequence[Key] = self._read()
        except KeySetError as error:
            expected = f"a file with a JWK Set of RSA or P-256 public keys, but {error}"
            raise SettingError("JWT_JWKS_FILE", expected) from error

    def find(self, header: Mapping[str, Any]) -> Key | None:
        """The key that a token's header names."""
        self._look()
        return named(self._keys, header)

    def __bool__(self) -> bool:
        return True

    def _look(self) -> None:
        """Whoever comes first looks; nobody waits for it."""
        if self._is_recent() or not self._looking.acquire(blocking=False):
            return
        try:
            self._looked_at = self._clock()
            self._reload()
        except KeySetError as error:
            _log.warning("JWT_JWKS_FILE: %s; the keys read before stay in use", error)
        finally:
            self._looking.release()

    def _is_recent(self) -> bool:
        """A clock that was set back ends the wait."""
        return 0 <= self._clock() - self._looked_at < LOOK_SECONDS

    def _reload(self) -> None:
        version = self._version_now()
        if version == self._version:
            return
        self._version = version
        self._keys = self._read()
        names = [key.kid for key in self._keys]
        _log.info("JWT_JWKS_FILE: %d keys read", len(names), extra={"kids": names})

    def _version_now(self) -> _Version:
        try:
            status = self._path.stat()
        except OSError as error:
            raise KeySetError("it cannot be read") from error
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> Sequence[Key]:
        try:
            with self._path.open("rb") as file:
                text = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise KeySetError("it cannot be read") from error
        if len(text) > MAX_FILE_BYTES:
            raise KeySetError(f"it has more than {MAX_FILE_BYTES} bytes")
        return parse_key_set(text)
