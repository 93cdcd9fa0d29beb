"""A Schema Registry within this process, for tests."""

from __future__ import annotations

import json
import threading

from registry import compatibility
from registry.client import RegisteredVersion
from registry.errors import InvalidSchemaError, SchemaNotFoundError, SchemaRefusedError


class InMemoryRegistry:
    """A registry within this process, for tests. It registers what it would call incompatible."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: list[str] = []
        self._by_subject: dict[str, dict[str, None]] = {}
        self.levels: dict[str, str] = {}

    def register(self, subject: str, schema_text: str) -> int:
        canonical = _canonical(schema_text)
        _resolved(subject, canonical)
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
        new = _resolved(subject, _canonical(schema_text))
        earlier = [_resolved(subject, text) for text in self._by_subject.get(subject, {})]
        level = compatibility.Level(self.levels.get(subject, compatibility.Level.BACKWARD))
        return not compatibility.check(level, new, earlier)

    def set_compatibility(self, subject: str, level: str) -> None:
        self.levels[subject] = level

    def versions(self, subject: str) -> tuple[RegisteredVersion, ...]:
        with self._lock:
            if subject not in self._by_subject:
                raise SchemaNotFoundError(f"{subject}: no such subject")
            return tuple(
                RegisteredVersion(number=number, schema_id=self._texts.index(text) + 1, text=text)
                for number, text in enumerate(self._by_subject[subject], start=1)
            )

    def compatibility(self, subject: str) -> str | None:
        return self.levels.get(subject)

    def close(self) -> None:
        """Nothing to let go of."""


def _canonical(schema_text: str) -> str:
    try:
        return json.dumps(json.loads(schema_text), sort_keys=True)
    except ValueError as error:
        raise SchemaRefusedError(f"the schema is not JSON: {error}") from error


def _resolved(subject: str, schema_text: str) -> compatibility.AvroType:
    try:
        return compatibility.resolve(json.loads(schema_text))
    except InvalidSchemaError as error:
        raise SchemaRefusedError(f"{subject}: {error}") from error
