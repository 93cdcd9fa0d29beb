"""Swift: a Codable structure for each version of each event. Pure."""

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
from ugc.sdk.names import Names, camel, lower_camel
from ugc.sdk.shapes import Member, Shape, context_members, data_members, leaf, sent_contracts

_PACKAGE = """\
// swift-tools-version:5.7
// Made by `ugc sdk build --swift` from the contracts.
import PackageDescription

let package = Package(
    name: "{name}",
    products: [.library(name: "{name}", targets: ["{name}"])],
    targets: [.target(name: "{name}")]
)
"""

_HEAD = """\
// Made by `ugc sdk build --swift` from the contracts: change those, make it again.
import Foundation

/// The data of one version of one event.
public protocol UgcEvent: Codable {
    static var ugcEvent: String { get }
    static var ugcVersion: Int { get }
}

/// The body of a request; keep the id for as long as you try to send the event.
public struct UgcRequest<Event: UgcEvent, Context: Encodable>: Encodable {
    public var eventId: UUID
    public var token: String?
    public var data: Event
    public var context: Context?
    public var sentAt: UgcInstant?

    public init(
        _ data: Event, eventId: UUID, token: String? = nil, context: Context?,
        sentAt: UgcInstant? = nil
    ) {
        self.data = data
        self.eventId = eventId
        self.token = token
        self.context = context
        self.sentAt = sentAt
    }

    private enum CodingKeys: String, CodingKey {
        case event, version, token, data, context
        case eventId = "event_id"
        case sentAt = "sent_at"
    }

    public func encode(to encoder: Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Event.ugcEvent, forKey: .event)
        try container.encode(Event.ugcVersion, forKey: .version)
        try container.encode(eventId, forKey: .eventId)
        try container.encode(token, forKey: .token)
        try container.encode(data, forKey: .data)
        try container.encodeIfPresent(context, forKey: .context)
        try container.encodeIfPresent(sentAt, forKey: .sentAt)
    }
}

/// A value that is sent as null when there is none, instead of being left out.
public struct UgcNullable<Value: Codable>: Codable {
    public var value: Value?

    public init(_ value: Value?) {
        self.value = value
    }

    public init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        value = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    public func encode(to encoder: Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value = value { try container.encode(value) } else { try container.encodeNil() }
    }
}

/// An instant, written in UTC with milliseconds.
public struct UgcInstant: Codable, Hashable {
    public var date: Date

    public init(_ date: Date) {
        self.date = date
    }

    private static func formatter() -> ISO8601DateFormatter {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter
    }

    public init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let date = Self.formatter().date(from: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no instant")
        }
        self.date = date
    }

    public func encode(to encoder: Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Self.formatter().string(from: date))
    }
}

/// A calendar day, such as 2026-01-31.
public struct UgcDay: Codable, Hashable, RawRepresentable {
    public var rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// A decimal that is a string in JSON.
public struct UgcDecimalText: Codable, Hashable {
    public var value: Decimal

    public init(_ value: Decimal) {
        self.value = value
    }

    public init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no decimal")
        }
        self.value = value
    }

    public func encode(to encoder: Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(NSDecimalNumber(decimal: value).description(withLocale: nil))
    }
}

/// Any JSON; so a field is that has no narrower type.
public indirect enum UgcJson: Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([UgcJson])
    case object([String: UgcJson])

    public init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([UgcJson].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: UgcJson].self))
        }
    }

    public func encode(to encoder: Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
"""

_KEYWORDS = (
    "as associatedtype break case catch class continue default defer deinit do else enum extension"
    " fallthrough false fileprivate for func guard if import in init inout internal is let nil open"
    " operator private precedencegroup protocol public repeat rethrows return self static struct"
    " subscript super switch throw throws true try typealias var where while Any Self Type"
)
_ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)")
_MEMBERS = frozenset({"self", "init", "encode", "hash", "rawValue", "allCases"})
"""What a structure or an enum has, or is, itself; backticks do not make another name of it."""
_TAKEN = "Context String Bool Int64 Double Decimal UUID Date Codable Encodable Decodable Any"
_PLAIN: dict[type, str] = {
    StringType: "String",
    UuidType: "UUID",
    DateTimeType: "UgcInstant",
    DateType: "UgcDay",
    IntegerType: "Int64",
    NumberType: "Double",
    DecimalType: "Decimal",
    BooleanType: "Bool",
    JsonType: "UgcJson",
}


def package_files(catalog: Catalog) -> Files:
    """Path in the package → content."""
    made = _Maker()
    for contract in sent_contracts(catalog):
        made.event(contract)
    if catalog.context is not None and catalog.context.is_sent:
        made.record("Context", "Codable", context_members(catalog), "What events are sent with.")
    name = f"{camel(catalog.naming.database)}Events"
    return {
        "Package.swift": _PACKAGE.format(name=name),
        f"Sources/{name}/Events.swift": "\n".join([_HEAD, *made.parts]),
    }


class _Maker:
    """Collects the structures."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._names = Names(frozenset(_TAKEN.split()))

    def event(self, contract: Contract) -> None:
        name = self._names.new(f"{camel(contract.event)}V{contract.version}")
        said = (
            f"public static let ugcEvent = {_text(contract.event)}",
            f"public static let ugcVersion = {contract.version}",
        )
        told = f"{contract.title}: {contract.description}"
        self.record(name, "UgcEvent", data_members(contract), told, said)

    def record(
        self, name: str, base: str, members: Sequence[Member], told: str, said: Sequence[str] = ()
    ) -> None:
        names = Names(_MEMBERS | {"ugcEvent", "ugcVersion"})
        fields = [
            (_legal(names.new(lower_camel(each.json_name))), self._kind(each, name), each)
            for each in members
        ]
        lines = [*_comment(told, ""), f"public struct {name}: {base} {{"]
        lines += [f"    {each}" for each in said]
        for field, kind, member in fields:
            lines += [*_comment(member.description, "    "), f"    public var {field}: {kind}"]
        given = [
            f"{field}: {kind}{'' if member.required else ' = nil'}"
            for field, kind, member in fields
        ]
        lines += ["", f"    public init({', '.join(given)}) {{"]
        lines += [f"        self.{field} = {field}" for field, _, _ in fields]
        lines.append("    }")
        if fields:
            lines += ["", "    private enum CodingKeys: String, CodingKey {"]
            lines += [f"        case {field} = {_text(m.json_name)}" for field, _, m in fields]
            lines.append("    }")
        lines += ["}", ""]
        self.parts.append("\n".join(lines))

    def _kind(self, member: Member, parent: str) -> str:
        kind = self._not_null(member.shape, parent, member)
        if not member.required:
            return f"{kind}?"
        return f"UgcNullable<{kind}>" if member.shape.nullable else kind

    def _inner(self, shape: Shape, parent: str, member: Member) -> str:
        return self._not_null(shape, parent, member) + ("?" if shape.nullable else "")

    def _not_null(self, shape: Shape, parent: str, member: Member) -> str:
        match shape.type:
            case StringType() if shape.choices:
                return self._choice(shape.choices, f"{parent}{camel(member.name)}")
            case ArrayType() | MapType():
                assert shape.inner is not None
                inner = self._inner(shape.inner, parent, member)
                return f"[{inner}]" if isinstance(shape.type, ArrayType) else f"[String: {inner}]"
            case RecordType():
                name = self._names.new(f"{parent}{camel(member.name)}")
                self.record(name, "Codable", shape.members, member.description)
                return name
            case DecimalType() if leaf(member.shape).is_text:
                return "UgcDecimalText"
            case _:
                return _PLAIN[type(shape.type)]

    def _choice(self, choices: Sequence[str], wanted: str) -> str:
        name = self._names.new(wanted)
        names = Names(_MEMBERS)
        entries = [
            f"    case {_legal(names.new(lower_camel(text)))} = {_text(text)}" for text in choices
        ]
        head = f"public enum {name}: String, Codable, CaseIterable {{"
        self.parts.append("\n".join([head, *entries, "}", ""]))
        return name


def _legal(name: str) -> str:
    return f"`{name}`" if name in _KEYWORDS.split() else name


def _text(text: str) -> str:
    """A literal; Swift has fewer short escapes than JSON, and braces around the others' numbers."""
    return _ESCAPE.sub(_of_swift, json.dumps(text, ensure_ascii=False))


def _of_swift(escape: re.Match[str]) -> str:
    match escape[1]:
        case "b":
            return "\\u{8}"
        case "f":
            return "\\u{c}"
        case "n" | "r" | "t" | '"' | "\\":
            return escape[0]
        case number:
            return f"\\u{{{number[1:]}}}"


def _comment(text: str, margin: str) -> Iterator[str]:
    if safe := " ".join(text.split()):
        yield f"{margin}/// {safe}"
