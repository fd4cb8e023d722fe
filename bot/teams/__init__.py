"""Teams: what comes in by the Bot Framework, what goes out by its connector and by Graph."""
