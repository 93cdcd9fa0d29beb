"""Two projects on one Kafka, one Redis, one registry and one ClickHouse."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.etl.sessions.test_pairing import video_contracts
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.local.stack import Stack, StackConfig
from ugc.new.run import make_project

pytestmark = pytest.mark.stack

SHARED = ("KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL", "REDIS_URL", "CLICKHOUSE_URL")
CLICK = {"button": "sign_up", "page": "/"}
EVENT_ID = str(uuid.UUID(int=7, version=4))
PLAY = {"player": "a", "video": "b", "quality": 720}


def project(folder: Path) -> Path:
    """A new project with the example, and with a pairing that both projects have alike."""
    make_project(folder, name=None, owner=None, plan=None, say=lambda _line: None)
    for event, contract in video_contracts(wait_seconds=3600).items():
        path = folder / "contracts" / "events" / event / "v1.json"
        path.parent.mkdir()
        path.write_text(json.dumps(contract))
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Running]]:
    """The second project has an API of its own, and everything else of the first."""
    folder = tmp_path_factory.mktemp("projects")
    with ExitStack() as opened:
        first: dict[str, str] = {}
        found = []
        for name in ("shop", "magazine"):
            config = StackConfig(
                state_dir=folder / f"{name}-state",
                ports=free_ports(),
                parts=NO_SCHEDULE,
                env={"UGC_PROJECT": str(project(folder / name)), **first},
            )
            stack = opened.enter_context(Stack.start(config))
            # Without a database, as servers are named that several projects use.
            first = {each: stack.env[each] for each in SHARED}
            first["CLICKHOUSE_URL"] = first["CLICKHOUSE_URL"].rpartition("/")[0]
            found.append(Running(stack))
        yield found[0], found[1]


def test_each_sees_its_own_rows_runs_and_refusals_alone(two: tuple[Running, Running]) -> None:
    shop, magazine = two
    for each, page in ((shop, "/cart"), (magazine, "/news")):
        # One id, of two events: none of them is the other's repetition.
        answer = each.accept("button_click", {**CLICK, "page": page}, event_id=EVENT_ID)
        assert str(answer) == EVENT_ID
    shop.accept("button_click", CLICK)
    assert magazine.post({"event": "button_click", "token": None, "data": {}}).status_code == 422
    # Two halves of one session, if there were one project.
    shop.accept("video_start", PLAY)
    magazine.accept("video_stop", PLAY)

    reports = [each.load() for each in two]
    assert [report["events"]["button_click"]["loaded"] for report in reports] == [2, 1]
    assert [report["consumed"] for report in reports] == [3, 2]
    assert [report["pairs"]["video_play"]["paired"] for report in reports] == [0, 0]
    assert all(report["balanced"] for report in reports)

    pages = "SELECT page FROM {}.button_click FINAL ORDER BY page"
    assert shop.rows(pages.format("shop")) == [{"page": "/"}, {"page": "/cart"}]
    assert magazine.rows(pages.format("magazine")) == [{"page": "/news"}]
    assert magazine.rows(pages.format("magazine_unique")) == [{"page": "/news"}]
    for each, name in ((shop, "shop"), (magazine, "magazine")):
        (runs,) = each.rows(f"SELECT count() AS n FROM {name}.etl_runs FINAL")
        assert int(runs["n"]) == 1
        assert "the database is in step" in each.ugc("schema", "plan")
    refused = [json.loads(each.ugc("rejected", "--json")) for each in two]
    assert [each["total"] for each in refused] == [0, 1]


def test_nothing_of_theirs_has_one_name(two: tuple[Running, Running]) -> None:
    shop, magazine = two
    subjects = httpx2.get(f"{shop.stack.env['SCHEMA_REGISTRY_URL']}/subjects").json()
    assert {name.split(".")[0] for name in subjects} == {"shop", "magazine"}
    databases = {row["name"] for row in shop.rows("SELECT name FROM system.databases")}
    assert {"shop", "shop_unique", "shop_reports", "magazine", "magazine_reports"} <= databases
    assert "ugc" not in databases
    for name in ("KAFKA_TOPIC", "KAFKA_GROUP_ID", "REDIS_KEY_PREFIX", "SPOOL_DIR"):
        assert shop.stack.env[name] != magazine.stack.env[name]


def test_a_user_who_is_erased_in_one_stays_in_the_other(two: tuple[Running, Running]) -> None:
    shop, magazine = two
    user = str(uuid.uuid4())
    for each in two:
        token = each.ugc("auth", "token", "--user-id", user).strip()
        assert (
            each.post({"event": "button_click", "token": token, "data": CLICK}).status_code == 202
        )
        each.load()
    shop.ugc("schema", "erase", "--user", user, "--yes", "--settle", "0")
    counts = [
        each.rows(f"SELECT count() AS n FROM {name}.button_click FINAL WHERE user_id = '{user}'")
        for each, name in ((shop, "shop"), (magazine, "magazine"))
    ]
    assert [int(rows[0]["n"]) for rows in counts] == [0, 1]
