"""``/demo`` on a local stack: files, tokens, headers; and that a deployment has none of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.config import ApiConfig
from contracts.model.loader import load_catalog, package_folder
from tests.api.http.test_security_headers import Inline, directives
from tests.api.world import ENV, USER, World
from tests.support.shop import shop_contracts
from ugc.local.auth.client import AuthServiceAwayError, DemoToken
from ugc.local.demo.connect import demo_from
from ugc.local.demo.files import INDEX, demo_files
from ugc.local.demo.routes import blueprint
from ugc.sdk.typescript.package import script_text

FILES = demo_files(package_folder())


def issue(user_id: str | None) -> DemoToken:
    return DemoToken("a token", user_id or USER)


def away(_user_id: str | None) -> DemoToken:
    raise AuthServiceAwayError("http://127.0.0.1:1 does not answer")


def local(issued: Callable[[str | None], DemoToken] = issue) -> FlaskClient:
    """The API of a local stack."""
    routes = blueprint(FILES, script_text(load_catalog()), issued)
    config = ApiConfig.from_env(ENV)
    return create_app(config, World().services(), more=[routes]).test_client()


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return local()


def test_the_start_page_names_the_demo_first(client: FlaskClient) -> None:
    page = client.get("/").text
    assert re.findall(r'<li><a[^>]* href="([^"]+)"', page)[0] == "/demo"


@pytest.mark.parametrize("name", [name for name in FILES if name != INDEX])
def test_its_files_are_what_nosniff_demands(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/demo/{name}")
    assert (answer.status_code, answer.data) == (200, FILES[name].read_bytes())
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    assert answer.mimetype == kinds[name.rpartition(".")[2]]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_loads_files_of_this_server_alone_and_they_are_there(client: FlaskClient) -> None:
    page = client.get("/demo/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    named = re.findall(r'(?:src|href)="([^#"]+)"', page.text)
    assert {"/demo/tracker.js", "/demo/main.js", "/demo/look.css"} <= set(named)
    for address in named:
        assert client.get(address).status_code == 200, address


def test_its_scripts_import_what_is_there() -> None:
    for name, path in FILES.items():
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r'from "\./([^"]+)"', text)) <= set(FILES), name
        hosts = set(re.findall(r"https?://([^/\"' ]+)", text))
        assert hosts <= {"www.w3.org"}, f"{name}: of hosts only SVG's namespace"


def test_the_page_obeys_a_strict_policy(client: FlaskClient) -> None:
    page = client.get("/demo/")
    found = directives(page.headers["Content-Security-Policy"])
    assert found["default-src"] == ["'none'"]
    assert found["script-src"] == found["style-src"] == found["connect-src"] == ["'self'"]
    reader = Inline()
    reader.feed(page.text)
    assert reader.found == []


def test_the_tracker_is_that_of_the_contracts(client: FlaskClient) -> None:
    script = client.get("/demo/tracker.js")
    assert script.mimetype == "text/javascript"
    assert "page_view_start" in script.text


def test_addresses_in_the_page_may_begin_at_its_own_folder(client: FlaskClient) -> None:
    answer = client.get("/demo")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/demo/")
    assert client.get(urljoin("http://localhost/demo/", "main.js")).status_code == 200


@pytest.mark.parametrize(
    "path", ["nope.js", "../pyproject.toml", "%2e%2e/pyproject.toml", "x/../.."]
)
def test_what_is_no_file_of_it_is_not_found(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/demo/{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")  # type: ignore[index]


def test_a_visitor_gets_a_token_of_the_user_that_is_asked_for(client: FlaskClient) -> None:
    user_id = str(uuid.uuid4())
    answer = client.post(f"/demo/token?user_id={user_id}")
    assert answer.status_code == 201
    assert answer.json == {"token": "a token", "user_id": user_id}
    assert "Access-Control-Allow-Origin" not in answer.headers, "other pages may not read it"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_user_who_is_no_uuid_is_refused(client: FlaskClient) -> None:
    assert client.post("/demo/token?user_id=ada").status_code == 400


def test_an_auth_service_that_gives_no_tokens_is_told_of() -> None:
    answer = local(away).post("/demo/token")
    assert answer.status_code == 502
    assert "does not answer" in answer.json["detail"]  # type: ignore[index]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/demo", "/demo/main.js", "/demo/tracker.js", "/demo/token"])
def test_a_deployment_has_nothing_of_it(path: str, method: str) -> None:
    client = World().client(CONTRACTS_DIR=str(package_folder()))
    assert client.open(path, method=method).status_code == 404
    assert "/demo" not in client.get("/").text


def test_a_project_of_other_contracts_has_none_on_its_local_stack(tmp_path: Path) -> None:
    env = {**ENV, "CONTRACTS_DIR": str(shop_contracts(tmp_path))}
    assert list(demo_from(env, lambda: "")) == []
    assert len(demo_from({**ENV, "CONTRACTS_DIR": str(package_folder())}, lambda: "")) == 1
