"""The benchmark of causes: it reads the layout of the public data, and what is missing or wrong is no pass."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.causes import main

SERVICES = ("site", "shop", "stock")
ROWS = 60


def _metrics(path: Path, rows: int, slow: str, chance: np.random.Generator) -> None:
    """Three services that call each other in a chain; `slow` takes a second longer, and fails a fifth."""
    head = [(service, metric) for metric in ("latency", "requests", "availability") for service in SERVICES]
    columns: dict[tuple[str, str], np.ndarray] = {}
    waits, lost = np.zeros(rows), np.zeros(rows)
    for service in reversed(SERVICES):
        waits = waits + chance.normal(0.1, 0.003, rows) + (service == slow)
        lost = lost + 20.0 * (service == slow)
        columns[service, "latency"] = waits
        columns[service, "requests"] = np.full(rows, 100.0)
        columns[service, "availability"] = 100.0 - lost
    statistic = {"latency": "Average", "requests": "Sum", "availability": "Average"}
    lines = [",".join(["microservice", *(service for service, _ in head)])]
    lines.append(",".join(["metric", *(metric for _, metric in head)]))
    lines.append(",".join(["statistic", *(statistic[metric] for _, metric in head)]))
    lines.append("unix_timestamp" + "," * len(head))
    lines += [",".join([str(300.0 * i), *(str(columns[c][i]) for c in head)]) for i in range(rows)]
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _scenario(folder: Path, cause: str = "stock") -> None:
    chance = np.random.default_rng(1)
    _metrics(folder / "noissue" / "metrics.csv", ROWS, "", chance)
    rows = [
        ["", *SERVICES],
        ["site", "0.0", "1.0", "0.0"],
        ["shop", "0.0", "0.0", "1.0"],
        ["stock"] + ["0.0"] * 3,
    ]
    (folder / "graph.csv").write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    for number, metric in enumerate(("latency", "availability")):
        issue = folder / "test" / f"issue_{number}"
        _metrics(issue / "metrics.csv", 5, "stock", chance)
        target = {"target": {"node": "site", "metric": metric, "agg": "Average"}, "root_cause": {"node": cause}}
        (issue / "target.json").write_text(json.dumps(target), encoding="utf-8")


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    return tmp_path / "petshop" / "dataset"


def _figures(capsys: pytest.CaptureFixture[str]) -> dict[str, float | None]:
    figures: dict[str, float | None] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return figures


def test_every_folder_is_measured(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _scenario(dataset / "low")
    _scenario(dataset / "high")
    assert main() == 0
    figures = _figures(capsys)
    assert figures["issues"] == 4
    assert {figures[name] for name in ("top1", "top3_latency", "specificity", "specificity_5_rows")} == {1.0}


def test_a_cause_that_is_not_named_misses_the_target(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _scenario(dataset / "low", cause="shop")
    assert main() == 1
    figures = _figures(capsys)
    assert (figures["top1"], figures["specificity"]) == (0.0, 1.0)


def test_missing_data_is_no_pass(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 2
    _scenario(dataset / "low")
    _scenario(dataset / "temporal")
    (dataset / "temporal" / "noissue" / "metrics.csv").unlink()
    assert main() == 1
    written = capsys.readouterr()
    assert json.loads(written.out.splitlines()[-1])["issues"] == 2
    assert "temporal/noissue/metrics.csv" in written.err
