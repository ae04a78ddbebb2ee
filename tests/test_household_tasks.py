import json
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from embodied.corrections import Edit, Ref
from embodied.manner import Manner, Verb
from embodied.situations import When, situation
from embodied.skills import Act, Program, execute
from envs.household.environment import Household
from envs.household.tasks import FILE, Goal, Line, Tasks, edited, planned, remedied, tasks, the
from envs.household.trace import Done, Event, Lying, Tick, Tip, Trace
from envs.household.wishes import Requirement, Wish, applies, broken, remedy

HERE = tasks()
IDS = [task.id for task in HERE.tasks]
REQUIREMENT = TypeAdapter(Requirement)


def did(home: Household, program: Program) -> None:
    failed = [(str(o.step), o.detail) for _, o in execute(program, home.body) if not o.ok]
    assert failed == []


@pytest.mark.parametrize("split", ["train", "held-out"])
@pytest.mark.parametrize("name", IDS)
def test_a_plan_reaches_its_goal_but_only_with_the_remedies_its_wishes(name, split):
    task = HERE[name]
    for seed in range(3):
        home = Household(task.scene, seed, split, task=task.instruction)
        assert task.missing(home.surroundings()) is not None
        did(home, planned(task, home.surroundings()))
        assert task.missing(home.surroundings()) is None
        assert all(broken(wish, home.trace()) for wish in task.wishes)
        around = home.reset()
        did(home, remedied(planned(task, around), task.wishes, around))
        assert task.missing(home.surroundings()) is None
        assert [broken(wish, home.trace()) for wish in task.wishes] == [None] * len(task.wishes)


@pytest.mark.parametrize("name", IDS)
def test_a_wish_changes_nothing_near_it_and_nothing_elsewhere(name):
    for wish in HERE[name].wishes:
        assert len(wish.near) >= 2
        assert len(wish.out) >= 2
        for other in (*wish.near, *wish.out):
            probe = HERE.probe(other)
            for seed in range(1):
                home = Household(probe.scene, seed, task=probe.instruction)
                around = home.surroundings()
                plan = planned(probe, around)
                assert remedied(plan, [wish], around) == plan, other
                did(home, plan)
                assert broken(wish, home.trace()) is None


def test_there_are_as_many_tasks_as_were_promised_and_each_kind_of_requirement_is_wished_for():
    assert len(IDS) >= 10
    wanted = {wish.requires.want for task in HERE.tasks for wish in task.wishes}
    assert wanted == set(REQUIREMENT.json_schema()["discriminator"]["mapping"])


def test_the_file_survives_json():
    assert Tasks.from_json(HERE.model_dump_json()) == HERE
    assert Tasks.from_json(FILE.read_text()) == HERE


def changed(path: list, value) -> str:
    data = json.loads(FILE.read_text())
    spot = data
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["tasks", 0, "id"], "mug-on-tray", "two tasks or probes are called 'mug-on-tray'"),
        (["tasks", 0, "goals"], [], r"tasks\.0\.goals: Extra inputs are not permitted"),
        (["tasks", 0, "plan"], [], r"tasks\.0\.plan: Tuple should have at least 1 item"),
        (["tasks", 0, "plan", 0, "verb"], "pull", r"tasks\.0\.plan\.0\.verb: Input should be 'open'"),
        (["tasks", 1, "plan", 0, "to"], None, "place needs 'to'"),
        (["tasks", 0, "plan", 0, "to"], {"kind": "tray"}, "open has no 'to'"),
        (["tasks", 1, "plan", 0, "to"], {"kind": "try"}, "no kind 'try'; did you mean 'tray'"),
        (["tasks", 1, "goal", 0, "on"], ["trays"], "no kind 'trays'; did you mean 'tray'"),
        (["tasks", 0, "wishes", 0, "near", 0], "shut-drawr", "did you mean 'shut-drawer'"),
        (["tasks", 0, "wishes", 1, "requires", "part"], "handel", "no part 'handel'; did you mean 'handle'"),
        (["tasks", 0, "wishes", 0, "when", "kind"], "drawers", "did you mean 'drawer'"),
        (["tasks", 0, "wishes", 0, "requires"], {"want": "joy"}, "wishes.0.requires: Input tag 'joy'"),
        (["tasks", 0, "wishes", 0, "requires"], {"want": "speed"}, "neither at_least nor at_most"),
        (["tasks", 0, "wishes", 0, "requires"], {"want": "height", "at_least": 0.3, "at_most": 0.2}, "nothing is at"),
        (["tasks", 0, "wishes", 0, "requires"], {"want": "order", "rule": "before", "what": {}}, "before needs other"),
        (
            ["tasks", 0, "wishes", 0, "requires"],
            {"want": "order", "rule": "last", "what": {}, "other": {}},
            "last has no",
        ),
        (["tasks", 0, "scene", "things", 0, "kind"], "draw", "no kind 'draw'; did you mean 'drawer'"),
    ],
)
def test_whatever_is_wrong_with_a_file_is_told_with_its_place(path, value, words):
    with pytest.raises(ValueError, match=f"no household tasks: .*{words}"):
        Tasks.from_json(changed(path, value))


def test_a_file_that_is_no_json_and_a_task_that_is_not_there_are_told():
    with pytest.raises(ValueError, match=r"no household tasks: .*Invalid JSON"):
        Tasks.from_json("{")
    with pytest.raises(KeyError, match="no household task 'open-draw'; did you mean 'open-drawer'"):
        HERE["open-draw"]
    with pytest.raises(KeyError, match="no task or probe"):
        HERE.probe("nothing")


def test_a_plan_that_fits_none_or_several_things_is_told():
    probe = HERE["mug-on-tray"]
    home = Household(HERE["glass-last"].scene, 0)
    with pytest.raises(ValueError, match="'knife' fits 0 things, and should fit one; there are"):
        the(Ref(kind="knife"), home.surroundings())
    with pytest.raises(ValueError, match=r"'thing' fits \d things"):
        the(Ref(), home.surroundings())
    assert len(planned(probe, home.surroundings()).steps) == 2


def test_a_thing_that_is_held_already_is_not_picked_again():
    task = HERE["mug-on-tray"]
    home = Household(task.scene, 0)
    program = planned(task, home.surroundings())
    did(home, Program(steps=program.steps[:1]))
    assert planned(task, home.surroundings()).steps == program.steps[1:]
    assert "mug is on the hand, not on a tray" in str(task.missing(home.surroundings()))


def test_goals_tell_what_is_missing():
    around = Household(HERE["open-drawer"].scene, 0).surroundings()
    goal = Goal(what=Ref(kind="drawer"), open_at_least=0.1)
    assert goal.missing(around) == "the drawer is open by 0.000 m"
    assert Goal(what=Ref(kind="knife")).missing(around) == "nothing here is knife"


PAIRS = (
    Act(verb="pick", object="a"), Act(verb="place", object="a", target="tray"),
    Act(verb="pick", object="b"), Act(verb="place", object="b", target="tray"),
    Act(verb="pick", object="c"), Act(verb="place", object="c", target="tray"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "order"),
    [
        (Edit(kind="first", what=Ref(name="c")), "cab"),
        (Edit(kind="last", what=Ref(name="a")), "bca"),
        (Edit(kind="before", what=Ref(name="c"), other=Ref(name="b")), "acb"),
        (Edit(kind="after", what=Ref(name="a"), other=Ref(name="b")), "bac"),
        (Edit(kind="after", what=Ref(name="b"), other=Ref(kind="knife")), "bac"),
        (Edit(kind="skip", what=Ref(name="b")), "ac"),
    ],
)
def test_an_edit_moves_what_is_picked_and_placed_together(edit, order):
    from embodied.situations import Entity, Surroundings

    around = Surroundings(tuple(Entity(name, "block", (0.0, 0.0, 0.0)) for name in "abc"))
    changed = edited(Program(steps=PAIRS), edit, around)
    assert [act.object for act in changed.steps if isinstance(act, Act)] == [name for name in order for _ in "pp"]
    with pytest.raises(ValueError, match="no wish leads to the edit 'add'"):
        edited(Program(steps=PAIRS), Edit(kind="add", what=Ref()), around)


def told(requires: dict, *, verb: Verb = "place", ticks=(), events=(), **when) -> str | None:
    """What a wish says of one act on the glass."""
    home = Household(HERE["glass-on-tray"].scene, 0)
    target = "tray" if verb == "place" else None
    done = Done(Act(verb=verb, object="glass", target=target), home.surroundings(), ok=True)
    wish = Wish(says="so", when=When(verb=verb, **when), requires=REQUIREMENT.validate_python(requires))
    return broken(wish, Trace(tuple(ticks), tuple(events), (done,)))


def test_an_act_that_left_no_events_is_not_as_wished():
    assert "held by the nothing" in str(told({"want": "part", "part": "side"}))
    assert "it was not done" in str(told({"want": "offset", "value": [0, 0, 0]}))
    assert "it was not put anywhere" in str(told({"want": "turn", "value": 0}))
    assert "it was taken from nowhere" in str(told({"want": "approach", "approach": "side"}, verb="pick"))
    assert "which is no plate" in str(told({"want": "target", "kind": "plate"}))
    assert told({"want": "clear of", "kind": "head"}) is None
    assert told({"want": "height", "at_least": 0.2}) is None
    assert told({"want": "force", "at_most": 1}) is None


def test_heights_are_judged_on_the_way_across_only():
    def tick(z, carrying):
        return Tick(0, 0.0, Tip(0, 0, z), "glass", Lying(0, 0, z), carrying)

    ticks = (tick(0.0, False), tick(0.2, True), tick(0.3, True), tick(0.5, False))
    assert told({"want": "height", "at_least": 0.2, "at_most": 0.3}, ticks=ticks) is None
    assert "0.30 m high" in str(told({"want": "height", "at_most": 0.25}, ticks=ticks))
    assert "0.20 m high" in str(told({"want": "height", "at_least": 0.25}, ticks=ticks))


def test_only_the_last_try_that_went_well_counts():
    event = Event("grasped", 0, 0.0, "glass", "rim")
    wish = Wish(
        says="so", when=When(verb="pick"), requires=REQUIREMENT.validate_python({"want": "part", "part": "side"})
    )
    home = Household(HERE["glass-on-tray"].scene, 0)
    done = Done(Act(verb="pick", object="glass"), home.surroundings(), ok=True)
    bad = Trace((), (event,), (done,))
    assert broken(wish, bad) == "act 0, pick the glass: it was held by the rim, not by the side"
    better = Trace((), (event, replace(event, act=1, part="side")), (done, done))
    assert broken(wish, better) is None
    assert broken(wish, Trace((), (event,), (replace(done, ok=False),))) is None
    now = situation(done.act, done.around)
    assert applies(wish, now)
    assert broken(wish, bad, [now.model_copy(update={"verb": "place"})]) is None
    with pytest.raises(ValueError, match="0 situations for 1 acts; give one for each"):
        broken(wish, bad, [])


@pytest.mark.parametrize(
    ("requires", "wanted"),
    [
        ({"want": "part", "part": "rim"}, Manner(part="rim")),
        ({"want": "speed", "at_most": 0.1}, Manner(speed=0.09)),
        ({"want": "speed", "at_least": 0.1, "at_most": 0.2}, Manner(speed=0.15)),
        ({"want": "height", "at_least": 0.2}, Manner(height=0.22)),
        ({"want": "clear of", "kind": "head"}, Manner(clear_of=("head",))),
        ({"want": "upright"}, Manner(upright=True)),
    ],
)
def test_a_remedy_is_what_a_person_would_ask_for(requires, wanted):
    wish = Wish(says="so", when=When(), requires=REQUIREMENT.validate_python(requires))
    change = remedy(wish)
    assert isinstance(change, Manner)
    assert change.said.keys() == wanted.said.keys()
    for name, value in wanted.said.items():
        assert getattr(change, name) == (pytest.approx(value) if isinstance(value, float) else value)


def test_a_wish_for_another_target_is_an_edit():
    wish = HERE["hot-mug-away"].wishes[0]
    assert remedy(wish) == Edit(
        kind="elsewhere", what=Ref(kind="mug", attributes=frozenset({"hot"})), other=Ref(kind="plate"), verb="place"
    )


def test_a_line_that_asks_for_each_takes_all_that_can_be_moved():
    task = HERE["tidy-without-fragile"]
    around = Household(task.scene, 0).surroundings()
    kinds = {around[act.object].kind for act in planned(task, around).steps if isinstance(act, Act)}
    assert kinds == {"glass", "block", "spoon"}
    with pytest.raises(ValueError, match="no kind 'mugs'; did you mean 'mug'"):
        Line(verb="pick", what=Ref(kind="mugs"))
