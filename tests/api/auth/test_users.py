"""Requirement L2 as a table: cache, auth_service, local check, and what each outcome keeps."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.auth.token_cache import InMemoryTokenCache
from api.auth.users import CacheTimes, Late, TokenCache, Users, usable_user_id
from api.errors import AuthUnavailableError, CacheUnavailableError, Rejection
from api.model import Identity, Kept, TokenRejection, Verdict
from api.testing.auth import InMemoryAuthService
from contracts.reasons import Reason

NOW = 1_000_000.0
TOKEN = "header.payload.signature"
TIMES = CacheTimes(identity_seconds=300.0, rejection_seconds=30.0)


class BrokenCache:
    """A cache that does not answer once it is broken, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Kept | None = None

    def get(self, token: str) -> Kept | None:
        self.asked += 1
        if self.answer is not None:
            return self.answer
        raise CacheUnavailableError("down")

    def put(self, token: str, kept: Kept) -> None:
        self.asked += 1
        raise CacheUnavailableError("down")


class Local:
    """A local check with a fixed verdict; ``None`` means that no key is configured."""

    def __init__(self, verdict: Verdict | None = None, claimed: str | None = None) -> None:
        self.verdict = verdict
        self.claimed = claimed

    def verify(self, token: str) -> Verdict:
        if self.verdict is None:
            raise AuthUnavailableError("no key")
        return self.verdict

    def claimed_user(self, token: str) -> str | None:
        return self.claimed


class House:
    """The policy over parts that a test sets."""

    def __init__(self, verdict: Verdict | None, local: Local | None = None) -> None:
        self.now = NOW
        self.cache = InMemoryTokenCache(lambda: self.now)
        self.auth = InMemoryAuthService({} if verdict is None else {TOKEN: verdict})
        self.auth.available = verdict is not None
        self.local = local or Local()

    def users(self, cache: TokenCache | None = None) -> Users:
        """A process that has heard nothing yet."""
        return Users(
            memory=InMemoryTokenCache(lambda: self.now),
            cache=cache or self.cache,
            auth=self.auth,
            local=self.local,
            clock=lambda: self.now,
            times=TIMES,
        )

    def resolve(self, token: str | None = TOKEN, cache: TokenCache | None = None) -> str:
        return self.users(cache).resolve(token)

    def rejection(self) -> Reason:
        with pytest.raises(Rejection) as refused:
            self.resolve()
        return refused.value.reason


def test_no_token_is_anonymous_and_asks_nobody() -> None:
    house = House(Identity("u"))
    cache = BrokenCache()
    assert house.resolve(None, cache) == "anonymous"
    assert (cache.asked, house.auth.asked) == (0, 0)


def test_a_verdict_is_asked_for_once_and_then_remembered() -> None:
    house = House(Identity("u"))
    assert [house.resolve() for _ in range(3)] == ["u", "u", "u"]
    assert house.auth.asked == 1


@pytest.mark.parametrize(
    ("expires_at", "kept_seconds"),
    [
        (None, TIMES.identity_seconds),
        (NOW + 10_000, TIMES.identity_seconds),
        (NOW + 20, 20.0),
    ],
)
def test_a_good_token_is_kept_until_it_ends_at_most(
    expires_at: float | None, kept_seconds: float
) -> None:
    house = House(Identity("u", expires_at))
    house.resolve()
    house.now = NOW + kept_seconds - 1
    house.resolve()
    assert house.auth.asked == 1
    house.now = NOW + kept_seconds
    house.resolve()
    assert house.auth.asked == 2


def test_a_token_that_has_ended_by_its_own_word_is_not_kept() -> None:
    house = House(Identity("u", NOW - 1))
    assert [house.resolve(), house.resolve()] == ["u", "u"]
    assert house.auth.asked == 2


def test_an_entry_that_outlived_its_token_is_not_believed() -> None:
    house = House(Identity("u"))
    house.cache.put(TOKEN, Kept(Identity("stale", NOW), NOW + 100))
    assert house.resolve() == "u"


@pytest.mark.parametrize(
    "reason", [Reason.TOKEN_INVALID, Reason.TOKEN_EXPIRED, Reason.TOKEN_REVOKED]
)
def test_a_no_is_an_answer_and_never_a_reason_to_check_locally(reason: Reason) -> None:
    house = House(TokenRejection(reason), Local(Identity("u")))
    assert house.rejection() is reason


def test_a_no_is_kept_for_a_shorter_time() -> None:
    house = House(TokenRejection(Reason.TOKEN_REVOKED))
    house.rejection()
    house.now = NOW + TIMES.rejection_seconds - 1
    assert house.rejection() is Reason.TOKEN_REVOKED
    assert house.auth.asked == 1
    house.now = NOW + TIMES.rejection_seconds
    house.rejection()
    assert house.auth.asked == 2


def test_without_auth_service_the_token_is_checked_locally() -> None:
    house = House(None, Local(Identity("u")))
    assert house.resolve() == "u"


def test_a_local_no_is_a_no() -> None:
    assert (
        House(None, Local(TokenRejection(Reason.TOKEN_INVALID))).rejection() is Reason.TOKEN_INVALID
    )


def test_a_local_verdict_is_not_kept() -> None:
    house = House(None, Local(Identity("u")))
    house.resolve()
    house.auth.available = True
    assert house.rejection() is Reason.TOKEN_INVALID


def test_a_verdict_that_comes_too_late_is_kept_for_the_next() -> None:
    house = House(Identity("u"), Local(Identity("by its signature")))
    house.auth.available = False
    users = house.users()
    assert users.resolve(TOKEN) == "by its signature"
    house.auth.answer_late()
    assert (users.known(TOKEN), house.resolve(), house.auth.asked) == ("u", "u", 1)


def test_a_late_verdict_does_not_replace_one_that_was_heard_since() -> None:
    house = House(Identity("u"), Local(Identity("by its signature")))
    house.auth.available = False
    users = house.users()
    users.resolve(TOKEN)
    house.auth.available = True
    revoked = TokenRejection(Reason.TOKEN_REVOKED)
    house.auth.verdicts[TOKEN] = revoked
    with pytest.raises(Rejection):
        users.resolve(TOKEN)
    house.auth.verdicts[TOKEN] = Identity("u")
    house.auth.answer_late()
    assert users.known(TOKEN) is None
    kept = house.cache.get(TOKEN)
    assert kept is not None
    assert kept.verdict == revoked


def test_a_late_verdict_that_names_another_user_is_refused() -> None:
    house = House(Identity("u"), Local(Identity("v"), claimed="v"))
    house.auth.available = False
    users = house.users()
    users.resolve(TOKEN)
    house.auth.answer_late()
    with pytest.raises(Rejection) as refused:
        users.resolve(TOKEN)
    assert refused.value.reason is Reason.TOKEN_SUBJECT_MISMATCH


def test_with_nobody_to_judge_it_is_refused_for_now() -> None:
    house = House(None)
    with pytest.raises(Rejection) as refused:
        house.resolve()
    assert refused.value.reason is Reason.AUTH_UNAVAILABLE
    assert refused.value.status == 503
    assert refused.value.retry_after_seconds == 5


def test_without_the_cache_each_process_asks_auth_service() -> None:
    house = House(Identity("u"))
    cache = BrokenCache()
    assert [house.resolve(cache=cache), house.resolve(cache=cache)] == ["u", "u"]
    assert house.auth.asked == 2
    assert cache.asked == 2, "a cache that did not answer is not asked to keep anything"


@pytest.mark.parametrize(
    ("verdict", "kept_seconds"),
    [
        (Identity("u"), TIMES.identity_seconds),
        (Identity("u", NOW + 20), 20.0),
        (TokenRejection(Reason.TOKEN_REVOKED), TIMES.rejection_seconds),
    ],
)
def test_a_process_asks_nobody_about_what_it_knows_as_long_as_it_may_be_kept(
    verdict: Verdict, kept_seconds: float
) -> None:
    house, cache = House(verdict), BrokenCache()
    users = house.users(cache)
    first = outcome(users)
    house.now = NOW + kept_seconds - 1
    assert (outcome(users), cache.asked, house.auth.asked) == (first, 1, 1)
    house.now = NOW + kept_seconds
    assert (outcome(users), cache.asked, house.auth.asked) == (first, 2, 2)


def test_a_process_keeps_what_others_heard_no_longer_than_they_do() -> None:
    house, cache = House(Identity("new")), BrokenCache()
    users = house.users(cache)
    cache.answer = Kept(Identity("old"), NOW + 10)
    assert outcome(users) == "old"
    house.now, cache.answer = NOW + 9, None
    assert outcome(users) == "old"
    house.now = NOW + 10
    assert outcome(users) == "new"


def test_a_clock_that_is_wrong_elsewhere_makes_nothing_last_longer() -> None:
    house, cache = House(Identity("new")), BrokenCache()
    users = house.users(cache)
    cache.answer = Kept(Identity("old"), NOW + 1_000_000)
    assert outcome(users) == "old"
    house.now, cache.answer = NOW + TIMES.identity_seconds, None
    assert outcome(users) == "new"


@pytest.mark.parametrize("verdict", [Identity("u"), TokenRejection(Reason.TOKEN_REVOKED)])
def test_of_many_at_the_same_time_one_asks_for_all(verdict: Verdict) -> None:
    together, release = 8, threading.Event()

    class SlowAuth(InMemoryAuthService):
        def verify(self, token: str, late: Late = lambda _verdict: None) -> Verdict:
            release.wait(60)
            return super().verify(token)

    house = House(None)
    house.auth = SlowAuth({TOKEN: verdict})
    users = house.users()
    started = threading.Barrier(together + 1)

    def ask() -> str:
        started.wait(60)
        return outcome(users)

    with ThreadPoolExecutor(together) as pool:
        answers = [pool.submit(ask) for _ in range(together)]
        started.wait(60)
        release.set()
        found = {answer.result(60) for answer in answers}
    assert len(found) == 1
    assert house.auth.asked == 1


def outcome(users: Users) -> str:
    """The user, or why there is none."""
    try:
        return users.resolve(TOKEN)
    except Rejection as rejection:
        return rejection.reason


def test_a_user_other_than_the_tokens_own_is_refused_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(Identity("mallory"), Local(Identity("u"), claimed="u"))
    with caplog.at_level(logging.ERROR):
        assert house.rejection() is Reason.TOKEN_SUBJECT_MISMATCH
    assert len(caplog.records) == 1
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("claimed", ["u", None])
def test_the_tokens_own_user_or_an_unreadable_token_is_believed(claimed: str | None) -> None:
    assert House(Identity("u"), Local(claimed=claimed)).resolve() == "u"


@pytest.mark.parametrize("found", ["u", "2b1cbd9e-6f1e-4c39-8a58-3a7c4d3a1f10", "é", "x" * 128])
def test_ids_that_a_message_can_carry(found: str) -> None:
    assert usable_user_id(found) == found


@pytest.mark.parametrize(
    "found",
    ["", "x" * 129, "anonymous", "Anonymous ", "a\nb", "a\0b", "\ud800", 5, None, True, ["u"]],
)
def test_ids_that_it_cannot(found: object) -> None:
    assert usable_user_id(found) is None
