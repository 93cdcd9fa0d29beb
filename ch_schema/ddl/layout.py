"""One server, or a cluster of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ch_schema.quoting import quote_identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``cluster`` as it is named in the servers' ``remote_servers``; ``None``: one server.

    ``replicated``: tables keep one copy per replica, by the macros ``{shard}`` and ``{replica}``.
    """

    cluster: str | None = None
    replicated: bool = False

    @classmethod
    def of(cls, cluster: str | None) -> Layout:
        """As ``CLICKHOUSE_CLUSTER`` names it: its tables are replicated."""
        return cls(cluster=cluster, replicated=True) if cluster else ONE_SERVER

    @property
    def on_cluster(self) -> str:
        """Behind the name in every statement that makes or changes something."""
        return f" ON CLUSTER {quote_identifier(self.cluster)}" if self.cluster else ""

    def stored_in(self, database: str) -> str:
        """The database of the rows: on a cluster, another than the one that is asked."""
        return f"{database}_shard" if self.cluster else database


ONE_SERVER = Layout()
