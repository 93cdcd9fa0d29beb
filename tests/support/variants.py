"""The local parts and the full ones as pytest parameters, so that one suite runs over both."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeAlias

import pytest

from tests.api.servers import Broker, broker
from tests.fullstack.apache_kafka import apache_broker
from tests.fullstack.foreign_registry import foreign_registry
from tests.fullstack.stack import full_stack, local_stack
from tests.support.registry_server import registry_server
from ugc.local.stack import Stack, StackConfig


class StartBroker(Protocol):
    """Starts an empty broker whose files are in a folder."""

    def __call__(
        self, folder: Path, *, port: int | None = None
    ) -> AbstractContextManager[Broker]: ...


StartStack: TypeAlias = Callable[[StackConfig], AbstractContextManager[Stack]]

BROKERS = [
    pytest.param(broker, id="tansu"),
    pytest.param(apache_broker, id="apache", marks=pytest.mark.full),
]
"""Of :data:`StartBroker`."""

STACKS = [
    pytest.param(local_stack, id="local"),
    pytest.param(full_stack, id="full", marks=pytest.mark.full),
]
"""Of :data:`StartStack`."""

REGISTRIES = [
    pytest.param(registry_server, id="embedded"),
    pytest.param(foreign_registry, id="foreign", marks=pytest.mark.full),
]
"""Each starts a registry on a folder."""
