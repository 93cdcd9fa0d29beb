"""Errors of the registry package.

::

    RegistryError
    ├── RegistryUnavailableError   no answer in time; try again later
    ├── RegistryDeniedError        the registry answered, and does not let us in
    ├── SchemaRefusedError         the registry answered, and will not take the schema
    ├── SchemaNotFoundError        the registry answered, and does not have it
    ├── LockError                  the lock file is not what it should be
    ├── BackupError                a backup is malformed, or does not fit beside what is there
    ├── EncodeError                a value has no image in the Avro schema
    ├── UndecodableError           a Kafka message cannot be read; carries a reason code
    ├── InvalidSchemaError         a document is no Avro schema
    ├── SchemaStoreError           the embedded server cannot read or write its folder
    └── RequestRefusedError        the embedded server refuses a request; carries its error code
"""

from __future__ import annotations

from contracts.reasons import Reason


class RegistryError(Exception):
    """Base of everything that can go wrong between contracts and Kafka bytes."""


class RegistryUnavailableError(RegistryError):
    """The Schema Registry gave no usable answer; the same call may succeed later."""


class RegistryDeniedError(RegistryError):
    """The Schema Registry wants other credentials, or none of ours may do this (401, 403)."""


class SchemaRefusedError(RegistryError):
    """The Schema Registry refuses the schema: invalid, or incompatible with earlier ones."""


class SchemaNotFoundError(RegistryError):
    """The Schema Registry does not have that subject, version or id."""


class LockError(RegistryError):
    """The lock file is missing, malformed, or says something else than the contracts."""


class BackupError(RegistryError):
    """A backup of the registry is malformed, or does not fit beside what the registry has."""


class EncodeError(RegistryError):
    """A value cannot be stored as the contract's type.

    ``pointer`` is the JSON pointer of the value.
    """

    def __init__(self, pointer: str, problem: str) -> None:
        self.pointer = pointer
        self.problem = problem
        super().__init__(f"{pointer} {problem}")


class UndecodableError(RegistryError):
    """A Kafka message that no contract can read. It belongs in the dead-letter topic."""

    def __init__(self, reason: Reason, detail: str, schema_id: int | None = None) -> None:
        self.reason = reason
        self.detail = detail
        self.schema_id = schema_id
        super().__init__(f"{reason}: {detail}")


class InvalidSchemaError(RegistryError):
    """A document that is no Avro schema; the text says where and why."""


class SchemaStoreError(RegistryError):
    """The embedded server's folder cannot be read or written, or is in use for too long."""


class RequestRefusedError(RegistryError):
    """The embedded server's negative answer: ``status`` is HTTP's, ``code`` Confluent's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(f"{message} ({code})")
