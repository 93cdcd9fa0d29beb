"""JSON as RFC 8259 and I-JSON (RFC 7493) have it, from untrusted bytes. Pure.

Python's own parser accepts NaN, infinities, duplicate keys and lone surrogates, falls over deep
nesting, and refuses integers of more than 4,300 digits with an error of its own.  Here each of
these is a :class:`~api.errors.Rejection` that names the reason and the position.

A number with a fraction or an exponent is a float where the shortest text of that float has the
value that was written, and a :class:`~decimal.Decimal` where it has not: so what an exact decimal
(``x-decimal``) was sent as can always be told.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from api.errors import Rejection
from contracts.reasons import Reason
from contracts.visible import shortened

MAX_NUMBER_CHARACTERS = 400
"""No finite double needs more: 309 digits before the point, or 17 significant ones."""

SAFE_CHARACTERS = 16
"""So many make 15 digits beside the point or the ``e``, and no two such numbers share a double:
the shortest text of the double is what was written, unless it is nearly zero."""

SMALLEST_SAFE = 1e-290
"""Doubles nearer to zero have fewer digits."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]|[^\s"\[\]{},:]++', re.DOTALL)
"""A string (perhaps without its end), a bracket, or a number or word; never backtracks."""

_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F])|.)",
    re.DOTALL,
)
"""One escape, a surrogate pair taken whole; group 1 is there when a surrogate stands alone."""

_COLON = re.compile(r"[ \t\r\n]*:")

_SHOWN_CHARACTERS = 60


class _BadNumberError(Exception):
    """A number or word that JSON, or a double, does not have."""

    def __init__(self, problem: str, literal: str) -> None:
        self.problem = problem
        self.literal = literal


class _DuplicateKeyError(Exception):
    """An object has a key twice."""


def parse(body: bytes, *, max_depth: int) -> Any:
    """The JSON value in ``body``.

    Args:
        body: the whole document, in UTF-8 without a byte order mark.
        max_depth: how many arrays and objects may lie in each other.

    Raises:
        Rejection: ``BODY_EMPTY``, ``ENCODING_UNSUPPORTED``, ``JSON_TOO_DEEP``,
            ``JSON_DUPLICATE_KEY`` or ``JSON_INVALID``.
    """
    text = _decoded(body)
    _check_depth(text, max_depth)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _invalid(error.msg, text, error.pos) from error
    except _BadNumberError as error:
        raise _invalid(error.problem, text, _position_of(error.literal, text)) from error
    except _DuplicateKeyError as error:
        key, position = next(_duplicate_keys(text))
        detail = f"the key {_shown(key)} stands twice in one object: {_place(text, position)}"
        raise Rejection(Reason.JSON_DUPLICATE_KEY, detail) from error
    _check_surrogates(text)
    return value


def _decoded(body: bytes) -> str:
    if not body.strip(b" \t\r\n"):
        raise Rejection(Reason.BODY_EMPTY, "the body is empty")
    encoding = json.detect_encoding(body)
    if encoding != "utf-8":
        name = "UTF-8 with a byte order mark" if encoding == "utf-8-sig" else encoding.upper()
        raise Rejection(Reason.ENCODING_UNSUPPORTED, f"the body is {name}; send plain UTF-8")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        detail = f"the body is not UTF-8: {error.reason} at byte {error.start}"
        raise Rejection(Reason.ENCODING_UNSUPPORTED, detail) from error


def _check_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
        if depth > max_depth:
            detail = f"more than {max_depth} levels deep: {_place(text, token.start())}"
            raise Rejection(Reason.JSON_TOO_DEEP, detail)


def _check_surrogates(text: str) -> None:
    for escape in _ESCAPE.finditer(text):
        if escape[1]:
            raise _invalid("a surrogate escape without its other half", text, escape.start())


def _integer(literal: str) -> int:
    _check_length(literal)
    return int(literal)


def _float(literal: str) -> float | Decimal:
    _check_length(literal)
    number = float(literal)
    if not math.isfinite(number):
        raise _BadNumberError("a number beyond a double", literal)
    if len(literal) <= SAFE_CHARACTERS and abs(number) > SMALLEST_SAFE:
        return number
    try:
        exact = Decimal(literal)
    except InvalidOperation as error:
        raise _BadNumberError("an exponent of too many digits", literal) from error
    if exact and exact.adjusted() < -MAX_NUMBER_CHARACTERS:
        raise _BadNumberError("a number too close to zero", literal)
    return number if Decimal(repr(number)) == exact else exact


def _check_length(literal: str) -> None:
    if len(literal) > MAX_NUMBER_CHARACTERS:
        problem = f"a number of more than {MAX_NUMBER_CHARACTERS} characters"
        raise _BadNumberError(problem, literal)


def _constant(word: str) -> NoReturn:
    raise _BadNumberError(f"{word} is not JSON", word)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)


def _duplicate_keys(text: str) -> Iterator[tuple[str, int]]:
    """Each key that its object already has, with its position.

    ``text`` is well-formed as far as the end of the first object that has a key twice.
    """
    open_objects: list[set[str] | None] = []
    for token in _TOKEN.finditer(text):
        match token[0][0]:
            case "{":
                open_objects.append(set())
            case "[":
                open_objects.append(None)
            case "]" | "}":
                open_objects.pop()
            case '"' if _COLON.match(text, token.end()):
                seen = open_objects[-1]
                assert seen is not None, "only an object has keys"
                key = json.loads(token[0])
                if key in seen:
                    yield key, token.start()
                seen.add(key)


def _position_of(literal: str, text: str) -> int:
    """Where a number or word first stands in ``text`` outside of strings."""
    return next(t.start() for t in _TOKEN.finditer(text) if t[0].startswith(literal))


def _invalid(problem: str, text: str, position: int) -> Rejection:
    return Rejection(Reason.JSON_INVALID, f"{problem}: {_place(text, position)}")


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"line {line}, column {column}"


def _shown(key: str) -> str:
    return json.dumps(shortened(key, _SHOWN_CHARACTERS))
