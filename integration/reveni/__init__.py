"""Reveni's merchant API (contract page: reveni.md). What Reveni does not document and is assumed here carries
its number, W1 to W6, so that a fact learned from Reveni changes one file.
"""
