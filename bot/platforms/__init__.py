"""What all chat platforms have in common: the adapter's protocol, their people and channels, forms, budgets."""
