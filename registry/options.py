"""How a Schema Registry is reached and used, beside its URL; read once from environment variables.

==================================  ===============================================================
variable                            meaning (default)
==================================  ===============================================================
SCHEMA_REGISTRY_USER_INFO           ``user:password`` for basic authentication (none)
SCHEMA_REGISTRY_CA_FILE             PEM file of the authorities to trust (the public ones)
SCHEMA_REGISTRY_CERTIFICATE_FILE    PEM file of the client's certificate (none)
SCHEMA_REGISTRY_KEY_FILE            PEM file of its key (in the certificate's file)
SCHEMA_REGISTRY_KEY_PASSWORD        password of that key (none)
SCHEMA_REGISTRY_TIMEOUT_SECONDS     longest wait for one answer (2)
SCHEMA_SUBJECT_STRATEGY             ``record`` or ``topic-record``: how subjects are named (record)
SCHEMA_ID_CACHE_DIR                 folder that remembers ids and schemas for a start without the
                                    registry (none: nothing is remembered)
==================================  ===============================================================

A variable that is set to nothing counts as not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from contracts.errors import SettingError
from contracts.settings import Settings


class SubjectStrategy(StrEnum):
    """What a subject is named after: the record alone, or the topic and the record."""

    RECORD = "record"
    TOPIC_RECORD = "topic-record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a call may take: ``(retries + 1) * (timeout + wait)`` for each URL."""

    timeout_seconds: float = 2.0
    retries: int = 2
    retry_wait_seconds: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOptions:
    """Everything that can be set. The module says what each variable means."""

    user_info: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    strategy: SubjectStrategy = SubjectStrategy.RECORD
    cache_dir: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> RegistryOptions:
        """The options in environment variables.

        Raises:
            SettingError: a variable is malformed; the text names it, and quotes none.
        """
        read = Settings(env)
        user_info = read.optional("SCHEMA_REGISTRY_USER_INFO")
        if user_info is not None and not user_info.partition(":")[1]:
            raise SettingError("SCHEMA_REGISTRY_USER_INFO", "user:password")
        certificate = read.file("SCHEMA_REGISTRY_CERTIFICATE_FILE")
        key, key_password = (
            read.file("SCHEMA_REGISTRY_KEY_FILE"),
            read.optional("SCHEMA_REGISTRY_KEY_PASSWORD"),
        )
        if certificate is None and (key or key_password):
            expected = "set when a key or its password is"
            raise SettingError("SCHEMA_REGISTRY_CERTIFICATE_FILE", expected)
        return cls(
            user_info=user_info,
            ca_file=read.file("SCHEMA_REGISTRY_CA_FILE"),
            certificate_file=certificate,
            key_file=key,
            key_password=key_password,
            limits=Limits(
                timeout_seconds=read.seconds("SCHEMA_REGISTRY_TIMEOUT_SECONDS", 2.0, below=1e6)
            ),
            strategy=_strategy(read.optional("SCHEMA_SUBJECT_STRATEGY")),
            cache_dir=read.path("SCHEMA_ID_CACHE_DIR"),
        )


def _strategy(found: str | None) -> SubjectStrategy:
    try:
        return SubjectStrategy(found or SubjectStrategy.RECORD)
    except ValueError as error:
        expected = " or ".join(SubjectStrategy)
        raise SettingError("SCHEMA_SUBJECT_STRATEGY", expected) from error
