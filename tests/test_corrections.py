# ruff: noqa: E501 # a case reads best on one line
"""Words become typed corrections: exact, in the right frame, and a question wherever they have no single meaning."""

import json
import re
import time
from math import cos, pi, sin
from pathlib import Path

import pytest
from correction_scene import brief, moment, moved
from hypothesis import given, settings
from hypothesis import strategies as st

from embodied.correction_grammar import KNOWN
from embodied.corrections import Correction, read
from embodied.manner import Manner

CASES = json.loads((Path(__file__).parent / "correction_cases.json").read_text())
DOINGS = ("pick", "place", "hang", "open", "hand", "dress", "none")


@pytest.mark.parametrize(("doing", "text", "meant"), CASES, ids=[f"{d}: {t}" for d, t, _ in CASES])
def test_an_utterance_means_what_the_table_says(doing, text, meant):
    found = read(text, moment(doing))
    assert brief(found) == meant
    assert found.level == {"adjust": "skill", "edit": "plan"}.get(found.intent, "control")
    assert (found.intent == "unclear") == bool(found.question)
    assert found.by == "grammar"


def test_the_table_is_long_enough():
    assert len(CASES) >= 150


@pytest.mark.parametrize("text", ["not done yet, move left", "almost done, a bit lower", "yes but go higher", "use your eyes",
                                  "yesterday's spot was better", "I said yes to the mug, not the glass",
                                  "don't stop there, keep going further", "I am not done", "undone", "nodding",
                                  "no done is not what I said, left"])  # fmt: skip
@pytest.mark.parametrize("doing", ["pick", "place", "open"])
def test_a_sentence_that_merely_contains_done_or_yes_ends_nothing(doing, text):
    found = read(text, moment(doing, before=(moved(0, 0.02),)))
    assert found.intent in ("adjust", "edit", "unclear")


@pytest.mark.parametrize(
    "text", ["done", "that's it", "perfect, you're finished", "no, that's done", "Done.", "we are done"]
)
def test_done_is_a_whole_utterance(text):
    assert read(text, moment()).intent == "done"


@pytest.mark.parametrize("text", ["stop", "STOP!!!", "halt", "wait", "freeze", "whoa", "hold it", "no no no", "stop stop",
                                  "please stop", "stop it now", "stop asdf qwerty", "wait a second"])  # fmt: skip
def test_stopping_is_understood_whatever_comes_with_it(text):
    assert read(text, moment()).intent == "stop"


@pytest.mark.parametrize(("text", "axis", "never"), [
    ("don't go left", 1, 1), ("not left", 1, 1), ("never go up", 2, 1), ("don't move forward", 0, 1),
    ("not so high", 2, 1), ("not so far left", 1, 1), ("too far right", 1, -1), ("too low", 2, -1), ("stop going left", 1, 1),
    ("less to the right", 1, -1), ("no, not down", 2, -1),
])  # fmt: skip
def test_a_negated_direction_never_goes_that_way(text, axis, never):
    for before in ((), (moved(0.02, 0.02, 0.02),)):
        offset = read(text, moment("pick", before=before)).manner.offset
        assert offset is None or offset[axis] * never <= 0


@pytest.mark.parametrize(("text", "wrong"), [
    ("never by the rim", {"part": "rim"}), ("don't hold the rim", {"part": "rim"}), ("not from above", {"approach": "above"}),
    ("don't tip it", {"upright": False}), ("not slower", {"speed": 0.15}), ("not firmer", {"force": 22.5}),
    ("don't undo", {}), ("don't carry on", {}), ("don't skip it", {}),
])  # fmt: skip
def test_a_negation_is_not_its_opposite(text, wrong):
    found = read(text, moment())
    assert found.intent in ("adjust", "unclear")
    assert not any(found.manner.said.get(name) == value for name, value in wrong.items())


def test_two_centimetres_left_is_another_offset_in_the_frame_of_a_turned_thing():
    plain = read("2 cm left", moment("pick")).manner.offset
    turned = read("2 cm left", moment("pick", red_mug=pi / 2)).manner.offset
    assert plain == (0.0, 0.02, 0.0)
    assert turned == pytest.approx((0.02, 0.0, 0.0))


def test_putting_down_is_in_the_frame_of_the_target():
    turned = moment("place", tray=pi / 2, red_mug=1.0)
    assert read("2 cm left", turned).manner.offset == pytest.approx((0.02, 0.0, 0.0))


@given(
    yaw=st.floats(-pi, pi),
    way=st.sampled_from(["left", "right", "forward", "back", "up", "down"]),
    mm=st.integers(1, 200),
)
def test_every_exact_offset_is_the_same_move_in_the_base(yaw, way, mm):
    now = moment("pick", red_mug=yaw)
    offset = read(f"{mm} mm {way}", now).manner.offset
    base = now.around["red mug"].to_base(*offset)
    axis, sign = {"left": (1, 1), "right": (1, -1), "forward": (0, 1), "back": (0, -1), "up": (2, 1), "down": (2, -1)}[
        way
    ]
    assert base[axis] == pytest.approx(sign * mm / 1000, abs=1e-6)
    assert sum(map(abs, base)) == pytest.approx(mm / 1000, abs=1e-6)


@given(value=st.integers(1, 290), unit=st.sampled_from([("mm", 1e-3), ("millimetres", 1e-3), ("mm.", 1e-3)]))
def test_numbers_with_units_come_back(value, unit):
    offset = read(f"up {value} {unit[0]}", moment()).manner.offset
    assert offset == pytest.approx((0, 0, value * unit[1]))


@pytest.mark.parametrize(("words", "metres"), [("2 cm", 0.02), ("an inch", 0.0254), ("half a centimetre", 0.005),
    ("20mm", 0.02), ("1.5 inches", 0.0381), ("two and a half cm", 0.025), ("a couple of centimeters", 0.02),
    ("1,5 cm", 0.015), ("0.1 m", 0.1), (".5 cm", 0.005), ("twelve millimeters", 0.012)])  # fmt: skip
def test_lengths_are_read_in_any_wording(words, metres):
    assert read(f"up by {words}", moment()).manner.offset == pytest.approx((0, 0, metres))
    assert read(f"{words} up", moment()).manner.offset == pytest.approx((0, 0, metres))


@given(
    st.lists(st.sampled_from(["2 cm", "a bit", "much", "30 mm", ""]), min_size=1, max_size=1),
    st.sampled_from(DOINGS[:4]),
)
def test_swapping_left_and_right_negates(amount, doing):
    left, right = (read(f"{amount[0]} to the {side}", moment(doing)).manner.offset for side in ("left", "right"))
    assert left == pytest.approx(tuple(-x for x in right))


@given(st.floats(-pi, pi))
def test_my_left_turns_with_the_speaker(facing):
    from dataclasses import replace

    now = moment()
    now = replace(now, around=replace(now.around, facing=facing))
    assert read("2 cm to my left", now).manner.offset == pytest.approx(
        (-0.02 * sin(facing), 0.02 * cos(facing), 0), abs=1e-6
    )
    assert read("2 cm to your left", now).manner.offset == (0.0, 0.02, 0.0)


WORDS = st.lists(st.sampled_from(sorted(KNOWN)), max_size=14).map(" ".join)


@settings(max_examples=150)
@given(text=st.one_of(st.text(max_size=600), WORDS), doing=st.sampled_from(DOINGS))
def test_whatever_is_said_the_answer_is_a_correction(text, doing):
    now = moment(doing, before=(moved(0, 0.02),))
    found = read(text, now)
    assert Correction.model_validate(found.model_dump()) == found
    if found.intent == "unclear":
        assert found.question
        assert 2 <= len(found.options) <= 3
        assert not found.manner.said
        assert not found.edits
        assert all(option.means.intent != "unclear" for option in found.options)


@pytest.mark.parametrize("text", ["", "   ", "...", "x" * 501, "import os", "os.system('rm -rf /')", "{'skill': 'pick'}", "<b>left</b>",
                                  "links ein bisschen", "más a la izquierda", "左に少し", "asdf qwer", "👍"])  # fmt: skip
def test_what_is_no_english_sentence_gets_a_question(text):
    found = read(text, moment())
    assert (found.intent, bool(found.question)) == ("unclear", True)


@pytest.mark.parametrize(("text", "bound"), [("2 metres left", "0.3 m"), ("rotate 300 degrees clockwise", "180"),
    ("tilt it down 120 degrees", "90"), ("2 m per second", "0.5 m/s"), ("100 newtons", "40 N"), ("carry it at 90 cm", "0.5 m")])  # fmt: skip
def test_out_of_bounds_is_a_question_that_names_the_bound(text, bound):
    found = read(text, moment("place"))
    assert found.intent == "unclear"
    assert bound in found.question


def test_a_sum_that_leaves_the_bounds_is_a_question():
    found = read("20 cm left", moment(manner=Manner(offset=(0, 0.2, 0))))
    assert found.intent == "unclear"
    assert "0.3 m" in found.question


@pytest.mark.parametrize(("text", "offset"), [
    ("more", (0, 0.04, 0)), ("again", (0, 0.04, 0)), ("a bit more", (0, 0.01, 0)), ("another 3 cm", (0, 0.03, 0)),
    ("less", (0, -0.02, 0)), ("too far", (0, -0.02, 0)), ("back a bit", (0, -0.02, 0)), ("half as far", (0, -0.02, 0)),
    ("twice as far", (0, 0.04, 0)), ("too far left", (0, -0.02, 0)), ("don't stop there, keep going further", (0, 0.04, 0)),
    ("the other way", (0, -0.08, 0)), ("not far enough", (0, 0.04, 0)), ("2 cm more", (0, 0.02, 0)),
])  # fmt: skip
def test_the_last_motion_is_repeated_or_partly_taken_back(text, offset):
    found = read(text, moment(before=(moved(0, 0.04),)))
    assert found.manner.offset == pytest.approx(offset)
    assert found.history == "last"


def test_more_of_what_was_no_motion_is_read_again_in_the_new_moment():
    slower = read("slower", moment())
    again = read("more", moment(before=(slower,), manner=slower.manner))
    assert again.manner.speed == pytest.approx(0.09)
    assert again.text == "more"
    assert again.history == "last"


@pytest.mark.parametrize("text", ["more", "again and again", "too far", "half as far", "the other way", "less"])
def test_repeating_nothing_is_a_question(text):
    assert read(text, moment()).intent == "unclear"


def test_an_option_is_a_reading_of_its_own():
    found = read("the mug last", moment("none"))
    assert [o.text for o in found.options] == ["the red mug last", "the blue mug last"]
    assert [o.means.edits[0].what.name for o in found.options] == ["red mug", "blue mug"]


def test_what_was_chosen_for_the_speaker_is_recorded():
    assert read("a bit to the left", moment()).vague == ("offset: bit = 10 mm",)
    assert read("2 cm to the left", moment()).vague == ()


@pytest.mark.parametrize(
    "typo", ["slowwer", "by the hanlde", "2 cm to the rigth", "2 centimetrs up", "keep it uprihgt"]
)
def test_a_simple_typo_is_mended_and_less_sure(typo):
    found = read(typo, moment())
    assert found.intent == "adjust"
    assert found.confidence == 0.8


@pytest.mark.parametrize(("text", "says"), [("by the spout", "spout"), ("by the blade", "rim, handle"), ("the green mug", "no green mug"),
    ("slower and florp", "'florp'"), ("2 left", "cm or mm"), ("from the left", "from above"), ("30 degrees", "how far"),
    ("closer to the red mug", "already"), ("keep off the vase", "no vase"), ("left, I mean right", "two directions"),
    ("faster, slower", "two different"), ("when it is not full go slower", "is not"), ("turn it 30 degrees", "lockwise"),
    ("put it back", "Back where"), ("halfway", "Half of what"), ("3 degrees left", "angle is no distance"),
    ("to the left of the glass", "beside"), ("sideways", "which side")])  # fmt: skip
def test_what_is_ambiguous_is_asked(text, says):
    found = read(text, moment("pick"))
    assert found.intent == "unclear"
    assert re.search(re.escape(says), found.question)
    assert not found.manner.said
    assert not found.edits


def test_a_pronoun_without_referent_is_asked_for():
    assert "what is 'it'" in read("keep it upright", moment("none")).question
    assert "what is it about" in read("move it 2 cm left", moment("none")).question


LONG = [" ".join(sorted(KNOWN)[i::97])[:500] for i in range(0, 97, 8)]


@pytest.mark.parametrize(
    "text", [*LONG, "florpf wibbel grunts", "x" * 500, "not " * 120, "a bit " * 80, "the mug and " * 40]
)
def test_an_answer_takes_less_than_fifty_milliseconds(text):
    took = []
    for _ in range(5):
        began = time.thread_time()
        read(text, moment("place"))
        took.append(time.thread_time() - began)
    assert min(took) < 0.05
