"""The ledger: what Backhaul has promised, what it knows, and what happened, in SQL. The truth; the broker is a bell."""
