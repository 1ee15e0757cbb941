"""What the control API can have happen: doings of the shopper, the warehouse, the operator, the network."""
