"""``index.d.ts``: the tracker with the types of a project's events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin
from ugc.sdk.pairs import Pages, SdkPair, pages_of, pairs_of, required
from ugc.sdk.typescript.schema_types import (
    comment,
    interface,
    literal,
    type_name,
    value_type,
)
from ugc.sdk.typescript.settings import known_fields

_HEAD = """\
// Made of the contracts by `ugc sdk build --typescript`; do not edit.
import type { Answer, Begun, Options as AnyOptions, PageType, Problem } from "./core/types.js";

export type { Answer, Begun, PageType, Problem };

"""

_TRACKER = """\
/** An event that may be sent. */
export type EventName = keyof Events;
/** The data of an event, in the version that this package was made for. */
export type Data<E extends EventName> = Events[E][Newest[E] & keyof Events[E]];

export interface Tracker {
  /** Queues an event, and gives its `event_id`. */
  track<E extends EventName>(event: E, data: Data<E>): string;
  /** The same in an earlier version of the event. */
  track<E extends EventName, V extends keyof Events[E]>(
    event: E,
    data: Events[E][V],
    more: { version: V },
  ): string;
%(begin)s  /** Sends what is queued; done when it was answered, or has to wait. */
  flush(): Promise<void>;
  /** At logout: sends what is queued, then begins a new visitor. Await it before the token goes. */
  reset(): Promise<void>;
  /** Off: what is stored is removed, and nothing is stored or sent. On: from then. */
  consent(given: boolean): void;
  /** How many events wait to be answered, as far as this page knows. */
  queued(): number;
}

type Generated = "context" | "fields" | "pages" | "pairs" | "versions";

export interface Options extends Omit<AnyOptions, Generated> {
%(context)s}

export declare const createTracker: (options?: Options) => Tracker;
"""

_VIEW = """\
  /**
   * Begins a page view, which ends by itself when the page is hidden or left, and when the route
   * changes; it begins again when the page is seen again. A function is asked again at every route.
   */
"""


def declarations(catalog: Catalog) -> str:
    """The whole file; the same for the same contracts."""
    pairs = pairs_of(catalog)
    sent = [each for each in catalog if is_sent(each)]
    parts = [
        _HEAD,
        *(f"{_event(each)}\n" for each in sent),
        _events(sent),
        _newest(sent),
        _context(catalog),
        _TRACKER
        % {"begin": "".join(_begin(pairs, pages_of(pairs))), "context": _context_option(catalog)},
    ]
    return "".join(parts)


def is_sent(contract: Contract) -> bool:
    """Whether a sender may send this version: one that is refused has no type."""
    ending = contract.deprecation
    return contract.origin is Origin.CLIENT and (ending is None or ending.retired is None)


def _event(contract: Contract) -> str:
    ending = contract.deprecation
    notes = () if ending is None else (f"@deprecated until {ending.sunset}: {ending.reason}",)
    return interface(type_name(contract.event, contract.version), contract.schema, notes) + "\n"


def _events(sent: Iterable[Contract]) -> str:
    of: dict[str, list[Contract]] = {}
    for contract in sent:
        of.setdefault(contract.event, []).append(contract)
    lines = [
        f"{comment((each[-1].description,), '  ')}  {event}: {{ "
        + " ".join(f"{c.version}: {type_name(event, c.version)};" for c in each)
        + " };\n"
        for event, each in of.items()
    ]
    return "/** Event → version → data. */\nexport interface Events {\n" + "".join(lines) + "}\n\n"


def _newest(sent: Iterable[Contract]) -> str:
    newest = {contract.event: contract.version for contract in sent}
    lines = [f"  {event}: {version};\n" for event, version in newest.items()]
    return (
        "/** The version that is sent when none is named. */\nexport interface Newest {\n"
        + "".join(lines)
        + "}\n\n"
    )


def _context(catalog: Catalog) -> str:
    context = catalog.context
    if context is None or not context.is_sent:
        return ""
    return interface("Context", context.schema) + "\n\n"


def _context_option(catalog: Catalog) -> str:
    known = known_fields(catalog)
    if catalog.context is None or not catalog.context.is_sent:
        return "  /** These contracts have no context. */\n  context?: undefined;\n"
    told = f"Beside what the tracker fills in: {', '.join(known) or 'nothing'}."
    return f"  /** {told} */\n  context?: Context | (() => Context);\n"


def _begin(pairs: Mapping[str, SdkPair], pages: Pages | None) -> Iterator[str]:
    for pair in pairs.values():
        given = (() if pair.id is None else (pair.id,), pair.start)
        ending = _without(pair.shared, pair.end)
        alone = all(field.json_name in pair.shared for field in required(pair.end))
        yield f"  /** Sends {pair.start.event}; `end` sends {pair.end.event}. */\n"
        yield f"  begin(pair: {literal(pair.event)}, data: {_without(*given)}): {{\n"
        yield "    id: string;\n"
        yield f"    end(data{'?' if alone else ''}: {ending}): void;\n  }};\n"
    if pages is not None:
        pair, start = pages.pair, pages.pair.start
        kind = value_type(start.schema["properties"][pages.type], start.schema)
        name = type_name(start.event, start.version)
        yield _VIEW
        yield f"  pageView(\n    type: PageType<{kind}>,\n"
        yield f"    more?: Partial<Omit<{name}, {_names((pages.type,))}>>,\n  ): "
        yield f"Begun<{_without(pair.shared, pair.end)}>;\n"


def _without(names: tuple[str, ...], contract: Contract) -> str:
    """The data of an event in which these fields may be left out."""
    whole = type_name(contract.event, contract.version)
    if not names:
        return whole
    return f"Omit<{whole}, {_names(names)}> & Partial<Pick<{whole}, {_names(names)}>>"


def _names(names: tuple[str, ...]) -> str:
    return " | ".join(literal(name) for name in names)
