"""Whose event it is (requirement L2). Pure over three parts: cache, auth_service, local check.

Of the cache there are two: this process's own memory, which is asked first and always answers, and
Redis, which all processes share.  Both keep a verdict for the same time.

=====================================  ===========================================================
what happens                           outcome
=====================================  ===========================================================
no token                               ``anonymous``
the memory or Redis knows the token    its verdict, also kept in the memory
Redis does not answer                  go on without it
auth_service gives a verdict           that verdict, also kept in both
auth_service gives none                the local check, whatever the token's lifetime; not cached
auth_service names another user        refused and reported: one of the two is wrong
=====================================  ===========================================================

Of several that come with one token at the same time, one asks for all.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from api.auth.single_flight import SingleFlight
from api.errors import AuthUnavailableError, CacheUnavailableError, Rejection
from api.instrumentation import Instrumentation, NoInstrumentation, TokenResult, TokenSource
from api.model import Identity, Kept, TokenRejection, Verdict
from contracts.message import ANONYMOUS
from contracts.reasons import DESCRIPTIONS, Reason

_log = logging.getLogger(__name__)

_MEMORY, _ACCEPTED, _REFUSED = TokenSource.MEMORY, TokenResult.ACCEPTED, TokenResult.REFUSED
"""To look a member of an enumeration up takes as long as to count."""

_SCHEME = re.compile(r"""(?:^|[\s"':])bearer(?:[\s"':]|$)""", re.IGNORECASE)
"""The word before a token in a header (RFC 6750); inside of a token it cannot stand like this."""

MAX_USER_ID_CHARACTERS = 128
"""As in the message envelope."""


class TokenCache(Protocol):
    """Verdicts by token. It keeps hashes of tokens, never tokens."""

    def get(self, token: str) -> Kept | None:
        """The verdict on a token, if one is kept.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        ...

    def put(self, token: str, kept: Kept) -> None:
        """Keeps a verdict until its time.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        ...


class AuthService(Protocol):
    """The external service that issues and judges tokens."""

    def verify(self, token: str) -> Verdict:
        """Its verdict on a token.

        Raises:
            AuthUnavailableError: no usable answer in time.
        """
        ...


class LocalVerifier(Protocol):
    """The check that needs no service."""

    def verify(self, token: str) -> Verdict:
        """A verdict from signature and claims, whatever the lifetime.

        Raises:
            AuthUnavailableError: no key for it is configured.
        """
        ...

    def claimed_user(self, token: str) -> str | None:
        """The user a token names, its signature unchecked; ``None`` when it cannot be read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheTimes:
    """How long verdicts are kept. A good one is never kept beyond the token's own end."""

    identity_seconds: float = 300.0
    rejection_seconds: float = 30.0


class Users:
    """Turns tokens into user ids."""

    def __init__(
        self,
        *,
        memory: TokenCache,
        cache: TokenCache,
        auth: AuthService,
        local: LocalVerifier,
        clock: Callable[[], float],
        times: CacheTimes,
        instrumentation: Instrumentation | None = None,
    ) -> None:
        """``clock`` gives Unix seconds; ``instrumentation`` is told who was asked, and the answer.

        ``memory`` always answers; ``cache`` is the one that all processes share.
        """
        self._memory = memory
        self._cache = cache
        self._auth = auth
        self._local = local
        self._clock = clock
        self._times = times
        self._instrumentation = instrumentation or NoInstrumentation()
        self._asked: SingleFlight[Verdict] = SingleFlight()

    def resolve(self, token: str | None) -> str:
        """The user id for a token, or ``anonymous`` for none.

        Raises:
            Rejection: the token is bad, or nobody can judge it now.
        """
        if token is None:
            return ANONYMOUS
        match self._verdict(token):
            case Identity(user_id=user_id):
                return user_id
            case TokenRejection(reason=reason):
                raise Rejection(reason, DESCRIPTIONS[reason] + _what_to_do(token))

    def known(self, token: str | None) -> str | None:
        """The user id where nobody has to be asked: for no token, or one that this process knows.

        ``None``: :meth:`resolve` has to be asked.  Nothing is counted.
        """
        if token is None:
            return ANONYMOUS
        kept = self._memory.get(token)
        if kept is None or self._has_ended(kept.verdict):
            return None
        return kept.verdict.user_id if isinstance(kept.verdict, Identity) else None

    def count_known(self) -> None:
        """Counts a token whose user was found by :meth:`known`, and used."""
        self._instrumentation.judged(TokenSource.MEMORY, TokenResult.ACCEPTED)

    def _verdict(self, token: str) -> Verdict:
        known = self._memory.get(token)
        if known is not None and not self._has_ended(known.verdict):
            self._judged(_MEMORY, known.verdict)
            return known.verdict
        return self._asked.ask(token, lambda: self._verdict_of_others(token))

    def _verdict_of_others(self, token: str) -> Verdict:
        cache_answers = True
        try:
            kept = self._cache.get(token)
        except CacheUnavailableError as error:
            _log.debug("token cache: %s", error)
            self._instrumentation.judged(TokenSource.CACHE, TokenResult.UNAVAILABLE)
            kept, cache_answers = None, False
        if kept is not None and not self._has_ended(kept.verdict):
            self._judged(TokenSource.CACHE, kept.verdict)
            until = min(kept.until, self._clock() + self._ttl_seconds(kept.verdict))
            self._memory.put(token, Kept(kept.verdict, until))
            return kept.verdict
        if cache_answers:
            self._instrumentation.judged(TokenSource.CACHE, TokenResult.UNKNOWN)
        try:
            verdict = self._agreeing(token, self._auth.verify(token))
        except AuthUnavailableError as error:
            _log.debug("auth_service: %s", error)
            self._instrumentation.judged(TokenSource.AUTH_SERVICE, TokenResult.UNAVAILABLE)
            return self._checked_here(token)
        self._judged(TokenSource.AUTH_SERVICE, verdict)
        self._keep(token, verdict, in_cache=cache_answers)
        return verdict

    def _agreeing(self, token: str, verdict: Verdict) -> Verdict:
        claimed = self._local.claimed_user(token)
        if isinstance(verdict, TokenRejection) or claimed in (None, verdict.user_id):
            return verdict
        _log.error("auth_service names another user than the subject of the token it was asked for")
        return TokenRejection(Reason.TOKEN_SUBJECT_MISMATCH)

    def _checked_here(self, token: str) -> Verdict:
        try:
            verdict = self._local.verify(token)
        except AuthUnavailableError as error:
            self._instrumentation.judged(TokenSource.LOCAL, TokenResult.UNAVAILABLE)
            reason = Reason.AUTH_UNAVAILABLE
            raise Rejection(reason, DESCRIPTIONS[reason]) from error
        self._judged(TokenSource.LOCAL, verdict)
        return verdict

    def _judged(self, judge: TokenSource, verdict: Verdict) -> None:
        self._instrumentation.judged(
            judge, _ACCEPTED if isinstance(verdict, Identity) else _REFUSED
        )

    def _has_ended(self, verdict: Verdict) -> bool:
        return (
            isinstance(verdict, Identity)
            and verdict.expires_at is not None
            and verdict.expires_at <= self._clock()
        )

    def _keep(self, token: str, verdict: Verdict, *, in_cache: bool) -> None:
        ttl_seconds = self._ttl_seconds(verdict)
        if ttl_seconds <= 0:
            return
        kept = Kept(verdict, self._clock() + ttl_seconds)
        self._memory.put(token, kept)
        if not in_cache:
            return
        try:
            self._cache.put(token, kept)
        except CacheUnavailableError as error:
            _log.debug("token cache: %s", error)

    def _ttl_seconds(self, verdict: Verdict) -> float:
        match verdict:
            case TokenRejection():
                return self._times.rejection_seconds
            case Identity(expires_at=expires_at):
                left = math.inf if expires_at is None else expires_at - self._clock()
                return min(self._times.identity_seconds, left)


def _what_to_do(token: str) -> str:
    """A sentence for a token that is bad because of what was written around it, else nothing."""
    if _SCHEME.search(token):
        return " It holds the word `Bearer`; send what follows that word, and nothing else."
    return ""


def usable_user_id(found: object) -> str | None:
    """``found`` if a message can carry it as the id of somebody who is signed in, else ``None``."""
    if not isinstance(found, str) or not 1 <= len(found) <= MAX_USER_ID_CHARACTERS:
        return None
    return found if found.isprintable() and found.strip().casefold() != ANONYMOUS else None
