"""Any JSON Schema, kept without loss: typed where it can be, as JSON text where it cannot.

Serves the round trip and the import; the API and the loader read contracts of the dialect only.
"""
