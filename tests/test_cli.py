"""The commands as a person types them: help, mistakes, results on standard output alone."""

import io
import json
import subprocess
import sys

import pytest

from embodied import cli

HEAVY = ("torch", "numpy", "pyarrow", "pybullet")


def embodied(*words):
    command = [sys.executable, "-m", "embodied.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy():
    code = f"import sys; from embodied import cli; print([m for m in {HEAVY} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_help_answers_in_half_a_second_of_work():
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert embodied("--help").returncode == 0
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1.0  # twice the promise: CI machines differ


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as leaving:
        cli.parse([command, "--help"])
    assert leaving.value.code == 0
    shown = capsys.readouterr().out
    assert (cli.COMMANDS[command].__doc__ or "").split()[0] in shown
    assert "--json" in shown


def test_a_mistyped_command_is_answered_with_the_nearest(capsys):
    with pytest.raises(SystemExit):
        cli.parse(["colect", "--out", "x"])
    assert "collect" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--preset", "dmeo"], "no preset 'dmeo'; did you mean 'demo'?"),
        (["info", "nothing-here"], "nothing-here"),
        (["label", "--dataset", "nothing-here", "--out", "x"], "nothing-here"),
        (["report", "nothing-here"], "nothing-here"),
        (["evaluate", "--policy", "nothing-here"], "nothing-here"),
        (["train", "--dataset", "nothing-here", "--out", "x"], "nothing-here"),
        (["collect", "--out", "x", "--mix", "mixde"], "did you mean 'mixed'"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 1
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.startswith("embodied: ")
    assert shown.out == ""
    assert len(shown.err.strip().splitlines()) == 1


def test_values_on_the_command_line_are_json_where_they_can_be():
    assert cli.options({"a": "3", "b": "[1, 2]", "c": "rope", "d": "true"}) == {
        "a": 3,
        "b": [1, 2],
        "c": "rope",
        "d": True,
    }


def test_json_is_all_that_is_printed(tmp_path):
    pytest.importorskip("pybullet")
    made = embodied("collect", "--out", tmp_path / "data", "--episodes", "2", "--workers", "1", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["episodes"] == 2
    seen = embodied("info", tmp_path / "data", "--json")
    assert json.loads(seen.stdout)["cameras"] == ["front"]
    assert json.loads(embodied("doctor", "--json").stdout)["checks"]


def test_collecting_again_records_only_what_is_missing(tmp_path):
    pytest.importorskip("pybullet")
    words = ["collect", "--out", tmp_path / "data", "--workers", "1", "--json", "--episodes"]
    assert embodied(*words, "2").returncode == 0
    first = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "data" / "data").rglob("*.parquet")}
    assert json.loads(embodied(*words, "2").stdout)["episodes"] == 2
    assert first == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "data" / "data").rglob("*.parquet")}


def test_pictures_leave_only_with_a_yes(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to answer
    with pytest.raises(ValueError, match=r"sent to models\.example; repeat with --yes"):
        cli.agree(yes=False)("models.example")
    assert cli.agree(yes=True)("models.example")
