"""Payloads drawn from a contract: valid ones, ones at the limits, and near misses."""
