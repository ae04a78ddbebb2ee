"""Manifests say where a result came from, hashes are stable, settings are read back, secrets stay out."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embodied.config import (
    config_hash,
    from_plain,
    manifest,
    plain,
    read_manifest,
    write_manifest,
)
from embodied.plugins import nearest, unknown
from embodied.redaction import command, redacted

ROOT = Path(__file__).parents[1]


class Mode(Enum):
    FAST = "fast"


@dataclass(frozen=True)
class Net:
    width: int = 256
    rates: tuple[float, ...] = (0.1,)


@dataclass(frozen=True)
class Settings:
    steps: int = 10
    rate: float = 3e-4
    net: Net = field(default_factory=Net)
    nets: tuple[Net, ...] = ()
    shape: tuple[int, str] = (1, "a")
    path: Path | None = None
    kind: Literal["iql", "bc"] = "iql"
    mode: Mode = Mode.FAST
    limit: int | None = None
    loud: bool = False
    weights: dict[str, float] = field(default_factory=dict)


settings = st.builds(
    Settings,
    steps=st.integers(),
    rate=st.floats(allow_nan=False, allow_infinity=False),
    net=st.builds(Net, width=st.integers(), rates=st.lists(st.floats(0, 1)).map(tuple)),
    nets=st.lists(st.builds(Net)).map(tuple),
    path=st.none() | st.just(Path("runs/a")),
    kind=st.sampled_from(["iql", "bc"]),
    limit=st.none() | st.integers(),
    loud=st.booleans(),
    weights=st.dictionaries(st.text(), st.floats(0, 1)),
)


@given(settings)
def test_settings_survive_a_round_trip_through_json(value):
    assert from_plain(Settings, json.loads(json.dumps(plain(value)))) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"stesp": 3}, "no setting of Settings 'stesp'; did you mean 'steps'?"),
        ({"net": {"widht": 3}}, "no setting of Net 'widht'; did you mean 'width'?"),
        ({"zzz": 3}, "no setting of Settings 'zzz'; there are 'kind', 'limit'"),
        ({"steps": "many"}, "Settings.steps is 'many', wanted int"),
        ({"steps": True}, "Settings.steps is True, wanted int"),
        ({"loud": 1}, "Settings.loud is 1, wanted bool"),
        ({"kind": "iqk"}, "no choice for Settings.kind 'iqk'; did you mean 'iql'?"),
        ({"shape": [1]}, "Settings.shape has 1 entries, wanted 2"),
        ({"limit": "x"}, "Settings.limit is 'x', wanted int"),
        ({"mode": "fats"}, "no choice for Settings.mode 'fats'; did you mean 'fast'?"),
        ([1], "read from a table"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(data, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        from_plain(Settings, data)


def test_what_is_no_plain_data_is_refused_by_name():
    with pytest.raises(ValueError, match=r"config\.make is a function"):
        plain({"make": lambda: 0})


def test_arrays_sets_and_numbers_become_plain():
    data = {"a": np.arange(3), "b": {2, 1}, "c": np.float32(0.5), "d": (1, (2,)), "e": Mode.FAST, "f": Path("x")}
    assert plain(data) == {"a": [0, 1, 2], "b": [1, 2], "c": 0.5, "d": [1, [2]], "e": "fast", "f": "x"}


def test_a_hash_is_the_same_in_every_process_and_order():
    config = {"b": {"x", "y", "z"}, "a": 1.5}
    code = "from embodied.config import config_hash; print(config_hash({'a': 1.5, 'b': {'z', 'y', 'x'}}, ['p']))"
    other = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == config_hash(config, ["p"])


def test_a_hash_changes_with_every_setting_and_parent_and_not_with_a_key():
    assert config_hash(Settings()) == config_hash(plain(Settings()))
    different = [Settings(), Settings(steps=11), Settings(net=Net(width=1)), Settings(loud=True)]
    hashes = [config_hash(one) for one in different] + [config_hash(Settings(), ["p"]), config_hash(Settings(), ["q"])]
    assert len(set(hashes)) == len(hashes)
    assert config_hash({"api_key": "one"}) == config_hash({"api_key": "another"})


def test_a_hash_does_not_depend_on_the_environment(monkeypatch):
    before = config_hash({"task": "put the block away"})
    monkeypatch.setenv("MY_TOKEN", "put the block away")
    assert config_hash({"task": "put the block away"}) == before


def test_a_manifest_survives_writing_and_names_its_origin(tmp_path):
    about = manifest("policy", Settings(path=Path("d")), seed=3, parents=["abc"], labels=4000)
    write_manifest(tmp_path / "run", about)
    assert read_manifest(tmp_path / "run") == about
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["manifest.json"]
    assert about["config"]["path"] == "d"
    assert (about["kind"], about["seed"], about["parents"], about["labels"]) == ("policy", 3, ["abc"], 4000)
    assert about["created"].endswith("+00:00")
    assert about["project"]["name"] == "embodied-feedback"
    assert about["packages"]["numpy"] == np.__version__
    assert about["hash"] == config_hash(Settings(path=Path("d")), ["abc"])


def test_a_given_hash_is_kept():
    assert manifest("x", {}, seed=0, hash="mine")["hash"] == "mine"


def test_a_failed_write_leaves_what_was_there(tmp_path):
    write_manifest(tmp_path, manifest("x", {"n": 1}, seed=0))
    with pytest.raises(ValueError, match="not plain data"):
        write_manifest(tmp_path, {"schema_version": 1, "bad": object()})
    assert read_manifest(tmp_path)["config"] == {"n": 1}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "message"), [("{", "is not JSON"), ("[]", "schema_version None"), ('{"schema_version": 9}', "9")]
)
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path, content, message):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_unfinished(tmp_path):
    with pytest.raises(FileNotFoundError, match="unfinished"):
        read_manifest(tmp_path)


KEY = "sk-" + "abcDEF123456789"


@pytest.mark.parametrize(
    "words",
    [
        ["embodied", "label", "--api-key", KEY],
        ["embodied", "label", f"--api-key={KEY}"],
        ["embodied", "label", "--api-key", "plainsecret"],
        ["embodied", "label", "--hf-token=plainsecret"],
        ["embodied", "label", "--secret", "plainsecret"],
        ["env", "OPENAI_API_KEY=plainsecret", "embodied"],
        ["embodied", "label", "--endpoint", "http://me:plainsecret@host/v1"],
        ["embodied", "label", "--header", "Authorization: Bearer plainsecret"],
        ["embodied", "label", "--model", f"x{KEY}"],
        ["embodied", "label", "the phrase from-the-environment"],
    ],
)
def test_no_secret_appears_in_the_command(words, monkeypatch):
    monkeypatch.setenv("MY_SERVICE_TOKEN", "from-the-environment")
    shown = command(words)
    assert not any(secret in shown for secret in (KEY, "plainsecret", "from-the-environment"))
    assert "[redacted]" in shown


def test_an_ordinary_command_is_shown_as_it_was():
    words = [
        "/x/bin/python",
        "/x/bin/embodied",
        "run",
        "--task",
        "put it in",
        "--max-tokens",
        "100",
        "--key-frames",
        "3",
    ]
    assert command(words) == "embodied run --task 'put it in' --max-tokens 100 --key-frames 3"
    assert command(["/x/bin/python", "go.py", "--n=3"]) == "python go.py --n=3"
    assert command(["e", "--use-token", "--task", "a"]) == "e --use-token --task a"


def test_no_secret_appears_in_a_manifest(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "an-odd-key-1234")
    config = {
        "api_key": "hidden-1",
        "nested": [{"HF_TOKEN": "hidden-2", "text": f"use {KEY} or an-odd-key-1234"}],
        "password": "hidden-3",
        "tokens_in": 12,
        "max_tokens": 400,
        "model": "sketch-model",
    }
    write_manifest(tmp_path, manifest("label", config, seed=0, endpoint="https://u:hidden-4@host"))
    written = (tmp_path / "manifest.json").read_text()
    assert not any(secret in written for secret in (KEY, "hidden-", "an-odd-key"))
    kept = read_manifest(tmp_path)["config"]
    assert (kept["tokens_in"], kept["max_tokens"], kept["model"]) == (12, 400, "sketch-model")


numbers = st.integers() | st.booleans() | st.none()


@given(st.recursive(numbers, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_data_without_text_is_never_changed(data):
    assert redacted(data) == data


def test_a_name_that_is_not_there_is_answered_with_the_nearest():
    assert nearest("tabeltop", ["tabletop", "planar"]) == "tabletop"
    assert nearest("IQL", ["iql", "bc"]) == "iql"
    assert nearest("zzz", ["iql", "bc"]) is None
    assert str(unknown("preset", "tabeltop", ["tabletop"])) == "no preset 'tabeltop'; did you mean 'tabletop'?"
    assert str(unknown("preset", "zzz", ["b", "a"])) == "no preset 'zzz'; there are 'a', 'b'"


def test_importing_configuration_loads_no_library():
    code = "import sys, embodied.config; print([m for m in ('torch', 'numpy', 'rich') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_setting_that_may_be_anything_is_restored_as_it_is():
    @dataclass(frozen=True)
    class Loose:
        options: Mapping[str, Any]

    assert from_plain(Loose, {"options": {"a": 1, "b": ["c"]}}).options == {"a": 1, "b": ["c"]}
