"""The physics of dressing: forces add up, limbs stay inside sleeves, and nothing blows up."""

import numpy as np
import pytest
from dressing_pulls import ALL, DIRECTIONS, dress, environment, pulled

from envs.dressing.environment import HAZARD, SNAG, Dressing
from envs.dressing.expert import expert
from envs.dressing.model import SUBSTEPS, TIMESTEP
from envs.dressing.simulation import HIGH, LOW, VISCOSITY, rotation_of, turn_of

STILL = np.zeros(3)


def settled(garment, mesh, steps):
    """Upward forces on the arm, the rest of the body and the gripper while the sleeve lies still, and its weight."""
    env = environment(garment, mesh=mesh)
    dress(env, 1, share=0.6)
    sim, found = env.sim, []
    for _ in range(steps):
        sim.advance(STILL, STILL)
        found.append([sim.force[2], sim.contact(arm=False)[2], sim.pull[2]])
    return np.mean(found[-25:], axis=0), sim.scene.garment.mass * 9.81


@pytest.mark.parametrize("garment", ALL)
def test_arm_body_and_gripper_bear_the_weight_of_a_sleeve_at_rest(garment):
    borne, weight = settled(garment, "coarse", 65)
    assert borne[0] < -0.1 * weight
    assert -borne.sum() == pytest.approx(weight, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("garment", ALL)
def test_the_weight_is_borne_on_the_fine_mesh_too(garment):
    borne, weight = settled(garment, "fine", 150)
    assert -borne.sum() == pytest.approx(weight, rel=0.02)


def test_a_sleeve_in_the_air_hangs_on_the_gripper_alone():
    env = environment()
    env.reset(seed=0)
    sim, found = env.sim, []
    for _ in range(20):
        sim.advance(np.array([0.01, 0, 0.01]), STILL)
    for _ in range(150):
        sim.advance(STILL, STILL)
        assert not sim.force.any()
        found.append(sim.pull)
    np.testing.assert_allclose(np.mean(found[-75:], axis=0), [0, 0, -9.81 * sim.scene.garment.mass], atol=0.02)


def test_the_gripper_gives_way_in_proportion_to_what_is_above_its_limit():
    env = environment()
    env.reset(seed=0)
    sim = env.sim
    sim.pull = np.array([0.0, sim.limit, 0.0])
    assert not sim._yielding().any()
    sim.pull = np.array([0.0, sim.limit + 20.0, 0.0])
    np.testing.assert_allclose(sim._yielding(), [0, 20.0 / VISCOSITY * TIMESTEP, 0], atol=1e-12)


@pytest.mark.parametrize("way", [(0, 0, -1), (0, 1, 0), (-1, 0, -1)])
def test_an_arm_never_comes_through_a_sleeve_that_is_pulled(way):
    env = environment()
    dress(env, 1, share=0.6)
    assert pulled(env, env.snapshot(), np.array(way) / np.linalg.norm(way)) in ("held", "hazard", "slipped")


@pytest.mark.slow
@pytest.mark.parametrize("mesh", ["coarse", "fine"])
@pytest.mark.parametrize("garment", ALL)
def test_an_arm_never_comes_through_a_sleeve_that_is_pulled_anywhere(garment, mesh):
    env = environment(garment, mesh=mesh)
    dress(env, 2, share=0.6)
    moment = env.snapshot()
    ends = [pulled(env, moment, direction) for direction in DIRECTIONS]
    assert set(ends) <= {"held", "hazard", "slipped"}
    assert ends.count("slipped") <= 3


def test_a_yank_is_a_hazard_that_ends_the_episode():
    env = environment()
    dress(env, 1, share=0.6)
    ended, peak = False, env.observe()[1]["peak_force"]
    while not ended:
        _, reward, ended, late, info = env.step(np.array([0, 1.0, 1.0, 0, 0, 0]))
        assert info["peak_force"] == max(peak, info["force"])
        assert info["snag"] == (info["peak_force"] > SNAG)
        assert info["hazard"] == (info["peak_force"] > HAZARD) == ended
        penalty = min(max((info["force"] - SNAG) / (HAZARD - SNAG), 0), 1)
        assert reward == pytest.approx(info["progress"] - penalty)
        assert not late
        peak = info["peak_force"]
    assert not info["success"]
    moment = env.snapshot()
    with pytest.raises(ValueError, match="ended with a hazard; call reset"):
        env.step(np.zeros(6))
    assert environment().restore(moment)[1]["hazard"]


def test_progress_falls_when_the_sleeve_is_pulled_off_again():
    env = environment()
    before = dress(env, 1, share=0.6)["progress"]
    joints = env.sim.joints
    back = (joints[0] - joints[2]) / np.linalg.norm(joints[0] - joints[2])
    for _ in range(15):
        *_, info = env.step(np.array([*back, 0, 0, 0]))
    assert info["progress"] < before - 0.05


def act_wildly(seeds, steps):
    env, rng = Dressing("medium", obs=("state",), cameras=()), np.random.default_rng(0)
    for seed in seeds:
        env.reset(seed=seed)
        for number in range(steps):
            action = rng.choice([-1.0, 1.0], 6) if seed % 2 else rng.uniform(-1, 1, 6)
            if number % 40 < 20:  # a while in one direction leads farther than a random walk
                action = np.roll(np.sign(np.arange(6) - seed % 6 + 0.5), number // 40)
            obs, reward, ended, *_ = env.step(action)
            assert env.observation_space.contains(obs)
            assert np.isfinite(reward)
            sim = env.sim
            assert (np.abs(sim.vertices - sim.position) < 1.5).all()
            assert ((sim.position >= LOW) & (sim.position <= HIGH)).all()
            if ended:
                break


def test_wild_actions_never_break_the_physics():
    act_wildly(range(3), 40)


@pytest.mark.slow
def test_ten_thousand_wild_actions_never_break_the_physics():
    act_wildly(range(50), 200)


def test_the_expert_dresses_arms_of_held_out_poses():
    env = Dressing("medium", split="held-out", obs=("state",), cameras=())
    assert min(dress(env, seed, share=0.999)["upper_ratio"] for seed in range(4)) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("level", "enough"), [("medium", 0.95), ("hard", 0.8)])
def test_the_expert_dresses_a_hundred_arms(level, enough):
    env = Dressing(level, split="held-out", obs=("state",), cameras=())
    assert np.mean([dress(env, seed)["upper_ratio"] for seed in range(100)]) >= enough


def test_random_actions_dress_nobody():
    env, rng = Dressing("medium", split="held-out", obs=("state",), cameras=()), np.random.default_rng(0)
    ends = []
    for seed in range(3):
        env.reset(seed=seed)
        for _ in range(30):
            *_, info = env.step(rng.uniform(-1, 1, 6))
        ends.append(info["upper_ratio"])
    assert np.mean(ends) <= 0.05


def test_a_turn_and_its_rotation_are_each_others_inverse():
    for turn in np.random.default_rng(0).uniform(-1.5, 1.5, (20, 3)):
        np.testing.assert_allclose(turn_of(rotation_of(turn)), turn, atol=1e-9)


def test_what_is_seen_is_the_state_and_not_that_of_a_substep_ago():
    env = environment(level="moving")
    obs, _ = env.reset(seed=0)
    for _ in range(10):
        obs, *_ = env.step(expert(obs["state"]))
    sim = env.sim
    assert sim.time == pytest.approx((8 + 10) * SUBSTEPS * TIMESTEP)
    at_rest = sim.model.body_pos[[sim.model.body(f"sleeve_{v}").id for v in range(len(sim.vertices))]]
    np.testing.assert_allclose(sim.vertices, at_rest + sim.data.qpos.reshape(-1, 3), atol=1e-12)
    hand = sim.data.xpos[sim.model.body("hand").id]
    np.testing.assert_allclose(hand, sim.joints[:2].mean(0), atol=1e-12)
