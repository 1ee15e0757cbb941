"""Mirakl, as its seller API answers a shop (mirakl.md)."""
