"""Errors of the ClickHouse package.

::

    ClickHouseError
    ├── TableError        a contract that no table can hold
    ├── EditedHistoryError    a contract, or the record, is not what it was when it was applied
    ├── MigrationNeededError  the database needs a step that nobody allowed
    ├── EraseError            a user cannot be erased
    ├── AddressError      a URL or setting that says where ClickHouse is, and cannot be used
    ├── RetryableError    nothing was done; the same call may succeed later
    ├── RefusedError      the statement or a row is wrong; the same call fails again
    └── AmbiguousError    it may have been done; repeat an insert only with the same rows and token

The last three are what a caller has to react to, so every answer of a server and every failure
of a connection becomes one of them.
"""

from __future__ import annotations

import re


class ClickHouseError(Exception):
    """Base. ``text`` is the message, ``code`` ClickHouse's number for it where it gave one."""

    def __init__(self, text: str, code: int | None = None) -> None:
        self.text = text
        self.code = code
        super().__init__(text)


class TableError(ClickHouseError):
    """No table can hold what the contract describes."""


class EditedHistoryError(ClickHouseError):
    """``edited`` names contract versions, or entries of the record, that were changed."""

    def __init__(self, edited: tuple[str, ...]) -> None:
        self.edited = edited
        super().__init__(
            f"edited after it was applied: {', '.join(edited)}. A merged contract version never"
            " changes: restore it and write the change as a new version (or accept it as it is:"
            " ugc schema apply --accept-edited)"
        )


class MigrationNeededError(ClickHouseError):
    """``steps`` say what would have to be done. Nothing was."""

    def __init__(self, steps: tuple[str, ...], *, can_be_allowed: bool) -> None:
        self.steps = steps
        way = "look at: ugc schema plan" + (
            "; then run: ugc schema apply --allow-rewrite, or --allow-erase"
            if can_be_allowed
            else "; no ALTER does this, the table has to be moved by hand or the contract changed"
        )
        super().__init__(f"the tables need more than an addition: {'; '.join(steps)}. {way}")


class EraseError(ClickHouseError):
    """No user has this id, or their rows keep coming."""


class AddressError(ClickHouseError):
    """A ClickHouse URL is malformed, or what it asks for is not installed."""


class RetryableError(ClickHouseError):
    """Nothing was stored or changed: no connection, or the server had no room for the call."""


class RefusedError(ClickHouseError):
    """The server, or a check before it, refused the statement or a row. Never retry it."""


class AmbiguousError(ClickHouseError):
    """The outcome of a write is unknown, or only part of its partitions was written.

    An insert may be repeated with the same rows and the same ``deduplication_token``, which
    stores each row once.  A command may be repeated when it is harmless twice
    (``IF NOT EXISTS``).
    """


# Thrown before a write begins (ClickHouse, src/Common/ErrorCodes.cpp).
_NOT_BEGUN = frozenset(
    {
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        242,  # TABLE_IS_READ_ONLY: the replica lost its keeper session
        252,  # TOO_MANY_PARTS
        439,  # CANNOT_SCHEDULE_TASK
        473,  # DEADLOCK_AVOIDED
        517,  # CANNOT_ASSIGN_ALTER
        700,  # USER_SESSION_LIMIT_EXCEEDED
        745,  # SERVER_OVERLOADED
        749,  # TCP_CONNECTION_LIMIT_REACHED
        762,  # HTTP_CONNECTION_LIMIT_REACHED
        1019,  # QUERY_SLOT_ACQUISITION_TIMEOUT
    }
)

# May pass, and may come when part of a write has been done.
_PASSING = frozenset(
    {
        74,  # CANNOT_READ_FROM_FILE_DESCRIPTOR
        75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        76,  # CANNOT_OPEN_FILE
        95,  # CANNOT_READ_FROM_SOCKET
        96,  # CANNOT_WRITE_TO_SOCKET
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        173,  # CANNOT_ALLOCATE_MEMORY
        198,  # DNS_ERROR
        201,  # QUOTA_EXCEEDED
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        243,  # NOT_ENOUGH_SPACE
        244,  # UNEXPECTED_ZOOKEEPER_ERROR
        254,  # NO_ACTIVE_REPLICAS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        289,  # REPLICA_IS_NOT_IN_QUORUM
        294,  # CANNOT_WRITE_TO_FILE
        297,  # SHARD_HAS_NO_CONNECTIONS
        319,  # UNKNOWN_STATUS_OF_INSERT
        341,  # UNFINISHED
        364,  # RECEIVED_ERROR_TOO_MANY_REQUESTS
        384,  # PART_IS_TEMPORARILY_LOCKED
        394,  # QUERY_WAS_CANCELLED
        410,  # EXTERNAL_SERVER_IS_NOT_RESPONDING
        425,  # SYSTEM_ERROR
        499,  # S3_ERROR
        519,  # NO_REMOTE_SHARD_AVAILABLE
        733,  # TABLE_IS_BEING_RESTARTED
        738,  # PART_IS_LOCKED
        777,  # MEMORY_RESERVATION_KILLED
        778,  # MEMORY_RESERVATION_FAILED
        904,  # TOO_MANY_UNAVAILABLE_SHARDS
        999,  # KEEPER_EXCEPTION
        1000,  # POCO_EXCEPTION: the operating system's network errors
        1001,  # STD_EXCEPTION: the operating system's file errors, such as a full disk
    }
)

_CODE = re.compile(r"Code: (\d+)[.,]")
_STACK_TRACE = re.compile(r"[\s.]*Stack trace:.*", re.DOTALL)


def code_in(text: str) -> int | None:
    """The number in ``Code: 60. DB::Exception: …``, or None when the text has none."""
    found = _CODE.search(text)
    return int(found[1]) if found else None


def server_error(code: int | None, text: str, *, writes: bool) -> ClickHouseError:
    """The error for an exception that ClickHouse reported.

    Args:
        code: ClickHouse's error number.
        text: its message; a stack trace in it is dropped.
        writes: whether the statement changes anything.  A passing failure of a write is
            ambiguous: an insert into several partitions is stored partition by partition.
    """
    text = _STACK_TRACE.sub("", text).strip()
    if code in _NOT_BEGUN:
        return RetryableError(text, code)
    if code in _PASSING:
        return AmbiguousError(text, code) if writes else RetryableError(text, code)
    return RefusedError(text, code)


def connection_lost(text: str, *, writes: bool) -> ClickHouseError:
    """The error for a connection that broke, or fell silent, after the statement was sent."""
    return AmbiguousError(text) if writes else RetryableError(text)
