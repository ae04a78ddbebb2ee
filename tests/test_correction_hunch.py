"""A hunch only ever becomes a sentence that could have been said, or a question."""

import json
from pathlib import Path

import numpy as np
import pytest
from correction_scene import moment
from hypothesis import given, settings
from hypothesis import strategies as st

from embodied.correction_hunch import CONFIDENCE, NOTHING, PLAIN, Slots, features, hunch, plainly, scores
from embodied.corrections import read

WORDINGS = json.loads((Path(__file__).parent.parent / "benchmarks/wordings/hunch.json").read_text())["wordings"]
DOINGS = ("pick", "place", "hang", "open", "hand", "dress")


def test_the_classifier_knows_the_meanings_that_have_plain_sentences():
    names, logits = scores("slower")
    assert set(names) == {*PLAIN, *NOTHING}
    assert logits.shape == (len(names),)


@pytest.mark.parametrize("meaning", sorted(set(PLAIN) - {"part:body", "part:base", "centre"}))
def test_every_plain_sentence_can_be_read_somewhere(meaning):
    slots = Slots((), ("glass", "bowl"))
    amounts = Slots.of("10 cm", moment("open")).amounts
    sentences = [
        plain
        for some in (slots, Slots(amounts, ()))
        for sentence in PLAIN[meaning]
        if (plain := some.filled(sentence, "red mug"))
    ]
    assert any(plainly(plain, moment(doing)).intent != "unclear" for plain in sentences for doing in DOINGS)


@pytest.mark.parametrize(("doing", "text", "name", "value"), [
    ("pick", "grasp the curly bit that sticks out", "part", "handle"),
    ("place", "mind the carpet, it's brim full", "upright", True),
    ("place", "you nearly gave me a haircut", "clear_of", ("person's head",)),
])  # fmt: skip
def test_words_that_no_rule_knows_lead_to_what_was_meant_or_to_a_question_with_it(doing, text, name, value):
    found = read(text, moment(doing))
    meant = [found, *(option.means for option in found.options)]
    assert any(c.manner.said.get(name) == value for c in meant), found
    assert len({option.text for option in found.options}) == len(found.options)


@settings(max_examples=60, deadline=None)
@given(
    text=st.sampled_from([s for some in WORDINGS.values() for each in some.values() for s in each]),
    doing=st.sampled_from(DOINGS),
)
def test_a_hunch_that_counts_is_a_plain_sentence_and_negations_are_asked_about(text, doing):
    now = moment(doing)
    shares = [each.probability for each in hunch(text, now)]
    assert shares == sorted(shares, reverse=True)
    assert not shares or sum(shares) == pytest.approx(1)
    found = read(text, now)
    if found.confidence == CONFIDENCE and found.intent in ("adjust", "edit"):
        assert "not" not in text.lower().split()
        plain = [s for each in hunch(text, now) for s in each.sentences]
        assert any(plainly(s, now).manner == found.manner and plainly(s, now).edits == found.edits for s in plain)


def test_talk_is_no_correction():
    said = [s for meaning in NOTHING for author in WORDINGS[meaning].values() for s in author]
    done = [read(text, moment("place")) for text in said]
    moved = [c.text for c in done if c.intent in ("adjust", "edit") and c.confidence == CONFIDENCE]
    assert len(moved) <= 0.02 * len(said), moved


def test_a_number_that_a_sentence_has_no_place_for_refuses_it():
    slots = Slots.of("30 degrees and 2 cm", moment("place"))
    assert slots.filled("slower", "red mug") is None
    assert Slots.of("2 cm", moment("place")).filled("{amount} to the left", "red mug") == "2 cm to the left"


def test_pieces_are_the_same_in_any_process():
    assert features("by the handle", 1 << 14).tolist() == sorted(set(features("By the Handle", 1 << 14).tolist()))
    assert np.array_equal(features("15 cm", 64), features("20 cm", 64))
