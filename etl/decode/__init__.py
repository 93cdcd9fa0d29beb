"""Kafka records become messages, or dead letters with a reason."""
