"""The response to an incident: looked at, explained, remedied where that is allowed, and looked at again."""
