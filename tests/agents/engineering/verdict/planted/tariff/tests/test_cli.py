import pytest

from tariff.cli import main


@pytest.fixture
def bands(tmp_path):
    path = tmp_path / "bands.csv"
    path.write_text("name,upto,cents\nlow,100,30\n")
    return str(path)


def test_prints(bands, capsys):
    assert main([bands, "--kwh", "50"]) == 0
    assert capsys.readouterr().out == "low: 15.00\n"


def test_quiet(bands, capsys):
    assert main([bands, "--kwh", "50", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_no_band(bands):
    assert main([bands, "--kwh", "500"]) == 3
