"""Errors of the composition root, and the list of those that need no stack trace."""

from __future__ import annotations


class UgcError(Exception):
    """Something that the person at the command line can do something about."""


class CommandLineError(UgcError):
    """Arguments that are wrong, or do not go together: the exit code is 2."""


class PartAwayError(UgcError):
    """A part did not answer; the same command may succeed later: the exit code is 75."""


class MisconfiguredError(UgcError):
    """What was set cannot work here: the exit code is 78. The text says what and why."""


class AddressError(UgcError):
    """A server cannot listen where it was told to; the text names address and port."""


class NoWorkerStartsError(UgcError):
    """A server's workers end before they serve, again and again."""


def expected_errors() -> tuple[type[Exception], ...]:
    """The base error of every room. Their texts are written for people."""
    from api.errors import ApiError
    from ch_schema.errors import ClickHouseError
    from contracts.errors import ContractError, SettingError
    from etl.errors import EtlError
    from registry.errors import RegistryError

    return (
        ApiError,
        ClickHouseError,
        ContractError,
        EtlError,
        RegistryError,
        SettingError,
        UgcError,
    )
