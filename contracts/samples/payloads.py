"""Payloads made from a contract: valid ones, and near misses that break one rule. Pure.

Chance is passed in: the same ``random.Random`` state gives the same payload.  Every payload is held
against the contract before it is returned, so what is called valid is, and what is called a miss
breaks exactly the keyword it names, at the pointer it names, and nothing else.
"""

from __future__ import annotations

import copy
import datetime as dt
import math
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from contracts.errors import SampleError
from contracts.model import patterns
from contracts.model.definitions import definition
from contracts.model.formats import FIRST_DAY, LAST_DAY
from contracts.model.types import INT64_MAX, INT64_MIN, JsonSchema
from contracts.model.validation import Validator
from contracts.samples.near_misses import near_misses

_ATTEMPTS = 200
_LONG_TEXT = 4_096
"""Longer texts are drawn in one go, which is ten times as fast."""

_ROOM = 20_000
"""This many items and characters are chosen freely in one payload; then its lists and texts are as
short as they may be.  Else bounds that lie inside each other multiply."""

_MOST_DEMANDED = 1_000_000
"""Payloads that cannot be smaller than this many items and characters are not made."""

_LONGEST_TEXT = 24
_LONGEST_LIST = 4
_FAR = 10_000
"""How far from its bound, or from 0, a number goes that is bounded on one side or none."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789 -_йцукен漢字é✓"
_WORD = "abcdefghijklmnopqrstuvwxyz"

_EDGE_SHARE = 0.15
"""So often a day lies on the edge of what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """How often, as shares from 0 to 1, a value is of a kind that chance alone would seldom give.

    ``example`` is one that the contract gives as an example, as real ones are; ``edge`` lies on
    the edge of what is allowed; ``null`` is null where that is allowed.
    """

    example: float = 0.4
    edge: float = 0.15
    null: float = 0.15


EVERYTHING = Leaning()
"""Values of all kinds, to try a contract with."""

LIFELIKE = Leaning(example=0.95, edge=0.0, null=0.05)
"""Mostly what the contract gives as examples, and nothing extreme: what people send."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An invalid payload: only ``keyword`` is broken, by the value at ``pointer`` (RFC 6901)."""

    payload: Any
    pointer: str
    keyword: str


class Sampler:
    """Makes payloads of one schema of the contract dialect. Keeps no state between calls."""

    def __init__(self, schema: JsonSchema, leaning: Leaning = EVERYTHING) -> None:
        """Raises ContractSchemaError for a schema that no validator takes."""
        self._schema = schema
        self._leaning = leaning
        self._validator = Validator(schema)

    def valid(self, rng: random.Random) -> Any:
        """A payload that the schema accepts; optional fields are there or not.

        Raises:
            SampleError: none was found; the restrictions leave no value, or too few, or each is
                larger than a payload can be.
        """
        for _ in range(_ATTEMPTS):
            value = _Values(self._schema, rng, self._leaning).payload()
            if self._validator.accepts(value):
                return value
        raise SampleError(f"no valid payload in {_ATTEMPTS} attempts; are the bounds satisfiable?")

    def near_misses(self, rng: random.Random) -> Iterator[NearMiss]:
        """Every way in which one valid payload can be made invalid in one place.

        The keywords come in random order, so the first few misses are not all of one kind.

        Raises:
            SampleError: no valid payload was found to begin with.
        """
        payload = self.valid(rng)
        candidates = list(near_misses(self._schema, payload))
        rng.shuffle(candidates)
        keywords = sorted({candidate.keyword for candidate in candidates})
        rng.shuffle(keywords)
        candidates.sort(key=lambda candidate: keywords.index(candidate.keyword))
        for candidate in candidates:
            broken = candidate.applied_to(copy.deepcopy(payload))
            found = self._validator.violations(broken, limit=2)
            if [(v.pointer, v.keyword) for v in found] == [(candidate.pointer, candidate.keyword)]:
                yield NearMiss(broken, candidate.pointer, candidate.keyword)

    def invalid(self, rng: random.Random) -> NearMiss:
        """One near miss.

        Raises:
            SampleError: there is none, since the schema accepts everything.
        """
        for miss in self.near_misses(rng):
            return miss
        raise SampleError("no near miss: the schema restricts nothing")


class _Values:
    """Values of one document's schemas; some of them break a rule that only the validator sees."""

    def __init__(self, root: JsonSchema, rng: random.Random, leaning: Leaning) -> None:
        self._root = root
        self._rng = rng
        self._leaning = leaning
        self._room = _ROOM

    def payload(self) -> Any:
        """A value of the whole document, put together out of its fields."""
        return self.value({key: part for key, part in self._root.items() if key != "examples"})

    def value(self, schema: Mapping[str, Any]) -> Any:
        if "$ref" in schema:
            return self.value(definition(self._root, schema["$ref"]))
        if "const" in schema:
            return schema["const"]
        # One UUID is as good as another, and those of two payloads should differ.
        has_examples = bool(schema.get("examples")) and schema.get("format") != "uuid"
        if has_examples and self._rng.random() < self._leaning.example:
            return copy.deepcopy(self._rng.choice(schema["examples"]))
        if "enum" in schema:
            return self._rng.choice(schema["enum"])
        kinds = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
        # Null is one value, the type beside it has many.
        others = [kind for kind in kinds if kind != "null"]
        is_null = len(others) < len(kinds) and self._rng.random() < self._leaning.null
        return None if is_null else _BY_KIND[self._rng.choice(others)](self, schema)

    def string(self, schema: Mapping[str, Any]) -> str:
        make = _FORMATS.get(schema.get("format", ""))
        if make is not None:
            return make(self._rng)
        if "pattern" in schema:
            return patterns.sample(patterns.parse(schema["pattern"]), self._rng)
        least = schema.get("minLength", 0)
        most = schema.get("maxLength", max(least, _LONGEST_TEXT))
        length = self._size(least, most, _LONGEST_TEXT)
        if length > _LONG_TEXT:
            return "".join(self._rng.choices(_ALPHABET, k=length))
        return "".join(self._rng.choice(_ALPHABET) for _ in range(length))

    def integer(self, schema: Mapping[str, Any]) -> int:
        low, high = self._bounds(schema, Fraction(1))
        lowest, highest = max(math.ceil(low), INT64_MIN), min(math.floor(high), INT64_MAX)
        step = Fraction(str(schema.get("multipleOf", 1)))
        if self._rng.random() < self._leaning.edge:
            return self._rng.choice((lowest, highest))
        number = self._rng.randint(lowest, max(lowest, highest))
        multiple = math.floor(number / step) * step
        return int(multiple if multiple >= lowest else multiple + step)

    def number(self, schema: Mapping[str, Any]) -> float:
        low, high = self._bounds(schema, Fraction(0))
        if "multipleOf" in schema:
            step = Fraction(str(schema["multipleOf"]))
            first, last = math.ceil(low / step), math.floor(high / step)
            return float(self._rng.randint(first, max(first, last)) * step)
        if self._rng.random() < self._leaning.edge:
            return float(self._rng.choice((low, high)))
        # Few digits, as people and sensors write them, where the range is wide enough for that.
        exact = float(low + (high - low) * Fraction(self._rng.random()))
        short = round(exact, 3)
        return short if low <= Fraction(short) <= high else exact

    def _bounds(self, schema: Mapping[str, Any], inward: Fraction) -> tuple[Fraction, Fraction]:
        """The lowest and highest number; ``inward`` is the way from an excluded one."""
        lows = [_exact(schema, "minimum", Fraction(0)), _exact(schema, "exclusiveMinimum", inward)]
        highs = [
            _exact(schema, "maximum", Fraction(0)),
            _exact(schema, "exclusiveMaximum", -inward),
        ]
        low = max((n for n in lows if n is not None), default=None)
        high = min((n for n in highs if n is not None), default=None)
        if low is None:
            low = Fraction(-_FAR) if high is None else high - _FAR
        return low, low + _FAR if high is None else high

    def boolean(self, _schema: Mapping[str, Any]) -> bool:
        return self._rng.random() < 0.5

    def array(self, schema: Mapping[str, Any]) -> list[Any]:
        least = schema.get("minItems", 0)
        length = self._size(least, schema.get("maxItems", max(least, _LONGEST_LIST)), _LONGEST_LIST)
        return [self.value(schema["items"]) for _ in range(length)]

    def object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", ())
        if properties:
            return {
                name: self.value(inner)
                for name, inner in properties.items()
                if name in required or self._rng.random() < 0.5
            }
        if schema.get("additionalProperties") is False:
            return {}
        least = schema.get("minProperties", 0)
        most = schema.get("maxProperties", max(least, _LONGEST_LIST))
        count = self._size(least, most, _LONGEST_LIST)
        keys = [f"{self._word()}_{index}" for index in range(count)]
        return {key: self.value(schema["additionalProperties"]) for key in keys}

    def _size(self, least: int, most: int, usual: int) -> int:
        """Mostly short; now and then the least or the most that is allowed and has room."""
        most = most if most <= self._room else max(least, self._room)
        if self._rng.random() < self._leaning.edge:
            size = self._rng.choice((least, most))
        else:
            size = self._rng.randint(least, max(least, min(most, least + usual)))
        self._room -= size
        if self._room < -_MOST_DEMANDED:
            raise SampleError(f"no payload has fewer than {_MOST_DEMANDED} items and characters")
        return size

    def _word(self) -> str:
        return _word(self._rng)


def _exact(schema: Mapping[str, Any], keyword: str, inward: Fraction) -> Fraction | None:
    return Fraction(str(schema[keyword])) + inward if keyword in schema else None


def _word(rng: random.Random) -> str:
    return "".join(rng.choice(_WORD) for _ in range(rng.randint(1, 8)))


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _date(rng: random.Random) -> str:
    days = (LAST_DAY - FIRST_DAY).days
    if rng.random() < _EDGE_SHARE:
        return str(rng.choice((FIRST_DAY, LAST_DAY, dt.date(2024, 2, 29))))
    return str(FIRST_DAY + dt.timedelta(days=rng.randint(0, days)))


def _date_time(rng: random.Random) -> str:
    seconds = f"{rng.randrange(60):02d}"
    digits = rng.choice((0, 0, 3, 6))
    fraction = f".{rng.randrange(10**digits):0{digits}d}" if digits else ""
    offset = rng.choice(("Z", "Z", "+03:00", "-08:00"))
    return (
        f"{_date(rng)}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:{seconds}{fraction}{offset}"
    )


_FORMATS: Mapping[str, Callable[[random.Random], str]] = {
    "uuid": _uuid,
    "date": _date,
    "date-time": _date_time,
    "email": lambda rng: f"{_word(rng)}@{_word(rng)}.example",
    "uri": lambda rng: f"https://{_word(rng)}.example/{_word(rng)}?q={rng.randrange(1000)}",
}

_BY_KIND: Mapping[str, Callable[[_Values, Mapping[str, Any]], Any]] = {
    "string": _Values.string,
    "integer": _Values.integer,
    "number": _Values.number,
    "boolean": _Values.boolean,
    "array": _Values.array,
    "object": _Values.object,
}
