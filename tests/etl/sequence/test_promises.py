"""What is told as missing was promised to somebody, or announced by a message that is missing.

Any worker, killed at any moment.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st

from api.publish.sequencer import Sequencer
from contracts.sequence import SequenceHeader, sequence_header_in
from etl.sequence.gaps import GapSummary, summarise
from etl.sequence.ledger import SequencedMessage
from etl.source import Span
from etl.testing.ledger import MemoryLedger

NAME = "0f" * 16


@dataclass
class Worker:
    """What one worker did until it was killed."""

    numbering: Sequencer = field(default_factory=lambda: Sequencer(NAME))
    under_way: list[SequenceHeader] = field(default_factory=list)
    stored: list[SequenceHeader] = field(default_factory=list)
    promised: set[int] = field(default_factory=set)

    def begin(self) -> None:
        self.under_way.append(self.numbering.next())

    def end(self, at: int, *, takes: bool) -> None:
        """Kafka or the spool takes one and its sender hears 202, or it is refused."""
        if not self.under_way:
            return
        stamp = self.under_way.pop(at % len(self.under_way))
        if takes:
            self.stored.append(stamp)
            self.promised.add(stamp.number)
            self.numbering.stored(stamp)
        else:
            self.numbering.refused(stamp)


def told(arrived: list[SequenceHeader]) -> GapSummary:
    """What the loader says of the messages, with the stamps that their headers hold."""
    ledger = MemoryLedger()
    read = [
        sequence_header_in({n: v.encode() for n, v in each.headers().items()}) for each in arrived
    ]
    ledger.record(
        {0: Span(0, len(read))},
        [SequencedMessage(0, offset, 1, stamp) for offset, stamp in enumerate(read)],
    )
    return summarise(ledger.producers(), ledger.totals(), watermark_ms=10, grace_ms=0)


def missing_between(arrived: list[SequenceHeader]) -> set[int]:
    """Numbers below the highest that came, or was declared void, of which neither is true."""
    known = {each.number for each in arrived}
    known |= {n for each in arrived for first, last in each.skipped for n in range(first, last + 1)}
    return set(range(1, max(known, default=0) + 1)) - known


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["begin", "begin", "taken", "refused"]), st.integers(0, 9)),
    max_size=60,
)


@given(actions=ACTIONS, seed=st.integers(0, 2**32), losses=st.sets(st.integers(1, 40), max_size=4))
@example(
    actions=[("begin", 0), ("refused", 0), ("begin", 0), ("taken", 0), ("begin", 0), ("taken", 0)],
    seed=0,
    losses={2},
)
def test_what_is_told_as_missing_was_promised(
    actions: list[tuple[str, int]], seed: int, losses: set[int]
) -> None:
    worker, chance = Worker(), random.Random(seed)
    for action, at in actions:
        if action == "begin":
            worker.begin()
        else:
            worker.end(at, takes=action == "taken")
    # The kill: of what is under way, anything may have reached Kafka. A fault loses some promised.
    arrived = [each for each in worker.stored if each.number not in losses]
    arrived += [each for each in worker.under_way if chance.random() < 0.5]
    chance.shuffle(arrived)
    found = told(arrived)
    gaps = missing_between(arrived)
    settled = max((each.settled_to for each in arrived), default=0)
    lost = worker.promised & losses
    # What a lost message had announced as void is lost with it, unless another announced it too.
    unannounced = {
        n
        for each in worker.stored
        if each.number in losses
        for first, last in each.skipped
        for n in range(first, last + 1)
    }
    assert found.missing + found.cut_off == len(gaps)
    assert {n for n in gaps if n <= settled} <= lost | unannounced
    assert found.missing == len({n for n in (lost | unannounced) & gaps if n <= settled})
    if not losses:
        assert found.missing == 0


def test_a_loss_is_told_as_soon_as_later_messages_come() -> None:
    worker = Worker()
    for _ in range(3):
        worker.begin()
        worker.end(0, takes=True)
    lost = worker.stored.pop(1)
    assert told(worker.stored).missing == 1
    assert lost.number in worker.promised


def test_requests_that_a_kill_cut_off_are_no_loss() -> None:
    worker = Worker()
    worker.begin()
    worker.end(0, takes=True)
    for _ in range(4):
        worker.begin()
    found = told([*worker.stored, worker.under_way[-1]])
    assert (found.given, found.missing, found.cut_off) == (5, 0, 3)
    (producer,) = found.producers
    assert (producer.missing, producer.cut_off, producer.gaps) == (0, 3, ((2, 4),))
