"""The pages beside Swagger UI: the start page leads everywhere, and all of them fit a telephone."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from api import paths
from tests.api.world import World


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return World().client()


def test_the_start_page_leads_to_everything(client: FlaskClient) -> None:
    page = client.get("/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    links = re.findall(r'href="([^"]+)"', page.text)
    assert {paths.DOCS, paths.OPENAPI, paths.REASONS, paths.READY} <= set(links)
    for link in links:
        with client.get(link) as answer:
            assert answer.status_code == 200, link


def test_the_start_page_names_the_events_that_a_client_sends(client: FlaskClient) -> None:
    page = client.get("/").text
    assert f'href="{paths.CONTRACTS}/element_click/1"' in page
    assert f'href="{paths.CONTRACTS}/page_view/1"' not in page, "the loader makes it"


@pytest.mark.parametrize("path", [paths.DOCS, paths.REASONS])
def test_the_other_pages_lead_back(client: FlaskClient, path: str) -> None:
    assert f'<a href="{paths.START}">Start page</a>' in client.get(path).text


@pytest.mark.parametrize("path", [paths.START, paths.DOCS, paths.REASONS])
def test_every_page_is_laid_out_for_the_screen_it_is_on(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in answer.text
    assert 'name="color-scheme" content="light dark"' in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
