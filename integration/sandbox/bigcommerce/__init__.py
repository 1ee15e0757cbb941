"""BigCommerce, the optional stock master (bigcommerce.md)."""
