"""The benchmark of verdicts: its figures, and that it says when it could not measure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.verdict import main

pytestmark = [pytest.mark.sandbox, pytest.mark.processes]
DIFF = "--- a/p/a.py\n+++ b/p/a.py\n@@ -1,2 +1,2 @@\n def f(n):\n-    return n{old}\n+    return n{new}\n"


def laid_out(folder: Path) -> None:
    """Two changes, of which one is labelled as it is and one is called fine and is not."""
    for name, new in (("1-same", " + 1  # more"), ("2-other", " + 2")):
        place = folder / name / "before"
        (place / "p").mkdir(parents=True)
        (place / "tests").mkdir()
        (place / "p" / "__init__.py").touch()
        (place / "p" / "a.py").write_text("def f(n):\n    return n + 1\n")
        (place / "tests" / "test_a.py").write_text(
            "from p.a import f\n\n\ndef test_f():\n    assert f(1) > 0\n"
        )
        (folder / name / "change.diff").write_text(DIFF.format(old=" + 1", new=new))
    labels = [{"id": name, "verdict": "fine", "what": "", "why": ""} for name in ("1-same", "2-other")]
    (folder / "labels.jsonl").write_text("".join(json.dumps(label) + "\n" for label in labels))


def test_the_last_line_has_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    laid_out(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench.verdict", str(tmp_path)])
    assert main() == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["asked_ids"] == ["2-other"]
    assert (figures["missed"], figures["asked"], figures["fine"], figures["not_fine"]) == (0, 1, 2, 0)


def test_it_fails_where_a_change_does_not_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    laid_out(tmp_path)
    (tmp_path / "1-same" / "change.diff").write_text(DIFF.format(old=" + 9", new=""))
    monkeypatch.setattr(sys, "argv", ["bench.verdict", str(tmp_path)])
    assert main() == 2
    assert "does not apply" in capsys.readouterr().err
