"""Reveni, as documented and as assumed (reveni.md, W1 to W6)."""
