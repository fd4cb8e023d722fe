"""Nothing measured is a failure, and says what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.__main__ import benchmarks
from bench.conversations.__main__ import main


def test_without_its_data_it_fails_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["conversations"])
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    (tmp_path / "conversations").mkdir()
    (tmp_path / "conversations" / "moods.tsv").write_text("", "utf-8")
    assert main() == 2
    told = capsys.readouterr().err
    assert "dialogues.jsonl" in told
    assert "moods.tsv" not in told


def test_it_is_run_with_the_others() -> None:
    assert "conversations" in benchmarks()
