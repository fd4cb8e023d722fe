"""Subscriptions: what can be watched for somebody, and when it has happened."""
