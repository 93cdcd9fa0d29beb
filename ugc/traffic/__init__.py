"""Realistic visitors of an online cinema, as HTTP requests.

``sessions`` (pure) decides what a visitor does, ``sender`` does it over HTTP and keeps the tally
that the books are balanced against.
"""
