"""The rules by code, and what a finding is. A code never changes its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """An error fails the run; a warning is advice."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """``demand`` is what has to hold, ``reason`` what goes wrong where it does not."""

    demand: str
    reason: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Note:
    """A finding before its file is known: code, JSON pointer and message.

    ``severity`` is the rule's, unless a company rule says it.
    """

    code: str
    pointer: str
    message: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing to change. ``pointer`` (RFC 6901) leads to it inside ``path``, at ``line``."""

    path: Path
    line: int
    pointer: str
    code: str
    severity: Severity
    message: str


RULES: dict[str, Rule] = {
    # Files.
    "file-misplaced": Rule(
        "Only `events/<event>/v<N>.json`, `envelopes/<name>/v<N>.json`, `shared/<name>/v<N>.json`,"
        " `context/v<N>.json`, `applications.json`, and example files of events and envelopes lie"
        " in the contract folder.",
        "A file elsewhere is read by nothing, and its author would not notice.",
    ),
    "json-invalid": Rule(
        "Every file is UTF-8 JSON (RFC 8259) without a key that stands twice, nested 100 levels"
        " deep at most; a contract is an object.",
        "Of two equal keys a parser takes either.",
    ),
    "version-gap": Rule(
        "Versions count from 1 without a gap.",
        "A missing version is one that clients may still send.",
    ),
    "envelope-missing": Rule(
        "The envelopes `request` and `message` exist.",
        "Without them nothing can be received or published.",
    ),
    # The dialect.
    "keyword-unknown": Rule(
        "Only keywords of `contracts/meta/dialect.json` are used, each at its place.",
        "JSON Schema ignores what it does not know, so a misspelt restriction restricts nothing.",
    ),
    "keyword-missing": Rule(
        "Every contract has the keywords that the dialect requires.",
        "An event without an owner or a closed root cannot be looked after.",
    ),
    "keyword-value": Rule(
        "Every keyword has a value that the dialect allows.",
        "The validator or a generator would refuse the file, or read it differently.",
    ),
    "keyword-without-effect": Rule(
        "A keyword stands only where the type makes it act.",
        "`maxLength` beside an integer bounds nothing, though it reads as if it did.",
    ),
    "name-not-snake-case": Rule(
        "Names are snake_case: `a-z` first, then `a-z0-9`, words joined by single `_`.",
        "Avro, ClickHouse and generated client code carry such names unchanged; `__` joins the"
        " path of a nested field to its column.",
    ),
    "event-reserved": Rule(
        "No event has the name of a type of Avro, or of a table of our own.",
        "The schema or the table could not be made, and nothing would start.",
    ),
    "name-collision": Rule(
        "Names of one object, and those of events, stay distinct without case and underscores.",
        "Generated client code writes `cartId` for both `cart_id` and `cartid`.",
    ),
    # Types.
    "type-missing": Rule(
        "Every value names its `type`, or is a `$ref`.",
        "A value without a type becomes JSON text instead of a typed column.",
    ),
    "type-mixed": Rule(
        "A value has one type, besides `null`.",
        "A union has no typed column and no stable Avro image.",
    ),
    "object-open": Rule(
        "Every object has `properties` and `additionalProperties: false`, or is a map with only"
        " `additionalProperties: <schema>`.",
        "In an open object a misspelt field is accepted and lost.",
    ),
    "required-unknown": Rule(
        "`required` names properties only.",
        "No payload could satisfy a closed object that requires another name.",
    ),
    "items-missing": Rule(
        "Every array says what its `items` are.",
        "A list of anything becomes JSON text.",
    ),
    # Bounds.
    "string-unbounded": Rule(
        "Every string has `maxLength`, `enum`, `const`, or the format uuid, date or date-time.",
        "One client could fill a message, a column and every page that shows it.",
    ),
    "integer-unbounded": Rule(
        "Every integer has a lower and an upper bound within int64, or `enum` or `const`.",
        "Avro `long` and `Int64` end at 2^63; what a number may be is part of its meaning.",
    ),
    "collection-unbounded": Rule(
        "Arrays have `maxItems`, maps `maxProperties`.",
        "Only the size limit of the request bounds them otherwise.",
        Severity.WARNING,
    ),
    "bounds-unsatisfiable": Rule(
        "Bounds leave at least one value.",
        "Every event would be refused.",
    ),
    "decimal-digits": Rule(
        "`x-decimal.scale` is not above its precision, and the bounds beside it have no more digits"
        " than the field.",
        "Such a bound, or such a field, says what no value can be.",
    ),
    "enum-value-refused": Rule(
        "Each value of `enum` and `const` has the type, and keeps the other keywords beside it.",
        "The value is listed, and still no payload with it is accepted.",
    ),
    # References and patterns.
    "ref-unresolved": Rule(
        "`$ref` leads to something under `$defs` of the same file, or to a shared definition.",
        "A contract has to be whole without a network.",
    ),
    "ref-recursive": Rule(
        "No `$ref` leads back to itself.",
        "A value that contains itself has no columns.",
    ),
    "contract-too-large": Rule(
        "An event has 10,000 values at most, 100 deep, every `$ref` followed.",
        "A definition used twice by one that is used twice doubles with each line of the file.",
    ),
    "defs-unused": Rule(
        "Everything under `$defs` is used.",
        "A reader takes it for part of the event.",
        Severity.WARNING,
    ),
    "shared-unused": Rule(
        "Every shared definition is referred to by an event.",
        "It says nothing about any event.",
        Severity.WARNING,
    ),
    "shared-edited": Rule(
        "A shared definition, and the context, in the lock file stay as they are.",
        "Every event that refers to it would change, merged versions too.",
    ),
    "pattern-not-portable": Rule(
        "Patterns use what a browser (ECMA-262, flag `u`) and the validator read alike: literals,"
        " classes, `\\d \\w \\s`, unnamed groups, `|`, quantifiers, `^` and `$`; no `.`, and"
        " `\\` only before a sign that needs it.",
        "A front end that checks the pattern before it sends would decide differently.",
    ),
    "pattern-backtracking": Rule(
        "No pattern can read one text in more and more ways as the text grows, as `(a+)+`, `(a|a)*`"
        " and `a*a*` can.",
        "A backtracking engine, such as a browser's, tries all of them: exponential or polynomial"
        " time for a hostile text.",
    ),
    "pattern-unanchored": Rule(
        "Patterns begin with `^` and end with `$`.",
        "Without them a pattern is looked for anywhere in the text.",
        Severity.WARNING,
    ),
    # Documentation.
    "description-missing": Rule(
        "Every field has a `description`.",
        "It is the comment of the column and the text in the API's documentation.",
    ),
    "example-missing": Rule(
        "The event has `examples`, and so has every field that is no object with properties.",
        "An example says what a type cannot.",
    ),
    "example-refused": Rule(
        "`examples` satisfy the contract.",
        "People copy them.",
    ),
    # Example files.
    "example-files-missing": Rule(
        "Every version has at least one file in `valid` and one in `invalid`.",
        "They are the tests of the contract.",
    ),
    "example-file-refused": Rule(
        "Files in `valid` satisfy the contract.",
        "Either the file or the contract says what was not meant.",
    ),
    "example-file-accepted": Rule(
        "Files in `invalid` break the contract.",
        "Either the file or the contract says what was not meant.",
    ),
    "example-orphan": Rule(
        "Every example file belongs to a version that exists.",
        "It tests nothing.",
    ),
    # What the event becomes.
    "column-reserved": Rule(
        "No field has the name of a column that every table has; none inside of an object is called"
        " `present` or `null`.",
        "Two columns of a table cannot share a name; `<object>__present` says whether the object"
        " was sent, and ClickHouse takes no tuple with an element `null`.",
    ),
    "table-key": Rule(
        "`x-table.key` names required fields that are scalars and not nullable.",
        "ClickHouse sorts by them, and a row that is sent again has to land on the same key.",
    ),
    "table-personal": Rule(
        "`x-table.personal_days` is shorter than `retention_days`, some field has `x-pii`, and no"
        " field with it is in `x-table.key`.",
        "It would clear nothing; and ClickHouse clears no value that a table is sorted by.",
    ),
    "pairing-event": Rule(
        "`x-pairing` names two other events that exist, sent by clients; the event itself has"
        " `x-origin: etl`, and only such an event has it.",
        "A pair that nobody sends is never made.",
    ),
    "pairing-field": Rule(
        "Pairing keys are required in both halves and carried fields in the start, with equal"
        " types; the paired event gets every required field.",
        "Two halves would never meet, or the pair would be refused by its own contract.",
    ),
    "pairing-prefix": Rule(
        "Each `x-pairing.store_prefix` is used once.",
        "Two pairings would find each other's waiting halves.",
    ),
    "context-field": Rule(
        "Each field of the context may be left out and is a plain value; `occurred_at` is a time.",
        "Every event would have to be sent with it, or its column could not be made.",
    ),
    "application": Rule(
        "`applications.json` keeps `contracts/meta/applications.json`; each entry has a key of its"
        " own, and names events that clients send.",
        "The service would not start, or refuse what an application is to send.",
    ),
    "deprecation-dates": Rule(
        "`x-deprecated.sunset` is after `since`, and `retired` is not before `sunset`.",
        "Clients are promised the time between them.",
    ),
    # Rules of one's own.
    "rule-failed": Rule(
        "Each company rule can be loaded, and ends without an error.",
        "A demand that nobody checks is kept by nobody.",
    ),
}
"""Code → rule, in the order of the documentation."""
