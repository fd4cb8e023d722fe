"""A pytest plugin that runs beside the tests, in their own interpreter: what product calls answered, and which
lines ran.

It is copied into the tree that is tried and imports nothing of ours. Tests come in two forms: as they were
written, and (`test_probe_…`, made by `probing`) with each literal under a number. Those are run once for
every planned variant, in which one literal has another value; every call of the product, with its answer,
is noted. Nothing here judges.
"""

import copy
import dataclasses
import enum
import inspect
import io
import json
import linecache
import os
import re
import signal
import sqlite3
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(FOLDER, "plan.json"), encoding="utf-8") as _file:
    PLAN = json.load(_file)
SECONDS = PLAN["seconds"]
NOTED = {"traces": {}, "outcomes": {}, "lines": {}, "whole": True}
_current = {"variant": None, "trace": None}
_MOST_ITEMS, _MOST_TEXT, _MOST_DEPTH, _MOST_CALLS = 200, 4000, 7, 100
_A_VARIANT = 0.3


class Enough(BaseException):
    """This variant has been tried for long enough: a literal may be the length of a loop."""


def _enough(_number, _frame):
    raise Enough


def probe_value(site, value):
    """The literal of this site, or what the variant under way puts in its place."""
    variant = _current["variant"]
    if variant is None or variant[0] != site:
        return value
    others = [*alike(value), *varied(value)]
    return copy.deepcopy(others[variant[1]]) if variant[1] < len(others) else value


def alike(value):
    """Other literals of the tests of the same kind: two things that meet may be one."""
    return [other for other in PLAN["literals"] if type(other) is type(value) and other != value][:3]


def varied(value):
    """Other values of the same kind, in a fixed order."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [
            other
            for other in (0, -1, 1, value + 1, 0.375, value - 1, value * 10, 10**6, 7, 2.625)
            if other != value
        ]
    if isinstance(value, float):
        return [other for other in (0.0, -value, value + 0.5, value * 10, value + 0.005) if other != value]
    if isinstance(value, str):
        others = [
            "",
            value.upper(),
            value.lower(),
            value + "x",
            " " + value + " ",
            value[::-1],
            value[:-1],
            "é'\"%",
        ]
        if value.replace(".", "", 1).replace("-", "", 1).isdigit():
            others = ["0", "-1", value + "5", "0.005", "1.125", "99999", *others[:2]]
        return [other for other in others if other != value]
    if isinstance(value, bytes):
        return [b"", value[::-1], value + b"x"]
    if isinstance(value, dict):
        fewer = [{k: v for k, v in value.items() if k != key} for key in list(value)[:8]]
        turned = dict(reversed(list(value.items())))
        return [*fewer, {**value, "extra": 1}, {}, turned]
    if isinstance(value, (list, tuple)):
        kind = type(value) if type(value) in (list, tuple) else list
        others = [kind(value[::-1]), kind(value[1:]), kind(value[:-1]), kind([*value, *value]), kind()]
        return [other for other in others if other != value]
    return []


def probe_call(function, /, *arguments, **named):
    """Call it, and note what the product answered."""
    trace = _current["trace"]
    name = _product_name(function)
    if trace is None or name is None:
        return function(*arguments, **named)
    if len(trace) >= _MOST_CALLS:
        raise Enough
    entry = {"call": name, "given": _shown((arguments, named))}
    trace.append(entry)
    spoken = io.StringIO()
    before = sys.stdout
    sys.stdout = _Tee(before, spoken)
    try:
        answer = function(*arguments, **named)
    except BaseException as problem:
        entry["raised"] = _problem(problem)
        raise
    finally:
        sys.stdout = before
        if spoken.getvalue():
            entry["printed"] = spoken.getvalue()[:_MOST_TEXT]
    if inspect.iscoroutine(answer):
        return _awaited(answer, entry)
    entry["answer"] = canonical(answer)
    stored = [_stored(given) for given in arguments if isinstance(given, sqlite3.Connection)]
    if stored:
        entry["stored"] = [["list"], stored]
    return answer


async def _awaited(answer, entry):
    try:
        done = await answer
    except Exception as problem:
        entry["raised"] = _problem(problem)
        raise
    entry["answer"] = canonical(done)
    return done


class _Tee:
    def __init__(self, shown, kept):
        self._shown, self._kept = shown, kept

    def write(self, text):
        self._kept.write(text)
        return self._shown.write(text)

    def __getattr__(self, name):
        return getattr(self._shown, name)


def _product_name(function):
    owner = getattr(function, "__self__", None)
    kind = owner if isinstance(owner, type) else type(owner)
    if owner is not None and not inspect.ismodule(owner):
        module, name = kind.__module__, kind.__name__ + "." + getattr(function, "__name__", "?")
    else:
        module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not name or module.partition(".")[0] not in PLAN["packages"]:
        return None
    return None if name.rpartition(".")[2].startswith("_") else name


def _shown(value):
    try:
        return re.sub(r" at 0x[0-9a-f]+", "", repr(value)[:600])[:300]
    except Exception:
        return "?"


def _problem(problem):
    last = problem.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    filename = last.tb_frame.f_code.co_filename if last else ""
    text = linecache.getline(filename, last.tb_lineno) if last else ""
    meant = bool(last) and _is_product_file(filename) and text.strip().startswith("raise")
    value = {"kinds": [kind.__name__ for kind in type(problem).__mro__], "meant": meant, "by": text.strip()}
    if isinstance(problem, SystemExit):
        value["code"] = repr(problem.code)
    return value


def _is_product_file(filename):
    root = os.path.dirname(FOLDER)
    relative = os.path.relpath(filename, root)
    return relative.split(os.sep)[0] in PLAN["packages"] or relative.startswith(("src", "lib"))


def _stored(connection):
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    found = {}
    for row in list(tables)[:20]:
        cursor = connection.execute('SELECT * FROM "%s" LIMIT 50' % row[0])
        columns = [part[0] for part in cursor.description]
        found[row[0]] = [dict(zip(columns, tuple(values))) for values in cursor.fetchall()]
    return canonical(found)


def canonical(value, depth=0):
    """A value as JSON that two interpreters agree on: `[type names, content]`."""
    kinds = [kind.__name__ for kind in type(value).__mro__[:-1]] or ["object"]
    if value is None or isinstance(value, bool):
        return [kinds, repr(value)]
    if isinstance(value, enum.Enum):
        return [kinds, [value.name, canonical(value.value, depth + 1)]]
    if depth > _MOST_DEPTH:
        return [kinds, "…"]
    if isinstance(value, (int, float, complex)):
        return [kinds, repr(value)]
    if isinstance(value, (str, bytes)):
        return [kinds, (value if isinstance(value, str) else repr(value))[:_MOST_TEXT]]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [kinds, [[name, canonical(getattr(value, name), depth + 1)] for name in value._fields]]
    if isinstance(value, dict) or type(value).__name__ in ("mappingproxy",):
        items = list(value.items())[:_MOST_ITEMS]
        return [kinds, [[_shown(key), canonical(part, depth + 1)] for key, part in items]]
    if isinstance(value, (list, tuple)):
        return [kinds, [canonical(part, depth + 1) for part in value[:_MOST_ITEMS]]]
    if isinstance(value, (set, frozenset)):
        return [kinds, sorted((canonical(part, depth + 1) for part in value), key=json.dumps)[:_MOST_ITEMS]]
    if isinstance(value, sqlite3.Row):
        return [kinds, [[key, canonical(value[key], depth + 1)] for key in value.keys()]]
    if isinstance(value, type) or callable(value):
        return [["callable"], getattr(value, "__qualname__", kinds[0])]
    if dataclasses.is_dataclass(value):
        return [
            kinds,
            [[f.name, canonical(getattr(value, f.name, None), depth + 1)] for f in dataclasses.fields(value)],
        ]
    if type(value).__module__.partition(".")[0] in PLAN["packages"]:
        return [
            kinds,
            [[k, canonical(v, depth + 1)] for k, v in vars(value).items() if not k.startswith("_")]
            if hasattr(value, "__dict__")
            else "",
        ]
    text = _shown(value)
    return [kinds, "" if " at 0x" in text else text]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name.startswith("test_probe_"))


def pytest_runtest_protocol(item, nextitem):
    """Run a probing test once for each of its variants; every other one goes its usual way."""
    if not item.path.name.startswith("test_probe_"):
        return None
    from _pytest.runner import runtestprotocol

    relative = os.path.relpath(str(item.path), os.path.dirname(FOLDER)).replace(os.sep, "/")
    function = getattr(item, "originalname", None) or item.name.partition("[")[0]
    owner = item.cls.__name__ + "." if getattr(item, "cls", None) else ""
    for variant in [None, "again", *PLAN["variants"].get(relative + "::" + owner + function, [])]:
        if time.monotonic() - _began > SECONDS:
            NOTED["whole"] = False
            break
        _current["variant"] = variant if isinstance(variant, list) else None
        _current["trace"] = trace = []
        if hasattr(item, "_initrequest"):
            item._initrequest()
        signal.signal(signal.SIGALRM, _enough)
        signal.setitimer(signal.ITIMER_REAL, _A_VARIANT)
        try:
            runtestprotocol(item, log=False, nextitem=None)
        except Enough:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        _current["trace"] = None
        if trace:
            NOTED["traces"][item.nodeid + " " + json.dumps(variant)] = trace
    _current["variant"] = None
    return True


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        before = NOTED["outcomes"].get(report.nodeid, "passed")
        NOTED["outcomes"][report.nodeid] = report.outcome if before == "passed" else before


def pytest_collectreport(report):
    if report.failed:
        NOTED["outcomes"][report.nodeid] = "not collected"


def _local(frame, event, argument):
    if event == "line":
        _lines[frame.f_code.co_filename].add(frame.f_lineno)
    return _local


def _global(frame, event, argument):
    name = frame.f_code.co_filename
    if name not in _lines:
        return None
    _lines[name].add(frame.f_lineno)
    return _local


_root = os.path.dirname(FOLDER)
_lines = {os.path.join(_root, path): set() for path in PLAN["watched"]}
_began = time.monotonic()
if _lines:
    import threading

    sys.settrace(_global)
    threading.settrace(_global)


def pytest_sessionfinish(session):
    sys.settrace(None)
    NOTED["lines"] = {
        os.path.relpath(path, _root).replace(os.sep, "/"): sorted(found) for path, found in _lines.items()
    }
    with open(os.path.join(FOLDER, "noted.json"), "w", encoding="utf-8") as file:
        json.dump(NOTED, file)


import builtins  # noqa: E402 - probing tests find these two without an import

builtins.probe_value, builtins.probe_call = probe_value, probe_call
