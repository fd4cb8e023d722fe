"""What a change to Python code may do to users, their data and whoever runs it.

Only what is new is found: a call, a setting or a statement that the file did not have before, and a guard
that it had and lost. Beside bandit's findings stand those that it has no rule for.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from agents.engineering.verdict.changes import ChangeSet, Finding
from agents.engineering.verdict.python_source import ONE_AT_A_TIME, syntax_tree

_USERS = "users, their data, and whoever runs it"
_MODULE = "./module.py"
# Low severities of bandit that are worth a person: swallowed exceptions, randomness that guards something.
_LOW = {"B110", "B112", "B311", "B404b", "B411"}
_LOOSE_FALSE = re.compile(
    r"(verify\w*|check_hostname|secure|httponly|http_only|autoescape|csrf\w*|escape|validate\w*|"
    r"verify_signature|strict|safe|use_ssl|ssl|tls|use_tls|start_tls|encrypt\w*|require_\w+|"
    r"enabled_auth|check_\w+)$",
    re.IGNORECASE,
)
_LOOSE_TRUE = re.compile(
    r"(debug|shell|insecure|unsafe\w*|allow_\w+|skip_\w+|disable_\w+|trust_\w+|no_verify|"
    r"overwrite|force|privileged|follow_symlinks|allow_pickle|dangerous\w*)$",
    re.IGNORECASE,
)
_CALLS = re.compile(
    r"^(eval|exec|compile|__import__|os\.(system|popen|exec\w+|spawn\w+|setuid|setgid|chmod|"
    r"remove|unlink|kill)|shutil\.rmtree|"
    r"importlib\.import_module|(c?[Pp]ickle|marshal|shelve|dill|jsonpickle|joblib)\.\w+|"
    r"yaml\.(load|unsafe_load|full_load)|"
    r"ctypes\.\w+|ssl\._create_unverified_context|subprocess\.(getoutput|getstatusoutput)|Markup|mark_safe|"
    r"\w+\.render_template_string|render_template_string|socket\.\w+|tempfile\.mktemp|\w+\.extractall|"
    r"sys\.settrace|gc\.\w+|signal\.\w+|atexit\.register)$"
)
_NETWORK = {
    "socket",
    "urllib",
    "http",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "telnetlib",
    "smtplib",
    "paramiko",
    "websockets",
    "subprocess",
    "ctypes",
    "pickle",
    "marshal",
    "pty",
    "multiprocessing",
}
_SQL = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|MERGE|CREATE|ALTER|DROP)\b|\b(WHERE|ORDER BY|"
    r"FROM|VALUES|SET)\s",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"(^|[._\['\"])(e?mail|phone|address|user|username|user_name|name|guest|customer|person|"
    r"patient|passport|birth\w*|iban|card\w*|ssn|body|payload|headers|cookies?|token|password|"
    r"passwd|secret|authorization|session|credentials?|title|text|message|content|api_key|key)\b",
    re.IGNORECASE,
)
_QUERIES = re.compile(r"(^|\.)(execute|executemany|executescript|text|raw|read_sql\w*|mogrify|query)$")
_LOGGED = re.compile(
    r"^(\w*log\w*|logging|self\.\w*log\w*|print|sys\.std\w+)(\.(debug|info|warning|error|"
    r"exception|critical|log|write))?$"
)


def harm(change: ChangeSet) -> Iterator[Finding]:
    """What the changed Python code newly does that endangers somebody."""
    for path in change.changed:
        if not path.endswith(".py") or path not in change.after.files:
            continue
        is_tested = path in change.after.tests
        old, new = (_parsed(text) for text in change.texts(path))
        if new is None:
            yield Finding("harm", "ask", "unproven", "unreadable code", f"{path}:1", "it does not parse")
            continue
        yield from _new_things(path, old, new, is_tested=is_tested)
        if not is_tested:
            yield from _bandit(change, path)


def _parsed(text: str) -> ast.Module | None:
    try:
        return syntax_tree(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _finding(what: str, where: str, why: str, severity: str = "ask") -> Finding:
    return Finding("harm", severity, "harmful", what, where, why, _USERS)  # type: ignore[arg-type]


def _new_things(path: str, old: ast.Module | None, new: ast.Module, *, is_tested: bool) -> Iterator[Finding]:
    had = Counter(text for text, _, _, _ in _things(old, is_tested)) if old else Counter[str]()
    for text, line, what, why in _things(new, is_tested):
        if had[text] > 0:
            had[text] -= 1
        else:
            yield _finding(what, f"{path}:{line}", f"{text[:100]}: {why}")


def _things(module: ast.Module, is_tested: bool) -> Iterator[tuple[str, int, str, str]]:
    """Dangerous things in a module: their text, line, kind and reason."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            yield from _call(node, is_tested)
        elif isinstance(node, ast.Assign):
            yield from _assigned(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _setting(key.value, value, ast.unparse(key))
        elif isinstance(node, ast.Import | ast.ImportFrom) and not is_tested:
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            for name in names:
                if name.partition(".")[0] in _NETWORK and not (isinstance(node, ast.ImportFrom) and node.level):
                    yield (
                        f"import {name}",
                        node.lineno,
                        "new reach",
                        "it can now reach the network, processes or raw memory",
                    )
        elif isinstance(node, ast.ExceptHandler) and not is_tested:
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            if broad and not any(isinstance(part, ast.Raise) for part in ast.walk(node)):
                yield (
                    f"except {ast.unparse(node.type) if node.type else ''}",
                    node.lineno,
                    "errors swallowed",
                    "whatever fails goes unseen",
                )
    if not is_tested:
        yield from _at_import(module.body)


def _call(node: ast.Call, is_tested: bool) -> Iterator[tuple[str, int, str, str]]:
    name = ast.unparse(node.func)
    text = ast.unparse(node)
    if _CALLS.match(name) and not (
        is_tested and re.match(r"os\.(chmod|remove|unlink)|shutil|signal|socket", name)
    ):
        literal = bool(node.args) and all(isinstance(argument, ast.Constant) for argument in node.args)
        if not (name in ("re.compile", "compile") and literal):
            yield text, node.lineno, "dangerous call", "runs, loads or removes what it is given"
    if _QUERIES.search(name) and node.args and _is_built(node.args[0]):
        yield text, node.lineno, "SQL built by string", "whoever chooses a part of it chooses the statement"
    if not is_tested and _LOGGED.match(name):
        shown = [
            part for argument in [*node.args, *(k.value for k in node.keywords)] for part in _shown(argument)
        ]
        personal = sorted(
            {part for part in shown if _PERSONAL.search(part) and not part.endswith(("_id", "id", ".__name__"))}
        )
        if personal and name != "print":
            yield (
                f"{name}({', '.join(personal)})",
                node.lineno,
                "personal data or secrets logged",
                "logs are read by many and kept long",
            )
    for keyword in node.keywords:
        if keyword.arg:
            yield from _setting(keyword.arg, keyword.value, text)


def _shown(node: ast.expr) -> Iterator[str]:
    """The variables whose values a log line would show."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        yield ast.unparse(node)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _shown(part.value)
    elif isinstance(node, ast.Dict | ast.Tuple | ast.List | ast.BinOp):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _shown(child)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr", "dict", "json.dumps"):
        for argument in node.args:
            yield from _shown(argument)


def _is_built(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        plain = "".join(
            part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)
        )
        return bool(_SQL.search(plain)) and any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        parts = list(ast.walk(node))
        texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        literal = all(isinstance(part, ast.Constant | ast.BinOp | ast.operator) for part in parts)
        return any(_SQL.search(text) for text in texts) and not literal
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ("format", "join", "replace")


def _assigned(node: ast.Assign) -> Iterator[tuple[str, int, str, str]]:
    for target in node.targets:
        name = (
            target.attr
            if isinstance(target, ast.Attribute)
            else target.id
            if isinstance(target, ast.Name)
            else ""
        )
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            name = str(target.slice.value)
        if name:
            yield from _setting(name, node.value, ast.unparse(node))
        if isinstance(target, ast.Attribute) and re.match(
            r"(sys|builtins|ssl|socket|os)\.", ast.unparse(target)
        ):
            yield (
                ast.unparse(node),
                node.lineno,
                "library replaced",
                "changes a library for everybody in the process",
            )


def _setting(name: str, value: ast.expr, text: str) -> Iterator[tuple[str, int, str, str]]:
    written = ast.unparse(value)
    loose = (
        (written in ("False", "0", "None") and _LOOSE_FALSE.search(name) and written != "None")
        or (written in ("True", "1") and _LOOSE_TRUE.search(name))
        or written.endswith(("CERT_NONE", "CERT_OPTIONAL"))
        or (written in ("'0.0.0.0'", "'::'") and re.search(r"host|bind|addr", name, re.IGNORECASE))
        or (
            re.search(r"origin|hosts|cors|cidr", name, re.IGNORECASE)
            and re.search(r"'\*'|0\.0\.0\.0/0", written)
        )
        or (re.search(r"algorithm", name) and re.search(r"'none'|'HS?1'|'MD5'", written, re.IGNORECASE))
        or (name == "timeout" and written == "None")
    )
    if loose:
        yield f"{text}", value.lineno, "protection switched off", f"{name} = {written}"


def _at_import(body: list[ast.stmt]) -> Iterator[tuple[str, int, str, str]]:
    for node in body:
        called = node.value if isinstance(node, ast.Expr | ast.Assign) else None
        if isinstance(node, ast.Expr) and isinstance(called, ast.Call):
            yield (
                f"at import: {ast.unparse(called)}",
                node.lineno,
                "effect at import",
                "importing it does something",
            )
        elif isinstance(node, ast.For | ast.While | ast.With):
            yield (
                f"at import: {ast.unparse(node)[:100]}",
                node.lineno,
                "effect at import",
                "importing it does something",
            )
        elif isinstance(called, ast.Call) and re.match(
            r"(urllib|requests|httpx|socket|subprocess|os\.popen|open)\b", ast.unparse(called)
        ):
            yield (
                f"at import: {ast.unparse(called)}",
                node.lineno,
                "effect at import",
                "importing it reaches outside",
            )


def _bandit(change: ChangeSet, path: str) -> Iterator[Finding]:
    old, new = (_issues(text) for text in change.texts(path))
    had = Counter(key for key, _, _ in old)
    for key, line, said in new:
        if had[key] > 0:
            had[key] -= 1
        else:
            yield _finding(f"bandit {key.partition(' ')[0]}", f"{path}:{line}", said)


def _issues(text: str) -> list[tuple[str, int, str]]:
    """Bandit's findings in one file: its rule and the line's text, the line, and the words. `nosec` is not
    obeyed."""
    import io
    import logging

    # It tells as an error of each of bandit's optional reports that is not installed.
    logging.getLogger("stevedore.extension").setLevel(logging.CRITICAL)
    from bandit.core.config import BanditConfig
    from bandit.core.manager import BanditManager

    if not text.strip():
        return []
    manager = BanditManager(BanditConfig(), "file", ignore_nosec=True, quiet=True)
    with ONE_AT_A_TIME:  # it takes a file off its list if it cannot read it
        manager._parse_file(_MODULE, io.BytesIO(text.encode()), [_MODULE])
    found = []
    lines = text.splitlines()
    for issue in manager.results:
        if issue.severity == "LOW" and issue.test_id not in _LOW:
            continue
        line = lines[issue.lineno - 1].strip() if 0 < issue.lineno <= len(lines) else ""
        found.append((f"{issue.test_id} {line}", issue.lineno, issue.text))
    return found
