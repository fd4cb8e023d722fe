"""Microsoft 365 at the wire: Entra's tokens for an application, and one mailbox's mail and calendar in Graph.

Shapes are those of https://learn.microsoft.com/graph/api/: `getSchedule`, events with `transactionId` and
extended properties, drafts made of MIME. It runs on 127.0.0.1 alone, without TLS."""

from simulators.microsoft.server import FakeMicrosoft, serving

__all__ = ["FakeMicrosoft", "serving"]
