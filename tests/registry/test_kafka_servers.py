"""How Kafka is reached: each variable becomes a setting of librdkafka, or is told by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import SettingError
from registry.kafka_servers import GUARANTEES, OURS, kafka_servers
from tests.support.certificate import write_certificate

SERVERS = {"KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9092"}
SCRAM = {
    **SERVERS,
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "ugc",
    "KAFKA_SASL_PASSWORD": "of the service",
}
OIDC = {
    **SERVERS,
    "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "KAFKA_SASL_MECHANISM": "oauthbearer",
    "KAFKA_SASL_OAUTH_TOKEN_URL": "https://login.example.org/token",
    "KAFKA_SASL_OAUTH_CLIENT_ID": "ugc",
    "KAFKA_SASL_OAUTH_CLIENT_SECRET": "of the client",
    "KAFKA_SASL_OAUTH_SCOPE": "kafka",
}


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """Certificate and key."""
    return write_certificate(tmp_path)


def test_addresses_alone_are_enough() -> None:
    assert kafka_servers(SERVERS).settings() == {"bootstrap.servers": "a:9092,b:9092"}


def test_a_user_and_a_password() -> None:
    assert kafka_servers(SCRAM).settings() == {
        "bootstrap.servers": "a:9092,b:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "ugc",
        "sasl.password": "of the service",
    }


def test_tokens_of_a_client() -> None:
    assert kafka_servers(OIDC).settings() == {
        "bootstrap.servers": "a:9092,b:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": "https://login.example.org/token",
        "sasl.oauthbearer.client.id": "ugc",
        "sasl.oauthbearer.client.secret": "of the client",
        "sasl.oauthbearer.scope": "kafka",
    }


def test_a_certificate_of_ones_own(own: tuple[Path, Path]) -> None:
    env = {
        **SERVERS,
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CA": str(own[0]),
        "KAFKA_SSL_CERTIFICATE": str(own[0]),
        "KAFKA_SSL_KEY": str(own[1]),
    }
    found = kafka_servers(env).settings()
    assert found["ssl.ca.location"] == found["ssl.certificate.location"] == str(own[0])
    assert found["ssl.key.location"] == str(own[1])


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("of a secret store\n")
    env = {**SCRAM, "KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": str(file)}
    assert kafka_servers(env).settings()["sasl.password"] == "of a secret store"


def test_any_other_setting_of_librdkafka() -> None:
    env = {**SERVERS, "KAFKA_CLIENT_SOCKET_TIMEOUT_MS": "7000", "KAFKA_CLIENT_LOG_LEVEL": "0"}
    found = kafka_servers(env).settings()
    assert (found["socket.timeout.ms"], found["log_level"]) == ("7000", "0")


def test_secrets_are_not_shown() -> None:
    assert "of the" not in repr(kafka_servers(SCRAM)) + repr(kafka_servers(OIDC))


@pytest.mark.parametrize(
    ("change", "variable", "told"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL", "one of PLAINTEXT, SSL"),
        ({"KAFKA_SECURITY_PROTOCOL": ""}, "KAFKA_SASL_MECHANISM", "KAFKA_SECURITY_PROTOCOL=SASL"),
        ({"KAFKA_SASL_MECHANISM": ""}, "KAFKA_SASL_MECHANISM", "one of PLAIN, SCRAM-SHA-256"),
        ({"KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM", "one of PLAIN"),
        ({"KAFKA_SASL_USERNAME": ""}, "KAFKA_SASL_USERNAME", "set, since KAFKA_SASL_MECHANISM"),
        ({"KAFKA_SASL_PASSWORD": " "}, "KAFKA_SASL_PASSWORD", "set, since KAFKA_SASL_MECHANISM"),
        ({"KAFKA_SASL_PASSWORD_FILE": "/absent"}, "KAFKA_SASL_PASSWORD_FILE", "path of a file"),
        ({"KAFKA_SASL_MECHANISM": "OAUTHBEARER"}, "KAFKA_SASL_OAUTH_TOKEN_URL", "set, since"),
        ({"KAFKA_SASL_MECHANISM": "AWS_MSK_IAM"}, "KAFKA_SASL_AWS_REGION", "eu-west-1"),
        ({"KAFKA_SSL_CA": "/absent"}, "KAFKA_SSL_CA", "the path of a file"),
        ({"KAFKA_SSL_CA": __file__}, "KAFKA_SSL_CA", "it says"),
        ({"KAFKA_SSL_KEY": __file__}, "KAFKA_SSL_CERTIFICATE", "since KAFKA_SSL_KEY is"),
        ({"KAFKA_CLIENT_NO_SUCH": "1"}, "KAFKA_CLIENT_NO_SUCH", "No such configuration property"),
        ({"KAFKA_CLIENT_LINGER_MS": "x"}, "KAFKA_CLIENT_LINGER_MS", "it says"),
        ({"KAFKA_CLIENT_ACKS": "0"}, "KAFKA_CLIENT_ACKS", "left out: the service sets acks"),
        ({"KAFKA_CLIENT_SASL_PASSWORD": "x"}, "KAFKA_CLIENT_SASL_PASSWORD", "KAFKA_SASL_PASSWORD"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_variable(
    change: dict[str, str], variable: str, told: str
) -> None:
    with pytest.raises(SettingError) as raised:
        kafka_servers({**SCRAM, **change})
    assert raised.value.variable == variable
    assert told in str(raised.value)
    assert "of the service" not in str(raised.value)


def test_a_password_that_is_said_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("other")
    with pytest.raises(SettingError, match="KAFKA_SASL_PASSWORD_FILE is set"):
        kafka_servers({**SCRAM, "KAFKA_SASL_PASSWORD_FILE": str(file)})


def test_tls_files_without_tls_are_told(own: tuple[Path, Path]) -> None:
    with pytest.raises(SettingError, match="KAFKA_SSL_CA must be used with"):
        kafka_servers({**SERVERS, "KAFKA_SSL_CA": str(own[0])})


@pytest.mark.parametrize("setting", sorted(GUARANTEES | OURS.keys()))
def test_what_the_service_sets_cannot_be_set_otherwise(setting: str) -> None:
    variable = f"KAFKA_CLIENT_{setting.upper().replace('.', '_')}"
    with pytest.raises(SettingError) as raised:
        kafka_servers({**SERVERS, variable: "1"})
    assert raised.value.variable == variable
