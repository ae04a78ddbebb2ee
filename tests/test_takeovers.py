"""Takeovers are preferences and data: what a person did, and let stand, is better than what they took over from."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reaching import Memory, reaching

from embodied.batches import transitions
from embodied.feedback import pose
from embodied.intervening import InterveneConfig, intervene, watched
from embodied.spec import ArraySpec, Spec
from embodied.types import moment
from policies.bc import BCConfig, fit
from rewards.takeovers import Takeovers, runs, takeovers


class Taken(Memory):
    """Reaching data in which a person took over where `marks` says so."""

    marks: tuple[np.ndarray, ...] = ()

    def human(self) -> np.ndarray:
        return np.concatenate(self.marks)


def taken(*spans: tuple[int, int, int], episodes: int = 3) -> Taken:
    """(episode, first step, one past the last) of each takeover."""
    data = reaching(episodes)
    marks = [np.zeros(len(a), bool) for a in data.action]
    for episode, first, stop in spans:
        marks[episode][first:stop] = True
    made = Taken(data.spec, data.obs, data.action, data.reward, data.terminated)
    object.__setattr__(made, "marks", tuple(marks))
    return made


def answers(data, pairs):
    teacher = Takeovers(data, span=4)
    found = dict(teacher.ask(pose(teacher, data, "x", pairs)))
    return [found[i] for i in range(len(pairs))]


@given(st.lists(st.booleans(), max_size=30))
def test_runs_are_the_marked_steps(marks):
    found = runs(np.array(marks, bool))
    assert [i for a, b in found.tolist() for i in range(a, b)] == [i for i, mark in enumerate(marks) if mark]
    assert all(b < c for (_, b), (c, _) in pairwise(found.tolist()))


def test_every_question_of_its_own_is_answered_and_swapping_sides_swaps_the_answer():
    data = taken((0, 5, 9), (0, 14, 16), (2, 3, 20))
    teacher = Takeovers(data, span=4)
    pairs = teacher.questions(200, np.random.default_rng(0))
    assert len({frozenset(pair) for pair in pairs}) == len(pairs) > 60
    given = answers(data, pairs)
    assert all(answer.outcome == "preferred" for answer in given)
    turned = answers(data, [(right, left) for left, right in pairs])
    assert [a.p_left + b.p_left for a, b in zip(given, turned, strict=True)] == pytest.approx([1.0] * len(pairs))


def test_after_is_preferred_to_before_later_to_earlier_and_consent_at_the_end_to_the_way():
    data = taken((0, 5, 9), (1, 12, 15))
    number, other = data.ids[:2].tolist()

    def better(a, b):
        return Takeovers(data, span=4).better(moment(*a), moment(*b))

    assert better((number, 6), (number, 5)) == 1  # their first frame, and the one they took over at
    assert better((number, 3), (number, 8)) == -1
    assert better((number, 9), (number, 7)) == 1
    assert better((number, 15), (number, 3)) == 1  # what they let stand
    assert better((number, 20), (number, 9)) == 1  # it lasted to the end
    assert better((number, 20), (other, 12)) == 1
    assert better((number, 20), (other, 20)) == 0
    assert better((number, 0), (number, 8)) == 0  # long before


def test_what_comes_before_the_next_takeover_had_no_consent():
    first, second = takeovers(taken((0, 2, 6), (0, 12, 15)), span=4)
    assert (first.end, first.final) == (7, False)
    assert (second.before, second.end, second.final) == (8, 20, True)
    assert [first.part(t) for t in (2, 3, 6, 7, 8)] == [0, 1, 1, 2, None]


def test_data_in_which_nobody_took_over_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"nobody took over.*embodied intervene"):
        Takeovers(reaching(2)).questions(5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no action of these data is a person's"):
        fit(
            reaching(4),
            "constant",
            BCConfig(who="person", steps=1, obs=("position",)),
            tmp_path,
        )


def test_only_the_persons_actions_are_kept():
    data = taken((0, 5, 9), (2, 0, 20))
    made = transitions(data, ("position",), "constant")
    kept = made.where(made.human)
    assert kept.ids == (int(data.ids[0]), int(data.ids[2]))
    assert kept.lengths.tolist() == [4, 20]
    assert np.array_equal(kept.action.numpy(), data.actions()[data.human()])


class Line:
    """A point on a line that should reach 1; a policy that goes back, and somebody who pushes it on."""

    spec = Spec({"state": ArraySpec((1,))}, ArraySpec((1,), "float32", -1, 1), 10.0)
    metadata = {"render_fps": 10}  # noqa: RUF012 # as gymnasium declares it

    def __init__(self) -> None:
        self.action_space = self.spec.to_space()[1]

    def reset(self, seed=None):
        self.x, self.steps = 0.0, 0
        return self.told()

    def told(self):
        return {"state": np.array([self.x], np.float32)}, {"progress": max(0.0, self.x), "success": self.x >= 1}

    def step(self, action):
        self.x += 0.1 * float(action[0])
        self.steps += 1
        obs, info = self.told()
        return obs, info["progress"], False, self.steps == 12, info


class Backwards:
    spec = Line.spec

    def __init__(self):
        self.asked = 0

    def reset(self, task):
        pass

    def act(self, obs):
        self.asked += 1
        return np.full((1, 3, 1), -1.0, np.float32)


def test_a_takeover_drops_what_is_left_of_a_chunk_and_is_marked():
    pushed = lambda obs, info: np.array([1.0], np.float32) if obs["state"][0] < -0.15 else None  # noqa: E731
    policy = Backwards()
    episode = watched(policy, Line(), pushed, 0)
    assert episode.human.tolist() == [False, False, True] + [False, True] * 4 + [False]
    assert np.array_equal(episode.action[:, 0] > 0, episode.human)
    assert policy.asked == 6  # a chunk of three is dropped each time


@pytest.fixture(scope="module")
def cloned(tmp_path_factory):
    pytest.importorskip("pybullet")
    from embodied.collecting import CollectConfig, collect

    folder = tmp_path_factory.mktemp("takeovers")
    data = collect(CollectConfig(episodes=4, mix="random"), folder / "data", workers=1)
    fit(data, "constant", BCConfig(steps=20, hidden=(8,)), folder / "policy")
    return folder


def test_watched_episodes_are_appended_once_and_survive_a_stop(cloned):
    config = InterveneConfig(episodes=2)

    def stop(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intervene(cloned / "policy", cloned / "data", config, progress=stop)
    data = intervene(cloned / "policy", cloned / "data", config)
    again = intervene(cloned / "policy", cloned / "data", config)
    assert len(data) == len(again) == 6
    rows = [json.loads(line) for line in (cloned / "data" / "interventions.jsonl").read_text().splitlines()]
    assert [row["episode"] for row in rows] == [4, 5]
    assert not data.human()[: int(data.lengths[:4].sum())].any()
    assert data.human().sum() == sum(row["human_steps"] for row in rows) > 0
    assert Takeovers(data).found
    more = intervene(cloned / "policy", cloned / "data", replace(config, start=config.start + 2, episodes=1))
    assert len(more) == 7
    fit(data, "constant", BCConfig(steps=5, hidden=(8,)), cloned / "another")
    others = intervene(cloned / "another", cloned / "data", config)
    assert len(others) == 9  # the same starts, of another policy


def test_what_the_policy_holds_stays_held_when_the_keyboard_takes_over(monkeypatch):
    import io

    from embodied.intervening import SENT
    from embodied.piloting import Pilot

    class Four:
        action_space = Spec({"state": ArraySpec((1,))}, ArraySpec((4,), "float32", -1, 1), 10.0).to_space()[1]
        metadata = {"render_fps": 10}  # noqa: RUF012 # as gymnasium declares it

    for sent, grip in ((0.7, 1.0), (-0.2, -1.0)):
        monkeypatch.setattr("sys.stdin", io.StringIO("w\n"))
        pilot = Pilot(Four(), np.random.default_rng(0), tell=lambda *said: None)
        action = pilot({}, {SENT: np.array([0, 0, 0, sent], np.float32)})
        assert action.tolist() == [1, 0, 0, grip]


def test_a_person_at_the_keyboard_takes_over_and_gives_back(cloned, monkeypatch):
    import io

    from embodied.terminal import Quit

    lines = ["", "", "w", "wa", "g", ".", ""] + [""] * 43
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    data = intervene(cloned / "policy", cloned / "keys", InterveneConfig(person="keyboard", episodes=1))
    episode = data[0]
    assert np.flatnonzero(episode.human).tolist() == [2, 3, 4, 5]
    assert episode.action[2:6].tolist() == [[1, 0, 0, -1], [1, 1, 0, -1], [0, 0, 0, 1], [0, 0, 0, 1]]
    monkeypatch.setattr("sys.stdin", io.StringIO("w\nq\n"))
    with pytest.raises(Quit):
        intervene(cloned / "policy", cloned / "other", InterveneConfig(person="keyboard", episodes=1))
