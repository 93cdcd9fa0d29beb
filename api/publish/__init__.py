"""Encoded events go in; they come out of Kafka, or wait in the spool until it takes them."""
