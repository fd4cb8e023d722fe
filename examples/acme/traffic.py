"""Steady traffic for the sample's services, by rate: so many visits a second, however slow the answers are.

A visit signs in, looks at its order history, and checks out; each of the three goes through the proxies of the
keeper on this machine, and nowhere else. It ends by itself, with one line of JSON that says what was answered.

    python -m examples.acme.traffic --keeper var/keeper/acme --stage production --rate 5 --seconds 60
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic

import aiohttp

ACCOUNTS = 300
_ANSWERED_WITHIN = 10.0
_MOST_AT_ONCE = 1_000


@dataclass(slots=True)
class Sent:
    """What came of the traffic: visits begun and `left_out` (as too many were under way), answers by service
    and code (`away` where there was none), and by how many seconds the latest visit began late."""

    visits: int = 0
    left_out: int = 0
    latest: float = 0.0
    answers: dict[str, int] = field(default_factory=dict)


class Visitors:
    """Visits at the services of one stage, at the addresses that their keeper wrote down."""

    def __init__(self, client: aiohttp.ClientSession, keeper: Path, stage: str) -> None:
        """Raises FileNotFoundError where no keeper has been, KeyError where it has no such service."""
        ports = json.loads((keeper / "ports.json").read_text())
        names = ("auth-service", "orders", "checkout")
        self._at = {name: f"http://127.0.0.1:{ports[f'{name}/{stage}']}" for name in names}
        self._client = client
        self.sent = Sent()

    async def visit(self, account: int) -> None:
        """One visit; what is not answered as it should be ends it."""
        signed_in = await self._ask("auth-service", "POST", "/sessions", {"account": account})
        if signed_in is None or await self._ask("orders", "GET", f"/accounts/{account}/orders") is None:
            return
        await self._ask("checkout", "POST", "/checkouts", {"account": account, **signed_in})

    async def _ask(self, service: str, method: str, path: str, body: object = None) -> dict[str, object] | None:
        code, said = "away", None
        try:
            async with self._client.request(method, f"{self._at[service]}{path}", json=body) as answer:
                code = str(answer.status)
                said = await answer.json() if answer.status < 300 else None
        except (aiohttp.ClientError, TimeoutError):
            code = "away"
        what = f"{service} {code}"
        self.sent.answers[what] = self.sent.answers.get(what, 0) + 1
        return said


async def send(keeper: Path, stage: str, rate: float, seconds: float) -> Sent:
    """Visits at `rate` a second for `seconds`; returns when the last is answered. Raises as Visitors."""
    timeout = aiohttp.ClientTimeout(total=_ANSWERED_WITHIN)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as client:
        visitors, began = Visitors(client, keeper, stage), monotonic()
        under_way: set[asyncio.Task[None]] = set()
        for number in range(round(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - monotonic()))
            visitors.sent.latest = max(visitors.sent.latest, monotonic() - due)
            if len(under_way) >= _MOST_AT_ONCE:
                visitors.sent.left_out += 1
                continue
            task = asyncio.create_task(visitors.visit(number % ACCOUNTS))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            visitors.sent.visits += 1
        await asyncio.gather(*under_way)
    return visitors.sent


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description="Sends steady traffic to the sample's services.")
    parser.add_argument("--keeper", type=Path, required=True, help="its folder, VAR_FOLDER/keeper/TENANT")
    parser.add_argument("--stage", choices=("production", "staging"), default="production")
    parser.add_argument("--rate", type=float, default=5.0, help="visits a second, at most 500")
    parser.add_argument("--seconds", type=float, default=60.0, help="at most an hour")
    given = parser.parse_args()
    if not (0 < given.rate <= 500 and 0 < given.seconds <= 3_600):
        parser.error("--rate is up to 500 visits a second, --seconds up to 3600")
    try:
        sent = asyncio.run(send(given.keeper, given.stage, given.rate, given.seconds))
    except (FileNotFoundError, KeyError) as missing:
        parser.error(f"nothing runs there yet ({missing}); ask for a service first")
    sys.stdout.write(json.dumps(asdict(sent)) + "\n")


if __name__ == "__main__":
    main()
