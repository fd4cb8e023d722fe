"""What people write where the rules want an exact word: roles as they say them, ids made from names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from governance.people import Role

_CALLED: Mapping[Role, tuple[str, ...]] = {
    Role.PRODUCT_OWNER: ("po", "product manager", "head of product", "product lead", "product"),
    Role.ENGINEERING_DIRECTOR: (
        "director",
        "director of engineering",
        "head of engineering",
        "engineering manager",
        "IT director",
        "director of IT",
        "head of IT",
        "VP engineering",
        "VP of engineering",
    ),
    Role.COMPLIANCE_OFFICER: (
        "compliance",
        "compliance manager",
        "head of compliance",
        "data protection officer",
        "DPO",
    ),
    Role.CUSTOMER_SUCCESS: (
        "customer success manager",
        "CSM",
        "account manager",
        "customer support",
        "support",
    ),
    Role.SRE_LEAD: (
        "lead SRE",
        "head of SRE",
        "operations lead",
        "ops lead",
        "head of operations",
        "operations manager",
        "devops lead",
        "infrastructure lead",
    ),
    Role.ENGINEER: (
        "developer",
        "software engineer",
        "software developer",
        "programmer",
        "backend engineer",
        "frontend engineer",
        "data engineer",
        "test engineer",
        "tester",
        "QA",
        "QA engineer",
        "SRE",
        "site reliability engineer",
        "devops engineer",
        "system administrator",
        "sysadmin",
        "team lead",
        "tech lead",
    ),
    Role.ARCHITECT: ("software architect", "solution architect", "IT architect", "enterprise architect"),
    Role.EXECUTIVE: ("CEO", "COO", "chief executive", "managing director", "general manager", "board"),
    Role.AUDITOR: ("internal auditor", "external auditor"),
}
"""What else each role is called. A word that could lend more power than was meant stands under the lesser role,
or nowhere: then the file's writer is asked."""

_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "æ": "ae", "œ": "oe"})
_LONGEST_ID = 64


class NoSuchRole(ValueError):
    """No role is called this; the message says which there are."""

    def __init__(self, written: str) -> None:
        super().__init__(f"“{written}” is no role that I know. Write one or more of: {roles_listed()}")


def role_of(written: str) -> Role:
    """The role that somebody means by `Product Owner`, `head of IT`, `sre_lead`. Raises NoSuchRole."""
    found = _roles().get(_folded(written))
    if found is None:
        raise NoSuchRole(written)
    return found


def roles_listed() -> str:
    """All roles as people say them: `product owner, engineering director, …`."""
    return ", ".join(role.label for role in Role)


def id_from(name: str) -> str:
    """An id made from a name: `Zoë Müller` is `zoe-muller`. Empty where no letter of it can stand in one."""
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS)).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.casefold()))[:_LONGEST_ID].rstrip("-")


@cache
def _roles() -> Mapping[str, Role]:
    found = {_folded(name): role for role, names in _CALLED.items() for name in names}
    return found | {_folded(role.label): role for role in Role}


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.replace("_", " ").casefold()))
