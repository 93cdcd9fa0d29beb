"""What the rooms need of a Schema Registry, over confluent-kafka's own client.

That client waits without limit, retries for a minute and looks the newest schema up by itself
unless told otherwise; :class:`ConfluentRegistry` bounds all of it.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from registry import compatibility
from registry.errors import (
    RegistryError,
    RegistryUnavailableError,
    SchemaNotFoundError,
    SchemaRefusedError,
)


class SchemaRegistry(Protocol):
    """A Schema Registry that keeps Avro schemas by subject and by global id."""

    def register(self, subject: str, schema_text: str) -> int:
        """The id of the schema under ``subject``, registering it if it is new.

        Raises:
            SchemaRefusedError: invalid, or incompatible with what the subject has.
            RegistryUnavailableError: no answer in time.
        """
        ...

    def lookup(self, subject: str, schema_text: str) -> int:
        """The id of a schema that is registered under ``subject``; registers nothing.

        Raises:
            SchemaNotFoundError: the subject does not have it.
            RegistryUnavailableError: no answer in time.
        """
        ...

    def schema(self, schema_id: int) -> str:
        """The text of the schema with this id.

        Raises:
            SchemaNotFoundError: no schema has the id.
            RegistryUnavailableError: no answer in time.
        """
        ...

    def subjects(self) -> tuple[str, ...]:
        """All subjects, sorted.

        Raises:
            RegistryUnavailableError: no answer in time.
        """
        ...

    def is_compatible(self, subject: str, schema_text: str) -> bool:
        """Whether the registry would take the schema beside what ``subject`` has.

        A subject that is not there takes every schema.

        Raises:
            SchemaRefusedError: it is no Avro schema.
            RegistryUnavailableError: no answer in time.
        """
        ...

    def set_compatibility(self, subject: str, level: str) -> None:
        """Sets the compatibility level of one subject.

        Raises:
            RegistryUnavailableError: no answer in time.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a call may take: ``(retries + 1) * (timeout + wait)`` for each URL."""

    timeout_seconds: float = 2.0
    retries: int = 2
    retry_wait_seconds: float = 0.2


def connect(url: str, limits: Limits | None = None) -> SchemaRegistry:
    """A client for the registry at ``url`` (several, separated by commas, are tried in turn)."""
    return ConfluentRegistry(url, limits or Limits())


class ConfluentRegistry:
    """Any registry that speaks Confluent's REST API."""

    def __init__(self, url: str, limits: Limits) -> None:
        self._url = url
        self._client = SchemaRegistryClient(
            {
                "url": url,
                "timeout": limits.timeout_seconds,
                "max.retries": limits.retries,
                "retries.wait.ms": int(limits.retry_wait_seconds * 1000),
                "retries.max.wait.ms": int(limits.retry_wait_seconds * 1000),
            }
        )

    def register(self, subject: str, schema_text: str) -> int:
        try:
            return self._client.register_schema(subject, Schema(schema_text, "AVRO"))
        except (SchemaRegistryError, httpx2.HTTPError) as error:
            raise self._translated(error, subject) from error

    def lookup(self, subject: str, schema_text: str) -> int:
        try:
            found = self._client.lookup_schema(subject, Schema(schema_text, "AVRO"))
        except (SchemaRegistryError, httpx2.HTTPError) as error:
            raise self._translated(error, subject) from error
        if found.schema_id is None:
            raise RegistryUnavailableError(f"{subject}: the registry's answer has no id")
        return found.schema_id

    def schema(self, schema_id: int) -> str:
        try:
            found = self._client.get_schema(schema_id)
        except (SchemaRegistryError, httpx2.HTTPError) as error:
            raise self._translated(error, f"schema id {schema_id}") from error
        if found.schema_str is None:
            raise RegistryUnavailableError(f"schema id {schema_id}: the answer has no schema")
        return found.schema_str

    def subjects(self) -> tuple[str, ...]:
        try:
            return tuple(sorted(self._client.get_subjects()))
        except (SchemaRegistryError, httpx2.HTTPError) as error:
            raise self._translated(error, "subjects") from error

    def is_compatible(self, subject: str, schema_text: str) -> bool:
        try:
            return self._client.test_compatibility_all_versions(
                subject, Schema(schema_text, "AVRO")
            )
        except SchemaRegistryError as error:
            if error.http_status_code == HTTPStatus.NOT_FOUND:
                return True
            raise self._translated(error, subject) from error
        except httpx2.HTTPError as error:
            raise self._translated(error, subject) from error

    def set_compatibility(self, subject: str, level: str) -> None:
        try:
            self._client.set_compatibility(subject, level)
        except (SchemaRegistryError, httpx2.HTTPError) as error:
            raise self._translated(error, subject) from error

    def _translated(
        self, error: SchemaRegistryError | httpx2.HTTPError, what: str
    ) -> RegistryError:
        if not isinstance(error, SchemaRegistryError):
            reason = str(error) or type(error).__name__
            return RegistryUnavailableError(f"{what}: the registry does not answer: {reason}")
        answered = f"{what}: {error.error_message} (code {error.error_code})"
        match error.http_status_code:
            case 404:
                return SchemaNotFoundError(answered)
            case 409 | 422:
                return SchemaRefusedError(answered)
            case _:
                return RegistryUnavailableError(answered)


class InMemoryRegistry:
    """A registry within this process, for tests. It registers what it would call incompatible."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: list[str] = []
        self._by_subject: dict[str, dict[str, None]] = {}
        self.levels: dict[str, str] = {}

    def register(self, subject: str, schema_text: str) -> int:
        canonical = _canonical(schema_text)
        with self._lock:
            if canonical not in self._texts:
                self._texts.append(canonical)
            self._by_subject.setdefault(subject, {})[canonical] = None
            return self._texts.index(canonical) + 1

    def lookup(self, subject: str, schema_text: str) -> int:
        canonical = _canonical(schema_text)
        with self._lock:
            if canonical not in self._by_subject.get(subject, ()):
                raise SchemaNotFoundError(f"{subject}: no such schema")
            return self._texts.index(canonical) + 1

    def schema(self, schema_id: int) -> str:
        with self._lock:
            if not 1 <= schema_id <= len(self._texts):
                raise SchemaNotFoundError(f"schema id {schema_id}: unknown")
            return self._texts[schema_id - 1]

    def subjects(self) -> tuple[str, ...]:
        return tuple(sorted(self._by_subject))

    def is_compatible(self, subject: str, schema_text: str) -> bool:
        new, *earlier = (
            compatibility.resolve(json.loads(text))
            for text in (_canonical(schema_text), *self._by_subject.get(subject, ()))
        )
        level = compatibility.Level(self.levels.get(subject, compatibility.Level.BACKWARD))
        return not compatibility.check(level, new, earlier)

    def set_compatibility(self, subject: str, level: str) -> None:
        self.levels[subject] = level


def _canonical(schema_text: str) -> str:
    try:
        return json.dumps(json.loads(schema_text), sort_keys=True)
    except ValueError as error:
        raise SchemaRefusedError(f"the schema is not JSON: {error}") from error
