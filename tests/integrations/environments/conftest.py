"""An index of Python packages and a registry of Node packages, with the packages that tests need."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from integrations.environments.vendors.local.client import LocalEnvironments
from integrations.environments.vendors.local.node import NodePackages
from integrations.environments.vendors.local.python import PythonPackages
from tests.integrations.sandbox.conftest import place, sandbox, tree

__all__ = ["place", "sandbox", "tree"]


@dataclass
class Index:
    """Answers by path, under `address`; `asked` are the paths in their order."""

    address: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def wheel(self, name: str, version: str, files: dict[str, str], more: str = "") -> str:
        """Give a wheel of these files; returns its requirement line."""
        info = f"{name}-{version}.dist-info"
        files = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, text in {**files, f"{info}/RECORD": record}.items():
                archive.writestr(path, text)
        file = f"{name}-{version}-py3-none-any.whl"
        digest = hashlib.sha256(packed.getvalue()).hexdigest()
        link = f'<a href="/files/{file}#sha256={digest}">{file}</a>'.encode()
        self.answers[f"/simple/{name}/"] = self.answers.get(f"/simple/{name}/", b"") + link
        self.answers[f"/files/{file}"] = packed.getvalue()
        return f"{name}=={version} --hash=sha256:{digest}"

    def source(self, name: str, version: str, setup: str) -> str:
        """Give a source distribution, and nothing else; returns its requirement line."""
        packed = _packed({f"{name}-{version}/setup.py": setup})
        file, digest = f"{name}-{version}.tar.gz", hashlib.sha256(packed).hexdigest()
        self.answers[f"/simple/{name}/"] = f'<a href="/files/{file}#sha256={digest}">{file}</a>'.encode()
        self.answers[f"/files/{file}"] = packed
        return f"{name}=={version} --hash=sha256:{digest}"

    def node_package(self, name: str, version: str, files: dict[str, str], **package: object) -> dict[str, str]:
        """Give a Node package; returns what a lockfile says of it."""
        said = {"name": name, "version": version, **package}
        packed = _packed({f"package/{path}": text for path, text in files.items()} | {
            "package/package.json": json.dumps(said)
        })  # fmt: skip
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
        path = f"/{name}/-/{name}-{version}.tgz"
        dist = {"tarball": f"{self.address}{path}", "integrity": integrity}
        before = json.loads(self.answers.get(f"/{name}", b"{}")).get("versions", {})
        versions = {**before, version: {**said, "dist": dist}}
        document = {"name": name, "dist-tags": {"latest": version}, "versions": versions}
        self.answers[f"/{name}"] = json.dumps(document).encode()
        self.answers[path] = packed
        return {"version": version, "resolved": f"https://registry.npmjs.org{path}", "integrity": integrity}


def _packed(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture
def index() -> Iterator[Index]:
    index = Index()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            body = index.answers.get(self.path, b"" if self.path == "/simple/" else None)
            self.send_response(404 if body is None else 200)
            self.send_header(
                "Content-Type", "text/html" if self.path.startswith("/simple") else "application/json"
            )
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        do_HEAD = do_GET  # noqa: N815 — its name to the server

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    index.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield index
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def environments(index: Index, place: Path) -> LocalEnvironments:
    return environments_of(index.address, place)


def environments_of(address: str, place: Path, most_bytes: int = 2**33) -> LocalEnvironments:
    """Those that are kept in `place`, of packages that are to be had at `address`."""
    python, node = PythonPackages(f"{address}/simple/"), NodePackages(address)
    return LocalEnvironments(place / "environments", python, node, most_bytes, 30.0)
