"""How Kafka is reached: librdkafka's settings out of environment variables.

==============================  ====================================================================
variable                        meaning (default)
==============================  ====================================================================
KAFKA_BOOTSTRAP_SERVERS         ``host:port``, several separated by commas
KAFKA_SECURITY_PROTOCOL         ``SSL``, ``SASL_PLAINTEXT`` or ``SASL_SSL``, or ``PLAINTEXT``
                                (PLAINTEXT)
KAFKA_SSL_CA                    file of the authorities that are believed (the system's)
KAFKA_SSL_CERTIFICATE           file of the client's certificate, for mutual TLS; with its key
KAFKA_SSL_KEY                   file of its key
KAFKA_SSL_KEY_PASSWORD          what the key is locked with
KAFKA_SASL_MECHANISM            ``PLAIN``, ``SCRAM-SHA-256``, ``SCRAM-SHA-512``, ``OAUTHBEARER``
                                (OIDC, client credentials) or ``AWS_MSK_IAM``
KAFKA_SASL_USERNAME             for PLAIN and SCRAM, with its password
KAFKA_SASL_PASSWORD             that password
KAFKA_SASL_OAUTH_TOKEN_URL      where OAUTHBEARER gets its tokens
KAFKA_SASL_OAUTH_CLIENT_ID      whose tokens
KAFKA_SASL_OAUTH_CLIENT_SECRET  with what it asks for them
KAFKA_SASL_OAUTH_SCOPE          for what; may be left out
KAFKA_SASL_AWS_REGION           for AWS_MSK_IAM; the credentials are found as AWS's SDK finds them
KAFKA_CLIENT_…                  any other setting of librdkafka (``KAFKA_CLIENT_SOCKET_TIMEOUT_MS``
                                is ``socket.timeout.ms``), but none on which a guarantee rests
==============================  ====================================================================

Every password and secret may stand in a file that ``<NAME>_FILE`` names.

The settings: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaException, Producer

from contracts.errors import SettingError
from contracts.settings import Settings

SERVERS = "KAFKA_BOOTSTRAP_SERVERS"
CLIENT = "KAFKA_CLIENT_"

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_WITH_PASSWORD = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
OAUTH = "OAUTHBEARER"
AWS = "AWS_MSK_IAM"

OURS: Mapping[str, str] = {
    "bootstrap.servers": SERVERS,
    "metadata.broker.list": SERVERS,
    "security.protocol": "KAFKA_SECURITY_PROTOCOL",
    "sasl.mechanism": "KAFKA_SASL_MECHANISM",
    "sasl.mechanisms": "KAFKA_SASL_MECHANISM",
    "sasl.username": "KAFKA_SASL_USERNAME",
    "sasl.password": "KAFKA_SASL_PASSWORD",
    "group.id": "KAFKA_GROUP_ID",
    "ssl.ca.location": "KAFKA_SSL_CA",
    "ssl.certificate.location": "KAFKA_SSL_CERTIFICATE",
    "ssl.key.location": "KAFKA_SSL_KEY",
    "ssl.key.password": "KAFKA_SSL_KEY_PASSWORD",
    "sasl.oauthbearer.client.id": "KAFKA_SASL_OAUTH_CLIENT_ID",
    "sasl.oauthbearer.client.secret": "KAFKA_SASL_OAUTH_CLIENT_SECRET",
    "sasl.oauthbearer.scope": "KAFKA_SASL_OAUTH_SCOPE",
    "sasl.oauthbearer.token.endpoint.url": "KAFKA_SASL_OAUTH_TOKEN_URL",
}
"""Settings of librdkafka that have a variable of their own."""

GUARANTEES = frozenset({
    "acks", "request.required.acks", "enable.idempotence", "enable.gapless.guarantee",
    "partitioner",
    "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "isolation.level",
    "enable.partition.eof", "delivery.timeout.ms", "message.timeout.ms", "message.max.bytes",
    "transactional.id", "max.in.flight", "max.in.flight.requests.per.connection",
    "partition.assignment.strategy", "client.id", "group.instance.id", "check.crcs",
})  # fmt: skip
"""Settings that the service sets itself, since what it promises rests on them."""


@dataclass(frozen=True, slots=True)
class KafkaServers:
    """Where Kafka is, and what every client of it is set to."""

    addresses: str
    """``host:port``, several separated by commas."""

    client: Mapping[str, str] = field(default_factory=dict)
    """librdkafka's settings beside the addresses; secrets among them."""

    aws_region: str | None = None
    """Where the servers are Amazon's MSK with IAM: that of the credentials which sign tokens."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """Setting of librdkafka → the variable that it comes from."""

    def settings(self) -> dict[str, Any]:
        """What a client is made of; what it sets itself goes over it.

        Raises:
            SettingError: the servers want AWS's signatures, and what makes them is not installed.
        """
        found: dict[str, Any] = {**self.client, "bootstrap.servers": self.addresses}
        if self.aws_region is not None:
            found["oauth_cb"] = _signed_by_aws(self.aws_region)
        return found

    def __repr__(self) -> str:
        return f"KafkaServers({self.addresses!r}, {sorted(self.client)})"


def kafka_servers(env: Mapping[str, str]) -> KafkaServers:
    """
    Raises:
        SettingError: a variable is missing, malformed, does not go with another, or is nothing
            that librdkafka knows or can use.
    """
    read = Settings(env)
    addresses = read.servers(SERVERS)
    own = _Own(read)
    protocol = own.choice("security.protocol", _PROTOCOLS) or "PLAINTEXT"
    has_sasl, has_tls = protocol.startswith("SASL"), protocol.endswith("SSL")
    own.tls(wanted=has_tls)
    region = own.sasl(wanted=has_sasl)
    named = own.variables | _names(env)
    found = KafkaServers(addresses, {**_others(env), **own.found}, region, named)
    _check(found)
    return found


def _check(servers: KafkaServers) -> None:
    """Makes a client of the settings, to hear whether librdkafka knows and can use them."""
    trouble = _trouble(servers.settings()) if servers.client else None
    if trouble is None:
        return
    named = sorted((name for name in servers.variables if name in trouble), key=len, reverse=True)
    if not named:  # librdkafka may call a setting by another name that it has
        named = [name for name, value in servers.client.items() if _trouble({name: value})]
    variable = servers.variables[named[0]] if named else OURS["security.protocol"]
    raise SettingError(variable, f"what librdkafka can use; it says: {trouble}")


def _trouble(settings: Mapping[str, Any]) -> str | None:
    try:
        Producer({**settings, "log_level": 0})
    except KafkaException as error:
        return str(error.args[0].str())
    return None


def _signed_by_aws(region: str) -> Callable[[str], tuple[str, float]]:
    """What makes a token whenever librdkafka asks for one, from the credentials AWS's SDK finds."""
    try:
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
    except ImportError as error:
        expected = "used with what signs tokens: pip install 'ugc-events[aws]'"
        raise SettingError(OURS["sasl.mechanism"], expected) from error

    def token(_config: str) -> tuple[str, float]:
        made, expires_ms = MSKAuthTokenProvider.generate_auth_token(region)
        return made, expires_ms / 1000

    return token


class _Own:
    """What has variables of its own."""

    def __init__(self, read: Settings) -> None:
        self._read = read
        self.found: dict[str, str] = {}
        self.variables: dict[str, str] = {}

    def choice(self, setting: str, choices: tuple[str, ...]) -> str | None:
        variable = OURS[setting]
        found = self._read.optional(variable)
        if found is None:
            return None
        if found.upper() not in choices:
            raise SettingError(variable, f"one of {', '.join(choices)}")
        return self._take(setting, found.upper())

    def tls(self, *, wanted: bool) -> None:
        for setting in ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location"):
            self._taken(setting, lambda name: str(f) if (f := self._read.file(name)) else None)
        self._taken("ssl.key.password", self._read.secret)
        if not wanted and (stray := [name for name in self.found if name.startswith("ssl.")]):
            raise SettingError(
                OURS[stray[0]], f"used with {OURS['security.protocol']}=SSL or SASL_SSL"
            )
        pair = ("ssl.certificate.location", "ssl.key.location")
        if len(present := [each for each in pair if each in self.found]) == 1:
            (missing,) = set(pair) - set(present)
            raise SettingError(OURS[missing], f"set too, since {OURS[present[0]]} is")

    def sasl(self, *, wanted: bool) -> str | None:
        """Returns the region, where tokens are signed by AWS."""
        mechanism = self.choice("sasl.mechanism", (*_WITH_PASSWORD, OAUTH, AWS))
        variable = OURS["sasl.mechanism"]
        if wanted and mechanism is None:
            raise SettingError(variable, f"one of {', '.join((*_WITH_PASSWORD, OAUTH, AWS))}")
        if not wanted and mechanism is not None:
            raise SettingError(variable, f"used with {OURS['security.protocol']}=SASL_SSL")
        if mechanism in _WITH_PASSWORD:
            self._demanded("sasl.username", self._read.optional)
            self._demanded("sasl.password", self._read.secret)
        if mechanism == OAUTH:
            self._take("sasl.oauthbearer.method", "oidc")
            self._demanded("sasl.oauthbearer.token.endpoint.url", self._read.optional)
            self._demanded("sasl.oauthbearer.client.id", self._read.optional)
            self._demanded("sasl.oauthbearer.client.secret", self._read.secret)
            self._taken("sasl.oauthbearer.scope", self._read.optional)
        if mechanism == AWS:
            self._take("sasl.mechanism", OAUTH)
            return self._read.required("KAFKA_SASL_AWS_REGION", "eu-west-1")
        return None

    def _demanded(self, setting: str, read: Callable[[str], str | None]) -> None:
        if not self._taken(setting, read):
            raise SettingError(OURS[setting], f"set, since {OURS['sasl.mechanism']} is what it is")

    def _taken(self, setting: str, read: Callable[[str], str | None]) -> bool:
        found = read(OURS[setting])
        if found is not None:
            self._take(setting, found)
        return found is not None

    def _take(self, setting: str, value: str) -> str:
        self.found[setting] = value
        self.variables[setting] = OURS.get(setting, OURS["sasl.mechanism"])
        return value


def _others(env: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for setting, variable in _names(env).items():
        if setting in OURS:
            raise SettingError(variable, f"left out: {OURS[setting]} is the variable for it")
        if setting in GUARANTEES:
            raise SettingError(variable, f"left out: the service sets {setting}, and relies on it")
        found[setting] = env[variable].strip()
    return found


def _names(env: Mapping[str, str]) -> dict[str, str]:
    """Setting → variable, of those that have none of their own."""
    return {
        _setting(name.removeprefix(CLIENT).lower()): name
        for name in sorted(env)
        if name.startswith(CLIENT) and env[name].strip()
    }


def _setting(text: str) -> str:
    return text if text == "log_level" else text.replace("_", ".")
