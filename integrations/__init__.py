"""The outside world: one folder per kind of system, each with its port, its actions and its vendors."""


class Embedded:
    """Mixed into vendors that keep all they have in this installation's own database or folders: asking them
    asks nobody outside."""


class CannotTell(Exception):
    """What became of an effect cannot be found out. The text is for people."""
