"""Implementations in memory of what the loader talks to."""
