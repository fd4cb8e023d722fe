"""The Web API's methods, one file a family."""

from simulators.slack.calling import method
from simulators.slack.methods import (
    assistant,
    chat,
    conversations,
    files,
    installing,
    openid,
    reactions,
    streams,
    users,
    views,
)

BY_NAME = method.methods

__all__ = [
    "BY_NAME", "assistant", "chat", "conversations", "files", "installing", "openid", "reactions", "streams",
    "users", "views",
]  # fmt: skip
