"""`make fake-slack`: a workspace with the sample department's people, to see the bot work without a Slack."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from simulators.slack import FakeSlack, manifest

MANIFEST = Path(__file__).parents[2] / "app-manifest.yml"
TOKEN = "xoxb-fake"
"""The same at every start, so that Countersign need not be started anew."""


def arguments() -> argparse.Namespace:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="python -m simulators.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=8399, help="where the page and the Web API are (8399)")
    parser.add_argument(
        "--events",
        default="http://127.0.0.1:8300/slack/events",
        help="where the app takes events, presses and commands (http://127.0.0.1:8300/slack/events)",
    )
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="the app's manifest")
    return parser.parse_args()


async def serve(port: int, events_url: str, written: manifest.Manifest | None) -> None:
    """Run until it is stopped by Ctrl-C."""
    try:
        slack = await FakeSlack.start(port=port, events_url=events_url, token=TOKEN, page=True)
    except OSError as error:
        raise SystemExit(f"Port {port} is taken. Choose another with --port. ({error.strerror})") from error
    if written is not None:
        manifest.obey(slack, written)
    settings = " ".join(f"{name}={value}" for name, value in slack.settings().items())
    print(f"The workspace is at {slack.url}/ : choose who you are, and talk to the bot.")  # noqa: T201
    print(f"\nStart Countersign in another terminal:\n\n  {settings} make run\n")  # noqa: T201
    print(f"Events go to {events_url} . Stop with Ctrl-C.", flush=True)  # noqa: T201
    stopped = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    await stopped.wait()
    await slack.stop()


if __name__ == "__main__":
    given = arguments()
    known = manifest.read(given.manifest) if given.manifest.exists() else None
    asyncio.run(serve(given.port, given.events, known))
