"""The fake Slack as a page: choose who you are, talk, press, fill in. For people; tests use the driver."""
