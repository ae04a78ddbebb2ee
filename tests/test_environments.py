"""What every environment of the tabletop owes its users; a new line in the table is tested by being there."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import envs
from embodied.plugins import find
from embodied.spec import Spec
from envs.tabletop.environment import Tabletop

NAMES = sorted(name for name, (entry, _) in envs.ENVIRONMENTS.items() if entry == envs.TABLETOP)


def rollout(env, seed, actions):
    obs, info = env.reset(seed=seed)
    seen = [(obs, 0.0, info)]
    for action in actions:
        obs, reward, _, _, info = env.step(action)
        seen.append((obs, reward, info))
    return seen


def same(left, right):
    for (obs_a, reward_a, info_a), (obs_b, reward_b, info_b) in zip(left, right, strict=True):
        assert reward_a == reward_b
        assert info_a == info_b
        for name in obs_a:
            np.testing.assert_array_equal(obs_a[name], obs_b[name])


def actions(env, n, seed=0):
    rng = np.random.default_rng(seed)
    return [env.unwrapped.spec_.action.generate(rng) for _ in range(n)]


@pytest.fixture(scope="module", params=NAMES)
def env(request):
    env = gymnasium.make(request.param)
    yield env
    env.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:.*(not within|precision lowered):UserWarning")
def test_the_gymnasium_checker_finds_no_fault(name):
    env = gymnasium.make(name, horizon=3).unwrapped
    check_env(env)
    env.close()


def test_both_ways_of_naming_an_environment_make_it():
    gymnasium.make("envs:embodied/PutBlockInBowl-v0", cameras=()).close()
    gymnasium.make("embodied/PutBlockInBowl-v0", cameras=()).close()


def test_every_environment_is_registered(env):
    assert env.spec.id in gymnasium.registry
    assert env.metadata["render_fps"] == 10


def test_what_it_gives_passes_its_own_spec(env):
    spec = env.unwrapped.spec_
    assert isinstance(spec, Spec)
    assert spec.hz == 10
    assert spec.cameras == ("front",)
    obs, _ = env.reset(seed=0)
    spec.check(obs)
    obs, *_ = env.step(actions(env, 1)[0])
    spec.check(obs)
    spec.check(spec.generate(np.random.default_rng(0)))
    assert Spec.from_json(spec.to_json()).differences(spec) == []


def test_an_episode_lasts_as_long_as_it_always_lasts(env):
    env.reset(seed=0)
    ends = [env.step(np.zeros(env.action_space.shape, np.float32))[2:4] for _ in range(env.unwrapped.horizon)]
    assert ends == [(False, False)] * (env.unwrapped.horizon - 1) + [(False, True)]


def test_info_tells_progress_success_and_the_task(env):
    for _, reward, info in rollout(env, 1, actions(env, 3))[1:]:
        assert info["progress"] == reward
        assert 0 <= info["progress"] <= 1
        assert isinstance(info["success"], bool)
        assert info["task"]
        assert info["success"] == (info["progress"] == 1)


def test_a_second_environment_repeats_the_first_to_the_bit(env):
    wanted = actions(env, 12)
    other = gymnasium.make(env.spec.id)
    first = rollout(env, 5, wanted)
    rollout(env, 6, wanted[:5])
    same(first, rollout(env, 5, wanted))
    same(first, rollout(other, 5, wanted))
    other.close()


def test_resets_without_a_seed_follow_from_the_last_seed(env):
    env.reset(seed=3)
    first = [env.reset()[0]["state"] for _ in range(3)]
    env.reset(seed=3)
    np.testing.assert_array_equal(first, [env.reset()[0]["state"] for _ in range(3)])
    assert not np.array_equal(first[0], first[1])


def test_a_snapshot_is_continued_to_the_same_bits(env):
    inner = env.unwrapped
    rollout(env, 2, actions(env, 10))
    moment = inner.snapshot()
    start, wanted = inner.observe(), actions(env, 20, seed=1)
    first = [env.step(action) for action in wanted]
    later = inner.snapshot()
    after = [env.step(action) for action in wanted[:5]]
    rollout(env, 9, wanted[:3])
    restored = inner.restore(moment)
    same([(start[0], 0.0, start[1])], [(restored[0], 0.0, restored[1])])
    again = [env.step(action) for action in wanted]
    same([(o, r, i) for o, r, *_, i in first], [(o, r, i) for o, r, *_, i in again])
    inner.restore(later)
    same([(o, r, i) for o, r, *_, i in after], [(o, r, i) for o, r, *_, i in map(env.step, wanted[:5])])


def test_a_snapshot_is_continued_in_another_environment(env):
    other = gymnasium.make(env.spec.id)
    other.reset(seed=77)
    rollout(env, 2, actions(env, 10))
    moment = env.unwrapped.snapshot()
    wanted = actions(env, 5, seed=1)
    first = [env.step(action) for action in wanted]
    other.unwrapped.restore(moment)
    same([(o, r, i) for o, r, *_, i in first], [(o, r, i) for o, r, *_, i in map(other.step, wanted)])
    other.close()


@pytest.mark.parametrize(
    "bad", [np.full(4, np.nan), np.array([0, 0, np.inf, 0]), np.zeros(3), np.zeros((1, 4)), "left", None]
)
def test_an_action_that_is_none_is_refused_by_value(env, bad):
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action .*(shape|finite|numbers)"):
        env.unwrapped.step(bad)


def test_an_action_out_of_bounds_counts_as_the_nearest_within(env):
    env.reset(seed=0)
    far = env.unwrapped.step(np.array([9, -9, 0.5, 3]))[0]["state"]
    env.reset(seed=0)
    np.testing.assert_array_equal(far, env.unwrapped.step(np.array([1, -1, 0.5, 1]))[0]["state"])


def test_rendering_gives_the_size_asked_for(env):
    assert env.unwrapped.render().shape == (256, 256, 3)
    small = gymnasium.make(env.spec.id, render_size=64, size=48, cameras=("front", "top"))
    obs, _ = small.reset(seed=0)
    assert small.render().shape == (64, 64, 3)
    assert obs["front"].shape == obs["top"].shape == (48, 48, 3)
    small.close()


def test_without_cameras_nothing_is_drawn_and_the_state_is_the_same(env):
    blind = gymnasium.make(env.spec.id, cameras=())
    obs, _ = blind.reset(seed=4)
    assert set(obs) == {"state"}
    np.testing.assert_array_equal(obs["state"], env.reset(seed=4)[0]["state"])
    blind.close()


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"cameras": ("fornt",)}, "did you mean 'front'"),
        ({"cameras": "front"}, "give names in a sequence"),
        ({"control": "primitve"}, "did you mean 'primitive'"),
        ({"split": "test"}, "no split 'test'"),
        ({"colours": 3}, "choose 2 .* or 4"),
        ({"horizon": 0}, "horizon is 0"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_way_out(keywords, message):
    with pytest.raises((ValueError, KeyError), match=message):
        gymnasium.make("embodied/PutBlockInBowl-v0", **keywords)


def test_a_window_is_not_offered():
    with pytest.raises(ValueError, match="no render mode 'human'"):
        Tabletop(render_mode="human")


def test_stepping_before_the_first_reset_is_refused():
    env = gymnasium.make("embodied/PutBlockInBowl-v0", cameras=()).unwrapped
    with pytest.raises(ValueError, match="before the first reset"):
        env.step(np.zeros(4))
    env.close()


def test_unknown_names_are_met_with_the_nearest_known():
    with pytest.raises(KeyError, match="no task 'stak'; did you mean 'stack'"):
        find(envs.TASKS, "stak", "task")
    with pytest.raises(KeyError, match="there are"):
        find(envs.MIXES, "zzz", "mix")
