"""The planar tasks: the environment's contract, physics, and what the scripted behaviours do."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from envs import PLANAR_BEHAVIOURS
from envs.behaviours import make
from envs.planar.embodiments import EMBODIMENTS
from envs.planar.tasks import TASKS, TOGETHER, Moment, inside, scattered
from envs.planar.world import GOAL, HALF

IDS = {"grouping": "embodied/PlanarGrouping-v0", "avoiding": "embodied/PlanarAvoiding-v0"}


def env(task="grouping", **options):
    return gymnasium.make(IDS[task], **options)


def played(world, behaviour, seed):
    """The last info of an episode."""
    obs, info = world.reset(seed=seed)
    act = make(behaviour, world, np.random.default_rng(seed))
    over = False
    while not over:
        obs, _, ended, cut, info = world.step(act(obs, info))
        over = ended or cut
    return info


def rates(task, behaviour, embodiment="mediumstick", episodes=16):
    with env(task, embodiment=embodiment, cameras=()) as world:
        infos = [played(world, behaviour, 100 + i) for i in range(episodes)]
    return np.mean([i["success"] for i in infos]), np.mean([i["satisfied"] for i in infos])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("embodiment", EMBODIMENTS)
def test_it_is_a_gymnasium_environment(task, embodiment):
    check_env(env(task, embodiment=embodiment).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_and_actions_lead_to_the_same_bits(task):
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (40, 2)).astype(np.float32)

    def end():
        with env(task) as world:
            world.reset(seed=7)
            return [world.step(a)[0] for a in actions][-1]

    one, other = end(), end()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("embodiment", EMBODIMENTS)
def test_a_body_goes_where_it_is_steered_and_stays_in_the_arena(embodiment):
    with env(embodiment=embodiment, cameras=()) as world:
        world.reset(seed=1)
        start = world.unwrapped.world.pose()
        rest = [0.0] * (world.action_space.shape[0] - 2)
        for _ in range(4):
            world.step(np.array([-0.5, 0.0, *rest], np.float32))
        assert world.unwrapped.world.pose()[1] < start[1] - 0.1
        for _ in range(90):
            world.step(np.array([1.0, 0.3, *rest], np.float32))
        assert np.abs(world.unwrapped.world.pose()[:2]).max() < HALF


def test_debris_stays_where_nothing_pushes_it():
    with env(cameras=()) as world:
        world.reset(seed=2)
        before = world.unwrapped.world.places()
        for _ in range(20):
            world.step(np.zeros(2, np.float32))
        np.testing.assert_allclose(world.unwrapped.world.places(), before, atol=1e-6)


def test_fingers_open_and_close():
    with env(embodiment="gripper", cameras=()) as world:
        world.reset(seed=2)
        for _ in range(8):
            world.step(np.array([0, 0, -1], np.float32))
        wide = world.unwrapped.world.finger()
        for _ in range(8):
            world.step(np.array([0, 0, 1], np.float32))
        assert wide > world.unwrapped.world.finger() + 0.3


@pytest.mark.parametrize("embodiment", ["mediumstick", "shortstick", "gripper"])
@pytest.mark.parametrize("task", TASKS)
def test_done_as_wanted_it_succeeds_and_satisfies(task, embodiment):
    success, satisfied = rates(task, "as-wanted", embodiment)
    assert success >= 0.75
    assert satisfied >= 0.75


@pytest.mark.parametrize("task", TASKS)
def test_done_in_the_other_manner_it_succeeds_and_does_not_satisfy(task):
    success, satisfied = rates(task, "task-only")
    assert success >= 0.75
    assert satisfied <= 0.25


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("behaviour", ["failed", "there-and-back", "random"])
def test_what_is_not_done_does_not_succeed(task, behaviour):
    success, _ = rates(task, behaviour)
    assert success <= 0.45


def test_costs_are_nothing_where_all_is_as_wanted():
    done = Moment(np.zeros(3), np.array([[0.0, 0.9], [0.3, 0.8]]), None)
    assert TASKS["grouping"].cost(done) == 0.0
    ahead = Moment(np.zeros(3), np.array([[0.0, 0.0], [0.3, TOGETHER + 0.2]]), None)
    assert 0 < scattered(ahead) < 1
    zone = (-0.2, 0.2, 0.2, 0.5)
    assert inside(Moment(np.array([0, 0.35, 0]), np.array([[0.9, 0.9]]), zone)) == pytest.approx(1.5)
    assert inside(Moment(np.array([0.4, 0.35, 0]), np.array([[0.9, 0.9]]), zone)) == 0.0
    assert 0 < GOAL < HALF


def test_every_behaviour_acts_within_bounds():
    with env() as world:
        for name in PLANAR_BEHAVIOURS:
            obs, info = world.reset(seed=3)
            act = make(name, world, np.random.default_rng(0))
            for _ in range(20):
                action = act(obs, info)
                assert world.action_space.contains(action)
                obs, _, _, _, info = world.step(action)


@pytest.mark.parametrize(("options", "told"), [
    ({"embodiment": "arm"}, "no embodiment 'arm'"), ({"variant": "wild"}, "no variant 'wild'"),
    ({"cameras": ("side",)}, "no camera 'side'"), ({"size": 4}, "at least 16"), ({"horizon": 0}, "at least 16"),
])  # fmt: skip
def test_impossible_settings_are_refused(options, told):
    with pytest.raises((ValueError, KeyError), match=told):
        env(**options)


@pytest.mark.parametrize("action", [np.full(2, np.nan, np.float32), np.zeros(3, np.float32)])
def test_bad_actions_are_refused(action):
    with env(cameras=()) as world:
        world.reset(seed=0)
        with pytest.raises(ValueError, match="finite numbers"):
            world.unwrapped.step(action)
