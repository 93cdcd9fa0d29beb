"""Errors of the contracts package.

::

    SettingError           an environment variable is missing or malformed, whoever reads it
    ContractError
    ├── ContractLoadError      a file cannot be read, parsed or placed
    │   └── NoContractsError   the folder is none of contracts
    ├── ContractSchemaError    a file breaks the contract dialect
    │   └── ContractTooLargeError  it has more values than may be, every $ref followed
    ├── SampleError            no payload of the wanted kind can be made
    └── UnknownContractError   nobody described that event or version
        ├── UnknownEventError
        └── UnknownVersionError
"""

from __future__ import annotations


class SettingError(Exception):
    """A setting is missing or malformed. The value is not quoted: it may be a secret.

    ``variable`` is its name, ``expected`` what it must be.
    """

    def __init__(self, variable: str, expected: str) -> None:
        self.variable = variable
        self.expected = expected
        super().__init__(f"{variable} must be {expected}")


class ContractError(Exception):
    """Base of everything that can be wrong with a contract."""


class ContractLoadError(ContractError):
    """A contract file is unreadable, is not JSON, or lies where no contract belongs."""


class NoContractsError(ContractLoadError):
    """The folder that somebody chose is not there, or is none of contracts."""


class ContractSchemaError(ContractError):
    """A contract file breaks the dialect; ``problems`` lists every finding as text."""

    def __init__(self, path: str, problems: tuple[str, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__(f"{path}: " + "; ".join(problems))


class ContractTooLargeError(ContractSchemaError):
    """A contract has more values than may be, or deeper ones, once every ``$ref`` is followed."""


class SampleError(ContractError):
    """No payload of the wanted kind was found for a schema."""


class UnknownContractError(ContractError):
    """No contract describes what was asked for."""


class UnknownEventError(UnknownContractError):
    """No contract has this event name."""

    def __init__(self, event: str) -> None:
        self.event = event
        super().__init__(f"no contract describes the event {event[:80]!r}")


class UnknownVersionError(UnknownContractError):
    """The event exists, but not in this version."""

    def __init__(self, event: str, version: int, known: tuple[int, ...]) -> None:
        self.event = event
        self.version = version
        self.known = known
        listed = ", ".join(map(str, known))
        super().__init__(f"the event {event!r} has no version {version}; it has {listed}")
