"""The web process: receives Reveni's webhooks, and tells whether the fleet is alive, ready, and how much it does.

It calls nobody, imports no Celery, and its event loop waits for nothing: the ledger and the broker are asked in
threads.
"""
