"""Reading the audit log for people: entries with their proofs, chains of approval, searches."""

NOT_FOR_ALL = "entries of the audit log are not for everybody who reads this channel"
