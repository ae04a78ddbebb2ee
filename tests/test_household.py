import json
from dataclasses import replace
from itertools import combinations, pairwise
from math import dist, hypot, pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embodied.manner import Manner
from embodied.skills import Act, At, Home, Open, Outcome, Pick, Program, Wait, execute
from envs.household.body import Body
from envs.household.environment import Household
from envs.household.footprints import Rect, around, passes, spiral
from envs.household.scene import Scene, SceneSpec, Thing, Wanted, scene
from envs.household.things import KINDS
from envs.household.trace import HZ, TICK, Trace
from envs.household.world import World, reachable

KITCHEN = SceneSpec(
    things=(
        Wanted(kind="drawer"),
        Wanted(kind="mug", attributes=("red", "full")),
        Wanted(kind="tray"),
        Wanted(kind="knife"),
    ),
    person="either",
    distractors=0,
)
SHELF = SceneSpec(
    things=(
        Wanted(kind="rack"), Wanted(kind="mug", attributes=("blue",)), Wanted(kind="plate"),
        Wanted(kind="bowl", attributes=("white",)), Wanted(kind="glass"), Wanted(kind="spoon"),
    ),
)  # fmt: skip
OPEN_DRAWER = Act(verb="open", object="drawer", manner=Manner(distance=0.15))
ACTS = {
    "open": (KITCHEN, (OPEN_DRAWER,)),
    "close": (KITCHEN, (OPEN_DRAWER, Act(verb="close", object="drawer", manner=Manner(distance=0.1)))),
    "pick": (SHELF, (Act(verb="pick", object="blue mug", manner=Manner(approach="side")),)),
    "place": (SHELF, (Act(verb="pick", object="white bowl"), Act(verb="place", object="white bowl", target="plate"))),
    "place otherwise held": (
        KITCHEN,
        (
            Act(verb="pick", object="red mug"),
            Act(verb="place", object="red mug", target="tray", manner=Manner(part="handle", turn=0.5)),
        ),
    ),
    "hang": (SHELF, (Act(verb="pick", object="blue mug"), Act(verb="hang", object="blue mug", target="rack"))),
    "hand over": (
        KITCHEN,
        (
            Act(verb="pick", object="knife"),
            Act(verb="hand over", object="knife", target="person's hand", manner=Manner(clear_of=("head",))),
        ),
    ),
    "home": (SHELF, (Act(verb="pick", object="spoon"), Home())),
    "wait": (SHELF, (Wait(seconds=0.4),)),
    "let go": (SHELF, (Act(verb="pick", object="spoon"), Open())),
}


def run(home: Household, *steps, stop=lambda: False) -> tuple[Program, list[Outcome]]:
    program, outcomes = Program(steps=steps), []
    for program, outcome in execute(Program(steps=steps), home.body, stop):  # noqa: B007
        outcomes.append(outcome)
    return program, outcomes


def did(home: Household, *steps) -> None:
    _, outcomes = run(home, *steps)
    assert [o.detail for o in outcomes if not o.ok] == []


def refusal(home: Household, act, at: At = At()) -> str:  # noqa: B008 - it is frozen
    before = home.snapshot()
    cause, words, reached, seconds = home.body.perform(act, at, lambda: False)
    assert (cause, reached, seconds) == ("refused", at, 0.0)
    assert replace(home.snapshot(), gripping="") == replace(before, gripping="")
    return words


def stands(home: Household):
    """A moment but for when it was and how one came there."""
    return replace(home.snapshot(), time=0.0, trace=Trace())


class Countdown:
    """Says stop once, when it has been asked so often; and how often it was asked."""

    def __init__(self, at: int) -> None:
        self.at, self.asked = at, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked == self.at


def test_a_scene_is_a_pure_function_of_its_specification_split_and_seed():
    for seed in range(3):
        assert scene(KITCHEN, "train", seed) == scene(KITCHEN, "train", seed)
    assert scene(KITCHEN, "train", 0) != scene(KITCHEN, "train", 1)
    assert scene(KITCHEN, "held-out", 0) != scene(KITCHEN, "train", 0)


@pytest.mark.parametrize("spec", [KITCHEN, SHELF])
def test_nothing_overlaps_and_all_can_be_reached_over_50_seeds(spec):
    for seed in range(50):
        drawn = scene(spec, "train", seed)
        ground = [t for t in drawn.things if t.kind != "drawer"]
        for one, other in combinations(ground, 2):
            assert one.footprint().apart(other.footprint(), 0.01), (seed, one.name, other.name)
        world = World(drawn)
        for thing in drawn.things:
            for part in KINDS[thing.kind].parts:
                assert reachable(world.grip_point(thing.name, part.name)), (seed, thing.name, part.name)
        assert Scene.from_json(drawn.to_json()) == drawn


def test_colours_of_the_held_out_split_are_never_seen_in_training():
    spec = SceneSpec(things=(Wanted(kind="mug", count=2), Wanted(kind="block", count=2)), distractors=0)

    def colours(split):
        return {word for seed in range(20) for thing in scene(spec, split, seed).things for word in thing.attributes}

    assert not colours("train") & {"pink", "orange", "purple"}
    assert colours("held-out") - {"large", "small"} <= {"pink", "orange", "purple"}


def test_two_of_a_kind_that_differ_in_size_are_called_large_and_small():
    spec = SceneSpec(things=(Wanted(kind="glass", attributes=("large",)), Wanted(kind="glass", attributes=("small",))))
    for seed in range(5):
        home = Household(spec, seed)
        here = home.surroundings()
        assert {"large glass", "small glass"} <= {thing.name for thing in here}
        assert "large" in here["large glass"].attributes
        assert here["large glass"].size > here["small glass"].size
    twins = scene(SceneSpec(things=(Wanted(kind="block", count=3, attributes=("red",)),), distractors=0), "train", 1)
    assert len({thing.name for thing in twins.things}) == 3


def test_things_can_lie_in_a_drawer_and_come_out_with_it():
    spec = SceneSpec(things=(Wanted(kind="drawer"), Wanted(kind="spoon", on="drawer")), distractors=0)
    home = Household(spec, 2)
    before = home.surroundings()["spoon"]
    assert before.place == "drawer"
    did(home, Act(verb="open", object="drawer", manner=Manner(distance=0.2)))
    after = home.surroundings()["spoon"]
    assert dist(before.position, after.position) == pytest.approx(0.2)
    assert home.surroundings()["drawer"].to_own(
        *(a - b for a, b in zip(after.position, before.position, strict=True))
    ) == pytest.approx((0.2, 0, 0))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("cup", "no kind 'cup'"),
        ("cabinet", "a cabinet comes by itself"),
    ],
)
def test_a_specification_of_what_there_is_not_is_refused(kind, words):
    with pytest.raises(ValueError, match=words):
        Wanted(kind=kind)


def test_specifications_and_scenes_say_what_is_wrong_with_them():
    with pytest.raises(ValueError, match="no attribute 'fulll'; did you mean 'full'"):
        Wanted(kind="mug", attributes=("fulll",))
    with pytest.raises(ValueError, match="on must be a kind of the scene with a surface"):
        SceneSpec(things=(Wanted(kind="mug", on="tray"),))
    with pytest.raises(ValueError, match="more than one drawer"):
        SceneSpec(things=(Wanted(kind="drawer", count=2),))
    with pytest.raises(ValueError, match="no split 'test'; there are 'held-out', 'train'"):
        scene(KITCHEN, "test")
    with pytest.raises(ValueError, match="12 things do not fit"):
        scene(
            SceneSpec(things=(Wanted(kind="rack", count=4), Wanted(kind="tray", count=4), Wanted(kind="mug", count=4)))
        )
    with pytest.raises(ValueError, match=r"no scene: things\.0\.x: "):
        Scene.from_json('{"split": "train", "seed": 0, "things": [{"name": "a", "kind": "mug", "x": "far", "y": 0}]}')
    mug = Thing(name="mug", kind="mug", x=0.4, y=0)
    with pytest.raises(ValueError, match="two things are called 'mug'"):
        Scene(split="train", seed=0, things=(mug, mug))
    with pytest.raises(ValueError, match="the mug is on 'shelf', which is not there"):
        Scene(split="train", seed=0, things=(mug.model_copy(update={"place": "shelf"}),))


def test_surroundings_name_parts_attributes_and_places():
    here = Household(KITCHEN, 1).surroundings()
    assert here["red mug"].parts[0] == "rim"
    assert {"red", "full"} <= here["red mug"].attributes
    assert (here["person's head"].kind, here["person's hand"].kind) == ("head", "hand")
    assert here["table"].kind == "table"
    assert "open" not in here["drawer"].attributes


@pytest.mark.parametrize("name", ACTS)
def test_stopped_at_any_tick_and_continued_it_ends_in_the_same_world(name):
    spec, steps = ACTS[name]
    home = Household(spec, 0)
    did(home, *steps[:-1])
    start = home.snapshot()
    never = Countdown(-1)
    _, (outcome,) = run(home, steps[-1], stop=never)
    assert outcome.ok, outcome.detail
    end, ticks = stands(home), never.asked
    phases = set()
    for tick in range(1, ticks + 1, max(1, ticks // 14)):
        home.restore(start)
        count = Countdown(tick)
        program, (outcome,) = run(home, steps[-1], stop=count)
        assert (outcome.cause, count.asked) == ("stopped", tick)
        assert home.world.time - start.time == pytest.approx((tick - 1) * TICK)
        moment = home.snapshot()
        assert home.snapshot() == moment
        phases.add(program.at.phase)
        again = Program.from_json(program.to_json())
        ((_, last),) = execute(again, home.body)
        assert last.ok, last.detail
        assert stands(home) == end
    assert name in ("let go", "wait", "home") or len(phases) > 3


@pytest.mark.parametrize("name", ACTS)
def test_a_snapshot_leads_to_the_same_bits_in_another_world(name):
    spec, steps = ACTS[name]
    home, other = Household(spec, 0), Household(SHELF, 9)
    did(home, *steps[:-1])
    moment = home.snapshot()
    did(home, steps[-1])
    other.restore(moment)
    assert other.snapshot() == moment
    did(other, steps[-1])
    assert other.snapshot() == home.snapshot()
    home.restore(moment)
    assert home.snapshot() == moment


def test_an_act_continued_in_another_manner_is_judged_from_there_on():
    home = Household(SHELF, 0)
    did(home, Act(verb="pick", object="blue mug"))
    act = Act(verb="place", object="blue mug", target="plate")
    program, _ = run(home, act, stop=Countdown(40))
    better = program.model_copy(update={"steps": (act.done(Manner(upright=True)),)})
    ((_, outcome),) = execute(better, home.body)
    assert outcome.ok
    trace = home.trace()
    assert [done.ok for done in trace.acts] == [True, False, True]
    assert max(abs(t.thing.tilt) for t in trace.during(1) if t.thing) > 0.1


def test_the_hand_keeps_to_its_speed_and_moves_smoothly():
    home = Household(SHELF, 1)
    did(
        home,
        Act(verb="pick", object="glass"),
        Act(verb="place", object="glass", target="plate", manner=Manner(speed=0.1)),
    )
    trace = home.trace()
    assert trace.speed(0) == pytest.approx(0.25, abs=1e-6)
    assert trace.speed(1) == pytest.approx(0.1, abs=1e-6)
    speeds = [dist(a.tip.point, b.tip.point) * HZ for a, b in pairwise(trace.ticks)]
    assert max(b - a for a, b in pairwise(speeds)) < 1.0 * TICK + 1e-9


def test_a_step_is_never_faster_than_its_own_limit():
    home = Household(SHELF, 1)
    did(home, Act(verb="pick", object="glass", speed=0.05, manner=Manner(speed=0.4)))
    assert home.trace().speed(0) <= 0.05 + 1e-9


def test_what_is_carried_carelessly_leans_and_upright_it_does_not():
    for upright, low, high in ((None, 0.3, 0.4), (True, 0.0, 0.01)):
        home = Household(SHELF, 4)
        act = Act(verb="place", object="glass", target="plate", manner=Manner(upright=upright))
        did(home, Act(verb="pick", object="glass"), act)
        lean = max(abs(t.thing.tilt) for t in home.trace().during(1) if t.thing)
        assert low <= lean <= high


@pytest.mark.parametrize("height", [0.05, 0.2, 0.4])
def test_things_are_carried_as_high_as_was_asked_or_over_what_is_in_the_way(height):
    home = Household(SHELF, 6)
    act = Act(verb="place", object="spoon", target="plate", manner=Manner(height=height))
    did(home, Act(verb="pick", object="spoon"), act)
    feet = [t.thing.z for t in home.trace().ticks if t.carrying and t.thing]
    assert min(feet) >= height - 1e-6
    assert len(feet) > 3


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_off_is_never_neared(seed):
    home = Household(KITCHEN, seed)
    straight, careful = [], []
    for ways, off in ((straight, None), (careful, ("person",))):
        home.reset()
        act = Act(verb="hand over", object="knife", target="person's hand", manner=Manner(clear_of=off))
        did(home, Act(verb="pick", object="knife"), act)
        head = home.surroundings()["person's head"]
        for tick in home.trace().during(1):
            where = tick.thing or tick.tip
            ways.append(hypot(where.x - head.position[0], where.y - head.position[1]) - 0.09)
    begun_near = careful[0] - 0.08
    assert min(careful) >= min(0.12, begun_near)
    assert min(careful) >= min(straight) - 1e-3


@settings(max_examples=20)
@given(
    yaw=st.floats(-pi, pi), plate_yaw=st.floats(-pi, pi), scale=st.floats(0.8, 1.25),
    u=st.floats(-0.04, 0.04), v=st.floats(-0.04, 0.04),
)  # fmt: skip
def test_offsets_turn_with_the_thing_and_hold_at_any_size(yaw, plate_yaw, scale, u, v):
    things = (
        Thing(name="bowl", kind="bowl", x=0.4, y=-0.25, yaw=yaw, scale=scale),
        Thing(name="plate", kind="plate", x=0.45, y=0.2, yaw=plate_yaw, scale=scale),
    )
    world = World(Scene(split="train", seed=0, things=things))
    steps = (
        Act(verb="pick", object="bowl", manner=Manner(offset=(u / 2, v / 2, 0.0))),
        Act(verb="place", object="bowl", target="plate", manner=Manner(offset=(u, v, 0.0), turn=0.3)),
    )
    assert all(outcome.ok for _, outcome in execute(Program(steps=steps), Body(world)))
    grasped, released = world.recorder.events
    assert grasped.offset == pytest.approx((u / 2, v / 2, 0.0), abs=1e-9)
    assert released.offset == pytest.approx((u, v, 0.0), abs=1e-9)
    assert released.turn == pytest.approx(0.3)
    here = world.surroundings()
    shift = [a - b for a, b in zip(here["bowl"].position, here["plate"].position, strict=True)]
    assert here["plate"].to_own(*shift)[:2] == pytest.approx((u, v), abs=1e-9)


def test_the_free_end_of_what_is_handed_over_points_to_the_person():
    for part, sign in (("grip", 1), ("blade", -1)):
        home = Household(KITCHEN, 5)
        act = Act(verb="hand over", object="knife", target="person's hand")
        did(home, Act(verb="pick", object="knife", manner=Manner(part=part)), act)
        along = home.surroundings()["knife"].to_base(1, 0, 0)
        assert along[0] * sign == pytest.approx(1)
        assert home.surroundings()["knife"].place == "person's hand"


def test_an_occupied_middle_is_avoided_and_a_full_rack_refuses():
    spec = SceneSpec(things=(Wanted(kind="rack"), Wanted(kind="mug", count=4)), distractors=0)
    home = Household(spec, 0)
    mugs = [thing.name for thing in home.surroundings() if thing.kind == "mug"]
    for mug in mugs[:3]:
        did(home, Act(verb="pick", object=mug), Act(verb="hang", object=mug, target="rack"))
    spots = [e.offset[1] for e in home.trace().events if e.kind == "released"]
    assert spots == pytest.approx([0.0, -0.13, 0.13]) or spots == pytest.approx([0.0, 0.13, -0.13])
    did(home, Act(verb="pick", object=mugs[3]))
    hang = Act(verb="hang", object=mugs[3], target="rack")
    assert "all hooks of the rack are taken" in refusal(home, hang)
    assert "something hangs on the hook at +0.00 m" in refusal(home, hang.done(Manner(offset=(0, 0, 0))))
    assert "its hooks are at" in refusal(home, hang.done(Manner(offset=(0, 0.07, 0))))
    did(home, Act(verb="place", object=mugs[3], target="table"), Act(verb="pick", object=mugs[0]))
    did(home, Act(verb="hang", object=mugs[0], target="rack"))


def test_a_drawer_opens_and_shuts_by_what_was_asked():
    home = Household(KITCHEN, 0)
    for act, extension in (
        (Act(verb="open", object="drawer"), 0.08),
        (OPEN_DRAWER, 0.15),
        (Act(verb="close", object="drawer", manner=Manner(distance=0.05)), 0.10),
        (Act(verb="open", object="drawer", manner=Manner(distance=0.02)), 0.02),
        (Act(verb="close", object="drawer"), 0.0),
    ):
        did(home, act)
        assert home.world.extension == pytest.approx(extension, abs=1e-9)
        assert home.trace().events[-1].extension == home.world.extension
    assert {e.part for e in home.trace().events} == {"front"}


def test_an_interrupted_pull_leaves_the_drawer_where_it_is_and_another_act_lets_it_go():
    home = Household(KITCHEN, 0)
    count = Countdown(-1)
    run(home, OPEN_DRAWER, stop=count)
    program = Program()
    for stop in range(count.asked, 0, -9):
        home.reset()
        program, _ = run(home, OPEN_DRAWER, stop=Countdown(stop))
        if 0.02 < home.world.extension < 0.13:
            break
    assert home.world.gripping == "drawer"
    half = home.world.extension
    did(home, Act(verb="pick", object="red mug"))
    assert home.world.extension == half
    assert program.at.phase > 3


def test_letting_go_puts_things_on_what_is_beneath():
    home = Household(SHELF, 2)
    did(home, Act(verb="pick", object="spoon"), Open())
    assert home.surroundings()["spoon"].place == "table"
    assert home.surroundings()["spoon"].position[2] == 0.0
    did(home, Act(verb="pick", object="white bowl"))
    act = Act(verb="place", object="white bowl", target="plate")
    for tick in range(200, 0, -7):
        moment = home.snapshot()
        run(home, act, stop=Countdown(tick))
        if home.world.held and not Rect(*home.world.at("plate").point[:2], 0, (0.01, 0.01)).away(
            *home.world.at("white bowl").point[:2]
        ):
            break
        home.restore(moment)
    did(home, Open())
    assert home.surroundings()["white bowl"].place == "plate"
    did(home, Open())


def test_what_cannot_be_done_is_refused_before_anything_moves():
    home = Household(KITCHEN, 0)
    mug = Act(verb="pick", object="red mug")
    for act, words in (
        (Pick(object="red mug"), "this body knows act, wait, home and open, and no 'pick'"),
        (Act(verb="pick", object="red cup"), "there is no 'red cup'; there are cabinet, drawer"),
        (Act(verb="pick", object="drawer"), "a drawer is nothing to pick"),
        (Act(verb="pick", object="tray"), "a tray is nothing to pick; it stays where it is"),
        (Act(verb="open", object="red mug"), "a mug is nothing to open"),
        (Act(verb="dress", object="red mug"), "this body dresses nobody"),
        (mug.done(Manner(part="handel")), "did you mean 'handle'"),
        (mug.done(Manner(offset=(0.2, 0, 0))), "is out of reach of the red mug"),
        (mug.done(Manner(clear_of=("vase",))), "there is no 'vase' to keep off"),
        (Act(verb="open", object="drawer", manner=Manner(distance=0.3)), "opens by 0.25 m at most, not 0.30 m"),
        (Act(verb="place", object="red mug", target="tray"), "the hand holds nothing, not the red mug"),
    ):
        assert words in refusal(home, act)
    did(home, mug)
    for act, words in (
        (Act(verb="pick", object="knife"), "the hand is full: it holds the red mug"),
        (OPEN_DRAWER, "the hand is full"),
        (Act(verb="place", object="knife", target="tray"), "the hand holds the red mug, not the knife"),
        (Act(verb="place", object="red mug", target="drawer"), "open it first"),
        (Act(verb="place", object="red mug", target="cabinet"), "nothing can be placed on the cabinet"),
        (Act(verb="place", object="red mug", target="person's hand"), "nothing can be placed on the person's hand"),
        (Act(verb="place", object="red mug", target="red mug"), "cannot go on itself"),
        (Act(verb="place", object="red mug", target="shelf"), "there is no 'shelf' to place it to"),
        (Act(verb="place", object="red mug", target="tray", manner=Manner(offset=(0.2, 0, 0))), "is out of the tray"),
        (Act(verb="hang", object="red mug", target="tray"), "the tray has no hooks"),
        (Act(verb="hand over", object="red mug", target="tray"), "the tray is no hand"),
    ):
        assert words in refusal(home, act)
    did(home, Act(verb="place", object="red mug", target="tray"), Act(verb="pick", object="knife"))
    spot = Act(verb="place", object="knife", target="tray", manner=Manner(offset=(0, 0, 0)))
    assert "something stands on the tray at 0.00, 0.00 m" in refusal(home, spot)
    did(home, Act(verb="hand over", object="knife", target="person's hand"), mug)
    assert "the person's hand holds the knife already" in refusal(
        home, Act(verb="hand over", object="red mug", target="person's hand")
    )
    no_such = Act(verb="hand over", object="red mug", target="person's hand")
    cause, words, _, _ = home.body.perform(no_such, At(phase=99), lambda: False)
    assert cause == "refused"
    assert "act has the phases 0 to 17, and no phase 99" in words


def test_more_is_refused_of_what_stands_in_the_way():
    home = Household(SHELF, 3)
    did(home, Act(verb="pick", object="white bowl"), Act(verb="place", object="white bowl", target="plate"))
    assert "the white bowl is on the plate; take it off first" in refusal(home, Act(verb="pick", object="plate"))
    did(home, Act(verb="pick", object="glass"))
    assert "there is no room left on the plate" in refusal(home, Act(verb="place", object="glass", target="plate"))
    assert "the glass has no handle to hang it by" in refusal(home, Act(verb="hang", object="glass", target="rack"))
    spec = SceneSpec(things=(Wanted(kind="drawer"), Wanted(kind="block", on="drawer")), distractors=0)
    home = Household(spec, 2)
    block = next(thing.name for thing in home.surroundings() if thing.kind == "block")
    assert "open the drawer further" in refusal(home, Act(verb="pick", object=block))


def test_out_of_reach_is_refused_with_the_place():
    things = (Thing(name="block", kind="block", x=0.8, y=0.3),)
    body = Body(World(Scene(split="train", seed=0, things=things)))
    cause, words, _, _ = body.perform(Act(verb="pick", object="block"), At(), lambda: False)
    assert cause == "refused"
    assert "m is out of reach for the way" in words


def test_where_no_way_keeps_off_it_is_refused():
    wall = tuple(Thing(name=f"block {i}", kind="block", x=0.05 + 0.1 * i, y=0.0) for i in range(8))
    things = (*wall, Thing(name="mug", kind="mug", x=0.4, y=-0.4), Thing(name="plate", kind="plate", x=0.4, y=0.4))
    body = Body(World(Scene(split="train", seed=0, things=things)))
    assert not body.perform(Act(verb="pick", object="mug"), At(), lambda: False)[0]
    act = Act(verb="place", object="mug", target="plate", manner=Manner(clear_of=("block",)))
    cause, words, _, _ = body.perform(act, At(), lambda: False)
    assert cause == "refused"
    assert "no way to place the mug that keeps off block" in words


def test_a_trace_survives_json_and_tells_situations():
    home = Household(SHELF, 0, task="tidy up", user="ann")
    did(home, Act(verb="pick", object="glass"), Act(verb="place", object="glass", target="plate"))
    trace = home.trace()
    assert Trace.from_json(json.loads(json.dumps(trace.to_json()))) == trace
    now = trace.acts[1].situation
    assert (now.verb, now.kind, now.target_kind, now.task, now.user) == ("place", "glass", "plate", "tidy up", "ann")
    assert "fragile" in now.attributes
    assert trace.last("opened", "glass", 1) is None


def test_pictures_show_the_scene_and_change_when_it_does():
    home = Household(KITCHEN, 0)
    first = home.picture("top", 64)
    assert first.shape == (64, 64, 3)
    assert np.array_equal(first, home.picture("top", 64))
    did(home, Act(verb="pick", object="red mug"))
    assert not np.array_equal(first, home.picture("top", 64))
    home.reset(1)
    other = home.picture("top", 64)
    home.reset(0)
    assert np.array_equal(first, home.picture("top", 64))
    assert not np.array_equal(first, other)
    with pytest.raises(KeyError, match="no camera 'tpo'; did you mean 'top'"):
        home.picture("tpo")
    with pytest.raises(ValueError, match="size is 0 pixels"):
        home.picture("top", 0)
    home.close()
    home.close()


def test_the_body_says_nothing_of_blocks():
    home = Household(SHELF, 0)
    assert home.body.view().items == ()
    assert home.reset(given=home.scene) == home.surroundings()


@given(st.floats(-3, 3), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_a_rectangle_is_apart_from_another_unless_they_share_a_point(yaw, x, y):
    a, b = Rect(0, 0, 0, (0.1, 0.05)), Rect(x, y, yaw, (0.06, 0.02))
    assert a.apart(b) == b.apart(a)
    inside = any(not a.away(*corner) for corner in b.corners()) or any(not b.away(*corner) for corner in a.corners())
    assert not (inside and a.apart(b, 1e-9))


def test_a_way_around_keeps_off_and_straight_where_nothing_is():
    assert around((0, 0), (1, 0), [], (-1, -1), (2, 1)) == ((1, 0),)
    way = around((0, 0), (1, 0), [((0.5, 0.0), 0.3)], (-1, -1), (2, 1))
    assert way is not None
    assert way[-1] == (1, 0)
    points = [(0.0, 0.0), *way]
    assert all(passes(a, b, (0.5, 0.0)) >= 0.3 for a, b in pairwise(points))
    assert around((0, 0), (1, 0), [((0.5, 0.0), 0.3)], (-0.1, -0.1), (1.1, 0.1)) is None
    assert next(iter(spiral((0.1, 0.1)))) == (0, 0)
