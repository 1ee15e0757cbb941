"""A reconciliation on paper: rows for programs, CSV and journal for finance, one HTML page for everybody."""
