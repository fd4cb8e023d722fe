"""What everything that runs in bubblewrap on this machine has: the system's programs to be read, a user who is
nobody, a filter of system calls, and limits (bwrap(1), prlimit(1), setpriv(1)).

As the superuser bubblewrap would give a command our own user, to whom the limit of processes does not apply:
then the namespace knows two users, ours to set it up and `NOBODY`, which the command becomes for good. As
anyone else, our user is called `NOBODY` inside, and cannot become another.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from integrations.sandbox import NOBODY, SHARED_MEMORY_BYTES, SYSTEM_PATH

PROGRAMS = ("bwrap", "setpriv", "choom", "prlimit", "sh")
OPEN_FILES = 4_096

_MAPPED = f"0 0 1\n{NOBODY} {NOBODY} 1\n"
"""The users, and groups, of the superuser's namespaces (user_namespaces(7))."""
_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_OF_ETC = ("ld.so.cache", "alternatives", "localtime")
_OWN_ETC = {
    "passwd": f"nobody:x:{NOBODY}:{NOBODY}:nobody:/tmp:/bin/sh\n",
    "group": f"nogroup:x:{NOBODY}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
"""Files of `/etc` inside, the same for all."""
_SAID_BYTES = 4_096
_CHILD = re.compile(rb'"child-pid": *([0-9]+)')


def missing_programs() -> tuple[str, ...]:
    """Those of `PROGRAMS` that are not on this machine."""
    return tuple(name for name in PROGRAMS if shutil.which(name, path=SYSTEM_PATH) is None)


def program(name: str) -> str:
    """Where the system has it, here as inside: never the environment's, which may have one of the same name.
    Raises FileNotFoundError."""
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise FileNotFoundError(name)
    return found


def write_etc(folder: Path) -> None:
    """The files of `/etc` that are our own, where `system` finds them."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, text in _OWN_ETC.items():
        _write_whole(folder / name, text)


def beginning(system_calls: int) -> Iterator[str]:
    """bwrap and its namespaces: nothing of this machine's network, processes or users. `system_calls` is the
    filter's open file."""
    # `--unshare-all` alone goes on without a user namespace where none can be made.
    yield from (program("bwrap"), "--unshare-user", "--unshare-all", "--die-with-parent", "--as-pid-1")
    yield from ("--new-session", "--seccomp", str(system_calls))


def users(superuser: bool, block: int) -> Iterator[str]:
    """Who is inside; `block` is an open file, which bubblewrap reads before it goes on: as the superuser
    `map_users` is due before something is written there."""
    if superuser:
        yield from ("--userns-block-fd", str(block), "--cap-drop", "ALL")
        for needed in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            yield from ("--cap-add", needed)
    else:
        yield from ("--block-fd", str(block), "--uid", str(NOBODY), "--gid", str(NOBODY))


def child(info: int) -> int | None:
    """Its first process, by our number for it, as bubblewrap says it in `--info-fd`; None where it ended before
    it had one. Blocking: until it has said all, for it would die of a reader that is gone."""
    said = b""
    while b"}" not in said and (part := os.read(info, _SAID_BYTES)):
        said += part
    found = _CHILD.search(said)
    return int(found[1]) if found else None


def map_users(process: int) -> None:
    """Give the superuser's namespace its users. Raises OSError."""
    for kind in ("uid_map", "gid_map"):
        Path(f"/proc/{process}/{kind}").write_text(_MAPPED, encoding="ascii")


def system(etc: Path) -> Iterator[str]:
    """The system's programs, its devices, and an `/etc` with the files that `write_etc` wrote to `etc`."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _SYSTEM_LINKS:
        place = Path("/", name)
        if place.is_symlink():
            yield from ("--symlink", os.readlink(place), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))
    yield from _folder("/etc")
    for name in _OF_ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    for name in _OWN_ETC:
        yield from ("--ro-bind", str(etc / name), f"/etc/{name}")
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--perms", "1777", "--size", str(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm")  # noqa: S108
    yield from ("--remount-ro", "/dev")


def read_only(outside: Path, inside: str) -> Iterator[str]:
    """A file or folder that can be read inside, by nobody as well."""
    for parent in reversed(Path(inside).parents[:-1]):
        yield from _folder(str(parent))
    yield from ("--ro-bind", str(outside), inside)


def limited(superuser: bool, limits: Iterable[str]) -> Iterator[str]:
    """What stands before the command: it is nobody, first to go where memory runs out, and has these limits of
    prlimit(1), which hold for each process."""
    if superuser:
        yield from (program("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        # Another user has forgotten with whom it is to die.
        yield from ("--inh-caps=-all", "--bounding-set=-all", "--pdeathsig", "KILL", "--")
    yield from (program("choom"), "-n", "1000", "--")
    yield from (program("prlimit"), f"--nofile={OPEN_FILES}", "--core=0", *limits, "--")


def _folder(inside: str) -> Iterator[str]:
    """Made so that nobody can enter it, where it is not there: those that a bind needs are made for its
    owner."""
    yield from ("--perms", "0755", "--dir", inside)


def _write_whole(place: Path, text: str) -> None:
    """At no moment half written: commands of other processes read it."""
    new = place.with_name(f".{place.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(place)
