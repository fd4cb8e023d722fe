"""A Slack for tests and for newcomers: a workspace, its people, the Web API, and what Slack sends to apps.

`simulators/slack/README.md` shows how tests use it; `make fake-slack` opens it in a browser.
"""

from simulators.slack.delivery import Delivery
from simulators.slack.filling import NotFilledIn
from simulators.slack.modals import Submission
from simulators.slack.person import NothingToPress, Person
from simulators.slack.records import Channel, Installation, Message, User, View
from simulators.slack.server import FakeSlack

__all__ = [
    "Channel", "Delivery", "FakeSlack", "Installation", "Message", "NotFilledIn", "NothingToPress", "Person",
    "Submission", "User", "View",
]  # fmt: skip
