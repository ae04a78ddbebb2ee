"""Scenes of the long tasks: possible, new where they say so, the same everywhere, and what their sentences mean."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import pytest

import envs
from embodied.plans import moves_needed, plan
from embodied.scenery import AREAS, SIDES, WORKSPACE
from envs.tabletop.board import GROUPS, SEEN, UNSEEN, Board, axes
from envs.tabletop.brief import Brief, known_wordings
from envs.tabletop.rearrangement import CAPACITY, long_task
from envs.tabletop.shapes import EDGES

ROOT = Path(__file__).parents[1]
TASKS = sorted(envs.LONG_TASKS)
SPLITS = ("train", "unseen-colours", "unseen-compositions", "held-out-wording", "hard", "all-new")

SCENES = Path(__file__).parent / "long_tasks.json"
"""sha256 of scene 0 of every task, made by `PYTHONPATH=.:tests python -m test_long_tasks > tests/long_tasks.json`."""

ROOM = {"block": 0.02, "big": 0.03, "bowl": 0.062, "zone": 0.06}
"""Radius of the largest circle in a thing [m]: nearer than that two of them overlap, however they are turned."""


def scenes():
    """The hash of a scene of every task."""
    return {task: long_task(task).brief("train", 0).hash for task in TASKS}


def every_seed_of(fast, slow):
    return pytest.mark.parametrize(
        "seeds", [pytest.param(range(fast), id="few"), pytest.param(range(slow), marks=pytest.mark.slow, id="many")]
    )


@lru_cache(1000)
def drawn(task, split, seed):
    """A scene; a pure function, whose values many tests look at."""
    return long_task(task).brief(split, seed)


def briefs(task, seeds, splits=SPLITS):
    return (drawn(task, split, seed) for split in splits for seed in seeds)


@every_seed_of(1, 8)
@pytest.mark.parametrize("task", TASKS)
def test_every_scene_is_undone_at_first_and_can_be_done(task, seeds):
    for brief in briefs(task, seeds):
        goal, view = brief.goal, brief.view
        assert not goal.holds(view), brief
        assert goal.progress(view) <= 0.25, brief
        needed = moves_needed(goal, view)
        assert needed >= long_task(task).moves, brief
        moves = plan(goal, view)
        assert len(moves) >= needed, brief
        for move in moves:
            view = move.done(view)
        assert goal.progress(view) == 1, brief
        assert view.held == "", brief


@every_seed_of(1, 8)
@pytest.mark.parametrize("task", TASKS)
def test_every_scene_is_sound(task, seeds):
    for brief in briefs(task, seeds):
        assert Brief.from_json(json.loads(json.dumps(brief.to_json()))) == brief
        assert len(set(brief.names)) == len(brief.names) == len(brief.things)
        assert all(n <= CAPACITY[kind] for kind, n in Counter(t.kind for t in brief.things).items())
        assert all(WORKSPACE.has(t.x, t.y) for t in brief.things), brief
        on_table = [t for t in brief.things if not t.z]
        for a, b in combinations(on_table, 2):
            away = ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5
            assert away > ROOM[a.kind] + ROOM[b.kind] + 0.001, (brief, a, b)
        assert all(t.kind in EDGES for t in brief.things if t.z)
        palette = UNSEEN if "colours" in brief.split or brief.split == "all-new" else SEEN
        assert {t.colour for t in brief.things} <= set(palette), brief
        about = {name for want in brief.goal.to_json()["wants"] for name in re.findall(r"\w[\w ]*", json.dumps(want))}
        assert brief.goal.blocks <= set(brief.names), about
        assert {name for name, _ in brief.goal.outside} <= set(brief.names) - brief.goal.blocks
        assert not re.search(r"[{}]|  |\bNone\b", brief.sentence), brief.sentence


WAYS = {"left of": "left", "right of": "right", "above": "top", "below": "bottom"}


def said(brief, words):
    """Those of some words that a sentence has, in its order."""
    found = [(m.start(), word) for word in words for m in re.finditer(rf"\b{word}\b", brief.sentence, re.IGNORECASE)]
    return [word for _, word in sorted(found)]


def meant(brief):
    """The blocks that a sentence of training is about, read from it and from the scene alone."""
    view, name = brief.view, brief.task
    blocks, count = list(view.blocks), Counter(b.colour for b in view.blocks)
    places = {i.colour for i in view.items if i.kind in ("bowl", "zone")}
    if name == "put-hidden-block-into-matching-bowl":
        blocks = [b for b in blocks if any(f"{cover.colour} block" in brief.sentence for cover in view.over(b))]
    elif name.startswith("put-hidden"):
        blocks = [b for b in blocks if view.over(b) and view.on_table(b)]
    elif name in ("put-block-into-matching-bowl", "stack-blocks-of-same-color"):
        blocks = [b for b in blocks if b.colour in places]
    elif name == "put-even-blocks-in-same-color-zone":
        blocks = [b for b in blocks if count[b.colour] % 2 == 0 and b.colour in places]
    elif name.startswith("stack-smaller-over-bigger"):
        blocks = [b for b in blocks if {"small", "big"} <= {other.size for other in blocks if other.colour == b.colour}]
    elif name.startswith("pick-and-place") or name.endswith("-with-details") or "pyramid" in name:
        return brief.goal.blocks  # named one by one
    if groups := said(brief, GROUPS):
        blocks = [b for b in blocks if any(b.colour in GROUPS[g] for g in groups)]
    rest = re.sub(r"the (small|big) \w+ block\b", "", brief.sentence)  # the size of a block that others lie beside
    sizes = set(re.findall(r"\b(small|big)\b", rest))
    if len(sizes) == 1 and name.endswith(("-size", "-by-size-and-color")):
        blocks = [b for b in blocks if {b.size} == sizes]
    if "absolute" in name:
        area = AREAS[said(brief, AREAS)[0]]
        blocks = [b for b in blocks if area.has(*b.position[:2])]
    if "relative" in name:
        blocks = beyond(brief, blocks)
    return {b.name for b in blocks}


def beyond(brief, blocks):
    """Those of the blocks that lie on the side of another that is said."""
    way = next(way for way in WAYS if way in brief.sentence)
    said = re.search(rf"{way} the (?:\w+ )?(\w+) block", brief.sentence)
    (reference,) = [b for b in brief.view.blocks if b.colour == said[1]]
    dx, dy = SIDES[WAYS[way]]

    def far(block):
        x, y = (a - b for a, b in zip(block.position[:2], reference.position[:2], strict=True))
        return dx * x + dy * y

    assert all(abs(far(b)) > 0.05 for b in brief.view.blocks if b != reference), "one could argue"
    return [b for b in blocks if far(b) > 0.05]


@every_seed_of(1, 8)
@pytest.mark.parametrize("task", TASKS)
def test_the_goal_is_about_the_blocks_that_the_sentence_means(task, seeds):
    for brief in briefs(task, seeds, ("train", "unseen-colours", "hard")):
        assert brief.goal.blocks == meant(brief), brief


@pytest.mark.parametrize("task", TASKS)
def test_what_is_hidden_lies_under_something_and_all_else_does_not(task):
    for brief in briefs(task, range(1)):
        assert set(brief.hidden) == {b.name for b in brief.view.blocks if brief.view.over(b)}
        assert bool(brief.hidden) == ("hidden" in task)


@pytest.mark.parametrize("task", TASKS)
def test_another_wording_changes_the_sentence_and_nothing_else(task):
    for seed in range(1):
        plain, worded = (drawn(task, split, seed).to_json() for split in ("train", "held-out-wording"))
        assert plain.pop("sentence") != worded.pop("sentence")
        assert plain.pop("split") != worded.pop("split")
        assert plain == worded


@pytest.mark.parametrize("task", TASKS)
def test_no_wording_is_both_of_training_and_held_out(task):
    forms = known_wordings()[task]
    train, held_out = (
        {re.sub(r"\W+", " ", form).strip().lower() for form in forms[kind]} for kind in ("train", "held-out")
    )
    assert len(train) >= 3
    assert len(held_out) >= 3
    assert not train & held_out
    slots = [set(re.findall(r"{(\w+)}", form)) for kind in ("train", "held-out") for form in forms[kind]]
    assert all(found == slots[0] for found in slots)


@pytest.mark.parametrize("task", TASKS)
def test_what_is_held_out_is_asked_for_in_no_split_of_training(task, monkeypatch):
    asked = {"train": set(), "hard": set(), "unseen-compositions": set()}
    asks = Board.asks
    for split, keys in asked.items():

        def noted(self, *key, keys=keys):
            asks(self, *key)
            keys.add(key)

        monkeypatch.setattr(Board, "asks", noted)
        for seed in range(1):
            long_task(task).brief(split, seed)
    assert all(asked.values())
    assert not (asked["train"] | asked["hard"]) & asked["unseen-compositions"]


def test_unseen_colours_are_none_of_training():
    assert not set(SEEN) & set(UNSEEN)


@pytest.mark.parametrize("task", TASKS)
def test_scenes_of_different_seeds_and_splits_differ(task):
    things = [brief.things for brief in briefs(task, range(1)) if brief.split != "held-out-wording"]
    things.append(drawn(task, "train", 1).things)
    assert len(set(things)) == len(things)


def test_a_scene_of_every_task_is_the_one_it_always_was():
    assert scenes() == json.loads(SCENES.read_text(encoding="utf-8"))


def test_scenes_are_the_same_in_every_process():
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONHASHSEED": "1234", "PYTHONPATH": path}
    command = [sys.executable, "-m", "test_long_tasks"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout) == json.loads(SCENES.read_text(encoding="utf-8"))


def test_names_of_splits_can_be_joined():
    assert axes("unseen-colours+hard+held-out-wording+unseen-compositions") == axes("all-new")
    brief = long_task("stack-blocks-by-color").brief("unseen-colours+hard", 3)
    assert {t.colour for t in brief.things} <= set(UNSEEN)


def test_splits_tasks_and_seeds_that_cannot_be_are_refused():
    task = long_task("stack-all-blocks-on-a-zone")
    with pytest.raises(KeyError, match="no split 'hrad'; did you mean 'hard'"):
        task.brief("hrad")
    with pytest.raises(KeyError, match="no split ''"):
        task.brief("hard+")
    with pytest.raises(
        KeyError, match="no task 'stack-all-block-on-a-zone'; did you mean 'stack-all-blocks-on-a-zone'"
    ):
        long_task("stack-all-block-on-a-zone")
    for seed in (-1, True):
        with pytest.raises(ValueError, match="a scene's seed is an integer, 0 or more"):
            task.brief("train", seed)


def test_a_wording_of_ones_own_is_said():
    own = {"stack-all-blocks-on-a-zone": ["Pile everything up on the {zone}!"]}
    brief = long_task("stack-all-blocks-on-a-zone").brief("train", 0, own)
    assert re.fullmatch(r"Pile everything up on the \w+ zone!", brief.sentence)
    assert brief.things == long_task("stack-all-blocks-on-a-zone").brief("train", 0).things


if __name__ == "__main__":
    print(json.dumps(scenes(), indent=1))
