# ruff: noqa: E501 # a case reads best on one line
"""Where two readings differ the better one counts, or it is asked: a wrong motion is worse than a question."""

from math import pi

import pytest
from correction_scene import brief, moment
from test_correction_gist import now

from embodied.correction_amounts import amounts
from embodied.correction_doubt import differ, told, weighed
from embodied.correction_gist import gist
from embodied.correction_gist_wording import reworded
from embodied.correction_words import Unclear, mended
from embodied.corrections import Correction, Edit, Ref, read
from embodied.manner import Manner

HALF = round(pi / 2, 3)
HOOK = {"offset": [0.0, 0.065, 0.0]}
MISREAD: tuple[tuple[str, str, dict], ...] = (
    ("pick", "Lighten your grip", {"force": 9.0}), ("place", "Lighten up on it", {"force": 9.0}), ("place", "lighter", {"force": 9.0}),
    ("pick", "It has an ear for that.", {"part": "handle"}), ("pick", "Take it by an ear", {"part": "handle"}),
    ("spoon", "with the grip to the left", {"turn": -HALF}), ("spoon", "Point the handle left", {"turn": -HALF}),
    ("spoon", "handle left!", {"turn": -HALF}), ("place", "Point the handle left", {"turn": HALF}),
    ("spoon", "grip left and slower", {"turn": -HALF, "speed": 0.15}),
    ("hang", "Use the left hook", HOOK), ("hang", "take the left hook", HOOK), ("hang", "the hook at the left", HOOK),
    ("hang", "the hook to the left", HOOK), ("hang", "left hook", HOOK), ("hang", "the right hook please", {"offset": [0.0, -0.065, 0.0]}),
    ("hang", "Would you mind using the left hook? The middle one's for my apron.", HOOK),
    ("hang", "2 cm left of the hook", {"offset": [0.0, 0.02, 0.0]}), ("hang", "further left", {"offset": [0.0, 0.02, 0.0]}),
    ("knife", "keep that away from my head", {"clear_of": ["person's head"]}), ("knife", "keep the blade away from my head", {"clear_of": ["person's head"]}),
    ("hand", "Keep the blade away from my head when you pass it over.", {"clear_of": ["person's head"]}),
    ("pick", "Get hold of the handle first", {"part": "handle"}), ("open", "Get hold of the handle first", {"part": "handle"}),
    ("hand", "Get hold of the handle first", {"part": "grip"}), ("hand", "you keep hold of the blade side when handing over", {"part": "blade"}),
    ("place", "Carry full mugs 25 cm up", {"height": 0.25}), ("place", "Carry it straight up", {"upright": True}),
    ("place", "hold full mugs straight up", {"upright": True}), ("pick", "as slowly as you can", {"speed": 0.15}),
    ("place", "Whoa, you're tipping it! Keep the mug level, it's full.", {"upright": True}),
)  # fmt: skip


@pytest.mark.parametrize(("doing", "text", "meant"), MISREAD, ids=[f"{d}: {t}" for d, t, _ in MISREAD])
def test_what_the_strict_grammar_misread_is_understood(doing, text, meant):
    assert brief(read(text, now(doing))).get("manner") == meant


@pytest.mark.parametrize(("text", "edit"), [
    ("Never put hot mugs on the tray, use the rack", "elsewhere mug rack"), ("No mug before the spoon", "after mug spoon"),
    ("Never put mugs on the tray", "skip mug tray"), ("Could you put the spoon on the tray before the glass?", "before spoon clear glass"),
    ("The glass comes after the spoon, not the other way round.", "after glass spoon"),
])  # fmt: skip
def test_an_order_or_a_place_is_the_one_that_was_meant(text, edit):
    assert brief(read(text, now("place")))["edits"] == [edit]


WORDED: tuple[tuple[str, str, dict], ...] = (
    ("open", "12 cm, not 20.", {"distance": 0.12}), ("open", "It'd be nicer if the drawer had an opening of 12 centimeters.", {"distance": 0.12}),
    ("open", "That's barely a slit, make it eighteen centimetres.", {"distance": 0.18}), ("open", "The gripping spot should be the knob.", {"part": "handle"}),
    ("open", "It is the handle you should pull.", {"part": "handle"}), ("open", "Tug the handle, buddy, it's there for that.", {"part": "handle"}),
    ("pick", "You're meant to hook onto the handle.", {"part": "handle"}), ("pick", "I'd rather you took the handle, dear.", {"part": "handle"}),
    ("pick", "Ew, your fingers were on the rim, use the handle.", {"part": "handle"}), ("pick", "Could you not, like, crush it?", {"force": 9.0}),
    ("pick", "Barely any pressure, please, it's porcelain.", {"force": 9.0}), ("place", "I wish you carried it at a leisurely pace.", {"speed": 0.15}),
    ("place", "Zero tilt while there's tea in it.", {"upright": True}), ("place", "It'd be better if the mug stayed upright all the way.", {"upright": True}),
    ("place", "I need space on the right, so put it 3 cm further left.", {"offset": [0.0, 0.03, 0.0]}),
    ("place", "A little left on the tray, thirty millimetres to be exact.", {"offset": [0.0, 0.03, 0.0]}),
    ("pick", "I'd prefer it if you came in from the side, it's steaming.", {"approach": "side"}),
    ("hand", "Never point the blade at me! Hold it by the blade so I get the grip.", {"part": "blade"}),
    ("spoon", "Turn it ninety degrees so that the grip ends up at the left.", {"turn": -HALF}),
)  # fmt: skip


@pytest.mark.parametrize(("doing", "text", "meant"), WORDED, ids=[f"{d}: {t}" for d, t, _ in WORDED])
def test_polite_and_roundabout_wordings_mean_the_plain_one(doing, text, meant):
    assert brief(read(text, now(doing))).get("manner") == meant


@pytest.mark.parametrize("text", ["Anything that could break you just let be.", "You're not supposed to lay a finger on anything fragile.",
                                  "I'd rather you left fragile things where they are."])  # fmt: skip
def test_what_shall_be_left_alone_is_skipped(text):
    (edit,) = read(text, now("place")).edits
    assert (edit.kind, edit.what.attributes) == ("skip", frozenset({"fragile"}))


@pytest.mark.parametrize(("text", "offered"), [
    ("straight up 2 cm", ({"offset": (0.0, 0.0, 0.02)}, {"height": 0.02})),
])  # fmt: skip
def test_two_confident_readings_that_differ_are_both_offered(text, offered):
    found = read(text, now("place"))
    assert found.intent == "unclear"
    assert found.question.startswith("Do you mean this: ")
    for option, said in zip(found.options, offered, strict=True):
        assert said.items() <= option.means.manner.said.items()
        assert option.text in found.question


@pytest.mark.parametrize("text", ["3 cm left, no, right", "please not, by the rim", "when it is not full go slower", "not, the rim"])  # fmt: skip
def test_a_not_that_belongs_to_nothing_gives_no_motion(text):
    assert not read(text, now("place")).manner.said


@pytest.mark.parametrize("text", ["stop", "whoa", "whoa there", "Halt, you will spill the tea!"])
def test_a_stop_stays_a_stop(text):
    assert read(text, now("pick")).intent == "stop"


@pytest.mark.parametrize("word", ["lighten", "lighter", "fighter", "lightens"])
def test_a_word_that_begins_otherwise_is_no_typo(word):
    assert mended(word, {"tighten", "tighter", "lightly"})[0] == word
    assert mended("tihgter", {"tighter"})[0] == "tighter"


def test_an_article_and_a_letter_are_no_amount():
    assert amounts("an ear, i am, a m")[1] == [amounts("1 m")[1][0].__class__("length", 1.0, "a m")]
    assert [a.value for a in amounts("10n and 3cm and an inch")[1]] == [10.0, 0.03, 0.0254]


def test_more_amounts_than_anybody_says_are_refused():
    with pytest.raises(Unclear, match="Those are 13 amounts at once"):
        amounts("2 cm " * 13)
    assert len(amounts("2 cm " * 12)[1]) == 12
    assert read("a bit " * 80, moment("place")).question == "Those are 80 amounts at once; which one?"


def test_more_clauses_than_anybody_says_are_refused():
    assert gist("slower, " * 17, now("place")) is None
    assert gist("slower, " * 10, now("place")) is not None


def correction(**said) -> Correction:
    return Correction(text="so", intent="adjust", level="skill", manner=Manner(**said))


def edited(kind, what="mug") -> Correction:
    return Correction(
        text="so", intent="edit", level="plan", edits=(Edit(kind=kind, what=Ref(kind=what), other=Ref(kind="glass")),)
    )


@pytest.mark.parametrize(("one", "other", "apart"), [
    (correction(speed=0.1), correction(speed=0.2), False), (correction(speed=0.1), correction(speed=0.4), True),
    (correction(part="rim"), correction(part="handle"), True), (correction(part="rim"), correction(part="rim", speed=0.1), False),
    (correction(part="rim"), correction(speed=0.1), True), (correction(offset=(0.02, 0, 0)), correction(offset=(-0.02, 0, 0)), True),
    (correction(offset=(0.02, 0, 0)), correction(clear_of=("glass",)), False), (correction(turn=1.0), correction(turn=1.1), False),
    (edited("before"), edited("last"), True), (edited("before"), edited("first"), False), (edited("before"), edited("last", "bowl"), False),
    (edited("skip"), correction(part="rim"), True),
])  # fmt: skip
def test_readings_differ_only_where_both_cannot_be_meant(one, other, apart):
    assert differ(one, other, moment("place")) is apart
    assert (weighed(one, other, moment("place")).intent == "unclear") is apart


def test_what_was_read_is_told_in_plain_words():
    everything = correction(
        part="rim", turn=pi / 2, speed=0.1, upright=False, offset=(0.02, -0.01, 0.0), clear_of=("head", "hand")
    )
    assert told(everything) == ("hold it by the rim, 2 cm forward and 1 cm to the right, turn it by 90 degrees, at 0.1 m/s, "
                                "it need not stay upright, keep off head, hand")  # fmt: skip
    assert told(correction(offset=(0.0, 0.0, 0.0), upright=True)) == "to the middle, keep it upright"
    assert [told(edited(kind)) for kind in ("before", "skip", "elsewhere", "last")] == [
        "the mug before the glass", "leave the mug", "the mug on the glass", "the mug last"]  # fmt: skip


@pytest.mark.parametrize(("text", "plain"), [
    ("i'd rather you took the left hook", "please take the left hook"), ("i'd rather you left it", "please leave it"),
    ("isn't there a handle for that?", "use a handle."), ("could you not, like, do that", "please do not do that"),
])  # fmt: skip
def test_wishes_are_said_plainly(text, plain):
    assert reworded(text) == plain


@pytest.mark.parametrize(("doing", "text"), [("spoon", "don't point the handle left"), ("place", "Don't hold it straight up"),
                                             ("hang", "I'd rather you didn't use the left hook"), ("place", "the rack is there for towels"),
                                             ("place", "my place is the rack")])  # fmt: skip
def test_half_of_a_clause_gives_no_motion(doing, text):
    found = read(text, now(doing))
    assert found.intent == "unclear"
    assert not found.edits
