"""From bytes to a stored event. Pure: every part that talks to the outside is passed in.

parse → envelope → contract → data → user → stamp → encode → seen before? → publish.  Each step
either hands on or refuses; an event is not published before it has passed all others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from api.errors import Rejection, StoreUnavailableError, too_large
from api.instrumentation import Stage
from api.model import Accepted, Common, Outcome, Request, Stamped
from api.pipeline import quick_json
from api.pipeline.checking import Checks, with_common
from api.pipeline.components import Check, Components, Limits, Resolve
from api.pipeline.stamping import Stamping
from api.pipeline.storing import Storing
from api.pipeline.suggestions import Suggestions
from api.pipeline.together import Step, through
from api.publish.spool.record import Record
from registry.errors import EncodeError

_T = TypeVar("_T")

_PARSE, _VALIDATE, _USER, _ENCODE = Stage.PARSE, Stage.VALIDATE, Stage.USER, Stage.ENCODE
"""To look a member of an enumeration up takes as long as to count."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event that only has to be published, and how long each stage took, not counted yet."""

    stamped: Stamped
    took: tuple[tuple[Stage, float], ...]


class Pipeline:
    """Accepts events. Safe to share between threads."""

    def __init__(self, components: Components, limits: Limits) -> None:
        self._components = components
        self._limits = limits
        self._storing = Storing(
            components.publisher,
            components.seen,
            components.instrumentation,
            key_of=components.key_of,
        )
        self._checks = Checks(components.catalog, components.clock)
        self._stamping = Stamping(components)
        self._suggestions = Suggestions(components.catalog)
        self._took = components.instrumentation.took

    def accept(
        self,
        body: bytes,
        *,
        correlation_id: str,
        check: Check | None = None,
        common: Common | None = None,
    ) -> Accepted:
        """Stores the event in ``body``; returns when it is safe in Kafka or the spool.

        ``check`` is for events in another form than the envelope's; ``common`` is what is known
        of the request around it.

        Raises:
            Rejection: the reason why nothing was accepted.
        """
        request = with_common((check or self.check)(self.parse(body)), common)
        return self.store(request, correlation_id=correlation_id)

    def prepared(self, body: bytes, common: Common | None = None) -> Prepared | None:
        """The event in ``body``, ready to be published, if nobody has to be asked and nothing is
        wrong with it; nothing is counted and nothing else has happened.

        ``None``: :meth:`accept` has to look at it.
        """
        now = perf_counter
        try:
            began = now()
            document = quick_json.parse(body, max_depth=self._limits.json_depth)
            parsed = now()
            request = with_common(self._checks.request(document), common)
            checked = now()
            user_id = self._components.users.known(request.token)
            if user_id is None:
                return None
            known = now()
            stamped = self._stamping.stamped(request, user_id, self._components.encoder())
        except (Rejection, EncodeError, StoreUnavailableError):
            return None
        took = (
            (_PARSE, parsed - began),
            (_VALIDATE, checked - parsed),
            (_USER, known - checked),
            (_ENCODE, now() - known),
        )
        return Prepared(stamped, took)

    def record(self, event: Stamped, correlation_id: str) -> Record:
        """A prepared event as it goes to :meth:`publish_soon`."""
        return self._storing.record(event, correlation_id)

    def publish_soon(
        self,
        records: Sequence[Record],
        done: Callable[[Sequence[StoreUnavailableError | None]], None],
    ) -> bool:
        """Publishes prepared events: :meth:`api.pipeline.storing.Publisher.publish_soon`."""
        return self._components.publisher.publish_soon(records, done)

    def count(self, prepared: Prepared, *later: tuple[Stage, float]) -> None:
        """Counts what :meth:`prepared` has done, and later stages, for an event to be published."""
        self._components.instrumentation.took_all((*prepared.took, *later))
        if prepared.stamped.request.token is not None:
            self._components.users.count_known()

    def parse(self, body: bytes) -> Any:
        """The JSON in a body.

        Raises:
            Rejection: it is no JSON that the service takes.
        """
        began = perf_counter()
        try:
            return quick_json.parse(body, max_depth=self._limits.json_depth)
        finally:
            self._took(_PARSE, perf_counter() - began)

    def check(self, document: Any) -> Request:
        """The request in parsed JSON, held against the envelope and the event's contract.

        Raises:
            Rejection: it breaks one of them.
        """
        began = perf_counter()
        try:
            return self._request(document)
        finally:
            self._took(_VALIDATE, perf_counter() - began)

    def _request(self, document: Any) -> Request:
        """The request, or the rejection as it is answered."""
        try:
            return self._checks.request(document)
        except Rejection as rejection:
            raise self._suggestions.added_to(rejection, document) from None

    def store(self, request: Request, *, correlation_id: str) -> Accepted:
        """Finds the user, stamps, encodes and publishes; returns when it is safe.

        Raises:
            Rejection: the token is bad, a value has no image in Avro, the id belongs to another
                event, or a part is unavailable.
        """
        (outcome,) = self.store_all([request], correlation_id=correlation_id)
        if isinstance(outcome, Rejection):
            raise outcome
        return outcome

    @property
    def takes_context(self) -> bool:
        """Whether a batch may have a context for all of its events."""
        return self._checks.takes_context

    def common(self, body: bytes) -> Common:
        """What stands around the events of a batch.

        Raises:
            Rejection: it is no JSON that the service takes, or breaks the context.
        """
        document = self.parse(body)
        try:
            return self._checks.common(document)
        except Rejection as rejection:
            raise self._suggestions.added_around(rejection, document) from None

    def accept_all(
        self,
        bodies: Sequence[bytes | Rejection],
        *,
        correlation_id: str,
        common: Common | None = None,
        check: Check | None = None,
    ) -> list[Outcome]:
        """Stores several events, each given as JSON; what is wrong with one concerns it alone.

        A rejection among them stays as it is, in its place.  ``common`` is what they share;
        ``check`` as in :meth:`accept`.
        """
        resolve = asked_once(self._components.users.resolve)
        fitting = [
            None if isinstance(each, Rejection) or len(each) > self._limits.body_bytes else each
            for each in bodies
        ]
        together: Sequence[Stamped | None] = [None] * len(bodies)
        if check is None:
            together = self._stamped_together(fitting, resolve, common)
        one = check or self.check
        stamped = [
            found or self._stamped_alone(body, resolve, lambda each: with_common(one(each), common))
            for body, found in zip(bodies, together, strict=True)
        ]
        return self._store_stamped(stamped, correlation_id)

    def _stamped_together(
        self, bodies: Sequence[bytes | None], resolve: Resolve, common: Common | None
    ) -> Sequence[Stamped | None]:
        try:
            encoder = self._components.encoder()
        except StoreUnavailableError:
            return [None] * len(bodies)
        steps: Sequence[Step] = (
            (_PARSE, partial(quick_json.parse, max_depth=self._limits.json_depth)),
            (_VALIDATE, lambda document: with_common(self._checks.request(document), common)),
            (_USER, lambda request: (request, resolve(request.token))),
            (_ENCODE, lambda found: self._stamping.stamped(found[0], found[1], encoder)),
        )
        return through(bodies, steps, self._components.instrumentation)

    def _stamped_alone(
        self, body: bytes | Rejection, resolve: Resolve, check: Check
    ) -> Stamped | Rejection:
        """One event of a batch, step by step: the reference."""
        if isinstance(body, Rejection):
            return body
        if len(body) > self._limits.body_bytes:
            return too_large(self._limits.body_bytes)
        return _caught(lambda: self._stamping.stamp(check(self.parse(body)), resolve))

    def store_all(self, requests: Sequence[Request], *, correlation_id: str) -> list[Outcome]:
        """Stores several events with one wait; returns when those that were accepted are safe."""
        resolve = asked_once(self._components.users.resolve)
        stamped = [_caught(partial(self._stamping.stamp, each, resolve)) for each in requests]
        return self._store_stamped(stamped, correlation_id)

    def stamp(self, request: Request) -> Stamped:
        """The event as it would be published: :meth:`api.pipeline.stamping.Stamping.stamp`."""
        return self._stamping.stamp(request)

    def _store_stamped(
        self, stamped: Sequence[Stamped | Rejection], correlation_id: str
    ) -> list[Outcome]:
        good = [each for each in stamped if isinstance(each, Stamped)]
        stored = iter(self._storing.store(good, correlation_id=correlation_id))
        return [each if isinstance(each, Rejection) else next(stored) for each in stamped]


def _caught(step: Callable[[], _T]) -> _T | Rejection:
    """What a step gives, or the rejection it ends with."""
    try:
        return step()
    except Rejection as rejection:
        return rejection


def asked_once(resolve: Resolve) -> Resolve:
    """The same, each token asked for only once: the events of a batch are mostly of one user."""
    asked: dict[str | None, str | Rejection] = {}

    def resolved(token: str | None) -> str:
        if token not in asked:
            asked[token] = _caught(partial(resolve, token))
        match asked[token]:
            case Rejection() as rejection:
                raise rejection
            case user_id:
                return user_id

    return resolved
