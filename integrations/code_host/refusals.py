"""What a code host refuses, by name: nothing has changed there."""

from __future__ import annotations

from datetime import datetime


class CodeHostError(Exception):
    """The host refused, and nothing has changed there. The text is for people."""


class NoSuchRepository(CodeHostError, LookupError):
    """There is no such repository, or it is none that we may see."""


class NoSuchBranch(CodeHostError, LookupError):
    """There is no such branch (any more)."""


class NoSuchCommit(CodeHostError, LookupError):
    """There is no such commit or tree."""


class NoSuchPath(CodeHostError, LookupError):
    """There is no file, or no folder, of this name at that commit."""


class NoSuchPullRequest(CodeHostError, LookupError):
    """There is no such pull request."""


class TooLarge(CodeHostError):
    """It is more than is ever read at once."""


class TreeRefused(CodeHostError):
    """This folder cannot become a commit: what is in it is no file of a repository."""


class NothingChanged(CodeHostError):
    """Nothing in this folder is another than in the commit before."""


class BranchNotOurs(CodeHostError):
    """The branch does not begin as ours do."""


class BranchMoved(CodeHostError):
    """The branch is not at the commit at which it was."""


class BranchProtected(CodeHostError):
    """Nothing is pushed to this branch."""


class HeadMoved(CodeHostError):
    """The pull request's branch is at another commit than the one that was looked at."""


class BaseMoved(CodeHostError):
    """The branch to merge into is at another commit than the one that was looked at."""


class NotMergeable(CodeHostError):
    """The two conflict, or have no history in common, or nothing is in one that is not in the other."""


class NotOpen(CodeHostError):
    """The pull request is closed or merged, or is a draft that cannot be merged yet."""


class NotMerged(CodeHostError):
    """The pull request was not merged so, and cannot be taken back."""


class AlreadyOpen(CodeHostError):
    """There is an open pull request of this branch into that one."""


class ChecksMissing(CodeHostError):
    """Checks that the branch demands failed, are running, or were never made at this commit."""


class ReviewsMissing(CodeHostError):
    """Reviews that the branch demands were not given for this commit, or somebody asks for changes."""


class OwnPullRequest(CodeHostError):
    """Nobody approves what they opened themselves, and neither does the account that agents work with."""


class NotInTheirName(CodeHostError):
    """This host takes a person's review from that person alone, on its own pages."""


class NotNow(CodeHostError):
    """The host takes no more of us before `until`."""

    def __init__(self, says: str, until: datetime) -> None:
        super().__init__(says)
        self.until = until


class NoAccess(CodeHostError):
    """The host lets us do this no more: our installation was removed, or leave for it was taken away."""


class GrantSpent(CodeHostError):
    """This grant's id has already done something else."""
