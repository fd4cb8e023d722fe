"""From the cart to the confirmed order."""
