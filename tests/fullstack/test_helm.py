"""The Helm chart, rendered by Helm and held to the schemas of Kubernetes and of the operator."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.fullstack.cache import cached, program

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "ugc-events"
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
KUBERNETES = ("1.31", "1.37")
OPERATOR = "monitoring.coreos.com/v1"
CHECK = """\
import * as operator from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import {readFileSync} from "node:fs";
const object = JSON.parse(readFileSync(0, "utf8"));
try { new operator[object.kind](object).validate(); } catch (error) { console.log(String(error)); }
"""


def helm(*arguments: str | Path, code: int = 0) -> str:
    """What Helm prints; asserts its exit code."""
    done = subprocess.run(
        [cached("helm", "helm/go.sum") / "helm", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HELM_CACHE_HOME": "/nonexistent", "HELM_CONFIG_HOME": "/nonexistent"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def rendered(*arguments: str | Path) -> list[dict[str, Any]]:
    version = [] if "--kube-version" in arguments else ["--kube-version", KUBERNETES[-1]]
    text = helm("template", "shop", CHART, "--namespace", "events", *version, *arguments)
    return [document for document in yaml.safe_load_all(text) if document]


def kinds(documents: list[dict[str, Any]]) -> set[str]:
    return {document["kind"] for document in documents}


def containers(documents: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each container of ours, with the pod that it is in."""
    for document in documents:
        pod = pod_of(document)
        for container in pod.get("containers", []):
            yield container, pod


def pod_of(document: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = document.get("spec", {})
    if document["kind"] == "Pod":
        return spec
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: dict[str, Any] = spec.get("template", {}).get("spec", {})
    return found


def findings(document: dict[str, Any], version: str) -> str:
    """What is wrong with an object, strictly: a field that there is not is wrong as well."""
    if document["apiVersion"] == OPERATOR:
        folder = cached("kube-models", "kube-models/package-lock.json")
        script = [program("node"), "--input-type=module", "--eval", CHECK]
        done = subprocess.run(
            script,
            input=json.dumps(document),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout
    return "\n".join(error.message for error in validator(document, version).iter_errors(document))


def validator(document: dict[str, Any], version: str) -> Draft202012Validator:
    """Of the schema of an object's kind in a version of Kubernetes."""
    group, _, of_group = document["apiVersion"].rpartition("/")
    parts = [document["kind"].lower(), group.split(".")[0], of_group]
    schemas = cached("kubernetes", "kubernetes-schemas.txt").joinpath(
        "kubernetes_validate", "kubernetes-json-schema", f"v{version}.0-local-strict"
    )
    schema = json.loads((schemas / f"{'-'.join(filter(None, parts))}.json").read_text())
    return Draft202012Validator(schema, registry=definitions(schemas))


@cache
def definitions(schemas: Path) -> Registry[Any]:
    """What the schemas of a version refer to."""
    return (
        Resource.from_contents(json.loads((schemas / "_definitions.json").read_text())) @ Registry()
    )


def with_values(name: str) -> list[str | Path]:
    return ["--values", CHART / "ci" / f"{name}-values.yaml"]


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_helm_finds_nothing_to_mend(values: Path) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, "--values", values)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_every_object_is_one_that_kubernetes_takes(values: Path, version: str) -> None:
    documents = rendered("--values", values, "--kube-version", version)
    assert documents
    found = {f"{d['kind']} {d['metadata']['name']}": findings(d, version) for d in documents}
    assert {name: text for name, text in found.items() if text} == {}


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("StatefulSet", {"replica": 2}),
        ("NetworkPolicy", {"policyTypes": "Ingress"}),
        ("ServiceMonitor", {"endpoints": "metrics"}),
        ("PrometheusRule", {"groups": [{"rules": []}]}),
    ],
)
def test_what_kubernetes_would_not_take_is_found(kind: str, wrong: dict[str, Any]) -> None:
    document = next(d for d in rendered(*with_values("all")) if d["kind"] == kind)
    document["spec"] |= wrong
    assert findings(document, KUBERNETES[-1])


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_no_container_may_do_more_than_it_needs(values: Path) -> None:
    found = list(containers(rendered("--values", values)))
    assert found
    for container, pod in found:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert {"requests", "limits"} <= container["resources"].keys()


def test_the_spool_outlives_its_pod() -> None:
    (api,) = (d for d in rendered(*with_values("small")) if d["kind"] == "StatefulSet")
    spec = api["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": "Retain",
        "whenScaled": "Retain",
    }
    (claim,) = spec["volumeClaimTemplates"]
    (container,) = spec["template"]["spec"]["containers"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    (mount,) = (m for m in container["volumeMounts"] if m["name"] == claim["metadata"]["name"])
    assert Path(variables["SPOOL_DIR"]).is_relative_to(mount["mountPath"])


def test_a_pod_has_time_for_its_drain() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())["api"]
    # 20 s after SIGTERM a worker that has not ended is killed (docs/operations.md).
    needed = sum(values["drain"].values()) + 20
    assert needed < values["terminationGracePeriodSeconds"]


def test_init_goes_before_everything_and_is_no_part_of_the_release() -> None:
    documents = rendered(*with_values("all"))
    (job,) = (d for d in documents if d["kind"] == "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    hooks = [d for d in documents if "helm.sh/hook" in d["metadata"].get("annotations", {})]
    assert {"ConfigMap", "Secret", "ServiceAccount", "Job"} <= kinds(hooks)
    (container,) = pod_of(job)["containers"]
    names = {d["metadata"]["name"] for d in hooks}
    for source in container["envFrom"]:
        assert next(iter(source.values()))["name"] in names
    assert pod_of(job)["serviceAccountName"] in names


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_every_argument_is_one_that_the_command_line_takes(values: Path) -> None:
    from tests.project.test_compose import parse

    for container, _ in containers(rendered("--values", values)):
        if "args" in container and "command" not in container:
            assert parse(container["args"])[0].callback is not None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "KAFKA_BOOTSTRAP_SERVERS"),
        ([*with_values("small"), "--set", "settings.KAFKA_SASL_PASSWORD=x"], "KAFKA_SASL_PASSWORD"),
        ([*with_values("small"), "--set", "settings.SPOOL_MAX_BYTES=268435456"], "SPOOL_MAX_BYTES"),
        ([*with_values("small"), "--set", "loader.mode=stream"], "mode"),
        ([*with_values("small"), "--set", "api.replica=3"], "replica"),
        ([*with_values("small"), "--set", "api.ingress.enabled=true"], "host"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(arguments: list[str | Path], named: str) -> None:
    template = ("template", "shop", CHART, "--kube-version", KUBERNETES[-1])
    assert named in helm(*template, *arguments, code=1)


def test_who_may_scrape_reaches_every_port_with_metrics() -> None:
    documents = rendered(*with_values("all"))
    values = yaml.safe_load((CHART / "ci" / "all-values.yaml").read_text())["networkPolicy"]
    policies = [d["spec"]["ingress"] for d in documents if d["kind"] == "NetworkPolicy"]
    assert len(policies) == 2
    for rules in policies:
        assert values["scrapers"] in [rule["from"] for rule in rules]


def test_rules_of_ones_own_contracts_take_the_place_of_the_films(tmp_path: Path) -> None:
    rules = tmp_path / "alerts.yml"
    rules.write_text("groups: [{name: shop, rules: [{alert: A, expr: 'up == 0'}]}]")
    documents = rendered(*with_values("all"), "--set-file", f"prometheusRule.rules={rules}")
    (found,) = (d for d in documents if d["kind"] == "PrometheusRule")
    assert [group["name"] for group in found["spec"]["groups"]] == ["shop"]
