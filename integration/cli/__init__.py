"""`backhaul`: one file per family of commands. It reads the ledger and changes rows in it; it never sends by itself."""
