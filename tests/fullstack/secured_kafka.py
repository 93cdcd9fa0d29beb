"""Apache Kafka as managed ones are: SCRAM over TLS, certificates of clients, and rights by name.

One node with three listeners: the plain one, on which anybody is an administrator, so that tests
can look and give; one for users with a password; one for clients with a certificate.  Nobody but
the administrator may do what no rule allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.fullstack.apache_kafka import READY_SECONDS, KafkaCluster
from tests.support.certificate import write_certificate
from tests.support.processes import free_port

USER, PASSWORD = "ugc-service", "a password of the service with @#:/ in it"
CERTIFIED = "CN=127.0.0.1"
"""The principal of whoever has the certificate."""


@dataclass(frozen=True)
class SecuredKafka:
    """``plain`` is the administrator's address."""

    plain: str
    scram: str
    mutual: str
    certificate: Path
    key: Path

    def env_of_user(self, password: str = PASSWORD) -> Mapping[str, str]:
        """Variables of a service that has a name and a password."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.scram,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD": password,
            "KAFKA_SSL_CA": str(self.certificate),
        }

    def env_of_certificate(self) -> Mapping[str, str]:
        """Variables of a service that has a certificate."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.mutual,
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CA": str(self.certificate),
            "KAFKA_SSL_CERTIFICATE": str(self.certificate),
            "KAFKA_SSL_KEY": str(self.key),
        }

    def allow(self, user: str, kind: ResourceType, *operations: AclOperation) -> None:
        """On everything of that kind."""
        rules = [
            AclBinding(
                kind, "kafka-cluster" if kind is ResourceType.BROKER else "*",
                ResourcePatternType.LITERAL, f"User:{user}", "*", each, AclPermissionType.ALLOW,
            )
            for each in operations
        ]  # fmt: skip
        admin = _administrator(self.plain)
        for done in admin.create_acls(rules).values():
            done.result(READY_SECONDS)


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """A running node whose user has no rights yet."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = write_certificate(folder)
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    cluster = KafkaCluster(folder, 1, {})
    node = cluster.node(0)
    scram, mutual = (f"127.0.0.1:{free_port()}" for _ in range(2))
    outside = f"PLAINTEXT://{node.address},SCRAM://{scram},MUTUAL://{mutual}"
    more = {
        "listeners": f"{outside},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": outside,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "SCRAM:SASL_SSL,MUTUAL:SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.scram.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security."
        "scram.ScramLoginModule required;",
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificate),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    with node.properties.open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in more.items())
    try:
        cluster.start()
        found = SecuredKafka(node.address, scram, mutual, certificate, key)
        credential = UserScramCredentialUpsertion(
            USER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode()
        )
        admin = _administrator(node.address)
        for done in admin.alter_user_scram_credentials([credential]).values():
            done.result(READY_SECONDS)
        yield found
    finally:
        cluster.kill()


def _administrator(address: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": address, "log_level": 0})
