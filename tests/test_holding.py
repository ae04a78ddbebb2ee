"""Actions that last several steps, and episodes that end in failure."""

import json

import numpy as np
import pytest
import torch
from clouds import pointing
from reaching import Memory

from embodied.batches import held, transitions
from embodied.spec import ArraySpec, Spec
from policies import bc, iql, load
from policies.actor import Interface
from policies.bc import BCConfig
from policies.fitting import Rows
from policies.iql import IQLConfig

SHORT = {"steps": 6, "batch": 8, "hidden": (8,), "log_every": 3, "checkpoint_every": 3}


def counting(lengths=(5, 2), terminated=(True, False)) -> Memory:
    """Observation and action count the frames; the reward is ten times that."""
    spec = Spec({"state": ArraySpec((1,))}, ArraySpec((1,), "float32", -100, 100), 10.0)
    obs = tuple({"state": np.arange(n + 1, dtype=np.float32)[:, None]} for n in lengths)
    action = tuple(np.arange(n, dtype=np.float32)[:, None] for n in lengths)
    reward = {10 + 3 * i: 10 * np.arange(n, dtype=np.float32) for i, n in enumerate(lengths)}
    return Memory(spec, obs, action, {"recorded": reward}, np.array(terminated))


def test_a_held_decision_is_the_mean_of_its_steps_and_leads_to_the_frame_after_them():
    found = held(transitions(counting(), ("state",), "recorded"), 2)
    assert found.at.tolist() == [0, 1, 2, 3, 6]
    assert found.action[:, 0].tolist() == [0.5, 1.5, 2.5, 3.5, 0.5]
    assert found.reward.tolist() == [5, 15, 25, 35, 5]
    assert found.terminal.tolist() == [0, 0, 0, 1, 0]
    assert found.lengths.tolist() == [4, 1]
    assert found.obs["state"][found.at + found.stride][:, 0].tolist() == [2, 3, 4, 5, 2]
    assert found.returns().tolist() == [80, 5]


def test_held_for_one_step_is_as_it_was():
    data = transitions(counting(), ("state",), "recorded")
    assert held(data, 1) is data


def test_episodes_that_are_too_short_are_left_out_and_all_of_them_an_error():
    data = transitions(counting(), ("state",), "recorded")
    assert held(data, 4).lengths.tolist() == [2, 0]
    with pytest.raises(ValueError, match="no episode has 9 steps, the longest has 5"):
        held(data, 9)


@pytest.mark.parametrize(("module", "config"), [(bc, BCConfig), (iql, IQLConfig)])
def test_a_policy_that_holds_gives_the_same_action_so_many_times_and_is_saved_so(module, config, tmp_path):
    data = counting((12, 12), (False, False))
    policy = module.fit(data, "recorded", config(hold=3, **SHORT), tmp_path / "held")
    obs = {"state": np.array([[0.0], [4.0]], np.float32)}
    chunk = policy.act(obs)
    assert chunk.shape == (2, 3, 1)
    assert (chunk == chunk[:, :1]).all()
    assert np.array_equal(load(tmp_path / "held").act(obs), chunk)
    head = json.loads((tmp_path / "held" / "policy.json").read_text())
    assert (head["schema"], head["hold"]) == (2, 3)  # older programs, which would act once, refuse it


def test_a_fit_that_does_not_hold_says_nothing_of_it(tmp_path):
    iql.fit(counting((12, 12)), "recorded", IQLConfig(**SHORT), tmp_path)
    told = json.loads((tmp_path / "fit.json").read_text())["config"]
    assert not {"hold", "ending"} & set(told)


def rewards(data, **config):
    found = transitions(data, ("state",), "recorded")
    chosen = IQLConfig(**SHORT, **config)
    learner = iql.make_learner(found, Interface.of(found, hold=chosen.hold), chosen, 0, torch.device("cpu"))
    return learner._rows


def test_a_failure_is_as_bad_as_the_lowest_reward_for_ever():
    data = counting()
    plain, worst = rewards(data), rewards(data, ending="worst", gamma=0.9)
    added = (worst.reward - plain.reward)[:, 0]
    lowest = float(plain.reward.min())
    assert lowest < 0
    assert added.tolist() == pytest.approx([0, 0, 0, 0, lowest * 0.9 / 0.1, 0, 0], rel=1e-5)


def test_a_failure_adds_nothing_where_no_reward_is_known():
    data = pointing(4, terminated=True)
    found = transitions(data, ("force",), "constant")
    config = IQLConfig(**SHORT, ending="worst")
    learner = iql.make_learner(found, Interface.of(found), config, 0, torch.device("cpu"))
    assert not learner._rows.reward.any()


def test_rows_know_how_far_the_next_frame_is():
    found = transitions(counting(), ("state",), "recorded")
    rows = Rows.of(found, Interface.of(found, hold=2), standardise_reward=False, about="")
    assert (len(rows), rows.stride) == (5, 2)


def test_actions_that_last_no_step_are_refused():
    with pytest.raises(ValueError, match="hold"):
        IQLConfig(hold=0)
