"""The contracts over HTTP: all of them, as they are, and cacheable."""

from __future__ import annotations

import pytest

from contracts.model.types import Contract
from tests.api.world import World

WORLD = World()
CONTRACTS = list(WORLD.catalog)


def test_the_list_has_every_contract_and_links_that_work() -> None:
    client = WORLD.client()
    listed = client.get("/api/v1/contracts").get_json()["contracts"]
    links = [version["schema"] for entry in listed for version in entry["versions"]]
    assert links == [f"/api/v1/contracts/{c.event}/{c.version}" for c in CONTRACTS]
    assert all(client.get(link).status_code == 200 for link in links)
    for entry in listed:
        assert client.get(f"/api/v1/contracts/{entry['event']}").get_json() == entry


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.id)
def test_a_schema_is_served_as_it_is(contract: Contract) -> None:
    answer = WORLD.client().get(f"/api/v1/contracts/{contract.event}/{contract.version}")
    assert answer.mimetype == "application/schema+json"
    assert answer.get_json(force=True) == contract.schema


@pytest.mark.parametrize("path", ["", "/element_click", "/element_click/1"])
def test_what_a_cache_has_already_is_not_sent_again(path: str) -> None:
    client = WORLD.client()
    first = client.get(f"/api/v1/contracts{path}")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    etag = first.headers["ETag"]
    again = client.get(f"/api/v1/contracts{path}", headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    other = client.get(f"/api/v1/contracts{path}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path", ["nothing", "element_click/0", "element_click/01", "element_click/-1", "a%0Ab/1"]
)
def test_any_other_name_is_not_found(path: str) -> None:
    answer = WORLD.client().get(f"/api/v1/contracts/{path}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_a_version_of_five_thousand_digits_is_not_found() -> None:
    answer = WORLD.client().get(f"/api/v1/contracts/element_click/{'1' * 5000}")
    assert answer.status_code == 404
