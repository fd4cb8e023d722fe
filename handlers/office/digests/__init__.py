"""Digests: who gets which summary, where and when; what the request, subscriptions and the clock share."""
