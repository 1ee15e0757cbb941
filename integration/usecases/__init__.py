"""What Backhaul does, one act per file. `carry_out` is how every promise is kept; `catalogue` lists them."""
