"""Measurements of the whole fleet beside a sandbox, on this machine: `python -m bench [LINE…]`. Nothing is asserted."""
