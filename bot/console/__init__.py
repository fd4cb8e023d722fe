"""The console: a chat of our own in the browser, for one machine, with a dashboard beside it."""
