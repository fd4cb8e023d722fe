"""Releases for tests: a little server, and what is wrong with it where something is."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.architecture.source import ROOT

SERVER = """
import itertools, os, signal, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

count = itertools.count()
served = 0

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global served
        served += self.path not in ("/healthz", "/metrics")
        ok = not (self.path == "/healthz" and os.environ.get("SICK"))
        if self.path == "/slow":
            time.sleep(0.5)
        if self.path not in ("/healthz", "/metrics"):
            time.sleep(float(os.environ.get("SLOW", "0")))
            ok = ok and not (os.environ.get("ERRS") and next(count) % 4 == 0)
        body = f"{os.environ['SERVICE']} {os.environ['VERSION']} {os.environ['STAGE']} {os.getpid()}".encode()
        if self.path == "/metrics":
            body = f'http_requests_total{{route="/",code="200"}} {served}\\n'.encode()
        self.send_response(200 if ok else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.environ.get("CHILD"):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if os.environ.get("DIES"):
    sys.exit(3)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def write_release(
    folder: Path, service: str, version: str, built: str, *, irreversible: bool = False, **environment: str
) -> None:
    """One release of a service; `environment` says what is wrong with it (SICK, DIES, STUBBORN,
    CHILD, ERRS in a fourth of requests, SLOW by so many seconds)."""
    here = folder / service / version
    here.mkdir(parents=True)
    (here / "server.py").write_text(SERVER)
    said = "".join(f'\n  {name}: "{value}"' for name, value in environment.items())
    (here / "release.yaml").write_text(
        f'command: ["{{python}}", "server.py"]\nbuilt: {built}T09:00:00Z\n'
        "commit: c0ffee\nauthor: wei\nstory: CARD-7\n"
        + (f"environment:{said}\n" if said else "")
        + ("irreversible: true\n" if irreversible else "")
    )


AT_FIRST = """
production:
  orders: {version: "4.17.2", replicas: 2}
  payment-service: {version: "1.42.3"}
staging:
  orders: {version: "4.18.0"}
"""


def with_stand_ins(folder: Path) -> Path:
    """The sample department, made in `folder`, with the little server in every release's place: for what asks
    which version runs, and not how well."""
    sample, department = ROOT / "examples" / "acme", folder / "department"
    department.mkdir()
    for entry in sample.iterdir():
        if entry.name != "releases":
            (department / entry.name).symlink_to(entry)
    for file in sample.glob("releases/*/*/release.yaml"):
        written = yaml.safe_load(file.read_text())
        kept = {name: written[name] for name in written.keys() - {"uses", "calls", "database", "environment"}}
        here = department / file.relative_to(sample).parent
        here.mkdir(parents=True)
        (here / "server.py").write_text(SERVER)
        (here / file.name).write_text(yaml.safe_dump(kept | {"command": ["{python}", "server.py"]}))
    (department / "releases" / "at_first.yaml").write_text(AT_FIRST)
    return department
