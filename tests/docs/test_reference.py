"""The pages below ``docs/reference`` are what the code says, and leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.model.loader import load_catalog, package_folder
from contracts.reasons import Reason
from tests.support import reference
from tests.support.flow import PICTURES, flow
from tests.support.golden import ROOT, Golden
from ugc.cli import ugc

OF_COMPOSE = {"CLICKHOUSE_PASSWORD", "CONTRACTS_FOLDER"}
"""What docker-compose.yml alone reads; the file says what they are."""

OF_FILES = {"KAFKA_SASL_PASSWORD_FILE"}
"""What the words below the table of Kafka's settings cover."""

CATALOG = load_catalog(package_folder())


def test_the_page_of_commands_is_what_their_help_says(golden: Golden) -> None:
    page = reference.cli_page()
    golden.file("docs/reference/cli.md", page)
    assert {"## ugc up", "### ugc contracts lint"} <= set(page.splitlines())
    done = CliRunner().invoke(
        ugc,
        ["contracts", "lint", "--help"],
        terminal_width=reference.WIDTH,
        max_content_width=reference.WIDTH,
    )
    assert done.output.strip() in page


def test_the_page_of_commands_holds_nothing_of_this_machine() -> None:
    page = reference.cli_page()
    assert str(ROOT) not in page
    assert str(Path.home()) not in page.replace("/root/", "")


def test_the_page_of_settings_is_what_their_modules_say(golden: Golden) -> None:
    golden.file("docs/reference/settings.md", reference.settings_page())


def test_every_setting_of_a_deployment_has_a_meaning() -> None:
    text = (ROOT / "deploy/ugc.env").read_text(encoding="utf-8")
    given = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    told = {name for each in reference.SETTINGS.values() for name in reference.settings_of(each)}
    assert given - told == OF_COMPOSE | OF_FILES


def test_the_page_of_metrics_is_what_is_served(golden: Golden) -> None:
    page = reference.metrics_page()
    golden.file("docs/reference/metrics.md", page)
    assert "| `ugc_api_events_total` | counter |" in page


def test_the_page_of_http_is_the_openapi_document(golden: Golden) -> None:
    page = reference.http_page(CATALOG)
    golden.file("docs/reference/http.md", page)
    assert "## POST /api/v1/events" in page.splitlines()


def test_the_page_of_reason_codes_has_each_of_them(golden: Golden) -> None:
    page = reference.reasons_page(CATALOG)
    golden.file("docs/reference/reasons.md", page)
    titles = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert sorted(titles) == sorted(map(str, Reason))


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_of_the_flow_is_drawn_for_light_and_dark(golden: Golden, name: str) -> None:
    golden.file(f"docs/images/flow-{name}.svg", flow(PICTURES[name]))
