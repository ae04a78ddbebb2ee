# ruff: noqa: E501 # a case reads best on one line
"""The gist of a correction survives reasons, fillers and unknown words; its opposite never comes of it."""

import json
import time
from dataclasses import replace
from math import dist, pi
from pathlib import Path

import pytest
from correction_scene import ACTS, moment
from hypothesis import given, settings
from hypothesis import strategies as st

from embodied.correction_gist import CONFIDENCE, gist
from embodied.correction_gist_clauses import digits, hear
from embodied.correction_words import Unclear
from embodied.corrections import Correction, Moment, Ref, read
from embodied.manner import Manner
from embodied.situations import situation
from embodied.skills import Act, At, Program
from envs.household.corrector import key, wordings
from envs.household.environment import Household
from envs.household.tasks import planned, tasks
from envs.household.wishes import Wish, applies, remedy

CASES = json.loads((Path(__file__).parent / "correction_gist_cases.json").read_text())
FURTHER = {
    "spoon": Act(verb="place", object="spoon", target="drawer"),
    "knife": Act(verb="hand over", object="knife", target="person's hand"),
    "glassy": Act(verb="pick", object="clear glass"),
}
DOINGS = ("pick", "place", "hang", "open", "hand", "spoon", "knife", "glassy")


def now(doing: str, manner: Manner | None = None, **turned: float) -> Moment:
    """The table laid for corrections, with three more acts."""
    if doing in ACTS:
        return moment(doing, manner=manner, **turned)
    act = FURTHER[doing] if manner is None else FURTHER[doing].done(manner)
    return replace(moment("pick", **turned), act=act, plan=Program(steps=(act,)))


def words(ref: Ref | None) -> set[str]:
    return {ref.kind, *ref.attributes} - {""} if ref else set()


def as_told(c: Correction, told: dict) -> bool:
    """Whether a correction is what a case of the table states; of orders the converse counts as the same."""
    if "edit" in told:
        kind, what, *other = told["edit"].split()
        same = {"first": {"first", "before"}, "last": {"last", "after"}, "before": {"before", "first"}}.get(
            kind, {kind}
        )
        converse = {"before": "after", "last": "before", "first": "after"}.get(kind)
        return not c.manner.said and any(
            (e.kind in same and what in words(e.what) and (e.kind == "first" or set(other) <= words(e.other)))
            or (e.kind == converse and what in words(e.other))
            for e in c.edits
        )  # fmt: skip
    bounds = {"slow": ("speed", 0, 0.16), "soft": ("force", 0, 10), "high": ("height", 0.25, 0.5)}
    said = dict(c.manner.said)
    for name, (where, low, high) in bounds.items():
        if name in told:
            return not c.edits and set(said) == {where} and low <= said[where] <= high
    if "clear" in told:
        return not c.edits and set(said) == {"clear_of"}
    return not c.edits and said.keys() == told.keys() and all(
        said[k] == pytest.approx(tuple(v) if isinstance(v, list) else v, abs=1e-3) if not isinstance(v, str) else said[k] == v
        for k, v in told.items()
    )  # fmt: skip


@pytest.mark.parametrize(("doing", "text", "told"), CASES, ids=[f"{d}: {t}" for d, t, _ in CASES])
def test_reasons_and_unknown_words_leave_the_gist(doing, text, told):
    found = read(text, now(doing))
    assert as_told(found, told), found
    assert Correction.model_validate(found.model_dump()) == found


def test_the_table_is_long_enough_and_not_of_the_benchmark():
    ours = {text for _, text, _ in CASES}
    theirs = {text for entry in wordings().values() for text in entry["train"]}
    assert len(ours) >= 120
    assert not ours & theirs


NEGATED: tuple[tuple[str, str, str, object], ...] = (
    ("pick", "Don't ever grab it by the rim, that's unhygienic.", "part", "rim"),
    ("pick", "Anywhere but the rim, please.", "part", "rim"),
    ("pick", "You held the rim, that was wrong.", "part", "rim"),
    ("pick", "Fingers off the rim, it's greasy.", "part", "rim"),
    ("pick", "Whatever you do, not the handle, it's broken.", "part", "handle"),
    ("pick", "The handle is loose, don't use it.", "part", "handle"),
    ("pick", "Don't pick it up by the handle, it came off yesterday.", "part", "handle"),
    ("pick", "Never ever lift my mug by its handle, it is glued.", "part", "handle"),
    ("pick", "Not by the rim, the handle or the side.", "part", "handle"),
    ("hand", "Don't hold the grip, I need that end.", "part", "grip"),
    ("hand", "You're holding the grip, that's mine.", "part", "grip"),
    ("hand", "Never hold scissors by the blade, you'll cut something.", "part", "blade"),
    ("hand", "Hands off the blade, it is sharp.", "part", "blade"),
    ("open", "Don't scratch the front like that.", "part", "front"),
    ("open", "Not at the front, you'll leave marks.", "part", "front"),
    ("open", "The handle is not to be used, it's fragile.", "part", "handle"),
    ("open", "Not 20 cm, that's way over the top.", "distance", 0.2),
    ("open", "I didn't say 20 cm, for heaven's sake.", "distance", 0.2),
    ("pick", "Don't come down on it from above, there's steam.", "approach", "above"),
    ("pick", "Don't approach from the side, you'll knock it over.", "approach", "side"),
    ("pick", "Never sideways, there's no room for that.", "approach", "side"),
    ("pick", "It's too dangerous from above, don't do that.", "approach", "above"),
    ("place", "Don't keep it upright, it must drain.", "upright", True),
    ("place", "It need not stay upright, it's empty as a drum.", "upright", True),
    ("place", "Do not let the coffee spill, mind you.", "upright", False),
    ("place", "Without tipping the mug, if you can.", "upright", False),
    ("place", "Not so quick with that, it's somebody's heirloom.", "speed", "more"),
    ("place", "No rushing around with my china.", "speed", "more"),
    ("place", "You needn't hurry, we've got all evening.", "speed", "more"),
    ("place", "Don't you dare speed up with that.", "speed", "more"),
    ("place", "No faster than now, thank goodness.", "speed", "more"),
    ("place", "Don't crawl along like that, my tea gets cold.", "speed", "less"),
    ("place", "Not so slow, I'm thirsty.", "speed", "less"),
    ("place", "It's much too slow, my tea gets cold.", "speed", "less"),
    ("pick", "Don't squash the poor thing.", "force", "more"),
    ("pick", "You mustn't clench it so, it's porcelain.", "force", "more"),
    ("pick", "Not that tight, it's porcelain.", "force", "more"),
    ("pick", "Don't hold it so loosely, it's grandma's.", "force", "less"),
    ("pick", "It isn't gripped firmly enough, grandma would say.", "force", "less"),
    ("place", "Not that high, the lamp is there.", "height", "more"),
    ("place", "Don't carry it so low, there's clutter.", "height", "less"),
    ("place", "It's not high enough for all that clutter.", "height", "less"),
    ("place", "Not the glass last, for once.", "edit", "last"),
    ("place", "Don't do the glass first, honestly.", "edit", "first"),
    ("place", "Don't leave the glass out this time, will you.", "edit", "skip"),
    ("place", "Don't skip the spoon again, please.", "edit", "skip"),
    ("place", "Not on the rack, that's wobbly.", "edit", "elsewhere"),
    ("place", "Never ever put mugs on the rack, they fall.", "edit", "skip"),
    ("hang", "Not the left hook, it's loose.", "offset", (0.0, 0.065, 0.0)),
    ("spoon", "Don't point the grip to the left, I'm right-handed.", "turn", -pi / 2),
)
USUAL = {"speed": 0.25, "force": 15.0, "height": 0.12}


@pytest.mark.parametrize(("doing", "text", "name", "never"), NEGATED, ids=[text for _, text, _, _ in NEGATED])
def test_a_negation_never_comes_out_as_its_opposite(doing, text, name, never):
    found = gist(text, now(doing))
    if found is None:
        return
    said = found.manner.said.get(name)
    if name == "edit":
        assert never not in {edit.kind for edit in found.edits}
    elif never in ("more", "less"):
        assert said is None or (said < USUAL[name] if never == "more" else said > USUAL[name])
    else:
        assert said is None or said != (never if isinstance(never, str) else pytest.approx(never))


def test_the_table_of_negations_is_long_enough():
    assert len(NEGATED) >= 40


CHAT = (
    "nice weather today", "my mug is in the kitchen", "who are you", "what is a handle", "is the handle clean?",
    "did you sleep well?", "I bought this glass in Venice", "the blade needs sharpening", "my head hurts",
    "my tray is from Sweden", "thanks for holding it upright", "that was nice and slow", "well done, very gentle",
    "you held it perfectly by the handle", "where is the left hook?", "how high is the table?", "what time is it",
    "I love how gently you do that", "the drawer is 30 cm wide", "my grandmother gave me that glass last year",
    "is it 15 cm deep?", "do you like tea?", "the spoon is made of silver", "I wonder whether it will rain",
    "that mug has a nice rim", "it is raining", "how fast can you go?", "can I have a coffee later?",
    "have you seen my scissors?", "the rack came with three hooks", "my sister is coming on Tuesday",
    "she likes it hot", "tell me a joke", "what did you have for breakfast",
)  # fmt: skip


@pytest.mark.parametrize("text", CHAT)
def test_what_is_no_correction_gives_none(text):
    assert len(CHAT) >= 30
    assert [doing for doing in DOINGS if gist(text, now(doing)) is not None] == []


@pytest.mark.parametrize(("doing", "text"), [
    ("place", "two metres per second, the kids are waiting"), ("pick", "squeeze it with 90 newtons, it's stuck"),
    ("open", "open it seven metres, it's huge"), ("place", "lift it at least 80 cm high, there's a dog"),
])  # fmt: skip
def test_what_is_out_of_bounds_gives_none(doing, text):
    assert gist(text, now(doing)) is None


@pytest.mark.parametrize(("doing", "text"), [
    ("pick", "by the handle, er, by the rim I mean"), ("place", "quicker but also slower, you know"), ("hang", "left hook, or the right hook, whatever"),
    ("hang", "use the other hook, mate"), ("spoon", "handle left, handle right, hm"), ("open", "make it 15, mate"),
    ("pick", "hold it by the stem, mate"), ("place", "keep away from the unicorn"), ("place", "unless it rains, slower"), ("place", "if it rains, go slower"),
    ("pick", "slower and florp"), ("place", "slowly when you are near the glass"), ("place", "the mug first and the mug last"),
    ("open", "10 to 15 cm, mate"), ("place", "tilt it by 20 degrees, mate"), ("pick", ""), ("pick", "import os; os.system('x')"), ("pick", "links, bitte größer"),
])  # fmt: skip
def test_what_is_not_decided_gives_none(doing, text):
    assert gist(text, now(doing)) is None


def test_nothing_is_guessed_when_nothing_is_being_done():
    assert gist("by the handle, it's hot", moment("none")) is None


@pytest.mark.parametrize("question", ["Which mug do you mean: the red mug or the blue mug?", "That is too much or too little: I turn at most 180 degrees.",
                                      "I take sentences, no code; say ...", "I understand English only; say ..."])  # fmt: skip
def test_a_question_that_is_not_about_words_stands(question):
    assert gist("by the handle, it's hot", now("pick"), question) is None
    assert gist("by the handle, it's hot", now("pick"), "I do not know 'hot' here.") is not None


def test_the_gist_is_less_sure_than_the_grammar():
    assert read("By the handle, or it'll slip off your silly claw.", now("pick")).confidence == CONFIDENCE
    assert read("by the handle", now("pick")).confidence == 1.0


@pytest.mark.parametrize(("text", "about", "reach"), [
    ("Full mugs have to be kept upright, they slop.", Ref(kind="mug", attributes=frozenset({"full"})), "kind"),
    ("Always keep it level, it slops.", Ref(kind="mug"), "kind"), ("Keep it level, it slops.", None, None),
    ("Keep this mug level, it slops.", None, "instance"), ("Just this once keep it level, it slops.", None, "now"),
    ("If it's full keep it level, it slops.", Ref(kind="mug", attributes=frozenset({"full"})), "kind"),
])  # fmt: skip
def test_how_far_it_goes_is_only_what_was_said(text, about, reach):
    found = gist(text, now("place"))
    assert found is not None
    assert (found.about, found.reach) == (about, reach)


@pytest.mark.parametrize(("doing", "text", "name", "value"), [
    ("place", "no more than 10 cm per second, mate", "speed", 0.095), ("place", "at least 10 cm per second, mate", "speed", 0.105),
    ("pick", "at most 8 newtons, mate", "force", 7.6), ("place", "no lower than 20 cm, mate", "height", 0.21),
    ("place", "at most 20 cm high, mate", "height", 0.19), ("open", "no more than 12 cm, mate", "distance", 0.12),
    ("open", "thirty-five centimetres, mate", "distance", 0.35), ("place", "lift it by 5 cm, mate", "height", 0.17),
])  # fmt: skip
def test_bounds_leave_a_margin_and_numbers_are_exact(doing, text, name, value):
    found = gist(text, now(doing))
    assert found is not None
    assert found.manner.said == {name: pytest.approx(value)}


def test_beside_the_middle_is_absolute():
    text = "3 cm left of the centre, I need room for bread"
    found = gist(text, now("place", Manner(offset=(0.01, 0.05, 0.0))))
    assert found is not None
    assert found.manner.offset == pytest.approx((-0.01, -0.02, 0.0))
    turned = gist(text, now("place", tray=pi / 2))
    assert turned is not None
    assert turned.manner.offset == pytest.approx((0.03, 0.0, 0.0))


@given(yaw=st.floats(-pi, pi), side=st.sampled_from(["left", "right"]), present=st.sampled_from([None, 0.5]))
def test_the_grip_points_where_it_was_said_however_the_drawer_stands(yaw, side, present):
    manner = None if present is None else Manner(turn=present)
    found = gist(f"Oi, {side} with its grip, mate, grip to the {side}", now("spoon", manner, drawer=yaw))
    assert found is not None
    total = (found.manner.turn or 0.0) + (present or 0.0)
    wanted = -pi / 2 if side == "left" else pi / 2
    assert abs((total - wanted + pi) % (2 * pi) - pi) < 1e-3


def test_number_words_of_several_words_are_one_number():
    assert digits("twenty five, thirty-two, a hundred and twenty, zero point one five") == "25, 32, 120, 0.15"


def test_a_number_without_a_unit_is_refused():
    with pytest.raises(Unclear, match="without a unit"):
        hear("between 3-4 of those", now("open"))


VOCABULARY = """not by the handle rim or you'll spill at least 25 cm # left hook , . mug glass last first slowly too hard until
before never put on rack tray my head over if it is full so that i get @0 #L7"""
CUES = st.lists(st.sampled_from(VOCABULARY.split()), max_size=60).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=600), CUES), doing=st.sampled_from((*DOINGS, "dress", "none")))
def test_whatever_is_said_the_gist_is_valid_or_none(text, doing):
    found = gist(text, moment(doing) if doing in ("dress", "none") else now(doing))
    if found is not None:
        assert Correction.model_validate(found.model_dump()) == found
        assert found.manner.said or found.edits


@pytest.mark.parametrize("text", ["away " * 100, "the glass last " * 33, "not by the rim, " * 31, "keep it " * 60 + "off my head",
                                  "leave the glass all " * 24, CASES[0][1]])  # fmt: skip
def test_it_takes_less_than_fifty_milliseconds(text):
    here = now("place")
    gist(text, here)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        gist(text, here)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05


TOLERANCE = {"height": 0.03, "distance": 0.012, "offset": 0.016, "turn": 0.25}


def fulfils(wish: Wish, c: Correction) -> bool:
    """Whether a correction says what a wish requires, and nothing else."""
    wanted, requires = remedy(wish), wish.requires
    if c.intent == "unclear":
        return False
    if not isinstance(wanted, Manner):
        return any(
            e.kind == wanted.kind or {e.kind, wanted.kind} in ({"first", "before"}, {"last", "after"}) for e in c.edits
        )
    said = c.manner.said
    if c.edits or set(said) != set(wanted.said):
        return False
    (name, value), = wanted.said.items()  # fmt: skip
    got, tolerance = said[name], getattr(requires, "tolerance", TOLERANCE.get(name, 0.0))
    if name in ("speed", "force", "height"):
        low, high = getattr(requires, "at_least", None), getattr(requires, "at_most", None)
        return (low is None or got >= low - 1e-6) and (high is None or got <= high + 1e-6)
    if name == "offset":
        return dist(got, value) <= tolerance
    return bool(got) if name == "clear_of" else got == value or (name in TOLERANCE and abs(got - value) <= tolerance)


def test_nine_of_ten_wordings_of_the_household_are_understood():
    understood = []
    for task in tasks().tasks:
        for i, wish in enumerate(task.wishes):
            for j, text in enumerate(wordings()[key(task, i)]["train"]):
                around = Household(task.scene, j, "train").surroundings()
                plan = planned(task, around)
                acts = [k for k, step in enumerate(plan.steps)
                        if isinstance(step, Act) and applies(wish, situation(step, around, task=plan.sentence))]  # fmt: skip
                step = plan.steps[k := acts[-1] if acts else 0]
                assert isinstance(step, Act)
                understood.append(fulfils(wish, read(text, Moment(around, plan.standing(At(step=k)), step))))
    assert sum(understood) >= 0.9 * len(understood)
