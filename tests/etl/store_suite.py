"""What every pair store does; run over Redis and over the one in memory."""

from __future__ import annotations

import time
import uuid

import pytest

from etl.errors import StateLostError
from etl.sessions.store import (
    Applied,
    ApplyResult,
    Occurrence,
    Occurrences,
    SessionEvent,
    SessionPair,
    SessionState,
    SessionStore,
    SessionTotals,
    Settled,
    SettledAs,
    Settlement,
    Side,
)
from etl.source import Span
from tests.support.processes import wait_until

NOW_MS = int(time.time() * 1000)
HOUR_MS = 3_600_000
PAST, FUTURE = NOW_MS - HOUR_MS, NOW_MS + HOUR_MS

START = SessionEvent(
    prefix="pv",
    session="pv:1.ann",
    side=Side.START,
    location="0:0",
    expires_ms=PAST,
    forget_ms=FUTURE,
    payload=b'{"start": 1}',
)
END = START._replace(
    side=Side.END, location="1:0", payload=b'{"end": "\xc3\xa4"}', original=b"\0\xff"
)
PAIR = SessionPair(
    session=START.session,
    start_location=START.location,
    start=START.payload,
    start_expires_ms=PAST,
    end_location=END.location,
    end=END.payload,
    end_expires_ms=PAST,
    forget_ms=FUTURE,
)
NOWHERE = {0: Span(0, 0)}


def state(start: bool, end: bool, settled: Settled = Settled.NO) -> SessionState:
    return SessionState(
        session=START.session,
        start=START.payload if start else None,
        end=END.payload if end else None,
        settled=settled,
    )


def settlement(account: SettledAs, view: str = START.session) -> Settlement:
    return Settlement("pv", view, account)


class StoreSuite:
    """A subclass gives the fixture ``store``: an empty one."""

    @pytest.fixture(autouse=True)
    def adopted(self, store: SessionStore) -> None:
        store.adopt({0: 0})

    def apply(self, store: SessionStore, *halves: SessionEvent) -> list[Applied]:
        return list(store.apply(NOWHERE, halves))

    def expired(
        self, store: SessionStore, side: Side = Side.START, before_ms: int = NOW_MS
    ) -> list[SessionState]:
        return list(store.expired("pv", side, before_ms, skip=0, limit=100).states)

    # Adding

    def test_the_second_half_completes_the_entry(self, store: SessionStore) -> None:
        first, second = self.apply(store, START, END)
        assert first.result is second.result is ApplyResult.TAKEN
        assert not first.state.complete
        assert second.state == state(True, True)

    def test_order_does_not_matter(self, store: SessionStore) -> None:
        assert self.apply(store, END, START)[1].state == state(True, True)

    def test_the_first_half_of_a_kind_stays(self, store: SessionStore) -> None:
        other_start = START._replace(location="0:7", payload=b"other")
        other_end = END._replace(location="1:7", payload=b"other")
        outcomes = self.apply(store, START, other_start, END, other_end)
        assert [outcome.result for outcome in outcomes] == [
            ApplyResult.TAKEN,
            ApplyResult.DUPLICATE,
            ApplyResult.TAKEN,
            ApplyResult.DUPLICATE,
        ]
        assert outcomes[-1].state == state(True, True)

    def test_the_same_message_again_is_told_what_is_there(self, store: SessionStore) -> None:
        self.apply(store, START)
        (again,) = self.apply(store, START)
        assert again == Applied(ApplyResult.REPLAYED, state(True, False))

    def test_a_location_that_begins_alike_is_another(self, store: SessionStore) -> None:
        self.apply(store, START._replace(location="0:12"))
        (outcome,) = self.apply(store, START._replace(location="0:1"))
        assert outcome.result is ApplyResult.DUPLICATE

    def test_nothing_to_add(self, store: SessionStore) -> None:
        assert self.apply(store) == []
        assert list(store.settle([])) == []
        assert list(store.first_occurrences([])) == []

    def test_pairings_do_not_mix(self, store: SessionStore) -> None:
        self.apply(store, START, START._replace(prefix="vp", session="vp:1.ann"))
        assert store.totals("pv").starts_waiting == store.totals("vp").starts_waiting == 1
        assert len(self.expired(store)) == 1

    # Adding pairs

    def test_a_pair_is_as_if_its_events_had_come_one_by_one(self, store: SessionStore) -> None:
        assert list(store.apply_pairs({0: 0}, "pv", [PAIR])) == [True]
        assert store.totals("pv") == SessionTotals(taken=2, starts_waiting=1, ends_waiting=1)
        again = self.apply(store, START, END, END._replace(location="1:7"))
        assert again == [
            Applied(ApplyResult.REPLAYED, state(True, True)),
            Applied(ApplyResult.REPLAYED, state(True, True)),
            Applied(ApplyResult.DUPLICATE, state(True, True)),
        ]
        assert list(store.settle([settlement(SettledAs.PAIRED)])) == [2]
        assert store.totals("pv") == SessionTotals(taken=2, paired=1)
        assert store.forget("pv", FUTURE, limit=10) == 0
        assert store.forget("pv", FUTURE + 1, limit=10) == 1

    def test_a_pair_of_a_session_that_is_known_is_left_out(self, store: SessionStore) -> None:
        self.apply(store, START)
        other = PAIR._replace(session="pv:2.ann")
        assert list(store.apply_pairs({0: 0}, "pv", [PAIR, other, PAIR])) == [False, True, False]
        assert list(store.apply_pairs({0: 0}, "pv", [other])) == [False]
        assert store.totals("pv").taken == 3

    def test_a_pair_that_was_not_settled_is_swept_without_waiting_for_a_marker(
        self, store: SessionStore
    ) -> None:
        due_ms = FUTURE + HOUR_MS
        store.apply_pairs({0: 0}, "pv", [PAIR._replace(start_expires_ms=due_ms)])
        assert self.expired(store) == []
        assert self.expired(store, before_ms=due_ms + 1) == [state(True, True)]
        assert self.expired(store, Side.END) == [state(True, True)]

    def test_pairs_are_drawn_while_others_are_added(self, store: SessionStore) -> None:
        pairs = (PAIR._replace(session=f"pv:{number}.ann") for number in range(2_500))
        assert list(store.apply_pairs({0: 0}, "pv", pairs)) == [True] * 2_500
        assert list(store.apply_pairs({0: 0}, "pv", [])) == []
        assert store.totals("pv").starts_waiting == 2_500

    def test_pairs_have_to_join_what_is_applied(self, store: SessionStore) -> None:
        store.apply({0: Span(0, 5)}, [])
        assert list(store.apply_pairs({0: 5}, "pv", [PAIR])) == [True]
        for starts in ({0: 6}, {0: 5, 1: 0}):
            with pytest.raises(StateLostError):
                store.apply_pairs(starts, "pv", [PAIR._replace(session="pv:2.ann")])
        assert store.applied() == {0: 5}
        assert store.totals("pv").taken == 2

    # Calls beside the caller's work

    def test_calls_that_were_begun_are_made_one_after_the_other(self, store: SessionStore) -> None:
        many = [settlement(SettledAs.PAIRED, f"pv:{number}.ann") for number in range(2_500)]
        pairs = [PAIR._replace(session=each.session) for each in many]
        added = store.begin(lambda: store.apply_pairs({0: 0}, "pv", pairs))
        settled = store.begin(lambda: store.settle(many))
        totals = store.begin(lambda: store.totals("pv"))
        assert totals().paired == 2_500
        assert list(settled()) == [2] * 2_500
        assert list(added()) == [True] * 2_500

    # Settlement

    def test_a_pair_is_booked_once(self, store: SessionStore) -> None:
        self.apply(store, START, END)
        assert list(store.settle([settlement(SettledAs.PAIRED)] * 2)) == [2, 0]
        assert store.totals("pv") == SessionTotals(taken=2, paired=1)
        assert self.expired(store) == self.expired(store, Side.END) == []

    def test_a_booked_pair_is_told_to_its_messages_when_they_come_again(
        self, store: SessionStore
    ) -> None:
        self.apply(store, START, END)
        store.settle([settlement(SettledAs.PAIRED)])
        (again,) = self.apply(store, END)
        assert again == Applied(ApplyResult.REPLAYED, state(True, True, Settled.PAIRED))

    def test_a_late_end_finds_its_start(self, store: SessionStore) -> None:
        self.apply(store, START)
        assert list(store.settle([settlement(SettledAs.UNPAIRED)])) == [1]
        (outcome,) = self.apply(store, END)
        assert outcome == Applied(ApplyResult.TAKEN, state(True, True, Settled.ALONE))
        assert store.totals("pv") == SessionTotals(taken=2, unpaired=1, ends_waiting=1)
        assert list(store.settle([settlement(SettledAs.PAIRED)])) == [1]
        assert store.totals("pv") == SessionTotals(taken=2, unpaired=1, paired=1, late=1)

    def test_a_late_start_finds_its_end(self, store: SessionStore) -> None:
        self.apply(store, END)
        assert list(store.settle([settlement(SettledAs.ORPHAN_ENDS)])) == [1]
        assert self.apply(store, START)[0].state == state(True, True, Settled.ALONE)
        assert list(store.settle([settlement(SettledAs.PAIRED)])) == [1]
        assert store.totals("pv") == SessionTotals(taken=2, orphan_ends=1, paired=1, late=1)

    def test_an_end_that_comes_during_the_sweep_is_not_lost(self, store: SessionStore) -> None:
        """The unpaired row is stored, the end comes, and only then the row is settled."""
        self.apply(store, START, END)
        assert list(store.settle([settlement(SettledAs.UNPAIRED)])) == [1]
        assert store.totals("pv") == SessionTotals(taken=2, unpaired=1, ends_waiting=1)
        assert self.expired(store, Side.END) == [state(True, True, Settled.ALONE)]

    def test_booking_late_takes_nothing_back(self, store: SessionStore) -> None:
        self.apply(store, START, END)
        store.settle([settlement(SettledAs.PAIRED)])
        late = [settlement(SettledAs.UNPAIRED), settlement(SettledAs.ORPHAN_ENDS)]
        assert list(store.settle(late)) == [0, 0]
        assert self.apply(store, START)[0].state.settled is Settled.PAIRED
        assert store.totals("pv") == SessionTotals(taken=2, paired=1)

    def test_booking_what_is_not_there(self, store: SessionStore) -> None:
        assert list(store.settle([settlement(SettledAs.PAIRED)])) == [0]
        (outcome,) = self.apply(store, START)
        assert outcome.result is ApplyResult.TAKEN
        assert outcome.state.settled is Settled.NO

    # Sweeping

    def test_what_is_due_comes_out_oldest_first(self, store: SessionStore) -> None:
        halves = [
            START._replace(session=f"pv:{number}.ann", expires_ms=PAST - number)
            for number in range(5)
        ]
        self.apply(store, *halves)
        views = [found.session for found in self.expired(store)]
        assert views == [f"pv:{number}.ann" for number in (4, 3, 2, 1, 0)]
        page = store.expired("pv", Side.START, NOW_MS, skip=1, limit=2)
        assert [found.session for found in page.states] == views[1:3]
        assert (page.looked_at, page.left_from_ms) == (2, None)
        assert [each.session for each in self.expired(store, before_ms=PAST - 2)] == views[:2]

    def test_what_is_not_due_stays(self, store: SessionStore) -> None:
        self.apply(store, START._replace(expires_ms=FUTURE))
        assert self.expired(store) == []

    def test_what_is_due_stays_while_its_marker_lives(self, store: SessionStore) -> None:
        """The watermark is ahead of the store's own clock."""
        halves = [START._replace(session=f"pv:left.{n}", expires_ms=FUTURE + n) for n in range(2)]
        self.apply(store, START, *halves)
        found = store.expired("pv", Side.START, FUTURE + 2, skip=0, limit=10)
        assert [each.session for each in found.states] == [START.session]
        assert (found.looked_at, found.left_from_ms) == (3, FUTURE)

    def test_a_marker_ends_by_itself(self, store: SessionStore) -> None:
        expires_ms = int(time.time() * 1000) + 150
        self.apply(store, START._replace(expires_ms=expires_ms))
        assert self.expired(store, before_ms=FUTURE) == []
        wait_until(lambda: self.expired(store, before_ms=FUTURE) != [], "the marker is gone", 5)

    def test_an_end_alone_keeps_its_bytes_until_it_is_booked(self, store: SessionStore) -> None:
        self.apply(store, END)
        (found,) = self.expired(store, Side.END)
        assert found == state(False, True)._replace(original_end=END.original)

    @pytest.mark.parametrize("halves", [(START, END), (END, START)])
    def test_an_end_with_a_start_keeps_no_bytes(
        self, store: SessionStore, halves: tuple[SessionEvent, SessionEvent]
    ) -> None:
        self.apply(store, *halves)
        (found,) = self.expired(store, Side.END)
        assert found == state(True, True)

    # Forgetting

    def test_only_what_is_booked_is_forgotten(self, store: SessionStore) -> None:
        self.apply(store, START._replace(forget_ms=PAST))
        assert store.forget("pv", NOW_MS, limit=10) == 0
        store.settle([settlement(SettledAs.UNPAIRED)])
        assert store.forget("pv", PAST, limit=10) == 0
        assert store.forget("pv", NOW_MS, limit=10) == 1
        assert self.apply(store, START)[0].result is ApplyResult.TAKEN

    def test_the_later_half_says_when(self, store: SessionStore) -> None:
        self.apply(store, START, END._replace(forget_ms=PAST))
        store.settle([settlement(SettledAs.PAIRED)])
        assert store.forget("pv", NOW_MS, limit=10) == 0
        assert store.forget("pv", FUTURE + 1, limit=10) == 1

    def test_a_late_half_is_not_forgotten_before_it_is_booked(self, store: SessionStore) -> None:
        self.apply(store, START._replace(forget_ms=PAST))
        store.settle([settlement(SettledAs.UNPAIRED)])
        self.apply(store, END._replace(forget_ms=PAST))
        assert store.forget("pv", NOW_MS, limit=10) == 0
        store.settle([settlement(SettledAs.PAIRED)])
        assert store.forget("pv", NOW_MS, limit=10) == 1

    def test_forgetting_goes_step_by_step(self, store: SessionStore) -> None:
        views = [f"pv:{number}.ann" for number in range(3)]
        self.apply(store, *(START._replace(session=view, forget_ms=PAST) for view in views))
        store.settle([settlement(SettledAs.UNPAIRED, view) for view in views])
        assert [store.forget("pv", NOW_MS, limit=2) for _ in range(3)] == [2, 1, 0]

    # Putting back what was lost

    def test_an_end_that_had_been_booked_does_not_wait(self, store: SessionStore) -> None:
        self.apply(store, END._replace(settled=True, forget_ms=PAST))
        assert store.totals("pv") == SessionTotals()
        assert self.expired(store, Side.END) == []
        assert store.forget("pv", NOW_MS, limit=10) == 1

    def test_an_end_beside_one_that_is_only_presumed_booked_waits(
        self, store: SessionStore
    ) -> None:
        other = END._replace(location="1:1", payload=b"{}", original=b"other", expires_ms=PAST)
        self.apply(store, END._replace(settled=True))
        (outcome,) = self.apply(store, other)
        assert outcome.result is ApplyResult.TAKEN
        assert self.apply(store, other)[0].result is ApplyResult.DUPLICATE
        (found,) = self.expired(store, Side.END)
        assert (found.end, found.original_end) == (END.payload, b"other")
        assert list(store.settle([settlement(SettledAs.ORPHAN_ENDS)])) == [1]
        assert self.apply(store, other._replace(location="1:2"))[0].result is ApplyResult.DUPLICATE
        assert store.totals("pv").reconciled

    def test_an_end_beside_one_whose_start_is_there_does_not_wait(
        self, store: SessionStore
    ) -> None:
        self.apply(store, END._replace(settled=True), START)
        (outcome,) = self.apply(store, END._replace(location="1:1"))
        assert outcome.result is ApplyResult.DUPLICATE
        assert store.totals("pv").ends_waiting == 0

    @pytest.mark.parametrize("end_first", [True, False])
    def test_a_start_put_back_finds_its_booked_end(
        self, store: SessionStore, *, end_first: bool
    ) -> None:
        booked_end = END._replace(settled=True, forget_ms=PAST)
        halves = [booked_end, START] if end_first else [START, booked_end]
        assert self.apply(store, *halves)[1].state == state(True, True, Settled.ALONE)
        assert store.forget("pv", NOW_MS, limit=10) == 0
        assert list(store.settle([settlement(SettledAs.PAIRED)])) == [1]
        assert store.totals("pv") == SessionTotals(taken=1, paired=1, late=1)

    # How far the partitions are applied

    def test_spans_have_to_join(self, store: SessionStore) -> None:
        store.apply({0: Span(0, 10)}, [])
        store.apply({0: Span(10, 20)}, [])
        store.apply({0: Span(5, 12)}, [])
        assert store.applied() == {0: 20}
        with pytest.raises(StateLostError):
            store.apply({0: Span(21, 30)}, [START])
        with pytest.raises(StateLostError):
            store.apply({0: Span(20, 21), 1: Span(0, 1)}, [START])
        assert store.applied() == {0: 20}
        assert store.totals("pv").taken == 0

    def test_adopting_never_goes_back(self, store: SessionStore) -> None:
        store.adopt({0: 7, 1: 3})
        store.adopt({0: 5})
        assert store.applied() == {0: 7, 1: 3}

    def test_the_watermark_needs_all_partitions(self, store: SessionStore) -> None:
        store.adopt({1: 4})
        assert store.watermark_ms(2) is None
        store.advance({0: 0}, PAST)
        assert store.watermark_ms(2) is None
        store.advance({1: 4}, FUTURE)
        assert store.watermark_ms(2) == PAST
        assert store.watermark_ms(3) is None

    def test_no_partition_is_reached_further_than_it_is_applied(self, store: SessionStore) -> None:
        with pytest.raises(StateLostError):
            store.advance({0: 1}, PAST)
        with pytest.raises(StateLostError):
            store.advance({1: 0}, PAST)
        assert store.watermark_ms(1) is None

    def test_adopting_starts_the_watermark_anew(self, store: SessionStore) -> None:
        store.advance({0: 0}, PAST)
        store.adopt({0: 0})
        assert store.watermark_ms(1) is None

    # Event ids

    def test_an_id_met_elsewhere_is_a_duplicate(self, store: SessionStore) -> None:
        here, there = Occurrence("click", "id", "0:1"), Occurrence("click", "id", "0:2")
        other = Occurrence("quality", "id", "0:2")
        assert list(store.first_occurrences([here, there, other])) == [True, False, True]
        assert list(store.first_occurrences([there, here])) == [False, True]

    def test_many_ids(self, store: SessionStore) -> None:
        many = [Occurrence("click", str(number // 2), f"0:{number}") for number in range(5_000)]
        assert list(store.first_occurrences(many)) == [True, False] * 2_500

    def test_repetitions_by_column(self, store: SessionStore) -> None:
        here, there = str(uuid.UUID(int=1)).encode(), str(uuid.UUID(int=2)).encode()
        store.first_occurrences([Occurrence("click", here.decode(), "7:5000000000")])
        found = store.repeated(
            Occurrences(
                event="click",
                ids=[here, there, there, here, there],
                partitions=[7, 7, 7, 6, 7],
                offsets=[5_000_000_000, 1, 2, 5_000_000_000, 1],
            )
        )
        assert list(found) == [2, 3]
        assert store.first_occurrences([Occurrence("click", there.decode(), "7:1")]) == [True]

    def test_many_repetitions_by_column(self, store: SessionStore) -> None:
        ids = [str(uuid.UUID(int=number // 2)).encode() for number in range(5_001)]
        many = Occurrences(event="e", ids=ids, partitions=[0] * 5_001, offsets=range(5_001))
        assert list(store.repeated(many)) == list(range(1, 5_001, 2))
        assert list(store.repeated(Occurrences(event="e", ids=[], partitions=[], offsets=[]))) == []
