"""The closed loop: plan, act, report, and plan again, until the planner says that it is done.

Five ways to go on after a failure: "open loop" never looks (the first program to its end), "re-act" repeats what
failed and plans anew when the program is over, "re-plan" after every failure, "re-plan-after" after so many,
"re-plan-always" after every pick-and-place.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from embodied.goals import Goal
from embodied.plans import Unreachable, free_point
from embodied.pursuit import Attempt, Ended, Plan, Planner, PlannerFailed, Pursuit, Report, Reporter, Watched
from embodied.scenery import WORKSPACE, View
from embodied.skills import At, Open, Outcome, Pick, Place, Program, Step, Stop, execute

Way = Literal["open loop", "re-act", "re-plan", "re-plan-after", "re-plan-always"]
SAME = 6
"""So often the same may be planned in a row while nothing reported changes; then the planner is stuck."""


@dataclass(frozen=True)
class Retry:
    """What to do after a failed pick-and-place."""

    way: Way = "re-plan"
    times: int = 2
    """re-act: so often what failed is repeated; re-plan-after: so many failures make a new plan."""

    def __post_init__(self) -> None:
        if self.way not in ("open loop", "re-act", "re-plan", "re-plan-after", "re-plan-always"):
            raise ValueError(
                f"no way to retry {self.way!r}; there are open loop, re-act, re-plan, re-plan-after, re-plan-always"
            )
        if self.times < 1:
            raise ValueError(f"times is {self.times}; a retry is tried at least once")


class _Ended(Exception):
    """The episode is over."""

    def __init__(self, ended: Ended, reason: str) -> None:
        super().__init__(reason)
        self.ended: Ended = ended


@dataclass
class _Episode:
    """One run of the loop: who takes part, and what was counted so far."""

    sentence: str
    body: Watched
    planner: Planner
    reporter: Reporter
    retry: Retry
    budget: int
    stop: Stop
    outcomes: list[Outcome] = field(default_factory=list)
    calls: int = 0
    moves: int = 0
    same: int = 0
    before: tuple[object, ...] = ()

    def run(self) -> None:
        """Until it is over: it ends by raising `_Ended`."""
        report = self.reporter.report(self.body, None)
        self.planner.reset(self.sentence, report)
        while True:
            plan = self.ask(report)
            report = self.follow(plan.program, report)
            if self.retry.way == "open loop":
                raise _Ended("done", "open loop: the first program is over")

    def ask(self, report: Report) -> Plan:
        """The next plan; ends the episode where there is none."""
        limit = 2 * self.budget + 8
        if self.calls >= limit:
            raise _Ended("stuck", f"asked {limit} times, and it is not done")
        self.calls += 1
        plan = self.planner.plan(report)
        if plan.done:
            raise _Ended("done", plan.why)
        if plan.program.finished:
            raise PlannerFailed("the plan has neither steps nor is it done")
        known(plan.program, report.view)
        self.watch(plan.program, report)
        return plan

    def watch(self, program: Program, report: Report) -> None:
        """Notice a planner that says the same again and again although nothing changes."""
        now = (attempts(program)[0], seen(report.view))
        self.same = self.same + 1 if now == self.before else 1
        self.before = now
        if self.same > SAME:
            raise _Ended("stuck", f"planned {SAME} times in a row to {worded(now[0])}, and nothing reported changed")

    def follow(self, program: Program, report: Report) -> Report:
        """Carry out a program as far as the way of retrying goes with it, and report how things stand then."""
        failures = 0
        for steps in attempts(program):
            tries = 0
            while True:
                last = self.attempt(steps)
                if last is None:
                    break
                report, tries = self.reporter.report(self.body, last), tries + 1
                bad = report.last is not None and not report.last.ok
                failures += bad
                if self.leaves(bad, failures):
                    return report
                if not (bad and self.again(tries)):
                    break
        return report

    def leaves(self, bad: bool, failures: int) -> bool:
        """Whether the program is given up for a new plan."""
        match self.retry.way:
            case "re-plan":
                return bad
            case "re-plan-after":
                return failures >= self.retry.times
            case "re-plan-always":
                return True
        return False

    def again(self, tries: int) -> bool:
        """Whether what failed is repeated."""
        return self.retry.way == "re-plan-after" or (self.retry.way == "re-act" and tries <= self.retry.times)

    def attempt(self, steps: tuple[Step, ...]) -> Attempt | None:
        """Carry out one pick-and-place; None where it is a place and nothing is held."""
        picks = any(isinstance(step, Pick) for step in steps)
        if isinstance(steps[0], Place) and not self.body.seen().held:
            return None
        if picks and self.moves >= self.budget:
            raise _Ended("budget", f"{self.budget} picks were tried, and it is not done")
        self.moves += picks
        outcomes = self.carry_out(Program(steps=steps, sentence=self.sentence))
        last = Attempt(steps, tuple(outcomes))
        if not last.ok:
            self.make_safe()
        return last

    def carry_out(self, program: Program) -> list[Outcome]:
        """The outcomes of a program's steps."""
        outcomes = [outcome for _, outcome in execute(program, self.body, self.stop)]
        self.outcomes += outcomes
        if outcomes and outcomes[-1].cause == "stopped":
            raise _Ended("stopped", "asked to stop; the hand is as it was then")
        return outcomes

    def make_safe(self) -> None:
        """After a failure: put down what is still held where there is room, or let it go where it is.

        A hand that plans with something in it can pick nothing, and what it lets fall from high up rolls away.
        """
        if not (held := self.body.seen().held):
            return
        if (down := put_down(self.body.seen(), held)) is not None:
            self.carry_out(Program(steps=(down,)))
        if self.body.seen().held:
            self.carry_out(Program(steps=(Open(),)))


def put_down(view: View, held: str) -> Place | None:
    """The step that puts what is held where it is in nobody's way; None where there is no room."""
    if held not in view:
        return None
    try:
        return Place(at=free_point(view, view[held], WORKSPACE, Goal(())))
    except Unreachable:
        return None


def attempts(program: Program) -> tuple[tuple[Step, ...], ...]:
    """What is left of a program in pieces that succeed or fail together: from a pick to its place, else one step."""
    pieces: list[tuple[Step, ...]] = []
    piece: tuple[Step, ...] = ()
    for step in program.steps[program.at.step :]:
        if isinstance(step, Pick) and piece:
            pieces.append(piece)
            piece = ()
        piece = (*piece, step)
        if not isinstance(piece[0], Pick) or isinstance(step, Place | Open):
            pieces.append(piece)
            piece = ()
    return (*pieces, piece) if piece else tuple(pieces)


def known(program: Program, view: View) -> None:
    """PlannerFailed where a program names what is not there."""
    names = (getattr(step, key, None) for step in program.steps for key in ("object", "on"))
    if strange := [name for name in names if name and name not in view]:
        raise PlannerFailed(f"the plan names {strange[0]!r}, which is not seen; there are {', '.join(view.by_name)}")


def seen(view: View) -> tuple[object, ...]:
    """A view to the centimetre, to tell whether anything changed."""
    return view.held, *((item.name, *(round(x, 2) for x in item.position)) for item in view.items)


def worded(steps: object) -> str:
    """Steps in words."""
    named = (f"{s.skill} {getattr(s, 'object', None) or ''}".strip() for s in steps)  # type: ignore[attr-defined] # steps
    return ", ".join(named)


def pursue(
    sentence: str,
    body: Watched,
    planner: Planner,
    reporter: Reporter,
    retry: Retry | None = None,
    moves: int = 20,
    *,
    stop: Stop = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Pursuit:
    """Do what a sentence says, with at most so many picks; how it ended is in the result, and never an exception.

    It ends when the planner says done or fails, is stuck, or the budget is spent. Errors of the body itself are raised.
    """
    if moves < 1:
        raise ValueError(f"moves is {moves}; a budget is at least 1 pick")
    start = clock()
    episode = _Episode(sentence, body, planner, reporter, retry or Retry(), moves, stop)
    ended: Ended = "planner failed"
    try:
        episode.run()
    except _Ended as over:
        ended, reason = over.ended, str(over)
    except (PlannerFailed, Unreachable) as error:
        reason = str(error)
    else:  # pragma: no cover
        raise AssertionError("the loop ends by raising")
    seconds = sum(outcome.seconds for outcome in episode.outcomes)
    outcomes = tuple(replace(o, at=At(step=i)) for i, o in enumerate(episode.outcomes))
    return Pursuit(outcomes, episode.calls, episode.moves, ended, reason, seconds, clock() - start)
