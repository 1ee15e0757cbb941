"""BigCommerce's inventory API (contract page: bigcommerce.md), where it is the master of the stock."""
