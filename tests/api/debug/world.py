"""The API with a debugger whose records are in memory."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from api.app import create_app
from api.config import ApiConfig
from api.debug.explaining import Explainer
from api.debug.following import Follower
from api.debug.loaded import Loaded
from api.debug.masking import Masks
from api.debug.places import Places
from api.debug.recorder import EVERY, Recorder
from api.debug.routes import Debugger
from api.debug.settings import DebuggerSettings
from api.services import Services
from api.testing.debug import InMemoryDebugStore
from contracts.model.loader import Catalog, default_folder
from tests.api.world import ENV, World


class DebugWorld(World):
    """Records are sent when a test says so, by :meth:`told`."""

    def __init__(
        self,
        catalog: Catalog | None = None,
        *,
        key: str | None = None,
        applications: Collection[str] = (EVERY,),
        folder: Path | None = None,
        loaded: Loaded | None = None,
        waiting: int = 100,
    ) -> None:
        super().__init__(catalog)
        self.store = InMemoryDebugStore()
        self.places = Places()
        self.recorder = Recorder(
            self.store,
            Masks(self.catalog),
            self.places,
            topic="events",
            applications=applications,
            now=lambda: self.now,
            waiting=waiting,
        )
        self.debugger = Debugger(
            settings=DebuggerSettings(key=key, applications=tuple(applications)),
            store=self.store,
            recorder=self.recorder,
            explainer=Explainer(self.catalog, folder or default_folder()),
            follower=Follower(self.store, self.catalog, loaded, now=lambda: self.now),
        )

    def services(self) -> Services:
        found = super().services()
        return Services(
            **{name: getattr(found, name) for name in found.__slots__ if name != "debugger"},
            debugger=self.debugger,
        )

    def client(self, **settings: str) -> FlaskClient:
        config = ApiConfig.from_env({**ENV, **self.env, **settings})
        return create_app(config, self.services()).test_client()

    def told(self, client: FlaskClient, query: str = "", **options: Any) -> list[dict[str, Any]]:
        """The events as the JSON API gives them, the newest first."""
        self.recorder.work()
        answer = client.get(f"/debug/events?{query}", **options)
        assert answer.status_code == 200, answer.json
        found: list[dict[str, Any]] = answer.get_json()["events"]
        return found
