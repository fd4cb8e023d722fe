"""Reading the authority matrix for people: the table, one row with the people behind it, a change of it."""
