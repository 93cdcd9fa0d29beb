"""Brings a registry to what the contracts say, and tells what nobody's contract explains.

``survey`` reads the registry, ``plan`` compares (pure), ``apply`` acts.  Only what is missing is
done: schemas are added and levels are set, nothing is ever deleted.  What a registry has beyond
the contracts is drift, and for people to judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.model.loader import Catalog
from contracts.model.types import Contract
from contracts.naming import NAMESPACE
from registry.avro import avro_schema, schema_text
from registry.canonical import canonical_text
from registry.client import RegisteredVersion, SchemaRegistry
from registry.compatibility import resolve
from registry.errors import InvalidSchemaError
from registry.options import SubjectStrategy
from registry.subjects import COMPATIBILITY, subject_names, subject_prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectState:
    """One subject as the registry has it. ``level`` is None when the global one holds."""

    level: str | None
    versions: tuple[RegisteredVersion, ...]


State = Mapping[str, SubjectState]
"""Subject → what the registry has of it; only subjects that begin like ours."""


@dataclass(frozen=True, slots=True)
class SetLevel:
    """To do: set a subject's compatibility level. ``was`` is None when it had none of its own."""

    subject: str
    was: str | None

    def __str__(self) -> str:
        return f"set {self.subject} to {COMPATIBILITY} (was {self.was or 'not set'})"


@dataclass(frozen=True, slots=True)
class Register:
    """To do: register one contract version."""

    subject: str
    contract: str
    text: str

    def __str__(self) -> str:
        return f"register {self.contract} under {self.subject}"


Action = SetLevel | Register


class DriftKind(StrEnum):
    """What a registry may have that no contract explains."""

    UNEXPLAINED_SUBJECT = "unexplained-subject"
    UNEXPLAINED_VERSION = "unexplained-version"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Drift:
    """One departure of the registry from the contracts."""

    kind: DriftKind
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail} ({self.kind})"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in this order, and what is drift."""

    actions: tuple[Action, ...]
    drift: tuple[Drift, ...]


def survey(
    registry: SchemaRegistry,
    strategy: SubjectStrategy,
    topic: str,
    namespace: str = NAMESPACE,
) -> State:
    """What the registry has under subjects that begin like ours.

    Raises:
        RegistryUnavailableError, RegistryDeniedError: the registry gives no usable answer.
    """
    prefix = subject_prefix(strategy, topic, namespace)
    return {
        subject: SubjectState(
            level=registry.compatibility(subject), versions=registry.versions(subject)
        )
        for subject in registry.subjects()
        if subject.startswith(prefix)
    }


def plan(catalog: Catalog, state: State, strategy: SubjectStrategy, topic: str) -> Plan:
    """What is missing in the registry and what is too much. Pure."""
    subject_of = subject_names(strategy, topic, catalog.naming.namespace)
    actions: list[Action] = []
    drift: list[Drift] = []
    explained = set()
    for event in sorted(catalog.versions):
        subject = subject_of(event)
        explained.add(subject)
        has = state.get(subject, SubjectState(level=None, versions=()))
        if has.level != COMPATIBILITY:
            actions.append(SetLevel(subject, has.level))
        contracts = [catalog.get(event, number) for number in sorted(catalog.versions[event])]
        texts = {each.id: schema_text(avro_schema(catalog, each)) for each in contracts}
        actions += _missing(subject, texts, has)
        drift += _too_much(subject, _explained(catalog, contracts), has)
    for subject in sorted(state.keys() - explained):
        count = len(state[subject].versions)
        detail = f"no contract explains it, with {count} version{'' if count == 1 else 's'}"
        drift.append(Drift(DriftKind.UNEXPLAINED_SUBJECT, subject, detail))
    return Plan(tuple(actions), tuple(drift))


def apply(registry: SchemaRegistry, actions: tuple[Action, ...]) -> None:
    """Does what a plan says. Repeating it is harmless.

    Raises:
        SchemaRefusedError: the registry will not take a schema; earlier actions stay done.
        RegistryUnavailableError, RegistryDeniedError: the registry gives no usable answer.
    """
    for action in actions:
        match action:
            case SetLevel(subject=subject):
                registry.set_compatibility(subject, COMPATIBILITY)
            case Register(subject=subject, text=text):
                registry.register(subject, text)


def sync(registry: SchemaRegistry, catalog: Catalog, strategy: SubjectStrategy, topic: str) -> Plan:
    """Surveys, plans and applies; gives what was done and what is drift. Idempotent.

    Raises:
        See :func:`survey` and :func:`apply`.
    """
    state = survey(registry, strategy, topic, catalog.naming.namespace)
    found = plan(catalog, state, strategy, topic)
    apply(registry, found.actions)
    return found


def _missing(subject: str, texts: Mapping[str, str], has: SubjectState) -> list[Action]:
    there = {_normal(version.text) for version in has.versions}
    return [
        Register(subject, name, text) for name, text in texts.items() if _normal(text) not in there
    ]


_Turn = tuple[int, Contract | None]
"""A contract version with a context's version (0: with none)."""


def _explained(catalog: Catalog, contracts: list[Contract]) -> Mapping[str, _Turn]:
    """Every schema that a contract version has, or had with an earlier context."""
    found: dict[str, _Turn] = {}
    for contract in contracts:
        earlier = catalog.context.generations(contract) if catalog.context else ()
        for turn, each in enumerate((*earlier, contract)):
            found.setdefault(_normal(schema_text(avro_schema(catalog, each))), (turn, each))
    return found


def _too_much(subject: str, ours: Mapping[str, _Turn], has: SubjectState) -> list[Drift]:
    """With a newer context all versions are registered anew, in their order."""
    found = []
    in_order: list[Contract] = []
    latest = 0
    for version in has.versions:
        turn, contract = ours.get(_normal(version.text), (latest, None))
        if turn > latest:
            in_order, latest = [], turn
        if contract is None:
            detail = (
                f"version {version.number} (schema id {version.schema_id}) is no contract version"
            )
            found.append(Drift(DriftKind.UNEXPLAINED_VERSION, subject, detail))
        elif in_order and contract.version < in_order[-1].version:
            detail = f"{contract.id} was registered after {in_order[-1].id}"
            found.append(Drift(DriftKind.ORDER, subject, detail))
        else:
            in_order.append(contract)
    return found


def _normal(text: str) -> str:
    """One spelling for a schema, whichever the registry chose; the text itself if it is none."""
    try:
        schema = json.loads(text)
        resolve(schema)
        return canonical_text(schema, normalize=True)
    except (ValueError, InvalidSchemaError):
        return text
