"""Everything that is true whether or not Celery exists. The rooms, from the door to the foundation:

cli, web              what people and Reveni talk to
fleet, sandbox        what starts the processes; our own Mirakl, Reveni and BigCommerce to try things on
wiring                settings → engine, clients, ports: the one place that builds them
logs, sentry          what a process says of itself, and to whom
usecases              one act per file; `carry_out` keeps a promise, `catalogue` lists their kinds
ledger                SQL: what is promised, claimed, sent and known
reports               the page and the tables of a month
mirakl, reveni, bigcommerce   what can be asked of each, by operation code
high_water            how far the ledger has come, kept outside of it
domain                orders, returns, refunds, stock: no I/O, no clock
http, wire, answers, departure, sweep      one request, what its answer or silence means, and lists page by page
outages               errors that come by the hundred and say one thing
settings, misspelt, urls, private_files, money, errors      the ground everybody stands on
"""
