"""Anyone's environment gets the face of ours."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import envs
from envs.external import External


class Slider(gymnasium.Env):
    """A point on a line; it ends when it arrives at 1."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(self, render_mode=None, dict_obs=False):
        self.render_mode = render_mode
        point = spaces.Box(-2, 2, (1,), np.float64)
        self.observation_space = spaces.Dict({"x": point, "side": spaces.Discrete(2)}) if dict_obs else point
        self.action_space = spaces.Box(-1, 1, (1,), np.float32)
        self.dict_obs = dict_obs
        self.x = 0.0

    def seen(self):
        point = np.array([self.x])
        return {"x": point, "side": int(self.x > 0)} if self.dict_obs else point

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = float(self.np_random.uniform(-1, 0))
        return self.seen(), {}

    def step(self, action):
        self.x = float(np.clip(self.x + 0.5 * action[0], -2, 2))
        done = self.x >= 1
        return self.seen(), -abs(1 - self.x), done, False, {"is_success": done}

    def render(self):
        picture = np.zeros((40, 60, 3), np.uint8)
        picture[:, int((self.x + 2) / 4 * 59)] = 255
        return picture


def made(**keywords):
    slider = Slider(render_mode="rgb_array", dict_obs=keywords.pop("dict_obs", False))
    return External(slider, task="slide to the right", horizon=8, **keywords)


def test_it_shows_a_state_and_a_front_view_that_pass_its_spec():
    env = made()
    obs, info = env.reset(seed=0)
    env.spec_.check(obs)
    assert obs["front"].shape == (96, 96, 3)
    assert info["task"] == "slide to the right"
    assert env.spec_.hz == 20


def test_an_episode_keeps_its_length_when_the_environment_ends_early():
    env = made()
    env.reset(seed=0)
    steps = [env.step(np.ones(1, np.float32)) for _ in range(8)]
    assert [(term, trunc) for _, _, term, trunc, _ in steps] == [(False, False)] * 7 + [(False, True)]
    assert steps[-1][4]["success"]
    np.testing.assert_array_equal(steps[-1][0]["state"], steps[-2][0]["state"])
    assert steps[-1][4]["step"] == 8


def test_progress_is_the_reward_unless_a_function_says_otherwise():
    action = np.ones(1, np.float32)
    plain, judged = made(), made(progress=lambda obs, reward, info: 0.25, success=lambda obs, reward, info: 1)
    plain.reset(seed=0), judged.reset(seed=0)
    *_, info = plain.step(action)
    assert info["progress"] == pytest.approx(-abs(1 - plain.env.x))
    assert not info["success"]
    *_, info = judged.step(action)
    assert (info["progress"], info["success"]) == (0.25, True)


def test_observations_of_several_parts_become_one_vector():
    env = made(dict_obs=True)
    obs, _ = env.reset(seed=0)
    assert obs["state"].shape == (3,)
    env.spec_.check(obs)


def test_without_cameras_nothing_is_rendered():
    env = External(Slider(), task="slide", horizon=3, cameras=())
    assert set(env.reset(seed=0)[0]) == {"state"}


def test_it_is_made_by_name_through_gymnasium():
    gymnasium.register("test/Slider-v0", entry_point=Slider)
    env = gymnasium.make("embodied/External-v0", env="test/Slider-v0", task="slide", horizon=3)
    obs, _ = env.reset(seed=0)
    assert obs["front"].shape == (96, 96, 3)
    assert envs.EXTERNAL[0] in gymnasium.registry
    env.close()
    del gymnasium.registry["test/Slider-v0"]


def test_a_wrong_action_is_refused_by_value():
    env = made()
    env.reset(seed=0)
    with pytest.raises(ValueError, match="1 finite numbers"):
        env.step(np.array([np.nan]))
    with pytest.raises(ValueError, match="1 finite numbers"):
        env.step(np.zeros(2))


def test_what_cannot_be_wrapped_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="make it with render_mode='rgb_array'"):
        External(Slider(), task="slide", horizon=3)
    with pytest.raises(ValueError, match="only a Box of continuous actions"):
        External("CartPole-v1", task="balance", horizon=3)
    slow = Slider(render_mode="rgb_array")
    slow.metadata = {"render_modes": ["rgb_array"]}
    with pytest.raises(ValueError, match="give hz"):
        External(slow, task="slide", horizon=3)
    with pytest.raises(ValueError, match="offers only"):
        External(Slider(render_mode="rgb_array"), task="slide", horizon=3, cameras=("top",))
