"""A sample of two stories and one customer, as its files hold it."""

from __future__ import annotations

from typing import Any

CUSTOMERS = """\
health: {at_risk_below: 75, critical_below: 50}
accounts:
  - id: acme-corp
    name: Acme Corp
    tier: enterprise
    arr: "500000"
    renewal: 2027-05-14
    health: 72
    owner: rachel
    requests:
      - {id: REQ-1, asked: 2026-10-19, what: Single sign-on, needed_by: 2027-06-30}
"""


def story(number: int, **fields: object) -> dict[str, object]:
    return {
        "id": f"CARD-{number}",
        "title": f"Story {number}",
        "description": "",
        "acceptance": ["it works"],
        "team": "alpha",
        "product": "checkout",
        "status": "backlog",
        "priority": "P2",
        "epic": None,
        "discipline": "backend",
        "estimate_hours": 6.5,
        "actual_hours": None,
        "customers": [],
        "labels": [],
        "depends_on": [],
        "blocked_reason": None,
        "assignee": None,
        "sprint": None,
        "created": "2026-11-02T09:00:00Z",
        "started": None,
        "finished": None,
        "origin": None,
        **fields,
    }


FILES: dict[str, list[dict[str, Any]]] = {
    "epics": [
        {
            "id": "EPIC-7",
            "title": "Exports",
            "product": "checkout",
            "document": None,
            "status": "in_progress",
            "priority": "P1",
            "customers": ["acme-corp"],
            "created": "2026-11-01T09:00:00Z",
        }
    ],
    "sprints": [
        {
            "id": "alpha-s1",
            "team": "alpha",
            "name": "Sprint 1",
            "starts": "2026-11-09",
            "ends": "2026-11-23",
            "capacity_hours": 46.0,
        }
    ],
    "stories": [
        story(10, epic="EPIC-7", depends_on=["CARD-12"], customers=["acme-corp"]),
        story(
            12,
            status="done",
            sprint="alpha-s1",
            started="2026-11-10T09:00:00Z",
            finished="2026-11-19T17:00:00Z",
            labels=["defect"],
            origin={"story": "CARD-10", "stage": "code", "found": "production"},
        ),
    ],
    "events": [
        {
            "story": "CARD-12",
            "at": "2026-11-10T09:00:00Z",
            "status": "in_progress",
            "by": "mei",
            "reason": None,
        },
        {"story": "CARD-12", "at": "2026-11-19T17:00:00Z", "status": "done", "by": "mei", "reason": None},
    ],
}
