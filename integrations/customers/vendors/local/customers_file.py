"""Reading `customers.yaml`: accounts, with what they asked for and what they were promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from governance import marked_yaml
from governance.marked_yaml import MarkedDocument, MarkedYamlError
from integrations.customers import Account, Commitment, CommitmentState, Contact, Request, Standing

MOST_BYTES = 2_000_000
"""A larger file is refused unread."""


class CustomersFileError(ValueError):
    """The file cannot be used. The text names the file, and for each fault its line."""


@dataclass(frozen=True, slots=True)
class CustomersFile:
    """All that the file holds."""

    accounts: tuple[Account, ...]
    requests: tuple[Request, ...]
    commitments: tuple[Commitment, ...]


def read_customers(path: Path) -> CustomersFile:
    """The customers that the file describes. Raises CustomersFileError."""
    try:
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            raise CustomersFileError(f"{path.name}: at most {MOST_BYTES} bytes are read, not {len(raw)}")
        document = marked_yaml.read(raw.decode("utf-8"))
        written = _Written.model_validate(document.value)
    except OSError as error:
        raise CustomersFileError(f"{path.name}: the file cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CustomersFileError(f"{path.name}, line {line}: save the file as UTF-8") from error
    except MarkedYamlError as error:
        raise CustomersFileError(f"{path.name}, {error}") from error
    except ValidationError as error:
        raise CustomersFileError(_faults(path.name, error, document)) from error
    return CustomersFile(
        accounts=tuple(_account(entry, written.health) for entry in written.accounts),
        requests=tuple(_request(entry, item) for entry in written.accounts for item in entry.requests),
        commitments=tuple(
            _commitment(entry, number, item)
            for entry in written.accounts
            for number, item in enumerate(entry.commitments, 1)
        ),
    )


def _exact(written: Any) -> Any:
    if not isinstance(written, str):
        raise ValueError('write money in quotes ("500000"), so that it stays exact')
    return written


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Health(_Part):
    at_risk_below: int = Field(ge=0, le=100)
    critical_below: int = Field(ge=0, le=100)

    def standing(self, health: int | None) -> Standing | None:
        if health is None:
            return None
        if health < self.critical_below:
            return Standing.CRITICAL
        return Standing.AT_RISK if health < self.at_risk_below else Standing.HEALTHY


class _Request(_Part):
    id: str
    asked: date
    what: str
    needed_by: date | None
    items: tuple[str, ...] = ()


class _Commitment(_Part):
    made: date
    by: str
    what: str
    due: date
    state: CommitmentState
    items: tuple[str, ...] = ()


class _Account(_Part):
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    tier: str
    arr: Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, max_digits=18, decimal_places=2)]
    renewal: date | None
    health: int | None = Field(ge=0, le=100)
    owner: str | None
    since: date | None = None
    contact: Contact | None = None
    requests: tuple[_Request, ...] = ()
    commitments: tuple[_Commitment, ...] = ()


class _Written(_Part):
    health: _Health
    accounts: tuple[_Account, ...]


def _faults(source: str, error: ValidationError, document: MarkedDocument) -> str:
    return "\n".join(
        f"{source}, line {document.line_of(problem['loc'])},"
        f" {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors()
    )


def _account(entry: _Account, scale: _Health) -> Account:
    return Account(
        id=entry.id,
        name=entry.name,
        aliases=entry.aliases,
        tier=entry.tier,
        arr=entry.arr,
        renewal=entry.renewal,
        health=entry.health,
        standing=scale.standing(entry.health),
        owner=entry.owner,
        since=entry.since,
        contact=entry.contact,
    )


def _request(entry: _Account, item: _Request) -> Request:
    return Request(item.id, entry.id, item.what, item.asked, item.needed_by, item.items)


def _commitment(entry: _Account, number: int, item: _Commitment) -> Commitment:
    return Commitment(
        id=f"{entry.id}/{number}",
        account=entry.id,
        what=item.what,
        made=item.made,
        by=item.by,
        due=item.due,
        state=item.state,
        items=item.items,
    )
