"""May a change merge? Rules over the two trees, what the suite did, and one verdict from both."""
