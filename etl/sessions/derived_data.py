"""What a derived event's data is made of, by field: what is read, carried and measured. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from contracts.model.types import (
    BooleanType,
    Contract,
    Field,
    FieldType,
    IntegerType,
    NumberType,
    Pairing,
    StringType,
)
from etl.errors import PlanError
from registry.errors import EncodeError
from registry.values import to_json, to_typed

Reader = Callable[[Mapping[str, Any]], Any]
"""From a message's data to one JSON value."""


class DataMaker:
    """Makes a derived event's typed data, of which the constants are converted only once."""

    def __init__(self, derived: Contract, pairing: Pairing, constants: Mapping[str, Any]) -> None:
        fields = fields_of(derived)
        self._constants: dict[str, Any] = dict.fromkeys(field.name for field in fields.values())
        for name, value in constants.items():
            self._constants[fields[name].name] = to_typed(fields[name].value)(
                value, f"/data/{name}"
            )
        self._carried = [
            (fields[name].name, to_typed(fields[name].value), f"/data/{name}")
            for name in pairing.carry
        ]
        self._duration = fields[pairing.duration].name
        self._context = {field.name: to_typed(field.value) for field in derived.context}

    def data(
        self, carried: Sequence[Any], context: Mapping[str, Any], seconds: float | None = None
    ) -> dict[str, Any]:
        """By field name; ``seconds`` only of a pair, ``context`` is the start's.

        What an earlier context had, and this one has not, is left out.
        """
        data = self._constants.copy()
        for name, value in context.items():
            if name in self._context:
                data[name] = self._context[name](value, f"/data/{name}")
        for (name, convert, at), value in zip(self._carried, carried, strict=True):
            data[name] = convert(value, at)
        if seconds is not None:
            data[self._duration] = seconds
        return data


def readers(contract: Contract, json_names: tuple[str, ...]) -> tuple[Reader, ...]:
    """For each field a function from a message's data to its JSON value."""
    fields = fields_of(contract)
    return tuple(_reader(fields[json_name]) for json_name in json_names)


def _reader(field: Field) -> Reader:
    match field.value.type:
        case StringType() | IntegerType() | NumberType() | BooleanType():
            return itemgetter(field.name)
        case _:
            convert = to_json(field.value)
            return lambda data: convert(data[field.name])


def duration_reader(derived: Contract, pairing: Pairing) -> Callable[[int], float]:
    """From elapsed milliseconds to seconds as the duration's field has them.

    Raises:
        PlanError: the field is no number.
    """
    found: FieldType = fields_of(derived)[pairing.duration].value.type
    match found:
        case NumberType():
            return lambda elapsed_ms: elapsed_ms / 1000
        case IntegerType():
            return lambda elapsed_ms: elapsed_ms // 1000
        case _:
            raise PlanError(f"{derived.id}: the duration {pairing.duration} must be a number")


def fields_of(contract: Contract) -> dict[str, Field]:
    """JSON name → field, those of the context too."""
    return {field.json_name: field for field in contract.data.fields}


def check_sources(derived: Contract, pairing: Pairing, start: Contract) -> None:
    """Every field of the derived event has a source of its own type.

    Raises:
        PlanError: one has not.
    """
    fields, carried = fields_of(derived), fields_of(start)
    for name in pairing.carry:
        if type(fields[name].value.type) is not type(carried[name].value.type):
            raise PlanError(f"{derived.id}: {name} has another type in {start.id}")
    for case, constants, measured in (
        ("when_paired", pairing.when_paired, {pairing.duration}),
        ("when_unpaired", pairing.when_unpaired, set()),
    ):
        given = {*pairing.carry, *constants, *measured}
        if lacking := {name for name, field in fields.items() if field.required} - given:
            raise PlanError(f"{derived.id}: {case} leaves out {', '.join(sorted(lacking))}")
        for name, value in constants.items():
            try:
                to_typed(fields[name].value)(value, f"/x-pairing/{case}/{name}")
            except EncodeError as error:
                raise PlanError(f"{derived.id}: {error}") from error
