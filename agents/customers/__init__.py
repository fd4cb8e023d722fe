"""Customers' requests: what they are worth, when they can be there, what customers are told."""
