"""Plans in conversation: their cards, the form that changes them, and which one somebody means."""
