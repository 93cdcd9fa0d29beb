"""One schema's instances through Avro, and through Avro and ClickHouse, and what came back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ch_schema.ddl.lossless import LosslessTable
from ch_schema.errors import ClickHouseError
from contracts.errors import ContractSchemaError
from contracts.lossless.same_json import differences
from contracts.model.validation import foreign_check
from registry.errors import EncodeError
from registry.translate import Translation, translate
from ugc.roundtrip.cases import Case
from ugc.roundtrip.generate import instances
from ugc.roundtrip.table import Tables

_MOST_POINTERS = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """An instance that did not come back equal: ``pointers`` to where, or the ``problem``."""

    instance: int
    target: str
    pointers: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """How many fields of a target are typed, and how many hold JSON text; without the rests."""

    typed: int = 0
    json_text: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one schema.

    ``problem`` is why it did not get as far as its instances.  ``unchecked`` is why no validator
    takes the schema; generated instances may then be invalid.
    """

    id: str
    instances: int = 0
    generated: bool = False
    unchecked: str | None = None
    avro_equal: int = 0
    clickhouse_equal: int = 0
    avro_fields: Fields = Fields()
    clickhouse_columns: Fields = Fields()
    differences: tuple[Difference, ...] = ()
    problem: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing failed, and every instance there is came back equal both ways."""
        return self.problem is None and not self.differences

    @property
    def is_equal(self) -> bool | None:
        """Whether all came back equal; None when there was no instance to compare."""
        return None if self.problem is None and not self.instances else self.is_whole


class RoundTrip:
    """Judges cases, one after the other."""

    def __init__(self, tables: Tables, *, count: int, seed: int) -> None:
        """``count`` instances are generated for a schema without any, the same for one seed."""
        self._tables = tables
        self._count = count
        self._seed = seed

    def outcome(self, case: Case) -> Outcome:
        """What became of a case; whatever goes wrong is told in it and not raised."""
        if case.problem is not None:
            return Outcome(id=case.id, problem=case.problem)
        try:
            return self._judged(case)
        # A defect that one schema uncovers must neither end the run nor hide.
        except Exception as error:  # noqa: BLE001
            return Outcome(id=case.id, problem=f"{type(error).__name__}: {error}")

    def _judged(self, case: Case) -> Outcome:
        translation = translate(case.schema)
        values, unchecked = self._instances(case)
        encoded, in_avro = _through_avro(translation, values)
        in_clickhouse = self._through_clickhouse(translation, values, encoded)
        json_fields = sum(place.reason is not None for place in translation.report)
        return Outcome(
            id=case.id,
            instances=len(values),
            generated=case.valid is None,
            unchecked=unchecked,
            avro_equal=len(values) - len(in_avro),
            clickhouse_equal=len(values) - len(in_clickhouse),
            avro_fields=Fields(len(translation.report) - json_fields, json_fields),
            clickhouse_columns=Fields(*LosslessTable("roundtrip", translation.record).counts),
            differences=(*in_avro, *in_clickhouse),
        )

    def _instances(self, case: Case) -> tuple[Sequence[Any], str | None]:
        """The case's instances, or generated ones, and why those may be invalid."""
        if case.valid is not None:
            return case.valid, None
        rng = random.Random(self._seed)  # noqa: S311 - samples need no secrets
        try:
            accepts = foreign_check(case.schema)
        except ContractSchemaError as error:
            # Such a schema translates like any other; only nobody can say what is valid under it.
            values = instances(case.schema, self._count, rng, lambda _value: True)
            return values, "; ".join(error.problems)
        return instances(case.schema, self._count, rng, accepts), None

    def _through_clickhouse(
        self, translation: Translation, values: Sequence[Any], encoded: dict[int, bytes]
    ) -> list[Difference]:
        numbers = list(encoded)
        unsent = [
            Difference(number, "clickhouse", problem="it did not get through Avro")
            for number in range(len(values))
            if number not in encoded
        ]
        table = LosslessTable("roundtrip", translation.record)
        records = [translation.read(data) for data in encoded.values()]
        try:
            back = self._tables.through(table, records)
        except ClickHouseError as error:
            refused = str(error)
            return unsent + [Difference(n, "clickhouse", problem=refused) for n in numbers]
        found = list(unsent)
        for number, record in zip(numbers, back, strict=True):
            found.extend(_compared(translation, number, "clickhouse", values[number], record))
        return found


def _through_avro(
    translation: Translation, values: Sequence[Any]
) -> tuple[dict[int, bytes], list[Difference]]:
    """Each instance's bytes by its number, and what did not come back equal."""
    encoded: dict[int, bytes] = {}
    found: list[Difference] = []
    for number, value in enumerate(values):
        try:
            encoded[number] = translation.encode(value)
        except EncodeError as error:
            found.append(Difference(number, "avro", problem=error.problem))
        else:
            record = translation.read(encoded[number])
            found.extend(_compared(translation, number, "avro", value, record))
    return encoded, found


def _compared(
    translation: Translation, number: int, target: str, value: Any, record: dict[str, Any]
) -> list[Difference]:
    back = translation.from_avro(record)
    pointers = sorted(differences(value, back, translation.instance_type))
    return [Difference(number, target, tuple(pointers[:_MOST_POINTERS]))] if pointers else []
