"""The pages of the events beside the API: where they are, and who is led to them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from api import paths
from api.app import create_app
from api.config import ApiConfig
from tests.api.world import ENV, World
from ugc.front import LazyPages

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    world = World()
    pages = LazyPages(world.catalog)
    return create_app(ApiConfig.from_env(ENV), world.services(), pages).test_client()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/catalog/", "text/html"),
        ("/catalog/events/element_click/", "text/html"),
        ("/catalog/tables/element_click/", "text/html"),
        ("/catalog/reasons/", "text/html"),
        ("/catalog/catalog.css", "text/css"),
        ("/catalog/catalog.js", "text/javascript"),
        ("/catalog/icon.svg", "image/svg+xml"),
        ("/catalog/search.js", "text/javascript"),
    ],
)
def test_a_page_is_served_for_caches_to_keep(
    client: FlaskClient, path: str, media_type: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert "max-age" in answer.headers["Cache-Control"]
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_page_may_load_what_this_process_serves_and_nothing_else(client: FlaskClient) -> None:
    policy = client.get("/catalog/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/catalog", "/catalog/"),
        ("/catalog/events/element_click", "/catalog/events/element_click/"),
        ("/docs/reasons", "/catalog/reasons/"),
    ],
)
def test_other_spellings_lead_to_the_page(client: FlaskClient, path: str, to: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, to)


@pytest.mark.parametrize("path", ["nothing/", "events/", "events/x/", "..%2fapi", "%00", "a//b/"])
def test_what_is_no_page_is_answered_with_a_problem(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/catalog/{path}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (paths.CONTRACTS, "/catalog/"),
        (f"{paths.CONTRACTS}/element_click", "/catalog/events/element_click/"),
        (f"{paths.CONTRACTS}/element_click/1", "/catalog/events/element_click/#v1"),
    ],
)
def test_a_browser_that_asks_for_a_contract_is_led_to_its_page(
    client: FlaskClient, path: str, to: str
) -> None:
    answer = client.get(path, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Location"]) == (302, to)
    assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/schema+json", None])
def test_everybody_else_gets_json_which_caches_keep_apart(
    client: FlaskClient, accept: str | None
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = client.get(f"{paths.CONTRACTS}/element_click/1", headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "application/schema+json")
    assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize("path", ["nothing", "element_click/9", "element_click/x"])
def test_a_browser_that_asks_for_no_contract_is_told_so(client: FlaskClient, path: str) -> None:
    answer = client.get(f"{paths.CONTRACTS}/{path}", headers={"Accept": BROWSER})
    assert answer.status_code == 404


def test_a_problem_leads_to_the_words_about_its_code(client: FlaskClient) -> None:
    problem = client.post(paths.EVENTS, json={}).get_json()
    address, _, anchor = problem["type"].partition("#")
    # A browser takes the anchor along (RFC 9110, section 10.2.2).
    page = client.get(client.get(address).headers["Location"]).text
    assert f'id="{anchor}"' in page


def test_the_start_page_leads_there(client: FlaskClient) -> None:
    assert 'href="/catalog/"' in client.get("/").text


def test_without_pages_nobody_is_led_to_any() -> None:
    client = World().client()
    assert "/catalog" not in client.get("/").text
    assert client.get("/catalog/").status_code == 404
    answer = client.get(f"{paths.CONTRACTS}/element_click", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert "Accept" not in answer.headers.get("Vary", "")
