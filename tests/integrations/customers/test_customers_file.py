"""`customers.yaml`: what it says, and how it says what is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from integrations.customers import Account, Commitment, CommitmentState, Contact, Request, Standing
from integrations.customers.vendors.local.customers_file import CustomersFileError, read_customers

FILE = """\
health:
  at_risk_below: 75
  critical_below: 50
accounts:
  - id: acme-corp
    name: Acme Corp
    aliases: [Acme]
    tier: enterprise
    arr: "500000.50"
    renewal: 2027-05-14
    health: 72
    owner: rachel
    since: 2023-05-15
    contact: {name: Irene, title: Head of IT, email: i@example.com}
    requests:
      - id: REQ-118
        asked: 2026-10-19
        what: SAML single sign-on
        needed_by: null
        items: [EPIC-3]
    commitments:
      - made: 2026-10-21
        by: rachel
        what: A date by the end of the year
        due: 2026-12-18
        state: open
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "customers.yaml"


def test_an_account_brings_its_requests_and_commitments(path: Path) -> None:
    path.write_text(FILE)
    read = read_customers(path)
    assert read.accounts == (
        Account(
            id="acme-corp",
            name="Acme Corp",
            aliases=("Acme",),
            tier="enterprise",
            arr=Decimal("500000.50"),
            renewal=date(2027, 5, 14),
            health=72,
            standing=Standing.AT_RISK,
            owner="rachel",
            since=date(2023, 5, 15),
            contact=Contact("Irene", "Head of IT", "i@example.com"),
        ),
    )
    assert read.requests == (
        Request("REQ-118", "acme-corp", "SAML single sign-on", date(2026, 10, 19), None, ("EPIC-3",)),
    )
    assert read.commitments == (
        Commitment(
            id="acme-corp/1",
            account="acme-corp",
            what="A date by the end of the year",
            made=date(2026, 10, 21),
            by="rachel",
            due=date(2026, 12, 18),
            state=CommitmentState.OPEN,
            items=(),
        ),
    )


@pytest.mark.parametrize(
    ("health", "standing"),
    [
        ("0", "critical"),
        ("49", "critical"),
        ("50", "at_risk"),
        ("74", "at_risk"),
        ("75", "healthy"),
        ("null", None),
    ],
)
def test_health_is_put_in_words_by_the_files_own_thresholds(
    path: Path, health: str, standing: str | None
) -> None:
    path.write_text(FILE.replace("health: 72", f"health: {health}"))
    assert read_customers(path).accounts[0].standing == standing


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"500000.50"', "500000.50", r"line 9, accounts.0.arr: .*in quotes"),
        ('"500000.50"', '"-1"', r"line 9, accounts.0.arr: "),
        ('"500000.50"', '"1.005"', r"line 9, accounts.0.arr: "),
        ("health: 72", "health: 101", r"line 11, accounts.0.health: "),
        ("2027-05-14", "soon", r"line 10, accounts.0.renewal: "),
        ("    owner: rachel\n", "", r"line 5, accounts.0.owner: "),
        ("tier: enterprise", "teir: enterprise", r"line 8, accounts.0.teir: "),
        ("state: open", "state: maybe", r"line 26, accounts.0.commitments.0.state: "),
        ("name: Acme Corp", "name: Acme: Corp", r"line 6: this is not YAML"),
        (FILE, "", r"line 1: the file is empty"),
        (FILE, "- a list\n", r"line 1, : "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_line(path: Path, old: str, new: str, said: str) -> None:
    assert old in FILE
    path.write_text(FILE.replace(old, new, 1))
    with pytest.raises(CustomersFileError, match=f"customers.yaml, {said}"):
        read_customers(path)


def test_a_file_that_cannot_be_read_is_named(path: Path) -> None:
    with pytest.raises(CustomersFileError, match=r"^customers.yaml: the file cannot be read"):
        read_customers(path)
    path.write_bytes(b"health:\n  a: \xff")
    with pytest.raises(CustomersFileError, match=r"^customers.yaml, line 2: save the file as UTF-8"):
        read_customers(path)
    path.write_bytes(b"#" * 2_000_001)
    with pytest.raises(CustomersFileError, match="at most 2000000"):
        read_customers(path)
