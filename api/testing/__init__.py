"""Implementations in memory of what the API talks to."""
