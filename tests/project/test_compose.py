"""No Docker engine is needed to see that ``docker-compose.yml`` fits the code it starts."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ugc.cli import ugc

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "ugc-events"}
SETTINGS_FILE = (ROOT / "deploy" / "ugc.env").read_text()
SETTINGS = dict(re.findall(r"^([A-Z_]+)=(.*)$", SETTINGS_FILE, re.MULTILINE))
OF_COMPOSE = {"CLICKHOUSE_PASSWORD", "CONTRACTS_FOLDER"}
"""Names in the settings file that docker-compose.yml reads, and no program of ours."""

SECRET = re.compile(r"SECRET|PASSWORD|USER_INFO|TOKEN|PRIVATE|CREDENTIAL")
SET_BY_SOMEBODY = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")
"""What compose refuses to start without."""


def told(name: str) -> dict[str, str]:
    """The environment of a service of ours: compose lays ``environment`` over the file."""
    return SETTINGS | OURS[name]["environment"]


def parse(arguments: list[str]) -> tuple[click.Command, dict[str, Any]]:
    """The subcommand that ``ugc ARGUMENTS`` would run, and its parameters; runs nothing."""
    found: click.Command = ugc
    context = click.Context(ugc)
    rest = list(arguments)
    while isinstance(found, click.Group):
        name = rest.pop(0)
        inner = found.get_command(context, name)
        assert inner is not None, f"ugc has no command {name}"
        found = inner
    parsed = found.make_context(found.name, rest, resilient_parsing=False)
    return found, parsed.params


def string_constants() -> set[str]:
    rooms = ("api", "ch_schema", "contracts", "etl", "registry", "ugc")
    return {
        node.value
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def port_of(service: str) -> int:
    port = parse(SERVICES[service]["command"])[1]["port"]
    assert isinstance(port, int)
    return port


def test_our_services_are_these() -> None:
    assert set(OURS) == {"auth", "init", "api", "etl"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_and_takes_its_options(name: str) -> None:
    command, _ = parse(OURS[name]["command"])
    assert command.callback is not None


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_that_the_code_reads(name: str) -> None:
    known = string_constants()
    assert told(name).keys() - OF_COMPOSE <= known


@pytest.mark.parametrize("name", OURS)
def test_every_address_names_a_service_and_its_port(name: str) -> None:
    ports = {"kafka": "9092", "registry": "8081", "redis": "6379", "clickhouse": "9000",
             "auth": str(port_of("auth"))}  # fmt: skip
    found = set()
    for variable, value in told(name).items():
        for host, port in re.findall(r"(?:^|//|@)([a-z]+):(\d+)", value):
            assert ports[host] == port, variable
            found.add(host)
    assert found == set(ports)


@pytest.mark.parametrize("name", ["auth", "api"])
def test_health_checks_ask_a_route_on_the_port_that_is_served(name: str) -> None:
    kind, program, *arguments = OURS[name]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "ugc")
    _, params = parse(arguments)
    assert f"http://localhost:{port_of(name)}/" in params["url"]
    path = params["url"].split(str(port_of(name)))[1]
    assert path in string_constants()


def test_every_server_has_a_health_check() -> None:
    ends_by_itself, has_no_port = {"init"}, {"etl"}
    without = {name for name, service in SERVICES.items() if "healthcheck" not in service}
    assert without == ends_by_itself | has_no_port


def test_everything_restarts_but_what_runs_once() -> None:
    once = {name for name, service in SERVICES.items() if service["restart"] == "no"}
    assert once == {"init"}


def test_published_ports_are_served_and_on_loopback() -> None:
    assert OURS["api"]["ports"] == [f"127.0.0.1:{port_of('api')}:{port_of('api')}"]


def test_redis_evicts_nothing() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_waiting_is_for_services_that_can_be_waited_for() -> None:
    for service in SERVICES.values():
        for name, wish in service.get("depends_on", {}).items():
            if wish["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            else:
                assert wish["condition"] == "service_completed_successfully"
                assert SERVICES[name]["restart"] == "no"


def test_the_settings_file_has_only_what_is_read() -> None:
    names = set(re.findall(r"^(?:# )?([A-Z_]+)=", SETTINGS_FILE, re.MULTILINE))
    assert names > set(OURS["api"]["environment"])
    read = string_constants()
    secrets_in_files = {f"{name}_FILE" for name in read}
    assert names - OF_COMPOSE <= read | secrets_in_files
    compose = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{([A-Z_]+)", compose)) <= names


@pytest.mark.parametrize("name", OURS)
def test_the_settings_file_reaches_every_service_of_ours(name: str) -> None:
    assert OURS[name]["env_file"] == "deploy/ugc.env"


@pytest.mark.parametrize("name", OURS)
def test_nothing_takes_the_place_of_what_somebody_wrote_to_the_file(name: str) -> None:
    """What stands under ``environment`` goes before the file: the same again, or the image's."""
    of_the_image = {"CONTRACTS_DIR"}
    for variable, value in OURS[name]["environment"].items():
        if variable not in of_the_image:
            assert value.startswith(f"${{{variable}:"), variable


def test_no_secret_stands_in_what_is_deployed() -> None:
    """Whoever reads the repository would have it."""
    for name, value in SETTINGS.items():
        assert not (SECRET.search(name) and value), name
        assert "@" not in value, f"{name} has credentials in it"
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                assert SET_BY_SOMEBODY.fullmatch(value), name
            for user_info in re.findall(r"//(.*)@", value):
                assert SET_BY_SOMEBODY.search(user_info), name


@pytest.mark.parametrize("name", ["JWT_SECRET", "CLICKHOUSE_PASSWORD"])
def test_a_secret_is_asked_for(name: str) -> None:
    assert SETTINGS[name] == ""
    compose = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(rf"\$\{{{name}:(.)", compose)) == {"?"}


def test_the_contracts_of_this_machine_are_those_of_every_service() -> None:
    for service in OURS.values():
        mounted = service["environment"]["CONTRACTS_DIR"]
        assert f"${{CONTRACTS_FOLDER:-./contracts}}:{mounted}:ro" in service["volumes"]


def test_the_folders_that_outlive_a_container_are_in_the_image() -> None:
    ids, spool = SETTINGS["SCHEMA_ID_CACHE_DIR"], SETTINGS["SPOOL_DIR"]
    assert OURS["api"]["volumes"][1:] == [f"schema-ids:{ids}", f"spool:{spool}"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"--owner ugc {ids} " in dockerfile
    assert f"--owner ugc --mode 700 {spool}\n" in dockerfile


def test_the_image_runs_the_same_program() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["ugc"]' in dockerfile
    listed = re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    assert listed is not None
    parse(ast.literal_eval(listed[1]))
