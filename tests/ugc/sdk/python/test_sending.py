"""Events from a server against the API: nothing is lost, doubled, or repeated in vain."""

from __future__ import annotations

import datetime as dt
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from tests.api.world import USER, World
from tests.support.with_context import catalog_with_context
from ugc.sdk.python.core.answers import Answer, Outcome, verdicts, wait_seconds
from ugc.sdk.python.core.encoding import Event, NoContext, Record
from ugc.sdk.python.core.settings import Rejected
from ugc.sdk.python.core.tracker import BaseTracker

SECONDS = 30.0
NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Click(Event):
    ugc_event: ClassVar[tuple[str, int]] = ("element_click", 1)
    element_type: str = "movie"
    page_type: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Record):
    session_id: str | None = None
    occurred_at: dt.datetime | None = None


class Tracker(BaseTracker[NoContext]):
    """Of a project without a context."""


class WithContext(BaseTracker[Said]):
    has_context = True
    has_time = True


class Network:
    """The way to an API in this process. ``before`` may answer in its place, or raise.

    With ``loses_answers`` above 0 the API gets a request, and its answer is lost.
    """

    def __init__(self, world: World) -> None:
        self._client: FlaskClient = world.client()
        self._lock = threading.Lock()
        self.requests: list[list[dict[str, Any]]] = []
        self.headers: list[Mapping[str, str]] = []
        self.before: list[Answer] = []
        self.loses_answers = 0
        self.held = threading.Event()
        self.held.set()

    def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> Answer:
        assert self.held.wait(SECONDS)
        path = "/" + url.split("/", 3)[3]
        with self._lock:
            sent = json.loads(body)
            self.requests.append(sent if isinstance(sent, list) else sent["events"])
            self.headers.append(headers)
            if self.before:
                return self.before.pop(0)
            found = self._client.post(path, data=body, headers=dict(headers))
            if self.loses_answers:
                self.loses_answers -= 1
                return Answer(0)
            told = {name.lower(): value for name, value in found.headers.items()}
            return Answer(found.status_code, told, found.data)

    def sent_ids(self) -> list[str]:
        return [event["event_id"] for request in self.requests for event in request]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def network(world: World) -> Network:
    return Network(world)


def tracker(network: Network, **settings: Any) -> Tracker:
    quick = {"collect_seconds": 0.01, "least_pause_seconds": 0.001, "most_pause_seconds": 0.01}
    return Tracker("https://events.example.com", send=network, **{**quick, **settings})


def stored(world: World) -> list[uuid.UUID]:
    return [message.event_id for message in world.messages()]


def test_every_event_is_stored_once_and_in_order(world: World, network: Network) -> None:
    own = tracker(network, batch_events=7)
    ids = [own.track(Click()) for _ in range(50)]
    assert own.flush(SECONDS)
    assert stored(world) == ids
    assert own.counts().accepted == 50
    assert max(map(len, network.requests)) == 7
    assert own.close()


@pytest.mark.parametrize("status", [0, 408, 429, 500, 503, 404, 307])
def test_what_got_no_answer_is_repeated_with_its_id(
    world: World, network: Network, status: int
) -> None:
    network.before = [Answer(status)] * 3
    own = tracker(network)
    event_id = own.track(Click())
    assert own.flush(SECONDS)
    assert stored(world) == [event_id]
    assert network.sent_ids() == [str(event_id)] * 4
    assert own.counts().retries == 3
    own.close()


def test_an_answer_that_was_lost_doubles_nothing(world: World, network: Network) -> None:
    network.loses_answers = 2
    own = tracker(network)
    ids = [own.track(Click()) for _ in range(20)]
    assert own.flush(SECONDS)
    assert sorted(stored(world)) == sorted(ids)
    own.close()


def test_a_storm_of_503_loses_nothing(world: World, network: Network) -> None:
    """Some of them from the API, for each event of a batch."""
    world.publisher.available = False
    network.before = [Answer(503, {"retry-after": "0"}, b"<html>")] * 5
    own = tracker(network)
    ids = [own.track(Click()) for _ in range(30)]
    assert not own.flush(0.2)
    world.publisher.available = True
    assert own.flush(SECONDS)
    assert sorted(stored(world)) == sorted(ids)
    assert own.counts().accepted == 30
    own.close()


def test_a_refused_event_is_told_with_its_problem_and_not_repeated(
    world: World, network: Network
) -> None:
    told: list[Rejected] = []
    own = tracker(network, on_rejected=told.append)
    good = own.track(Click())
    bad = own.track(Click(element_type=""))
    also_good = own.track(Click())
    assert own.flush(SECONDS)
    own.close()
    assert stored(world) == [good, also_good]
    (found,) = told
    assert (found.event, found.event_id, found.status) == ("element_click", bad, 422)
    assert found.problem["code"] == "data_invalid"
    assert found.problem["violations"][0]["pointer"] == "/data/element_type"
    assert json.loads(found.body)["data"]["element_type"] == ""
    assert network.sent_ids().count(str(bad)) == 1
    assert own.counts().rejected == 1


def test_a_callback_that_fails_ends_nothing(world: World, network: Network) -> None:
    def fail(_rejected: Rejected) -> None:
        raise RuntimeError("of the caller")

    own = tracker(network, on_rejected=fail, batch_events=1)
    own.track(Click(element_type=""))
    good = own.track(Click())
    assert own.flush(SECONDS)
    assert stored(world) == [good]
    own.close()


def test_a_refused_request_refuses_its_events(network: Network) -> None:
    told: list[Rejected] = []
    network.before = [Answer(403, {}, b'{"code": "application_unknown"}')]
    own = tracker(network, on_rejected=told.append, key="nobody", debug="me")
    own.track(Click())
    own.track(Click())
    assert own.flush(SECONDS)
    own.close()
    assert [each.problem["code"] for each in told] == ["application_unknown"] * 2
    assert network.headers[0]["X-UGC-Key"] == "nobody"
    assert network.headers[0]["X-UGC-Debug"] == "me"
    assert network.headers[0]["X-UGC-SDK"].startswith("python/")


def test_a_full_queue_drops_what_comes_and_tells_it(world: World, network: Network) -> None:
    told: list[tuple[int, str]] = []
    network.held.clear()
    own = tracker(network, most_events=10, on_dropped=lambda n, why: told.append((n, why)))
    ids = [own.track(Click()) for _ in range(13)]
    assert own.counts().dropped == {"full": 3}
    assert told == [(1, "full")] * 3
    network.held.set()
    assert own.flush(SECONDS)
    assert stored(world) == ids[:10]
    own.close()


def test_bytes_are_bounded_too(network: Network) -> None:
    network.held.clear()
    own = tracker(network, most_bytes=2000)
    for _ in range(50):
        own.track(Click())
    counts = own.counts()
    assert 0 < counts.queued < 20
    assert counts.queued + counts.dropped["full"] == 50
    network.held.set()
    own.close()


def test_what_is_left_at_the_end_is_counted(network: Network) -> None:
    network.before = [Answer(503, {"retry-after": "3600"})]
    own = tracker(network)
    own.track(Click())
    assert not own.close(0.2)
    assert own.counts().dropped == {"closed": 1}
    own.track(Click())
    assert own.counts().dropped == {"closed": 2}


def test_a_batch_that_is_too_large_is_made_smaller(world: World, network: Network) -> None:
    network.before = [Answer(413, {}, b"<html>of a proxy")] * 3
    own = tracker(network, collect_seconds=0.2, batch_events=40)
    ids = [own.track(Click()) for _ in range(40)]
    assert own.flush(SECONDS)
    assert stored(world) == ids
    assert [len(each) for each in network.requests][:4] == [40, 20, 10, 5]
    own.close()


def test_a_token_is_asked_for_again_when_it_is_refused(world: World, network: Network) -> None:
    tokens = ["not a token", world.good_token]
    own = tracker(network, token=lambda: tokens.pop(0) if len(tokens) > 1 else tokens[0])
    own.track(Click())
    visitor = own.bound(token=None)
    visitor.track(Click())
    assert own.flush(SECONDS)
    own.close()
    assert sorted(message.user_id for message in world.messages()) == [USER, "anonymous"]


def test_a_token_that_stays_wrong_is_a_refusal(network: Network) -> None:
    told: list[Rejected] = []
    own = tracker(network, token=lambda: "not a token", on_rejected=told.append)
    own.track(Click())
    assert own.flush(SECONDS)
    own.close()
    assert [each.status for each in told] == [401]
    assert len(network.requests) == 2


def test_a_provider_of_tokens_that_fails_is_asked_later(world: World, network: Network) -> None:
    failures = [OSError("no keys"), OSError("no keys")]

    def provide() -> str:
        if failures:
            raise failures.pop()
        return world.good_token

    own = tracker(network, token=provide)
    own.track(Click())
    assert own.flush(SECONDS)
    own.close()
    assert [message.user_id for message in world.messages()] == [USER]


def test_a_context_has_the_time_and_the_request_when_it_was_sent() -> None:
    world = World(catalog_with_context())
    network = Network(world)
    own = WithContext("https://events.example.com", send=network, context=Said(session_id="s-1"))
    own.track(Click())
    own.bound(context=Said(session_id="s-2")).track(Click())
    own.track(Click(), context=Said(occurred_at=NOW - dt.timedelta(hours=1)))
    assert own.flush(SECONDS)
    own.close()
    found = [message.data for message in world.messages()]
    assert [each.get("context__session_id") for each in found] == ["s-1", "s-2", None]
    assert all(each["context__clock"] for each in found)


def test_a_time_without_a_zone_is_an_error_of_the_caller(network: Network) -> None:
    own = WithContext("https://events.example.com", send=network)
    with pytest.raises(ValueError, match="time zone"):
        own.track(Click(), context=Said(occurred_at=dt.datetime(2026, 1, 31)))  # noqa: DTZ001
    own.close()


@pytest.mark.parametrize(
    "wrong",
    [{"url": "events.example.com"}, {"most_events": 0}, {"key": "a\r\nb"}, {"debug": "é"}],
)
def test_a_wrong_setting_is_told_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Tracker(**{"url": "https://events.example.com", **wrong})


# The spool


def test_what_a_spool_holds_outlives_the_tracker(
    world: World, network: Network, tmp_path: Path
) -> None:
    network.before = [Answer(503, {"retry-after": "3600"})]
    own = tracker(network, spool=tmp_path)
    ids = [own.track(Click()) for _ in range(5)]
    own.bound(token=world.good_token).track(Click())
    assert not own.close(0.2)
    assert own.counts().dropped == {}
    later = tracker(network, spool=tmp_path)
    assert later.flush(SECONDS)
    assert stored(world)[:5] == ids
    assert [message.user_id for message in world.messages()] == ["anonymous"] * 5 + [USER]
    later.close()
    assert list(tmp_path.iterdir()) == [], "nothing is left when nothing waits"


def test_two_trackers_share_a_folder_and_no_event(
    world: World, network: Network, tmp_path: Path
) -> None:
    network.held.clear()
    first = tracker(network, spool=tmp_path)
    ids = [first.track(Click()) for _ in range(5)]
    second = tracker(network, spool=tmp_path)
    ids += [second.track(Click()) for _ in range(5)]
    assert second.counts().queued == 5
    network.held.set()
    assert first.flush(SECONDS)
    assert second.flush(SECONDS)
    assert sorted(network.sent_ids()) == sorted(map(str, ids))
    first.close()
    second.close()


def test_a_line_that_was_cut_off_costs_itself_alone(
    world: World, network: Network, tmp_path: Path
) -> None:
    network.before = [Answer(503, {"retry-after": "3600"})]
    own = tracker(network, spool=tmp_path)
    ids = [own.track(Click()) for _ in range(3)]
    own.close(0.2)
    (file,) = tmp_path.glob("*.spool")
    file.write_bytes(file.read_bytes()[:-10])
    later = tracker(network, spool=tmp_path)
    assert later.flush(SECONDS)
    assert stored(world) == ids[:2]
    later.close()


def test_a_spool_is_rewritten_when_most_of_it_is_settled(
    world: World, network: Network, tmp_path: Path
) -> None:
    own = tracker(network, spool=tmp_path, batch_events=400, most_events=100_000)
    rounds = 0
    while rounds < 40:
        network.held.clear()
        for _ in range(500):
            own.track(Click(page_type="p" * 60))
        network.held.set()
        rounds += 1
    assert own.flush(SECONDS)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2**20
    assert len(set(stored(world))) == 40 * 500
    own.close()


def test_a_folder_that_cannot_be_used_is_told_at_once(tmp_path: Path, network: Network) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        tracker(network, spool=tmp_path / "file")


# Answers


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (202, Outcome.AGAIN),  # no results: nobody who knows events answered
        (400, Outcome.REJECTED),
        (401, Outcome.TOKEN),
        (409, Outcome.REJECTED),
        (413, Outcome.SMALLER),
        (422, Outcome.REJECTED),
        (503, Outcome.AGAIN),
    ],
)
def test_a_status_says_what_to_do(status: int, outcome: Outcome) -> None:
    found = verdicts(Answer(status, {}, b"<html>"), 2)
    assert [each.outcome for each in found] == [outcome] * 2
    assert found[0].problem == {}


def test_results_that_are_not_as_many_as_the_events_are_no_answer() -> None:
    body = json.dumps({"results": [{"status": 202}]}).encode()
    assert [each.outcome for each in verdicts(Answer(207, {}, body), 2)] == [Outcome.AGAIN] * 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 0.0),
        ("7", 7.0),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("999999999", 3600.0),
        ("soon", 0.0),
    ],
)
def test_a_wish_to_wait(said: str, seconds: float) -> None:
    assert wait_seconds(Answer(503, {"retry-after": said}), NOW) == seconds
