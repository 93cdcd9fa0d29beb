"""Where the project has a context, visits are sent with one."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pytest

from api import paths
from contracts.model.loader import Catalog, load_catalog
from tests.api.world import World
from tests.support.shop import SHOP, shop_contracts
from ugc.project.context import context_document
from ugc.project.scaffold import json_text
from ugc.traffic.bad import bad_bodies
from ugc.traffic.repertoire import Repertoire, one_of_each
from ugc.traffic.visitor import Habits, Visitor

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    folder = shop_contracts(tmp_path)
    (folder / "context").mkdir()
    (folder / "context" / "v1.json").write_text(json_text(context_document("web")))
    return load_catalog(folder)


def test_a_visit_has_one_context_and_each_request_its_moment_and_number(catalog: Catalog) -> None:
    client = World(catalog).client()
    repertoire = Repertoire(catalog, today=NOON.date(), now=lambda: NOON)
    for seed in range(20):
        visitor = Visitor(random.Random(seed), None, Habits(sends_twice=0.0), repertoire, ())
        steps = list(visitor.session())
        for step in steps:
            answer = client.post(paths.EVENTS, data=step.body, content_type="application/json")
            assert answer.status_code == 202, answer.json
        requests = [json.loads(step.body) for step in steps]
        contexts = [request["context"] for request in requests]
        assert [each.pop("sequence") for each in contexts] == [*range(1, len(steps) + 1)]
        moments = [each.pop("occurred_at") for each in contexts]
        assert moments == [request["sent_at"] for request in requests]
        assert all(each == contexts[0] for each in contexts)


def test_visits_differ_in_their_ids(catalog: Catalog) -> None:
    contexts = Repertoire(catalog, today=NOON.date()).contexts
    assert contexts is not None
    ids = [contexts.visit(random.Random(seed)).get("session_id") for seed in range(20)]
    assert len(set(ids)) > 10


def test_one_of_each_shows_the_context_too(catalog: Catalog) -> None:
    world = World(catalog)
    client = world.client()
    repertoire = Repertoire(catalog, today=NOON.date())
    for request, _ in one_of_each(repertoire, random.Random(1), world.good_token):
        assert request["context"]
        assert client.post(paths.EVENTS, json=request).status_code == 202


def test_a_wrong_context_is_among_the_wrong_requests(catalog: Catalog) -> None:
    client = World(catalog).client()
    repertoire = Repertoire(catalog, today=NOON.date())
    bodies = bad_bodies(catalog, SHOP, repertoire, random.Random(1))
    wrong = [body for body in bodies if b'"context"' in body]
    assert wrong
    for body in wrong:
        answer = client.post(paths.EVENTS, data=body, content_type="application/json")
        assert (answer.status_code, answer.json["code"]) == (422, "envelope_invalid")
