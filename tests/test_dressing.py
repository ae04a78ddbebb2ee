"""Dressing: an environment that repeats itself, scenes that are data, and coverage that cannot be cheated."""

import itertools
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

import envs
from embodied.plugins import EXTRAS, Unknown
from envs.dressing.coverage import BEYOND, NOT, dressed
from envs.dressing.environment import OFFERS, Dressing
from envs.dressing.expert import expert
from envs.dressing.person import Person
from envs.dressing.raster import Camera
from envs.dressing.scene import LEVELS, Scene, draw, held_out
from envs.dressing.view import CAMERAS

ROOT = Path(__file__).parents[1]
SEEN = {"obs": OFFERS, "cameras": ("front",), "size": 32}


def rollout(env, seed, n):
    """A reset and some of the expert's steps: observations, rewards and infos."""
    obs, info = env.reset(seed=seed)
    return [(obs, 0.0, info), *onwards(env, obs, n)]


def onwards(env, obs, n):
    found, rng = [], np.random.default_rng(n)
    for _ in range(n):
        obs, reward, _, _, info = env.step(expert(obs["state"]) + rng.normal(0, 0.2, 6))
        found.append((obs, reward, info))
    return found


def bits(moments):
    """One hash over all that was seen."""
    mixed = sha256()
    for obs, reward, info in moments:
        for name in sorted(obs):
            mixed.update(np.ascontiguousarray(obs[name]).tobytes())
        mixed.update(repr((float(reward), sorted(info.items()))).encode())
    return mixed.hexdigest()


@pytest.fixture(scope="module")
def env():
    found = Dressing("medium", **SEEN)
    yield found
    found.close()


@pytest.mark.filterwarnings("ignore:.*(not within|precision lowered):UserWarning")
def test_the_gymnasium_checker_finds_no_fault():
    env = gymnasium.make("embodied/Dressing-v0", horizon=3).unwrapped
    check_env(env)
    env.close()


def test_what_it_gives_passes_its_own_spec(env):
    for obs, _, _ in rollout(env, 0, 3):
        env.spec_.check(obs)
        assert env.observation_space.contains(obs)


def test_the_same_seed_and_actions_give_the_same_bits_in_every_process(env):
    code = "import test_dressing as t\nprint(t.bits(t.rollout(t.Dressing('medium', **t.SEEN), 7, 8)))"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    shown = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    rollout(env, 8, 5)
    assert bits(rollout(env, 7, 8)) == shown.stdout.strip()


@pytest.mark.parametrize("level", ["medium", "moving"])
def test_a_snapshot_is_continued_to_the_same_bits_here_and_elsewhere(level):
    env, other = Dressing(level, **SEEN), Dressing("easy", **SEEN)
    obs, *_ = rollout(env, 3, 15)[-1]
    moment, first = env.snapshot(), env.observe()
    wanted = bits([(first[0], 0.0, first[1]), *onwards(env, obs, 6)])
    rollout(other, 9, 2)
    for there in (env, other):
        obs, info = there.restore(moment)
        assert bits([(obs, 0.0, info), *onwards(there, obs, 6)]) == wanted
    follow = [there.reset()[0]["state"] for there in (env, other)]
    assert env.level != other.level or np.array_equal(*follow)


def test_a_moment_of_another_mesh_is_refused(env):
    fine = Dressing(mesh="fine", obs=("state",), cameras=())
    fine.reset(seed=0)
    with pytest.raises(ValueError, match="a moment of the fine mesh cannot be restored on the coarse one"):
        env.restore(fine.snapshot())


def test_resets_without_a_seed_follow_from_the_last_seed(env):
    env.reset(seed=3)
    first = env.reset()[0]["state"]
    env.reset(seed=3)
    np.testing.assert_array_equal(first, env.reset()[0]["state"])


@given(level=st.sampled_from(sorted(LEVELS)), split=st.sampled_from(["train", "held-out"]), seed=st.integers(0, 2**40))
@settings(max_examples=40, deadline=None)
def test_a_scene_survives_json_and_its_split_is_its_square(level, split, seed):
    scene = draw(level, split, seed)
    assert Scene.from_json(scene.to_json()) == scene
    assert draw(level, split, seed) == scene
    assert held_out(scene.person.azimuth, scene.person.flexion) == (split == "held-out")
    assert draw(level, split, seed + 1) != scene
    assert LEVELS[level].flexion[0] <= scene.person.flexion <= LEVELS[level].flexion[1]


def test_a_scene_given_is_the_scene_shown(env):
    scene = draw("hard", "held-out", 4)
    first = env.reset(seed=0, options={"scene": scene})[0]
    again = env.reset(seed=1, options={"scene": scene.to_json()})[0]
    np.testing.assert_array_equal(first["state"], again["state"])
    with pytest.raises(ValueError, match="no option 'scnee'"):
        env.reset(options={"scnee": scene})


@pytest.mark.parametrize("name", sorted(n for n in envs.ENVIRONMENTS if "Dressing" in n))
def test_every_preset_is_what_its_name_says(name):
    env = gymnasium.make(name, obs=("state",), cameras=())
    inner = env.unwrapped
    scenes = [draw(inner.level, inner.split, seed, inner.garments) for seed in range(20)]
    kinds = {scene.garment.name for scene in scenes}
    kind = name.removeprefix("embodied/Dressing").removesuffix("-v0").lower()
    if kind in LEVELS:
        assert inner.level == kind
    if inner.garments:
        assert kinds == {kind}
    else:
        assert len(kinds) > 1
    assert any(any(scene.sway[:2]) for scene in scenes) == (inner.level == "moving")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"level": "medum"}, "did you mean 'medium'"),
        ({"split": "test"}, "no split 'test'; choose one of train, held-out"),
        ({"garments": {"gwon": 1.0}}, "did you mean 'gown'"),
        ({"garments": {"gown": 0.0}}, "not all of them 0"),
        ({"obs": ("stat",)}, "did you mean 'state'"),
        ({"obs": "state"}, "give names in a sequence"),
        ({"cameras": ("fornt",)}, "did you mean 'front'"),
        ({"obs": (), "cameras": ()}, "nothing would be observed"),
        ({"horizon": 0}, "horizon is 0"),
        ({"render_mode": "human"}, "no render mode 'human'"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_way_out(keywords, message):
    with pytest.raises((ValueError, Unknown), match=message):
        Dressing(**keywords)


def test_only_what_was_asked_for_is_observed():
    for obs, cameras in ((("state",), ()), (("cloud", "pull"), ()), ((), ("front",))):
        env = Dressing(obs=obs, cameras=cameras, size=16)
        seen, _ = env.reset(seed=1)
        assert set(seen) == {*obs, *cameras} == set(env.observation_space.spaces)


@pytest.mark.parametrize("bad", [np.full(6, np.nan), np.array([0, 0, np.inf, 0, 0, 0]), np.zeros(4), "left", None])
def test_an_action_that_is_none_is_refused_by_value(env, bad):
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action .*(shape|finite|numbers)"):
        env.step(bad)


def test_a_huge_action_counts_as_the_nearest_within(env):
    env.reset(seed=0)
    far = env.step(np.array([9e9, -9, 0.5, 3, -1e30, 0]))[0]["state"]
    env.reset(seed=0)
    np.testing.assert_array_equal(far, env.step(np.array([1, -1, 0.5, 1, -1, 0]))[0]["state"])


def test_stepping_before_the_first_reset_is_refused():
    with pytest.raises(ValueError, match="before the first reset"):
        Dressing(obs=("state",), cameras=()).step(np.zeros(6))


def test_a_missing_mujoco_is_met_with_the_extra_that_brings_it():
    code = "import sys; sys.modules['mujoco'] = None; import envs.dressing.environment"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'embodied-feedback[dressing]'" in shown.stderr
    assert EXTRAS["mujoco"] == "dressing"


def test_a_photograph_shows_what_the_raster_draws_or_tells_what_to_do():
    env = Dressing(obs=("state",), cameras=(), render_size=96, renderer="mujoco")
    env.reset(seed=1)
    photograph = photographed(env)
    if isinstance(photograph, str):
        assert "renderer='own', or start Python with MUJOCO_GL=egl" in photograph
        return
    env.renderer = "own"
    assert photograph.shape == (96, 96, 3)
    assert np.corrcoef(photograph.mean(2).ravel(), env.render().mean(2).ravel())[0, 1] > 0.7
    env.close()


def photographed(env):
    """The photograph, or why there is none."""
    try:
        return env.render()
    except RuntimeError as error:
        return str(error)


def test_a_cloud_shows_garment_arm_and_gripper_where_they_are(env):
    obs, _, info = rollout(env, 2, 60)[-1]
    cloud, sim = obs["cloud"].astype(float), env.sim
    assert cloud.shape == (128, 6)
    assert (cloud[:, 3:].sum(1) == 1).all()
    assert cloud[:, 3:].sum(0).tolist() == [79, 48, 1]
    np.testing.assert_allclose(cloud[-1, :3], sim.position, atol=1e-6)
    arm = cloud[cloud[:, 4] == 1, :3]
    depth = np.full(len(arm), np.inf)
    for start, end, radius in zip(sim.joints[:-1], sim.joints[1:], sim.scene.person.radii, strict=True):
        depth = np.minimum(depth, np.abs(away(arm, start, end) - radius))
    assert depth.max() < 1e-3
    garment = cloud[cloud[:, 3] == 1, :3]
    assert np.linalg.norm(garment[:, None] - sim.vertices, axis=2).min(1).max() < 0.06
    assert info["arm_ratio"] > 0.3
    assert not hidden(sim, CAMERAS["front"], arm).any()


def test_most_of_a_dressed_arm_cannot_be_seen():
    env = Dressing("medium", obs=("state",), cameras=())
    rollout(env, 2, 0)
    bare = hidden(env.sim, CAMERAS["front"], on_the_arm(env.sim)).mean()
    rollout(env, 2, 90)
    assert hidden(env.sim, CAMERAS["front"], on_the_arm(env.sim)).mean() > bare + 0.15


def away(points, start, end):
    """Distances from a line's points."""
    line = end - start
    share = np.clip((points - start) @ line / (line @ line), 0, 1)
    return np.linalg.norm(points - start - share[:, None] * line, axis=1)


def on_the_arm(sim):
    return np.concatenate([np.linspace(a, b, 12) for a, b in itertools.pairwise(sim.joints)])


def hidden(sim, camera: Camera, points):
    """Whether cloth is between the eye and each point."""
    eye = np.array(camera.eye)
    a, b, c = sim.vertices[sim.cloth.faces].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    found = []
    for point in points:
        ray = point - eye
        share = ((a - eye) * normal).sum(1) / (normal @ ray)
        hit = eye + share[:, None] * ray
        inside = [(np.cross(q - p, hit - p) * normal).sum(1) > 0 for p, q in ((a, b), (b, c), (c, a))]
        found.append((np.all(inside, axis=0) & (share > 0) & (share < 1 - 2e-3)).any())
    return np.array(found)


STRAIGHT = np.array([[0.69, 0, 0], [0.53, 0, 0], [0.28, 0, 0], [0, 0, 0]])
"""A straight arm along x: fingertip, wrist, elbow, shoulder."""


def ring(middle, along, radius=0.1, n=12):
    """An armhole that an arm enters in the direction `along`, in the order of a sleeve's vertices."""
    x = -np.array(along, float) / np.linalg.norm(along)
    y = np.cross([0.0, 0.0, 1.0], x)
    y /= np.linalg.norm(y)
    turn = 2 * np.pi * np.arange(n) / n + 0.1
    return np.array(middle) + radius * (np.sin(turn)[:, None] * y + np.cos(turn)[:, None] * np.cross(x, y))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.001, 0.69 + BEYOND - 0.001), st.floats(-0.04, 0.04), st.floats(-0.04, 0.04))
def test_coverage_of_a_straight_arm_is_where_the_ring_is(s, y, z):
    found = dressed(STRAIGHT, ring((0.69 - s, y, z), (-1, 0, 0)))
    assert found.along == pytest.approx(s, abs=1e-8)
    assert found.arm == pytest.approx(min(1, s / 0.69), abs=1e-8)
    assert found.upper == pytest.approx(np.clip((s - 0.41) / 0.28, 0, 1), abs=1e-8)


@pytest.mark.parametrize(
    "opening",
    [
        ring((0.3, 0.15, 0), (-1, 0, 0)),  # beside the arm
        ring((0.75, 0, 0), (-1, 0, 0)),  # in front of the fingertips
        ring((-BEYOND - 0.01, 0, 0), (-1, 0, 0)),  # behind the shoulder
        ring((0.3, 0, 0), (1, 0, 0)),  # the arm came in by the cuff
        ring((0.3, 0, 0.1), (-1, 0, 0))[[0, 1, 2, 3, 2, 1]],  # no ring at all
    ],
)
def test_an_opening_that_does_not_enclose_the_arm_covers_nothing(opening):
    assert dressed(STRAIGHT, opening) == NOT


def test_an_arm_that_enters_and_leaves_is_not_enclosed():
    folded = np.array([[0.3, -0.05, 0], [0, -0.05, 0], [0, 0.05, 0], [0.3, 0.05, 0]])
    assert dressed(folded, ring((0.15, 0, 0), (-1, 0, 0), radius=0.12)) == NOT


@settings(max_examples=30, deadline=None)
@given(st.floats(15, 70), st.floats(0, 75), st.floats(-20, 60))
def test_coverage_rises_along_a_bent_arm(azimuth, flexion, roll):
    joints = Person(azimuth=azimuth, flexion=flexion, roll=roll).joints()
    ratios = []
    for start, end in itertools.pairwise(joints):
        for share in (0.3, 0.5, 0.7):
            ratios.append(dressed(joints, ring(start + share * (end - start), end - start, radius=0.07)).arm)
    assert ratios == sorted(ratios)
    assert ratios[0] > 0
