"""Scripted behaviours: the good ones succeed, the bad ones do what their names say, the mixes add up."""

from collections import Counter

import numpy as np
import pytest

import envs
from envs import behaviours
from envs.tabletop.environment import Tabletop


def outcome(env, name, seed):
    """(success at the end, success at any time) of one episode."""
    obs, info = env.reset(seed=seed)
    act, ever = behaviours.make(name, env, np.random.default_rng([1, seed])), False
    for _ in range(env.horizon):
        action = act(obs, info)
        env.spec_.action.check(action, "action")
        obs, _, _, _, info = env.step(action)
        ever |= info["success"]
    return info["success"], ever


@pytest.fixture(scope="module", params=sorted(envs.TASKS))
def env(request):
    env = Tabletop(request.param, cameras=())
    yield env
    env.close()


def test_the_expert_succeeds(env):
    assert all(outcome(env, "expert", seed)[0] for seed in range(4))


def test_the_expert_ends_high_above_what_it_did(env):
    obs, info = env.reset(seed=0)
    for _ in range(env.horizon):
        obs, _, _, _, info = env.step(env.task.expert(obs["state"]))
    assert info["success"]
    assert obs["state"][2] > 0.15


@pytest.mark.parametrize("name", sorted(envs.BEHAVIOURS))
def test_every_behaviour_acts_within_bounds_and_repeats_itself(env, name):
    assert outcome(env, name, 7) == outcome(env, name, 7)


def test_the_wrong_behaviour_never_succeeds(env):
    assert not any(outcome(env, "wrong", seed)[0] for seed in range(2))


@pytest.mark.slow
def test_the_expert_succeeds_nearly_always(env):
    assert np.mean([outcome(env, "expert", seed)[0] for seed in range(1000, 1100)]) >= 0.97


@pytest.mark.slow
def test_the_mixed_episodes_succeed_a_third_of_the_time():
    env = Tabletop("put_in_bowl", cameras=())
    names = behaviours.schedule(envs.MIXES["mixed"], 400, np.random.default_rng(0))
    final = np.mean([outcome(env, name, seed)[0] for seed, name in enumerate(names)])
    assert 0.27 < final < 0.42
    env.close()


@pytest.mark.parametrize("mix", sorted(envs.MIXES))
def test_a_mix_is_of_known_behaviours_and_its_schedule_exact(mix):
    shares = envs.MIXES[mix]
    assert sum(shares.values()) == pytest.approx(1)
    count = Counter(behaviours.schedule(shares, 100, np.random.default_rng(0)))
    assert count == {name: round(100 * share) for name, share in shares.items()}
    assert len(behaviours.schedule(shares, 7, np.random.default_rng(0))) == 7


def test_wrong_mixes_and_names_are_refused_with_the_way_out(env):
    rng = np.random.default_rng(0)
    with pytest.raises(KeyError, match="no behaviour 'experts'; did you mean 'expert'"):
        behaviours.make("experts", env, rng)
    with pytest.raises(KeyError, match="no behaviour 'lazy'"):
        behaviours.schedule({"lazy": 1.0}, 3, rng)
    with pytest.raises(ValueError, match=r"add up to 0.5, not 1"):
        behaviours.schedule({"expert": 0.5}, 3, rng)


def test_an_environment_without_an_expert_says_so():
    env = Tabletop("stack", control="primitive", cameras=())
    with pytest.raises(ValueError, match="use a tabletop environment with control='delta'"):
        behaviours.make("expert", env, np.random.default_rng(0))
    env.close()
