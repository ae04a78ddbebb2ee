"""The tabletop: scenes are data, goals can be lost again, suction and primitives do what they say."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import envs
from envs.tabletop import robot
from envs.tabletop.environment import Tabletop, load_task
from envs.tabletop.goals import GOALS, InBowl, InZone, On, State, behind
from envs.tabletop.scene import COLOURS, HELD_OUT_PAIRS, Scene, colour_pairs
from envs.tabletop.shapes import bowl_mesh
from envs.tabletop.task import STATE_SIZE, misled, state_bounds, state_vector
from envs.tabletop.world import World

ROOT = Path(__file__).parents[1]

ALL_SCENES = "dd90b571d56a45dafbbe14ea63f5edfd94c368a9e5cc22a56ec840cb61863625"
"""sha256 of the hashes of 600 scenes, made by `all_scenes`: data sets and evaluations name scenes by their seeds."""


def all_scenes():
    """One hash over many scenes of every task, split and number of colours."""
    found = [
        load_task(task).scene(split, seed, colours).hash
        for task in sorted(envs.TASKS)
        for split in ("train", "held-out")
        for colours in (2, 4)
        for seed in range(50)
    ]
    return sha256("".join(found).encode()).hexdigest()


def state(tip=(0.5, 0, 0.2), block=(0.4, 0, 0.02), target=(0.5, 0.1, 0), speed=0.0, held=-1):
    position = np.array([block, target, (0.5, -0.1, 0)], float)
    return State(np.array(tip, float), position, np.array([speed, 0, 0], float), held)


@pytest.fixture(scope="module")
def bowls():
    env = Tabletop("put_in_bowl", cameras=())
    yield env
    env.close()


@pytest.mark.parametrize("hash_seed", ["0", "1234"])
def test_scenes_are_the_same_in_every_process(hash_seed):
    code = "import test_tabletop; print(test_tabletop.all_scenes())"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ALL_SCENES


@pytest.mark.parametrize("task", sorted(envs.TASKS))
@given(seed=st.integers(0, 2**40), colours=st.sampled_from([2, 4]), split=st.sampled_from(["train", "held-out"]))
def test_a_scene_survives_json_and_keeps_its_things_apart(task, seed, colours, split):
    scene = load_task(task).scene(split, seed, colours)
    again = Scene.from_json(json.loads(json.dumps(scene.to_json())))
    assert again == scene
    assert again.hash == scene.hash
    places = np.array([(thing.x, thing.y) for thing in scene.things])
    gaps = np.linalg.norm(places[:, None] - places, axis=-1)[np.triu_indices(len(places), 1)]
    assert gaps.min() > 0.1
    assert scene.things[0].colour in scene.sentence
    assert scene.things[1].colour in scene.sentence


def test_scenes_of_different_seeds_splits_and_tasks_differ():
    hashes = [
        load_task(task).scene(split, seed).hash
        for task in envs.TASKS
        for split in ("train", "held-out")
        for seed in range(20)
    ]
    assert len(set(hashes)) == len(hashes)


def test_held_out_pairs_of_colours_are_never_seen_in_training_though_each_colour_is():
    train, held_out = colour_pairs(4, "train"), colour_pairs(4, "held-out")
    assert not {frozenset(pair) for pair in train} & {frozenset(pair) for pair in held_out}
    assert {frozenset(pair) for pair in held_out} == {frozenset(pair) for pair in HELD_OUT_PAIRS}
    assert {colour for pair in train for colour in pair} == set(COLOURS)
    task = load_task("put_in_bowl")
    seen = {frozenset(t.colour for t in task.scene("train", seed, 4).things) for seed in range(60)}
    assert seen == {frozenset(pair) for pair in train}


@pytest.mark.parametrize("seed", [-1, True])
def test_a_seed_that_is_no_natural_number_is_refused(seed):
    with pytest.raises(ValueError, match="a scene's seed is an integer, 0 or more"):
        load_task("stack").scene("train", seed)


@given(st.floats(0.36, 0.64), st.floats(-0.2, 0.2), st.floats(0.02, 0.29), st.floats(-1.5, 1.5))
def test_the_joints_put_the_tip_where_it_was_sent(x, y, z, yaw):
    world = world_of_one_block()
    for joint, angle in enumerate(robot.joints(x, y, z, yaw)):
        world.bullet.resetJointState(world.arm, joint, angle)
    np.testing.assert_allclose(world.tip(), [x, y, z], atol=1e-6)


WORLD = []


def world_of_one_block():
    if not WORLD:
        WORLD.append(World(("block",)))
    return WORLD[0]


def test_a_bowl_has_few_faces():
    vertices, faces = bowl_mesh()
    assert len(faces) // 3 <= 200
    assert faces.max() < len(vertices)


def test_progress_of_placing_rises_step_by_step_and_falls_again():
    goal = InBowl(0, 1)
    stages = [
        state(),
        state(tip=(0.4, 0, 0.05)),
        state(tip=(0.4, 0, 0.04), held=0),
        state(tip=(0.5, 0.1, 0.08), block=(0.5, 0.1, 0.06), held=0),
        state(tip=(0.5, 0.1, 0.2), block=(0.5, 0.1, 0.02)),
    ]
    progress = [goal.progress(s) for s in stages]
    assert progress == sorted(progress)
    assert progress[3] == pytest.approx(0.6)
    assert progress[4] == 1
    assert goal.progress(state(tip=(0.5, 0.1, 0.04), block=(0.5, 0.1, 0.02), held=0)) < 1


def test_the_wrong_bowl_is_no_success():
    wrong = state(block=(0.5, -0.1, 0.02))
    assert not InBowl(0, 1).holds(wrong)
    assert InBowl(0, 2).holds(wrong)
    assert InBowl(0, 1).progress(wrong) < 0.25


def test_what_still_moves_has_not_arrived():
    for goal, block in (
        (InBowl(0, 1), (0.5, 0.1, 0.02)),
        (InZone(0, 1), (0.5, 0.1, 0.02)),
        (On(0, 1), (0.5, 0.1, 0.04)),
    ):
        assert goal.holds(state(block=block))
        assert not goal.holds(state(block=block, speed=0.2))
        assert goal.progress(state(block=block, speed=0.2)) < 1


@pytest.mark.parametrize("goal", [kind(0, 1) for kind in GOALS.values()])
@given(data=st.data())
def test_progress_is_one_exactly_where_the_goal_holds(goal, data):
    near = st.floats(-0.08, 0.08)
    block = [0.5 + data.draw(near), 0.1 + data.draw(near), data.draw(st.floats(0.02, 0.2))]
    tip = [0.5 + data.draw(near), data.draw(near), data.draw(st.floats(0, 0.3))]
    now = state(tip, block, speed=data.draw(st.sampled_from([0.0, 0.1])), held=data.draw(st.sampled_from([-1, 0])))
    assert 0 <= goal.progress(now) <= 1
    assert (goal.progress(now) == 1) == goal.holds(now)


def test_a_block_beside_a_tower_is_not_on_it():
    assert On(0, 1).holds(state(block=(0.5, 0.1, 0.04)))
    assert not On(0, 1).holds(state(block=(0.51, 0.1, 0.02)))
    assert not On(0, 1).holds(state(block=(0.53, 0.1, 0.04)))


def test_reaching_behind_the_block_counts_when_pushing():
    now = state()
    goal = InZone(0, 1)
    better = State(behind(now, 0, 1), now.position, now.speed)
    other_side = State(2 * now.position[0] - behind(now, 0, 1), now.position, now.speed)
    assert goal.progress(better) > goal.progress(other_side) > goal.progress(now)
    assert goal.progress(better) > goal.progress(now) + 0.1


@given(data=st.data())
def test_a_state_vector_lies_in_its_bounds_and_misleading_twice_is_honest(data):
    far = st.floats(-5, 5)
    position = np.array([[data.draw(far) for _ in range(3)] for _ in range(3)])
    vector = state_vector(State(position[0], position, np.zeros(3), data.draw(st.sampled_from([-1, 0, 1]))))
    low, high = state_bounds()
    assert vector.shape == (STATE_SIZE,)
    assert vector.dtype == np.float32
    assert (vector >= low).all()
    assert (vector <= high).all()
    np.testing.assert_array_equal(misled(misled(vector)), vector)


def test_the_hand_carries_what_it_takes_and_lets_go_of_it(bowls):
    bowls.reset(seed=0)
    expert = bowls.task.expert
    obs, _ = bowls.observe()
    heights, held = [], []
    for _ in range(12):
        obs, *_ = bowls.step(expert(obs["state"]))
        heights.append(obs["state"][5])
        held.append(obs["state"][10])
    assert held[-1] == 1
    assert heights[-1] > 0.05
    for _ in range(4):
        obs, *_ = bowls.step(np.array([0, 0, 0, -1]))
    assert obs["state"][10] == 0
    assert obs["state"][5] < 0.05


def test_suction_takes_nothing_from_afar(bowls):
    bowls.reset(seed=0)
    obs, *_ = bowls.step(np.array([0, 0, 0, 1]))
    assert obs["state"][10] == 0


def test_doing_nothing_moves_nothing(bowls):
    before, _ = bowls.reset(seed=3)
    for _ in range(10):
        after, *_ = bowls.step(np.zeros(4))
    np.testing.assert_allclose(after["state"], before["state"], atol=2e-3)


def test_pushing_the_zone_task_never_takes_hold():
    env = Tabletop("push_to_zone", cameras=())
    obs, _ = env.reset(seed=0)
    for _ in range(12):
        top = obs["state"][3:6] + np.array([0, 0, 0.02])
        obs, *_ = env.step(np.array([*np.clip((top - obs["state"][:3]) / 0.03, -1, 1), 1]))
        assert obs["state"][10] == 0
    env.close()


def test_a_toppled_tower_loses_its_progress():
    env = Tabletop("stack", cameras=())
    obs, info = env.reset(seed=1)
    while not info["success"]:
        obs, reward, _, _, info = env.step(env.task.expert(obs["state"]))
        assert info["step"] < 40
    base = obs["state"][6:8]
    for target in ((base[0] - 0.08, base[1], 0.1), (base[0] - 0.08, base[1], 0.06), (base[0] + 0.05, base[1], 0.06)):
        for _ in range(6):
            step = np.clip((target - obs["state"][:3]) / 0.03, -1, 1)
            obs, reward, _, _, info = env.step(np.array([*step, -1]))
    assert not info["success"]
    assert reward < 0.3
    env.close()


@pytest.mark.parametrize("task", ["put_in_bowl", "stack"])
def test_one_primitive_does_the_task(task):
    env = Tabletop(task, control="primitive", cameras=())
    for seed in range(3):
        obs, _ = env.reset(seed=seed)
        pick, place = obs["state"][3:5], obs["state"][6:8]
        *_, info = env.step(np.array([*pick, 0, *place, 0]))
        assert info["success"]
    assert env.spec_.hz == pytest.approx(120 / 540)
    env.close()


def test_primitives_repeat_themselves_to_the_bit_from_a_snapshot():
    env = Tabletop("stack", control="primitive", cameras=())
    obs, _ = env.reset(seed=5)
    block, base = obs["state"][3:5], obs["state"][6:8]
    env.step(np.array([*block, 0, 0.4, 0.1, 0.3]))
    moment = env.snapshot()
    wanted = [np.array([0.4, 0.1, 0, *base, -0.4]), np.array([*base, 0, 0.45, -0.15, 1])]
    first = [env.step(action)[0]["state"] for action in wanted]
    env.restore(moment)
    np.testing.assert_array_equal(first, [env.step(action)[0]["state"] for action in wanted])
    env.close()


def test_a_primitive_turns_what_it_carries():
    env = Tabletop("put_in_bowl", control="primitive", cameras=())
    obs, _ = env.reset(seed=2)
    pick, body = obs["state"][3:5], env.world.bodies[0]

    def turn():
        return env.world.bullet.getEulerFromQuaternion(env.world.bullet.getBasePositionAndOrientation(body)[1])[2]

    before = turn()
    env.step(np.array([*pick, 0, 0.36, 0.2, 0.5]))
    assert turn() - before == pytest.approx(0.5, abs=0.03)
    env.close()


def test_a_primitive_on_an_empty_place_changes_nothing():
    env = Tabletop("put_in_bowl", control="primitive", cameras=())
    before, _ = env.reset(seed=2)
    after, *_ = env.step(np.array([0.36, 0.2, 0, 0.36, -0.2, 0]))
    np.testing.assert_allclose(after["state"][3:6], before["state"][3:6], atol=1e-3)
    env.close()


def test_a_scene_given_is_the_scene_shown(bowls):
    scene = load_task("put_in_bowl").scene("held-out", 11, 4)
    _, info = bowls.reset(seed=0, options={"scene": scene.to_json()})
    assert info["task"] == scene.sentence
    with pytest.raises(ValueError, match="no option 'scnee'"):
        bowls.reset(options={"scnee": scene})
    with pytest.raises(ValueError, match="this world has"):
        bowls.reset(options={"scene": load_task("stack").scene()})


def test_a_moment_of_another_task_is_refused(bowls):
    bowls.reset(seed=0)
    moment = bowls.snapshot()
    env = Tabletop("stack", cameras=())
    with pytest.raises(ValueError, match="cannot be restored in 'stack'"):
        env.restore(moment)
    env.close()


def act_wildly(task, steps):
    env, rng = Tabletop(task, cameras=()), np.random.default_rng(0)
    low, high = state_bounds()
    for number in range(steps):
        if number % 100 == 0:
            env.reset(seed=number)
        action = rng.choice([-1.0, 1.0], 4) if number % 200 < 100 else rng.uniform(-1, 1, 4)
        obs, reward, *_ = env.step(action)
        assert (obs["state"] >= low).all()
        assert (obs["state"] <= high).all()
        assert np.isfinite(reward)
        assert -0.01 < obs["state"][5] < 1
    env.close()


@pytest.mark.parametrize("task", sorted(envs.TASKS))
def test_wild_actions_never_break_the_physics(task):
    act_wildly(task, 500)


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(envs.TASKS))
def test_five_thousand_wild_actions_never_break_the_physics(task):
    act_wildly(task, 5000)


def test_memory_does_not_grow_with_resets():
    env = Tabletop("stack")
    pages = Path("/proc/self/statm")
    if not pages.exists():
        pytest.skip("this system does not tell how much memory is resident")

    def resident():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for seed in range(30):
        env.reset(seed=seed)
        env.step(np.array([0, 0, -1, 1]))
    before = resident()
    for seed in range(300):
        env.reset(seed=seed)
        env.step(np.array([0, 0, -1, 1]))
    assert resident() - before < 8e6
    env.close()


@pytest.mark.parametrize("task", envs.TASKS)
def test_a_camera_without_the_robot_changes_nothing_else(task):
    plain, more = Tabletop(task), Tabletop(task, cameras=("front", "front-no-robot"))
    rng = np.random.default_rng(0)
    for seed in (0, 1):
        seen, also = plain.reset(seed=seed)[0], more.reset(seed=seed)[0]
        for _ in range(6):
            action = rng.uniform(-1, 1, 4)
            seen, also = plain.step(action)[0], more.step(action)[0]
            assert (seen["state"] == also["state"]).all()
            assert (seen["front"] == also["front"]).all()
    assert plain.snapshot() == more.snapshot()
    plain.close()
    more.close()


def test_without_the_robot_the_things_stand_where_they_stand():
    env = Tabletop("put_in_bowl", cameras=("front", "front-no-robot"))
    obs = env.reset(seed=0)[0]
    same = (obs["front"] == obs["front-no-robot"]).all(axis=2)
    assert 0.5 < same.mean() < 0.99  # the arm is gone, and what it does not hide is the same to the pixel
    assert same[-20:].all()
    above = env.step([0, 0, 0, 0])[0]["front-no-robot"]
    assert (above == obs["front-no-robot"]).mean() > 0.99  # moving the arm alone moves nothing in the picture
    other = env.reset(seed=1)[0]["front-no-robot"]
    assert (other != above).any()
    env.close()


def test_a_restored_moment_is_drawn_without_the_robot_as_it_was():
    env = Tabletop("stack", cameras=("top-no-robot",))
    env.reset(seed=3)
    kept, before = env.snapshot(), env.observe()[0]["top-no-robot"]
    env.reset(seed=4)
    assert (env.restore(kept)[0]["top-no-robot"] == before).all()
    env.close()
