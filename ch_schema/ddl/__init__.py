"""Contracts become tables, views, columns and rows. Pure."""
