"""What every policy of the table does, and what the saved actor refuses."""

import json
import logging
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from reaching import HORIZON, reaching, spec

import policies
from embodied import plugins
from embodied.spec import ArraySpec, Spec
from policies.actor import Actor
from policies.denoisers import Shape

NAMES = sorted(policies.POLICIES)
STATE = ("position", "goal")
TINY = {"hidden": (8, 8), "batch": 16, "steps": 6, "log_every": 2, "checkpoint_every": 4}
OWN = {"diffusion": {"shape": Shape(channels=(8, 16), groups=4, width=16), "sampling_steps": 2}}
CHUNK = {"diffusion": 8}


def config(name, **changes):
    return plugins.plugin("policies:CONFIGS", name, "policy")(**{**TINY, **OWN.get(name, {}), **changes})


def fit(name, data, out, reward="recorded", seed=0, **changes):
    return plugins.plugin("policies:POLICIES", name, "policy")(
        data, reward, config(name, **changes), out, seed=seed, device="cpu"
    )


def seen(data, rows=5):
    return {name: data.obs[0][name][:rows] for name in STATE}


@pytest.fixture(scope="module")
def data():
    return reaching(6)


@pytest.fixture(scope="module")
def fitted(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("policies")
    return {name: (fit(name, data, out / name), out / name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_acts_batched_in_chunks_inside_the_bounds(name, fitted, data):
    policy, _ = fitted[name]
    policy.reset("go to the goal")
    for rows in (1, 5):
        action = policy.act(seen(data, rows))
        assert action.shape == (rows, CHUNK.get(name, 1), 2)
        assert action.dtype == np.float32
        for one in action[:, 0]:
            policy.spec.action.check(one)


@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded_it_acts_with_the_same_bits(name, fitted, data, tmp_path):
    policy, folder = fitted[name]
    again = policies.load(folder)
    np.testing.assert_array_equal(again.act(seen(data)), policy.act(seen(data)))
    again.save(tmp_path)
    np.testing.assert_array_equal(policies.load(tmp_path).act(seen(data)), policy.act(seen(data)))
    assert again.spec.differences(policy.spec) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_policy_and_touches_no_global_generator(name, fitted, data, tmp_path):
    before, legacy = torch.get_rng_state(), np.random.get_state()[1]  # the global one is the point
    again = fit(name, data, tmp_path / "again")
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], legacy)
    np.testing.assert_array_equal(again.act(seen(data)), fitted[name][0].act(seen(data)))
    other = fit(name, data, tmp_path / "other", seed=1)
    assert not np.array_equal(other.act(seen(data)), again.act(seen(data)))


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_fit_called_again_only_loads(name, fitted, data, monkeypatch):
    policy, folder = fitted[name]
    files = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    monkeypatch.setattr("policies.fitting.train", None)
    again = fit(name, data, folder)
    np.testing.assert_array_equal(again.act(seen(data)), policy.act(seen(data)))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == files


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_with_another_fit_is_refused_with_what_differs(name, fitted, data):
    folder = fitted[name][1]
    with pytest.raises(ValueError, match=r"holds another fit: .*batch was 16, now 8.*seed was 0, now 4"):
        fit(name, data, folder, seed=4, batch=8)
    changed = data.with_column("recorded", {i: v + 1 for i, v in data.reward["recorded"].items()})
    with pytest.raises(ValueError, match="reward_sha256 was"):
        fit(name, changed, folder)


@pytest.mark.parametrize("name", NAMES)
def test_episodes_without_a_reward_are_left_out_and_recorded(name, data, tmp_path, caplog):
    some = {int(i): data.reward["recorded"][int(i)] for i in data.ids[:4]}
    with caplog.at_level(logging.WARNING):
        policy = fit(name, data.with_column("prefs", some), tmp_path, reward="prefs")
    assert "does not cover 2 of 6" in caplog.text
    assert policy.about["dropped"] == [22, 25]
    assert policy.about["reward"] == "prefs"
    assert policy.about["seed"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_its_spec_is_the_data_sets_restricted_to_what_it_uses(name, data, tmp_path):
    policy = fit(name, data, tmp_path, obs=("position",))
    assert list(policy.spec.obs) == ["position"]
    assert policy.spec.hz == data.spec.hz
    assert policy.spec.differences(data.spec) == []
    told = policy.spec.differences(spec(hz=15.0))
    assert told == ["runs at 15.0 Hz, wanted 10.0"]


@pytest.mark.parametrize("name", NAMES)
def test_its_folder_holds_curves_events_and_no_pickle(name, fitted):
    folder = fitted[name][1]
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    suffixes = {path.suffix for path in folder.iterdir() if not path.name.startswith("events.")}
    assert suffixes == {".json", ".jsonl", ".safetensors"}


@pytest.mark.parametrize("name", NAMES)
def test_divergence_stops_with_the_step_and_the_columns(name, data, tmp_path):
    rates = {field.name: 1e30 for field in fields(config(name)) if field.name.endswith("learning_rate")}
    with pytest.raises(FloatingPointError, match=r"is (nan|inf) at step \d.*'goal'.*'recorded'"):
        fit(name, data, tmp_path, **rates)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda obs: {"position": obs["position"]}, "no observation 'goal'; it offers"),
        (lambda obs: {**obs, "goal": obs["goal"][:, :1]}, r"observation 'goal' has shape \(5, 1\), wanted \(n, 2\)"),
        (lambda obs: {**obs, "goal": obs["goal"][0]}, r"observation 'goal' has shape \(2,\), wanted \(n, 2\)"),
        (lambda obs: {**obs, "goal": obs["goal"] * np.nan}, "observation 'goal' holds NaN or infinity, first in row 0"),
        (lambda obs: {**obs, "goal": obs["goal"][:3]}, "observation 'goal' has 3 rows, the others 5"),
    ],
)
def test_an_observation_that_is_wrong_is_refused_by_name(change, words, fitted, data):
    with pytest.raises(ValueError, match=words):
        fitted["bc"][0].act(change(seen(data)))


def test_pictures_must_be_bytes(tmp_path):
    data = reaching(3, camera=8)
    policy = fit("bc", data, tmp_path, obs=("front",), size=8)
    with pytest.raises(ValueError, match="observation 'front' has dtype float64, wanted uint8"):
        policy.act({"front": data.obs[0]["front"] / 255.0})


def test_actions_come_back_in_the_specs_units(tmp_path):
    data = reaching(6)
    low, high = np.array([0.0, -50.0]), np.array([10.0, 50.0])
    scaled = replace(
        data,
        spec=Spec(data.spec.obs, ArraySpec((2,), "float32", low, high, "mm"), 10.0),
        action=tuple(((a + 1) / 2 * (high - low) + low).astype(np.float32) for a in data.action),
    )
    one, other = fit("bc", data, tmp_path / "one"), fit("bc", scaled, tmp_path / "other")
    wanted = (one.act(seen(data)) + 1) / 2 * (high - low) + low
    np.testing.assert_allclose(other.act(seen(data)), wanted, rtol=1e-4, atol=1e-3)


def test_actions_without_bounds_stay_in_the_range_of_the_data(tmp_path):
    data = reaching(6)
    free = replace(data, spec=Spec(data.spec.obs, ArraySpec((2,)), 10.0), action=tuple(40 * a for a in data.action))
    policy = fit("bc", free, tmp_path)
    assert np.abs(policy.act(seen(data))).max() <= 40
    assert np.abs(policy.act(seen(data))).max() > 0


def test_a_changed_or_missing_policy_is_refused(fitted, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no policy in .*policy\.json is missing"):
        policies.load(tmp_path)
    fitted["bc"][0].save(tmp_path)
    path = tmp_path / "policy.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"not the file that policy\.json describes"):
        policies.load(tmp_path)
    head = json.loads((tmp_path / "policy.json").read_text())
    (tmp_path / "policy.json").write_text(json.dumps({**head, "schema": 7}))
    with pytest.raises(ValueError, match="schema 7"):
        policies.load(tmp_path)


def test_an_unknown_policy_is_refused_with_a_suggestion():
    with pytest.raises(KeyError, match="no policy 'iqp'; did you mean 'iql'"):
        plugins.plugin("policies:POLICIES", "iqp", "policy")


def test_every_policy_has_a_config():
    assert policies.CONFIGS.keys() == policies.POLICIES.keys()
    for name in NAMES:
        assert config(name).steps == TINY["steps"]


def test_pictures_alone_must_be_asked_for_by_name(tmp_path):
    data = reaching(2, camera=8)
    blind = replace(data, spec=data.spec.restricted(("front",)))
    with pytest.raises(ValueError, match=r"only pictures \['front'\]; name those to use"):
        fit("bc", blind, tmp_path)


def test_a_network_without_layers_is_refused():
    with pytest.raises(ValueError, match="give one or more of each"):
        Actor([], 2, [8])


def test_loading_a_policy_fitted_by_iql_needs_no_d3rlpy(fitted):
    code = "import sys, policies.iql; policies.load(sys.argv[1]); assert 'd3rlpy' not in sys.modules"
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(fitted["iql"][1])], check=True, cwd=root)


def test_importing_policies_needs_the_standard_library_alone():
    code = "import policies, sys; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_the_horizon_of_the_stand_in_is_what_it_says(data):
    assert set(data.lengths.tolist()) == {HORIZON}
