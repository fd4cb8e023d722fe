"""The benchmark of sprints: what it reads, and that it fails where there is nothing to read."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from bench import sprints


def write(folder: Path, lines: list[str], head: str | None = None) -> Path:
    file = folder / "dataset" / "Somewhere" / "somewhere_iteration_30.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head or ",".join(sprints._HEAD), *lines]))
    return file


def lines(count: int) -> list[str]:
    chance = random.Random(3)
    return [
        f"1,{count - at},Sprint, the {at}th, of many,{chance.randint(-9, 9)}," + ",".join(["3"] * 15)
        for at in range(count)
    ]


def test_names_with_commas_are_read_and_sprints_sorted(tmp_path: Path) -> None:
    table = sprints.read(write(tmp_path, lines(40)))
    assert table.shape == (40, 18)
    assert list(table[:, 1]) == sorted(table[:, 1])


def test_missing_data_fails_and_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sprints, "DATA", tmp_path / "dataset")
    assert sprints.main() == 1
    assert "missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "head", "why"),
    [
        (lines(40), "a,b,c", "these are not the columns"),
        ([*lines(39), "1,2,x"], None, ":41:"),
        (lines(10), None, "too few to learn from"),
    ],
)
def test_odd_files_fail_with_the_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rows: list[str],
    head: str | None,
    why: str,
) -> None:
    write(tmp_path, rows, head)
    monkeypatch.setattr(sprints, "DATA", tmp_path / "dataset")
    assert sprints.main() == 1
    assert why in capsys.readouterr().out


def test_noise_misses_the_targets_and_the_last_line_is_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, lines(200))
    monkeypatch.setattr(sprints, "DATA", tmp_path / "dataset")
    assert sprints.main() == 1
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["brier"] > 0.2
    assert figures["communities"]["Somewhere"]["learnt"] == 140
