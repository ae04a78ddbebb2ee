"""How many corrections a robot needs, and how much of what it was taught it does where it should not.

Every keeping meets the same tasks, scenes and wordings, round after round; what it learns in one round it has in the
next. Afterwards it is tried, without a person, in fresh scenes in which a wish holds (S_in), in some that are much
like those but in which it does not (S_near), and in others (S_out), with 1, 10 and 100 lessons about other things
beside what it learned.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plan_edits, plugins, skills
from embodied.bench_crowd import others
from embodied.correcting import Session
from embodied.corrections import Edit
from embodied.course import Reply
from embodied.keeping import KEEPINGS, Keeping
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.memory import Memory
from embodied.situations import Surroundings, situation
from embodied.skills import Act, Program
from embodied.teaching import Probe
from embodied.transcript import Transcript

MOST = 8
"""Corrections of a task after which the person gives up."""

TRIED, STRIDE = 20, 100_000
"""Scenes that are looked at until one allows all wishes, and how far apart their seeds are."""

HOUR = 7200.0
"""Simulated time between two tasks [s]: lessons of one task are not of another's sitting."""


@dataclass(frozen=True)
class Order:
    """One keeping, taught by one person: tasks in an order of the seed's, round after round."""

    keeping: str
    seed: int
    rounds: int = 3
    which: str = "held-out"
    tasks: Path | None = None
    wording: Path | None = None
    only: tuple[str, ...] = ()
    crowds: tuple[int, ...] = (1, 10, 100)
    """So many lessons about other things are put beside what was learned, where scope is measured."""

    def __post_init__(self) -> None:
        plugins.find(KEEPINGS, self.keeping, "keeping")


@dataclass(frozen=True)
class Played:
    """A task in a round: how often the person had to speak and was asked, and how it ended."""

    task: str
    round: int
    corrections: int
    questions: int
    """About how far lessons go; `unclear` are those about what the words meant."""
    unclear: int
    lessons: int
    caused: int
    """Corrections of what a lesson had done."""
    fulfilled: bool
    reached: bool
    said: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """A fresh situation without a person: what a lesson changed there, and whether it should have."""

    task: str
    about: str
    """in, near or out."""
    crowd: int
    changed: bool
    fulfilled: bool


@dataclass
class Results:
    """Of one order."""

    order: Order
    played: list[Played] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)


class Household:
    """What the bench needs of `envs.household`, loaded by name."""

    def __init__(self, order: Order) -> None:
        from embodied.plugins import load

        self.tasks = load("envs.household.tasks:tasks")(*([order.tasks] if order.tasks else []))
        self.said = load("envs.household.corrector:wordings")(*([order.wording] if order.wording else []))
        self.corrector = load("envs.household.corrector:Corrector")
        self.planned = load("envs.household.tasks:planned")
        self.broken = load("envs.household.wishes:broken")
        self.remedy = load("envs.household.wishes:remedy")
        self.body = load("envs.household.rewinding:Rewinding")
        self.world = load("envs.household.environment:Household")


def bench(order: Order, folder: Path) -> Results:
    """Teach and try one keeping; its memory lies in `folder`."""
    home, results, clock = Household(order), Results(order), count(1)
    chosen = [task for task in home.tasks.tasks if not order.only or task.id in order.only]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{order.keeping.replace(' ', '-')}-{order.seed}.sqlite"
    for old in folder.glob(f"{path.name}*"):
        old.unlink()
    with Memory(path, clock=lambda: HOUR * next(clock)) as memory:
        keeping = KEEPINGS[order.keeping](memory)
        rng = np.random.default_rng([order.seed, 7])
        for round_ in range(order.rounds):
            for place in rng.permutation(len(chosen)):
                results.played.append(play(home, order, keeping, chosen[place], round_, rng))
        for before, crowd in pairwise((0, *order.crowds)):
            crowded(keeping, before, crowd, order.seed)
            results.tried += [one for task in chosen for one in tried(home, order, keeping, task, crowd)]
    return results


def play(home: Household, order: Order, keeping: Keeping, task: Any, round_: int, rng: np.random.Generator) -> Played:
    """A task with a person who watches."""
    person = home.corrector(task, home.said, order.which, rng, home.tasks.tasks)
    world = laid(home, task, person.words, 1000 * order.seed + round_, "held-out" if round_ % 2 else "train")
    body, transcript = home.body(world), Transcript()
    session = Session(body, keeping, transcript, run=f"{order.seed}/{round_}/{task.id}")
    said: list[str] = []
    remark: Any = None
    watched = Watch(world.world, lambda: person.remark(world.world))
    reply = session.plan(home.planned(task, world.surroundings()))
    for _ in range(20 * MOST):
        if reply.state == "asking":
            reply = answered(session, person, remark)
        elif reply.state == "ready":
            watched.seen = None
            reply = session.run(watched)
        elif (remark := watched.seen or person.remark(world.world)) is not None and len(said) < MOST:
            said.append(remark.text)
            watched.seen = None
            reply = session.say(remark.text)
            if reply.state == "stopped":  # it was not understood, or cannot be done: the person lets it go on
                reply = session.say("go on")
        elif reply.state == "stopped":
            reply = session.say("go on")
        elif len(said) < MOST and task.missing(world.surroundings()) is not None:
            said.append(task.instruction)  # it stands idle, and the task is not done
            reply = session.plan(home.planned(task, world.surroundings()))
        else:
            break
    asked = [question["about"] for question in transcript.of("asked")]
    return Played(
        task.id, round_, len(said), asked.count("lesson"), asked.count("words"), learned(transcript),
        len(transcript.of("overridden")), person.remark(world.world) is None,
        task.missing(world.surroundings()) is None, tuple(said),
    )  # fmt: skip


def laid(home: Household, task: Any, wishes: Iterable[Any], seed: int, split: str) -> Any:
    """The scene of a seed, or the next in which all wishes can be fulfilled: within reach, for instance.

    Where none of the next is such either, as with wishes that exclude each other, the first.
    """
    numbers = range(seed, seed + TRIED * STRIDE, STRIDE)
    fits = (n for n in numbers if possible(home, task, list(wishes), home.world(task.scene, n, split)))
    return home.world(task.scene, next(fits, seed), split)


def possible(home: Household, task: Any, wishes: Sequence[Any], world: Any) -> bool:
    """Whether a robot that knew every wish could carry the task out as wished."""
    around, program = world.surroundings(), home.planned(task, world.surroundings())
    wanted = [(wish, home.remedy(wish)) for wish in wishes]
    try:
        program = plan_edits.apply([one for _, one in wanted if isinstance(one, Edit)], program, around)
        acts = [step for step in program.steps if isinstance(step, Act)]
        nows = [situation(act, around, task=program.sentence) for act in acts]
        steps = tuple(
            act.done(
                reduce(Manner.then, (m for w, m in wanted if isinstance(m, Manner) and w.when.holds(now)), act.manner)
            )
            for act, now in zip(acts, nows, strict=True)
        )
    except ValueError:
        return False
    outcomes = skills.execute(program.model_copy(update={"steps": steps}), home.body(world))
    return not any(outcome.cause for _, outcome in outcomes) and all(
        home.broken(wish, world.trace()) is None for wish in wishes
    )


def learned(transcript: Transcript) -> int:
    """How many lessons there were, those that took another's place not counted."""
    return len({(event["lesson"], event["words"] if not event["lesson"] else "") for event in transcript.of("learned")})


class Watch:
    """A person's eye: a `Stop` that says stop as soon as an act that was finished was not as wished."""

    def __init__(self, world: Any, remark: Callable[[], Any]) -> None:
        self.world, self._remark, self.done, self.seen = world, remark, -1, None

    def __call__(self) -> bool:
        done = sum(act.ok for act in self.world.recorder.acts)
        if done != self.done:
            self.done = done
            self.seen = self._remark()
        return self.seen is not None


def answered(session: Session, person: Any, remark: Any) -> Reply:
    """A person's truthful answer to the question that is open."""
    question = session.questions[0]
    if isinstance(question.about, tuple):
        choice = person.choose(question.about, remark)
        return session.say("no") if choice is None else session.answered(choice)
    if isinstance(question.about, Probe):
        lesson = lesson_of(session.keeping, question.about.lesson)
        yes = person.holds(lesson.manner, lesson.edits, question.about.now)
        if question.about.asks == "attribute":  # "only when it is full?"
            yes = not yes
        return session.answered(int(not yes))
    if isinstance(question.about, Lesson):
        now = session.of(session.program.at.step).now
        return session.answered(int(not person.holds(question.about.manner, question.about.edits, now)))
    return session.answered(int(isinstance(question.about, Program)))  # nobody wants another task in the middle


def lesson_of(keeping: Any, number: int) -> Lesson:
    """A lesson by its number."""
    return keeping.memory.show(number)


def tried(home: Household, order: Order, keeping: Keeping, task: Any, crowd: int) -> Iterator[Tried]:
    """Fresh scenes for each wish: where it holds, where it nearly does, and where it does not."""
    for n, wish in enumerate(task.wishes):
        yield attempt(home, order, keeping, task, task, wish, "in", crowd, n)
        for about, ids in (("near", wish.near), ("out", wish.out)):
            for m, name in enumerate(ids):
                yield attempt(home, order, keeping, task, home.tasks.probe(name), wish, about, crowd, 10 * n + m)


def attempt(
    home: Household, order: Order, keeping: Keeping, task: Any, probe: Any, wish: Any, about: str, crowd: int, n: int
) -> Tried:
    """Do it without a person: a question counts as no."""
    world = home.world(probe.scene, 500_000 + 100 * order.seed + n, "held-out")
    session = Session(home.body(world), Unlearning(keeping), Transcript())
    plan = home.planned(probe, world.surroundings())
    reply = session.plan(plan)
    for _ in range(4 * len(plan.steps) + 4):
        if reply.state == "asking":
            session.questions = []
            session.state = "ready"
        elif reply.state != "ready":
            break
        reply = session.run()
    fulfilled = home.broken(wish, world.trace()) is None
    return Tried(task.id, about, crowd, leaked(home, plan, session, world.surroundings()), fulfilled)


def leaked(home: Household, plan: Program, session: Session, around: Surroundings) -> bool:
    """Whether anything was done otherwise, or in another order, that no wish of any task asks for there."""
    wishes = [wish for task in home.tasks.tasks for wish in task.wishes]
    acts = [step for step in session.program.steps if isinstance(step, Act)]
    for act in acts:
        now = situation(act, around, task=session.program.sentence)
        asked = (home.remedy(wish) for wish in wishes if wish.when.holds(now))
        if act.manner.said.keys() - {name for one in asked if isinstance(one, Manner) for name in one.said}:
            return True
    done, wanted = ([(s.verb, s.object, s.target) for s in steps if isinstance(s, Act)] for steps in (acts, plan.steps))
    nows = [situation(step, around, task=plan.sentence) for step in plan.steps if isinstance(step, Act)]
    edits = [wish for wish in wishes if not isinstance(home.remedy(wish), Manner)]
    return done != wanted and not any(wish.when.holds(now) for wish in edits for now in nows)


class Unlearning:
    """A keeping that is looked at and not changed."""

    accumulates = True

    def __init__(self, keeping: Keeping) -> None:
        self.keeping = keeping

    def recall(self, now: Any) -> Any:
        return self.keeping.recall(now)

    def recall_plan(self, program: Any, around: Any) -> Any:
        return self.keeping.recall_plan(program, around)

    def learn(self, lesson: Any, said: Any, now: Any, around: Any, instead: int = 0) -> tuple[int, None]:
        """Nothing is learned."""
        return 0, None

    def answer(self, probe: Any, yes: bool) -> None:
        """Nothing is learned."""

    def asked(self, lesson: Any) -> None:
        """Nothing is learned."""

    def went(self, ids: Any, now: Any, outcome: Any) -> None:
        """Nothing is learned."""


def crowded(keeping: Keeping, before: int, crowd: int, seed: int) -> None:
    """Teach a keeping lessons about other things, from so many to so many."""
    for lesson, said, now, around in list(others(seed, crowd))[before:]:
        keeping.learn(lesson, said, now, around)
