"""Kafka at the edges of the loader: records in, dead letters out."""
