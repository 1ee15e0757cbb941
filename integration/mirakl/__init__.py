"""Mirakl's seller API (contract page: mirakl.md): `operations` (one row per call), `wire` (what is sent and
received), and `client.Mirakl`, which is put together from one class per family of calls.
"""
