"""Slack: what comes in by Bolt, what goes out by the Web API."""
