"""Kotlin: a data class for each version of each event, which writes itself as JSON. Pure.

Without kotlinx.serialization, which needs a plug-in of the very version of the compiler: the few
lines that write JSON are in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from contracts.model.loader import Catalog
from contracts.model.types import (
    ArrayType,
    BooleanType,
    Contract,
    DateTimeType,
    DateType,
    DecimalType,
    IntegerType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    StringType,
    UuidType,
)
from ugc.sdk.files import Files
from ugc.sdk.names import Names, camel, lower_camel, upper_snake
from ugc.sdk.shapes import Member, Shape, context_members, data_members, leaf, sent_contracts

_HEAD = """\
// Made by `ugc sdk build --kotlin` from the contracts: change those, make it again.
@file:Suppress("unused", "EnumEntryName", "ClassName")

package {package}

import java.math.BigDecimal
import java.time.Instant
import java.time.LocalDate
import java.time.temporal.ChronoUnit
import java.util.UUID

/** What writes itself as JSON. */
interface Record {{
    fun toJson(): String
}}

/** The data of one version of one event. */
interface Event : Record {{
    fun ugcEvent(): String

    fun ugcVersion(): Int
}}

/** One of the texts that a contract lists. */
interface Choice {{
    val text: String
}}

/** Any JSON, as text; so a field is that has no narrower type. */
data class RawJson(val text: String)

/** The body of a request; keep the id for as long as you try to send the event. */
fun Event.toRequest(
    eventId: UUID,
    token: String? = null,
    context: Record? = null,
    sentAt: Instant? = null,
): String = members(
    "event" to ugcEvent(),
    "version" to ugcVersion().toLong(),
    "event_id" to eventId,
    "token" to token,
    "data" to this,
    "context" to (context ?: Absent),
    "sent_at" to (sentAt ?: Absent),
)

private object Absent

private fun members(vararg members: Pair<String, Any?>): String =
    members.filter {{ it.second !== Absent }}
        .joinToString(",", "{{", "}}") {{ quoted(it.first) + ":" + json(it.second) }}

private fun json(value: Any?): String = when (value) {{
    null -> "null"
    is Record -> value.toJson()
    is Choice -> quoted(value.text)
    is RawJson -> value.text
    is String -> quoted(value)
    is Boolean, is Long -> value.toString()
    is Double -> {{
        require(value.isFinite()) {{ "$value is no number of JSON" }}
        value.toString()
    }}
    is BigDecimal -> value.toPlainString()
    is Instant -> quoted(value.truncatedTo(ChronoUnit.MICROS).toString())
    is UUID, is LocalDate -> quoted(value.toString())
    is List<*> -> value.joinToString(",", "[", "]") {{ json(it) }}
    is Map<*, *> -> value.entries.joinToString(",", "{{", "}}") {{
        quoted(it.key.toString()) + ":" + json(it.value)
    }}
    else -> error("${{value::class}} has no JSON")
}}

private fun texts(value: Any?): Any? = when (value) {{
    is BigDecimal -> value.toPlainString()
    is List<*> -> value.map {{ texts(it) }}
    is Map<*, *> -> value.mapValues {{ texts(it.value) }}
    else -> value
}}

private fun quoted(text: String): String = buildString {{
    append('"')
    for (letter in text) {{
        when {{
            letter == '"' -> append("\\\\\\"")
            letter == '\\\\' -> append("\\\\\\\\")
            letter < ' ' -> append("\\\\u" + letter.code.toString(16).padStart(4, '0'))
            else -> append(letter)
        }}
    }}
    append('"')
}}
"""

_KEYWORDS = (
    "as break class continue do else false for fun if in interface is null object package return"
    " super this throw true try typealias typeof val var when while"
)
_FORM_FEED = re.compile(r"(?<!\\)((?:\\\\)*)\\f")
_TAKEN = (
    "Event Record Choice RawJson Context Absent String Long Double Boolean BigDecimal Instant"
    " LocalDate UUID List Map Pair Any ChronoUnit"
)
_PLAIN: dict[type, str] = {
    StringType: "String",
    UuidType: "UUID",
    DateTimeType: "Instant",
    DateType: "LocalDate",
    IntegerType: "Long",
    NumberType: "Double",
    DecimalType: "BigDecimal",
    BooleanType: "Boolean",
    JsonType: "RawJson",
}


def package_files(catalog: Catalog) -> Files:
    """Path in the folder → content."""
    made = _Maker()
    for contract in sent_contracts(catalog):
        made.event(contract)
    if catalog.context is not None and catalog.context.is_sent:
        made.record("Context", "Record", context_members(catalog), "What events are sent with.", ())
    package = f"{_legal(catalog.naming.database.lower())}.events"
    return {"Events.kt": "\n".join([_HEAD.format(package=package), *made.parts])}


class _Maker:
    """Collects the classes."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._names = Names(frozenset(_TAKEN.split()))

    def event(self, contract: Contract) -> None:
        name = self._names.new(f"{camel(contract.event)}V{contract.version}")
        said = (
            f"override fun ugcEvent(): String = {_text(contract.event)}",
            f"override fun ugcVersion(): Int = {contract.version}",
        )
        told = f"{contract.title}: {contract.description}"
        self.record(name, "Event", data_members(contract), told, said)

    def record(
        self, name: str, base: str, members: Sequence[Member], told: str, said: Sequence[str]
    ) -> None:
        names = Names(frozenset({"toJson", "ugcEvent", "ugcVersion", "json", "members", "texts"}))
        fields = [(names.new(lower_camel(each.json_name)), each) for each in members]
        lines = list(_comment(told, ""))
        # Required ones first, so that the others may be left out in calls by position too.
        ordered = sorted(fields, key=lambda field: not field[1].required)
        lines.append(f"{'data ' if fields else ''}class {name}(")
        for field, member in ordered:
            lines += _comment(member.description, "    ")
            kind = self._kind(member.shape, name, member)
            if not member.required:
                kind = f"{kind.removesuffix('?')}? = null"
            lines.append(f"    val {_legal(field)}: {kind},")
        lines.append(f") : {base} {{")
        for each in said:
            lines += [f"    {each}", ""]
        lines.append("    override fun toJson(): String = members(")
        lines += [f"        {_text(m.json_name)} to {_given(field, m)}," for field, m in fields]
        lines += ["    )", "}", ""]
        self.parts.append("\n".join(lines))

    def _kind(self, shape: Shape, parent: str, member: Member) -> str:
        return self._not_null(shape, parent, member) + ("?" if shape.nullable else "")

    def _not_null(self, shape: Shape, parent: str, member: Member) -> str:
        match shape.type:
            case StringType() if shape.choices:
                return self._choice(shape.choices, f"{parent}{camel(member.name)}")
            case ArrayType() | MapType():
                assert shape.inner is not None
                inner = self._kind(shape.inner, parent, member)
                return f"{'List<' if isinstance(shape.type, ArrayType) else 'Map<String, '}{inner}>"
            case RecordType():
                name = self._names.new(f"{parent}{camel(member.name)}")
                self.record(name, "Record", shape.members, member.description, ())
                return name
            case _:
                return _PLAIN[type(shape.type)]

    def _choice(self, choices: Sequence[str], wanted: str) -> str:
        name = self._names.new(wanted)
        names = Names()
        entries = [f"    {names.new(upper_snake(text))}({_text(text)})," for text in choices]
        head = f"enum class {name}(override val text: String) : Choice {{"
        self.parts.append("\n".join([head, *entries, "}", ""]))
        return name


def _given(field: str, member: Member) -> str:
    """What stands for the field in JSON."""
    legal = _legal(field)
    last = leaf(member.shape)
    value = f"texts({legal})" if last.is_text and isinstance(last.type, DecimalType) else legal
    return value if member.required else f"({value} ?: Absent)"


def _legal(name: str) -> str:
    return f"`{name}`" if name in _KEYWORDS.split() else name


def _text(text: str) -> str:
    """A literal; Kotlin has JSON's escapes but for the form feed's."""
    return _FORM_FEED.sub(r"\1\\u000c", json.dumps(text)).replace("$", "\\$")


def _comment(text: str, margin: str) -> Iterator[str]:
    safe = " ".join(text.replace("*/", "* /").replace("/*", "/ *").split())
    if safe:
        yield f"{margin}/** {safe} */"
