"""What is true of orders, returns, refunds and stock: no I/O, no clock, no SQL.

Every function here takes the facts it decides on as arguments and answers with a value, or raises `Held`
(a person must look) or `Waits` (nothing is wrong, it is only too early).
"""
