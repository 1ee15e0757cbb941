"""Everything that is true whether or not Celery exists. The rooms, from the door to the foundation:

cli, web              what people and Reveni talk to
fleet, sandbox        what starts the processes; our own Mirakl, Reveni and BigCommerce to try things on
wiring                settings → engine, clients, ports: the one place that builds them
usecases              one act per file; `carry_out` keeps a promise, `catalogue` lists their kinds
ledger                SQL: what is promised, claimed, sent and known
mirakl, reveni, bigcommerce   what can be asked of each, by operation code
domain                orders, returns, refunds, stock: no I/O, no clock
http, answers, departure      one request, and what its answer or silence means
outages               errors that come by the hundred and say one thing
settings, money, errors       the ground everybody stands on
"""
