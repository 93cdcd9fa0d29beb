"""The module of types: a dataclass for each version of each event, and the tracker. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.model.context import OCCURRED_AT
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
from ugc.sdk.names import Names, camel
from ugc.sdk.python.core.tracker import BaseTracker
from ugc.sdk.python.names import attribute
from ugc.sdk.shapes import Member, Shape, context_members, data_members, leaf, sent_contracts

PUBLIC = ("Context", "Counts", "DropReason", "Json", "Rejected", "Tracker")
"""Names of the package that are not events'."""

_KEYWORDS = ("False", "None", "True")
"""Python's own words that an event's name may come to."""

_HEAD = '''"""Made by `ugc sdk build --python` from the contracts: change those, make it again."""

from __future__ import annotations

import datetime as _dt
import uuid as _uuid
from collections.abc import Mapping as _Mapping
from collections.abc import Sequence as _Sequence
from dataclasses import dataclass as _dataclass
from dataclasses import field as _field
from decimal import Decimal as _Decimal
from typing import ClassVar as _ClassVar
from typing import Literal as _Literal

from ._core.encoding import Event as _Event
from ._core.encoding import NoContext as _NoContext
from ._core.encoding import Record as _Record
from ._core.tracker import BaseTracker as _BaseTracker

Json = None | bool | int | float | str | _Sequence["Json"] | _Mapping[str, "Json"]
"""Any JSON; so a field is that has no narrower type."""
'''

_OF_EVENT = frozenset({"ugc_event"})
_OF_TRACKER = frozenset(name for name in dir(BaseTracker)) | {"has_context", "has_time"}


@dataclass(frozen=True, slots=True)
class Module:
    """The text, and the public names in it."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attribute:
    """A field of a dataclass as Python has it."""

    name: str
    member: Member
    annotation: str

    @property
    def default(self) -> str:
        return "" if self.member.required else " = None"


def module(catalog: Catalog, version: str) -> Module:
    """``events.py`` of the package; ``version`` is the package's."""
    made = _Maker()
    contracts = list(sent_contracts(catalog))
    events = [made.event(contract) for contract in contracts]
    for contract, name in zip(contracts, events, strict=True):
        if contract is catalog.get(contract.event):
            made.alias(contract, name)
    context = context_members(catalog)
    if catalog.context is not None and catalog.context.is_sent:
        made.context(context, str(catalog.context.schema.get("description", "")))
    made.tracker(
        contracts, has_time=any(each.json_name == OCCURRED_AT for each in context), version=version
    )
    return Module(_HEAD + "".join(made.parts), tuple(sorted({*made.public})))


class _Maker:
    """Collects the classes, inner ones before those around them."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.public: list[str] = ["Json", "Tracker"]
        self._names = Names(frozenset({*PUBLIC, *_KEYWORDS}))
        self._has_context = False
        self._events: dict[str, tuple[str, tuple[_Attribute, ...]]] = {}

    def event(self, contract: Contract) -> str:
        name = self._names.new(f"{camel(contract.event)}V{contract.version}")
        told = f"{contract.title}\n\n{contract.description}"
        if contract.deprecation is not None:
            told += f"\n\nGoes on {contract.deprecation.sunset}: {contract.deprecation.reason}"
        constant = (
            f'ugc_event: _ClassVar[tuple[str, int]] = ("{contract.event}", {contract.version})'
        )
        attributes = self._class(name, "_Event", data_members(contract), told, constant)
        self._events[contract.id] = name, attributes
        return name

    def alias(self, contract: Contract, of: str) -> str:
        name = self._names.new(camel(contract.event))
        self.public.append(name)
        self.parts.append(f'\n\n{name} = {of}\n"""The newest version of {contract.event}."""\n')
        return name

    def context(self, members: tuple[Member, ...], description: str) -> None:
        self._has_context = True
        self.public.append("Context")
        self._class("Context", "_Record", members, description, None)

    def tracker(self, contracts: list[Contract], *, has_time: bool, version: str) -> None:
        context = "Context" if self._has_context else "_NoContext"
        lines = [
            "",
            "",
            f"class Tracker(_BaseTracker[{context}]):",
            '    """Takes this project\'s events. See BaseTracker for how they are sent."""',
            "",
            f"    has_context = {self._has_context}",
            f"    has_time = {has_time}",
            f'    package_version = "{version}"',
        ]
        methods = Names(_OF_TRACKER)
        newest = {contract.event: contract for contract in contracts}
        for contract in contracts:
            name = methods.new(attribute(f"{contract.event}_v{contract.version}", ""))
            lines += ["", *self._method(name, contract)]
            if contract is newest[contract.event]:
                lines += ["", f"    {methods.new(attribute(contract.event, ''))} = {name}"]
        self.parts.append("\n".join(lines) + "\n")

    def _method(self, name: str, contract: Contract) -> Iterator[str]:
        made, attributes = self._events[contract.id]
        yield f"    def {name}("
        yield "        self,"
        if attributes:
            yield "        *,"
        for each in attributes:
            yield f"        {each.name}: {each.annotation}{each.default},"
        yield "    ) -> _uuid.UUID:"
        yield from _docstring(contract.title, 8)
        yield "        return self.track("
        yield f"            {made}("
        yield from (f"                {each.name}={each.name}," for each in attributes)
        yield "            )"
        yield "        )"

    def _class(
        self, name: str, base: str, members: tuple[Member, ...], told: str, constant: str | None
    ) -> tuple[_Attribute, ...]:
        names = Names(_OF_EVENT)
        attributes = tuple(
            _Attribute(
                name=names.new(attribute(each.json_name, each.name)),
                member=each,
                annotation=self._annotation(each.shape, name, each)
                + ("" if each.required or each.shape.nullable else " | None"),
            )
            for each in members
        )
        lines = [
            "",
            "",
            "@_dataclass(frozen=True, slots=True, kw_only=True)",
            f"class {name}({base}):",
        ]
        lines += _docstring(told, 4)
        if constant:
            lines += ["", f"    {constant}"]
        for each in attributes:
            lines += ["", f"    {each.name}: {each.annotation}{_value(each)}"]
            if each.member.description:
                lines += _docstring(each.member.description, 4)
        self.parts.append("\n".join(lines) + "\n")
        self.public.append(name)
        return attributes

    def _annotation(self, shape: Shape, parent: str, member: Member) -> str:
        text = self._not_null(shape, parent, member)
        return f"{text} | None" if shape.nullable and not isinstance(shape.type, JsonType) else text

    def _not_null(self, shape: Shape, parent: str, member: Member) -> str:
        match shape.type:
            case StringType() if shape.choices:
                return f"_Literal[{', '.join(_quoted(each) for each in shape.choices)}]"
            case ArrayType() | MapType():
                assert shape.inner is not None
                inner = self._annotation(shape.inner, parent, member)
                before = "_Sequence[" if isinstance(shape.type, ArrayType) else "_Mapping[str, "
                return f"{before}{inner}]"
            case RecordType():
                name = self._names.new(f"{parent}{camel(member.name)}")
                self._class(name, "_Record", shape.members, member.description, None)
                return name
            case _:
                return _PLAIN[type(shape.type)]


_PLAIN: dict[type, str] = {
    StringType: "str",
    UuidType: "_uuid.UUID",
    DateTimeType: "_dt.datetime",
    DateType: "_dt.date",
    IntegerType: "int",
    NumberType: "float",
    DecimalType: "_Decimal",
    BooleanType: "bool",
    JsonType: "Json",
}


def _value(each: _Attribute) -> str:
    """What stands behind the annotation in the dataclass."""
    metadata: dict[str, object] = {}
    if each.name != each.member.json_name:
        metadata["json"] = each.member.json_name
    if each.member.required:
        metadata |= {"null": True} if _may_be_none(each.member.shape) else {}
    if leaf(each.member.shape).is_text and isinstance(leaf(each.member.shape).type, DecimalType):
        metadata["text"] = True
    if not metadata:
        return each.default
    shown = ", ".join(f"{_quoted(key)}: {_shown(said)}" for key, said in metadata.items())
    default = "" if each.member.required else "default=None, "
    return f" = _field({default}metadata={{{shown}}})"


def _shown(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _may_be_none(shape: Shape) -> bool:
    return shape.nullable or isinstance(shape.type, JsonType)


def _quoted(text: str) -> str:
    """A literal of Python in ASCII, with double quotes."""
    inner = ascii(text)[1:-1]
    return f'"{inner}"' if ascii(text)[0] == '"' or '"' not in text else ascii(text)


def _docstring(text: str, indent: int) -> Iterator[str]:
    """The text as a literal that nothing in it can end."""
    safe = text.replace("\\", "\\\\").replace('"', "'").strip()
    paragraphs = [each.strip() for each in safe.split("\n") if each.strip()] or ["No description."]
    wrapped = [textwrap.wrap(each, 88 - indent) or [""] for each in paragraphs]
    lines = [
        line for number, each in enumerate(wrapped) for line in ([""] if number else []) + each
    ]
    margin = " " * indent
    if len(lines) == 1:
        yield f'{margin}"""{lines[0]}"""'
        return
    yield f'{margin}"""{lines[0]}'
    yield from (f"{margin}{line}".rstrip() for line in lines[1:])
    yield f'{margin}"""'
