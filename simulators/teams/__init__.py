"""A Teams for tests and for newcomers: an Entra tenant, its people, teams and chats, the connector, and what
the Bot Framework sends to bots.

`simulators/teams/README.md` shows how tests use it.
"""

from simulators.teams.delivery import Delivery
from simulators.teams.driver import NothingToPress, Someone
from simulators.teams.server import FakeTeams
from simulators.teams.world import Conversation, Human, Message

__all__ = ["Conversation", "Delivery", "FakeTeams", "Human", "Message", "NothingToPress", "Someone"]
