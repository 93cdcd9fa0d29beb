"""The ClickHouse client: one protocol, and an implementation for each kind of URL."""
