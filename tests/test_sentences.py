"""What the embedded judge understands, and what it refuses."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import wordings

from envs import TASKS
from envs.tabletop.environment import load_task
from rewards import phrasings
from rewards.sentences import COLOURS, EXAMPLES, Meaning, OutOfScope, understand

REFUSED = (Path(__file__).parent / "out_of_scope.txt").read_text("utf-8").splitlines()
GOALS = {"in-bowl": "in-bowl", "in-zone": "in-zone", "on": "on"}


@pytest.mark.parametrize("name", sorted(TASKS))
@pytest.mark.parametrize("split", ["train", "held-out"])
def test_every_task_sentence_of_the_tabletop_means_its_goal(name, split):
    task = load_task(name)
    for colours in (2, 4):
        for seed in range(40):
            scene = task.scene(split, seed, colours)
            predicate, block, target = scene.goal
            wanted = Meaning(predicate, scene.things[block].colour, scene.things[target].colour)
            assert understand(scene.sentence) == wanted


def test_the_sentence_of_the_demo_asks_for_the_block_s_own_colour():
    assert understand("put the block into the bowl of its own colour") == Meaning("in-bowl", None, None)


def filled(named, own):
    """Every wording with every pair of colours, and what it wishes."""
    for predicate, forms in named.items():
        for form in forms:
            for block, target in permutations(COLOURS, 2):
                yield form.format(b=block, t=target), Meaning(predicate, block, target)
    for predicate, forms in own.items():
        for form in forms:
            yield form.format(s="the block"), Meaning(predicate, None, None)
            yield form.format(s="the green block"), Meaning(predicate, "green", None)


def test_other_wordings_mean_the_same():
    for sentence, wanted in filled(wordings.NAMED, wordings.OWN):
        assert understand(sentence.replace(" a orange", " an orange")) == wanted


def test_what_is_understood_of_strange_wordings_is_understood_right():
    understood = refused = 0
    for sentence, wanted in filled(phrasings.NAMED, phrasings.OWN):
        try:
            assert understand(sentence) == wanted
            understood += 1
        except OutOfScope:
            refused += 1
    assert understood > 9 * refused


def test_a_wording_is_of_its_wish():
    rng = np.random.default_rng(0)
    for codes in [(0, 0, 1), (0, -1, 2), (1, 3, -1), (2, 1, 0)]:
        text = phrasings.worded(codes, rng)
        assert all(name in text for name in (COLOURS[i] for i in codes[1:] if i >= 0))


def test_the_list_of_refusals_is_long_enough():
    assert len(set(REFUSED)) == len(REFUSED) >= 230


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_out_of_scope_is_refused(sentence):
    with pytest.raises(OutOfScope, match=r"the judge|does not say|contradicts"):
        understand(sentence)


@pytest.mark.parametrize("sentence", ["", "  ", "\n", "."])
def test_empty_text_is_refused(sentence):
    with pytest.raises(OutOfScope, match="the judge cannot read"):
        understand(sentence)


def test_a_refusal_names_the_unknown_words_and_what_may_be_said():
    with pytest.raises(OutOfScope, match=r"the words 'away', 'from' of .*sentences such as 'put the blue block"):
        understand("push the blue block away from the blue zone")
    for example in EXAMPLES:
        understand(example)


def test_case_punctuation_and_spelling_do_not_matter():
    wanted = understand("put the block into the bowl of its own colour")
    assert understand("  Please put the cube into the bowl of its own color. ") == wanted


@pytest.mark.parametrize(
    "sentence",
    [
        "put an orange block on a blue one",
        "Robot, just put the orange block on the top of the blue block, please!",
        "have the robot stack the orange-coloured cube on the blue-colored one",
        "the robot should stack the orange block on the blue block",
        "I want the robot to set the orange block atop the blue block",
        "the orange block must be placed on the blue block",
        "see to it that the orange block ends up on the blue one",
        "we would like the orange block to end up on the blue one",
    ],
)
def test_an_order_a_wish_and_a_polite_one_mean_the_same(sentence):
    assert understand(sentence) == Meaning("on", "orange", "blue")


@pytest.mark.parametrize(
    "ending",
    [
        "that matches the block\u2019s color",
        "matching the cube's colour",
        "with the matching colour",
        "that has its own colour",
    ],
)
def test_the_block_s_own_colour_may_be_said_in_other_ways(ending):
    assert understand(f"drop the cube into the bowl {ending}") == Meaning("in-bowl", None, None)


def test_a_verb_of_moving_needs_a_direction():
    """ "Take the blue block in the orange bowl" may be about a block that is in the bowl already."""
    assert understand("take the blue block into the orange bowl") == Meaning("in-bowl", "blue", "orange")
    with pytest.raises(OutOfScope, match="cannot read"):
        understand("take the blue block in the orange bowl")
