"""What the packages need of a Schema Registry, over confluent-kafka's own client.

That client waits without limit, retries for a minute and looks the newest schema up by itself
unless told otherwise; :class:`ConfluentRegistry` bounds all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from contracts.addresses import IN_PASSWORDS, is_address
from contracts.errors import SettingError
from registry.errors import (
    RegistryDeniedError,
    RegistryError,
    RegistryUnavailableError,
    SchemaNotFoundError,
    SchemaRefusedError,
)
from registry.options import RegistryOptions

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVersion:
    """A schema under a subject; ``text`` is as the registry spells it."""

    number: int
    schema_id: int
    text: str


class SchemaRegistry(Protocol):
    """A Schema Registry that keeps Avro schemas by subject and by global id.

    Every call may also raise :class:`~registry.errors.RegistryDeniedError`.
    """

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

    def versions(self, subject: str) -> tuple[RegisteredVersion, ...]:
        """Everything that is registered under ``subject``, oldest first.

        Raises:
            SchemaNotFoundError: there is no such subject.
            RegistryUnavailableError: no answer in time.
        """
        ...

    def compatibility(self, subject: str) -> str | None:
        """The compatibility level set for one subject; ``None`` when none is.

        Raises:
            RegistryUnavailableError: no answer in time.
        """
        ...

    def set_compatibility(self, subject: str, level: str) -> None:
        """Sets the compatibility level of one subject.

        Raises:
            RegistryUnavailableError: no answer in time.
        """
        ...

    def close(self) -> None:
        """Lets go of the connections; the registry is not to be used after that."""
        ...


def connect(url: str, options: RegistryOptions | None = None) -> ConfluentRegistry:
    """A client for the registry at ``url`` (several, separated by commas, are tried in turn).

    A URL may carry ``user:password@``; several must then carry the same.

    Raises:
        SettingError: URL or options cannot be used; no secret is quoted.
    """
    return ConfluentRegistry(url, options or RegistryOptions())


class ConfluentRegistry:
    """Any registry that speaks Confluent's REST API."""

    def __init__(self, url: str, options: RegistryOptions) -> None:
        try:
            self._client = SchemaRegistryClient(_configuration(url, options))
        except OSError as error:
            # OpenSSL's error for a file that is no PEM, or a wrong password.
            files = {
                "SCHEMA_REGISTRY_CA_FILE": options.ca_file,
                "SCHEMA_REGISTRY_CERTIFICATE_FILE": options.certificate_file,
                "SCHEMA_REGISTRY_KEY_FILE": options.key_file,
            }
            names = " and ".join(name for name, file in files.items() if file is not None)
            expected = "PEM files, with the password that opens the key"
            raise SettingError(names, expected) from error

    def register(self, subject: str, schema_text: str) -> int:
        with _answered(subject):
            return self._client.register_schema(subject, Schema(schema_text, "AVRO"))

    def lookup(self, subject: str, schema_text: str) -> int:
        with _answered(subject):
            found = self._client.lookup_schema(subject, Schema(schema_text, "AVRO"))
            return _there(found.schema_id)

    def schema(self, schema_id: int) -> str:
        with _answered(f"schema id {schema_id}"):
            return _there(self._client.get_schema(schema_id).schema_str)

    def subjects(self) -> tuple[str, ...]:
        with _answered("subjects"):
            return tuple(sorted(self._client.get_subjects()))

    def versions(self, subject: str) -> tuple[RegisteredVersion, ...]:
        with _answered(subject):
            numbers = sorted(self._client.get_versions(subject))
            found = [self._client.get_version(subject, number) for number in numbers]
            return tuple(
                RegisteredVersion(
                    number=number,
                    schema_id=_there(each.schema_id),
                    text=_there(each.schema.schema_str if each.schema else None),
                )
                for number, each in zip(numbers, found, strict=True)
            )

    def is_compatible(self, subject: str, schema_text: str) -> bool:
        try:
            with _answered(subject):
                schema = Schema(schema_text, "AVRO")
                return self._client.test_compatibility_all_versions(subject, schema)
        except SchemaNotFoundError:
            return True

    def compatibility(self, subject: str) -> str | None:
        try:
            with _answered(subject):
                return str(self._client.get_compatibility(subject))
        except SchemaNotFoundError:
            return None

    def set_compatibility(self, subject: str, level: str) -> None:
        with _answered(subject):
            self._client.set_compatibility(subject, level)

    def put_back(self, subject: str, versions: tuple[RegisteredVersion, ...]) -> None:
        """See :class:`registry.backup.SchemaImporter`."""
        with _answered(subject):
            self._client.update_mode(subject, "IMPORT", force=True)
        try:
            for version in versions:
                # The client's register_schema sends no id, so this is its own call with one.
                body = Schema(version.text, "AVRO").to_dict()
                body |= {"id": version.schema_id, "version": version.number}
                with _answered(subject):
                    path = f"subjects/{quote(subject, safe='')}/versions"
                    self._client._rest_client.post(path, body=body)
        finally:
            with _answered(subject):
                self._client.update_mode(subject, "READWRITE")

    def close(self) -> None:
        self._client.close()


def _configuration(url: str, options: RegistryOptions) -> dict[str, Any]:
    """What confluent-kafka's client understands. The URLs in it hold no credentials any more."""
    urls, in_urls = without_credentials(url)
    if in_urls is not None and options.user_info is not None:
        expected = "unset when the URL has credentials"
        raise SettingError("SCHEMA_REGISTRY_USER_INFO", expected)
    limits = options.limits
    found: dict[str, Any] = {
        "url": urls,
        "timeout": limits.timeout_seconds,
        "max.retries": limits.retries,
        "retries.wait.ms": int(limits.retry_wait_seconds * 1000),
        "retries.max.wait.ms": int(limits.retry_wait_seconds * 1000),
    }
    optional = {
        "basic.auth.user.info": options.user_info or in_urls,
        "ssl.ca.location": options.ca_file,
        "ssl.certificate.location": options.certificate_file,
        "ssl.key.location": options.key_file,
        "ssl.key.password": options.key_password,
    }
    return found | {name: str(value) for name, value in optional.items() if value is not None}


def without_credentials(url: str) -> tuple[str, str | None]:
    """URLs without the credentials in them, and those as ``user:password``.

    Raises:
        SettingError: one is no HTTP address, or two have different credentials.
    """
    bare: list[str] = []
    found: set[str] = set()
    for each in url.split(","):
        if not is_address(each.strip(), ("http", "https")):
            # Not quoted: the address may hold a password.
            expected = f"addresses like http://host:port; {IN_PASSWORDS}"
            raise SettingError("SCHEMA_REGISTRY_URL", expected)
        parts = urlsplit(each.strip())
        user_info, at, host = parts.netloc.rpartition("@")
        if at:
            user, _, password = user_info.partition(":")
            found.add(f"{unquote(user)}:{unquote(password)}")
        bare.append(urlunsplit(parts._replace(netloc=host)).rstrip("/"))
    if len(found) > 1:
        expected = "addresses with the same credentials, or SCHEMA_REGISTRY_USER_INFO set instead"
        raise SettingError("SCHEMA_REGISTRY_URL", expected)
    return ",".join(bare), found.pop() if found else None


@contextmanager
def _answered(what: str) -> Iterator[None]:
    """The one place where the client's errors become ours."""
    try:
        yield
    except SchemaRegistryError as error:
        raise _kind(error)(f"{what}: {_told(error)}") from error
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        text = f"{what}: the registry does not answer: {reason}"
        raise RegistryUnavailableError(text) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # What the client raises when an answer is no JSON, or not the JSON it expects.
        text = f"{what}: no registry's answer: {type(error).__name__}"
        raise RegistryUnavailableError(text) from error


def _told(error: SchemaRegistryError) -> str:
    """What the registry says, or what answers in its place."""
    message = str(error.error_message)[:_MESSAGE_CHARACTERS]
    # -1 is the client's, for an answer that is no JSON object; None, for one without these names.
    if error.error_code in (None, -1):
        said = "" if error.error_message is None else f", {message}"
        return (
            "what answers at SCHEMA_REGISTRY_URL is no Schema Registry:"
            f" HTTP {error.http_status_code}{said}"
        )
    return f"{message} ({error.error_code})"


def _kind(error: SchemaRegistryError) -> type[RegistryError]:
    """What an answer other than success means.

    Only a registry's own 404 (40401, 40402 …) says that something is not there; one without such
    a code comes from a proxy or a wrong path.
    """
    code = error.error_code if isinstance(error.error_code, int) else 0
    if error.http_status_code == HTTPStatus.NOT_FOUND and code // 100 == HTTPStatus.NOT_FOUND:
        return SchemaNotFoundError
    return _BY_STATUS.get(error.http_status_code, RegistryUnavailableError)


_BY_STATUS: Mapping[int, type[RegistryError]] = {
    HTTPStatus.UNAUTHORIZED: RegistryDeniedError,
    HTTPStatus.FORBIDDEN: RegistryDeniedError,
    HTTPStatus.CONFLICT: SchemaRefusedError,
    HTTPStatus.UNPROCESSABLE_ENTITY: SchemaRefusedError,
}

_MESSAGE_CHARACTERS = 500
"""A proxy in between may answer with a page."""


def _there(value: _T | None) -> _T:
    if value is None:
        raise KeyError("the answer lacks it")
    return value
