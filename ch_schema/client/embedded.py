"""chDB, the ClickHouse engine inside this process, on a folder.

The engine locks its folder, and one process has at most one folder open at a time.
"""

from __future__ import annotations

import fcntl
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from chdb.session import Session

from ch_schema.client.address import Address
from ch_schema.client.json_client import JsonClickHouse
from ch_schema.client.protocol import NO_SETTINGS
from ch_schema.errors import AddressError, RefusedError, RetryableError, code_in, server_error
from ch_schema.quoting import quote_identifier, quote_string

# chDB's Python layer turns these names into objects of other libraries.
_NOT_CLICKHOUSE_FORMATS = frozenset({"arrowtable", "dataframe", "datastore", "debug"})
_UNKNOWN_FORMAT_CODE = 73
_NOT_ENOUGH_SPACE = 243


class _Session(Protocol):
    """What is used of :class:`chdb.session.Session`, which has no type hints."""

    def query(self, sql: str | bytes, fmt: str = ..., *, params: Any = ...) -> Any: ...

    def close(self) -> None: ...


class Engine:
    """The engine on one folder. Threads may share it: each statement has a session of its own."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        """Opens ``folder``, making it when it is missing.

        Args:
            folder: holds the databases.
            config: a file of ClickHouse's own settings, such as ``remote_servers``.

        Raises:
            RetryableError: another process has it open.
            AddressError: it cannot be used, or this process has another folder open.
        """
        self._folder = folder.absolute()
        # The engine, and its lock, live as long as any session; this one spans the statements.
        self._config = config
        self._spanning: _Session | None = _open(self._folder, config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._folder})"

    def run(
        self,
        statement: bytes,
        fmt: str,
        *,
        writes: bool,
        database: str | None = None,
        settings: Mapping[str, str | int] = NO_SETTINGS,
        parameters: Mapping[str, str] | None = None,
    ) -> bytes:
        """See :meth:`ch_schema.client.json_client.Transport.run`.

        ``parameters`` fill ClickHouse's own placeholders, written as its HTTP interface wants.
        """
        if self._spanning is None:
            raise RefusedError(f"the embedded engine on {self._folder} is closed")
        if fmt.lower() in _NOT_CLICKHOUSE_FORMATS:
            raise RefusedError(f"Unknown format {fmt}", _UNKNOWN_FORMAT_CODE)
        session = _session(self._folder, self._config)
        try:
            if database is not None:
                session.query(f"USE {quote_identifier(database)}")
            for name, value in settings.items():
                session.query(f"SET {quote_identifier(name)} = {quote_string(str(value))}")
            answer: bytes = session.query(statement, fmt, params=dict(parameters or {})).bytes()
        except RuntimeError as error:
            text = str(error)
            raise server_error(code_in(text), text, writes=writes) from error
        finally:
            session.close()
        return answer

    def insert(
        self,
        into: str,
        fmt: str,
        body: bytes,
        *,
        database: str | None,
        settings: Mapping[str, str | int],
    ) -> None:
        """See :meth:`ch_schema.client.json_client.Transport.insert`.

        The engine looks for the end of a statement in the data behind it, so data that is no text
        comes out of a file.
        """
        file = self._folder / f"insert-{uuid.uuid4().hex}"
        try:
            _write(file, body)
            statement = f"{into} FROM INFILE {quote_string(str(file))} FORMAT {fmt}"
            self.run(statement.encode(), "Null", writes=True, database=database, settings=settings)
        finally:
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Releases the folder when the last running statement ends. May be called twice."""
        if self._spanning is not None:
            self._spanning.close()
            self._spanning = None


def open_embedded(address: Address) -> JsonClickHouse:
    """A client on the address's folder; see :class:`Engine` for what it raises."""
    try:
        engine = Engine(Path(address.folder))
    except AddressError as error:
        raise AddressError(f"CLICKHOUSE_URL: {error.text}", error.code) from error
    return JsonClickHouse(engine, address.database)


def _write(file: Path, body: bytes) -> None:
    """
    Raises:
        RetryableError: the disk does not take it; the text is as ClickHouse would tell it.
    """
    try:
        file.write_bytes(body)
    except OSError as error:
        problem = f"{file.parent} takes no file: {error.strerror}"
        text = f"Code: {_NOT_ENOUGH_SPACE}. DB::Exception: {problem}. (NOT_ENOUGH_SPACE)"
        raise RetryableError(text, _NOT_ENOUGH_SPACE) from error


def _session(folder: Path, config: Path | None) -> _Session:
    make: Callable[[str], _Session] = Session
    return make(str(folder) if config is None else f"{folder}?config-file={config}")


def _open(folder: Path, config: Path | None) -> _Session:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _session(folder, config)
    except OSError as error:
        raise AddressError(f"the folder {folder} cannot be made: {error.strerror}") from error
    except RuntimeError as error:
        if _is_locked(folder):
            raise RetryableError(
                f"the folder {folder} is in use by another process: stop it, or connect to it "
                "if it is the server of this folder"
            ) from error
        text = str(error)
        raise AddressError(
            f"the folder {folder} cannot be opened: {text}", code_in(text)
        ) from error


def _is_locked(folder: Path) -> bool:
    """The engine's own error does not say so; this looks at its lock (StatusFile.cpp)."""
    try:
        with (folder / "status").open("rb") as status:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
