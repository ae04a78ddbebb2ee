"""Who acts in an episode of the bench, and what became of it: one that knows, a planner, chance, and nobody."""

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from embodied import plugins
from embodied.bench_model import Listening, ModelOptions
from embodied.goals import Goal
from embodied.models import Picture, Usage
from embodied.plans import plan
from embodied.pursuit import Plan, Pursuit, Report
from embodied.scenery import View
from embodied.skills import At, Cause, Outcome, Place, Step, Stop, program

SIDE = 384
"""Pixels along the edge of the picture from above that a model is shown."""


@dataclass(frozen=True)
class Frame:
    """A picture taken after a step was carried out, and how the body says that it went."""

    step: Step
    cause: str
    picture: Picture


@dataclass
class Body:
    """An environment as planners drive it. `knows`: nothing is hidden; `look` takes a picture after every step."""

    env: Any
    knows: bool = False
    look: Callable[[], Picture] | None = None
    frames: list[Frame] = field(default_factory=list)

    def view(self) -> View:
        return self.env.view()

    def seen(self) -> View:
        return self.env.view() if self.knows else self.env.seen()

    def perform(self, step: Step, at: At, stop: Stop) -> tuple[Cause, str, At, float]:
        done = self.env.perform(step, at, stop)
        if self.look is not None:
            self.frames.append(Frame(step, done[0], self.look()))
        return done


class Knows:
    """A planner that was told the goal itself, instead of a sentence about it."""

    def __init__(self, goal: Goal) -> None:
        self.goal, self.sentence = goal, ""

    def reset(self, sentence: str, report: Report) -> None:
        self.sentence = sentence

    def plan(self, report: Report) -> Plan:
        if self.goal.holds(report.view):
            return Plan(done=True, why="the goal holds")
        return Plan(program(plan(self.goal, report.view), self.sentence))


@dataclass(frozen=True)
class Played:
    """What became of an episode. `failures` counts failed steps by cause; `strip` are (picture, words, went well)."""

    moves: int
    failures: Mapping[str, int]
    calls: int
    ended: str
    reason: str
    seconds: float
    wall: float
    usage: Usage = field(default_factory=Usage)
    strip: tuple[tuple[Picture, str, bool], ...] = ()


def planned(env: Any, settings: Any, film: bool, model: Listening | None = None) -> Played:
    """An episode of the closed loop: the oracle, the grammar or a model plans."""
    brief, knows = env.current, settings.agent == "oracle"
    body = Body(env, knows, env.render if film else None)
    first = env.render() if film else None
    planner: Any = Knows(brief.goal) if knows else planner_of(env, settings, model)
    retry = plugins.load("policies.planner:Retry")(settings.retry, settings.times)
    result: Pursuit = plugins.load("policies.planner:pursue")(
        brief.sentence, body, planner, reporter_of(settings, brief), retry, env.limit
    )
    if model is not None:
        model.check()
    usage = planner.ledger.usage if model is not None else Usage()
    strip = () if first is None else ((first, "at first", True), *told(result.outcomes, body.frames))
    return Played(
        result.moves, counted(o.cause for o in result.outcomes), result.calls, result.ended, result.reason,
        result.seconds, result.wall, usage, strip,
    )  # fmt: skip


def planner_of(env: Any, settings: Any, model: Listening | None) -> Any:
    """The planner of that name, made for one episode."""
    made = plugins.plugin("policies:PLANNERS", settings.agent, "planner")
    if model is None:
        return made()
    options: ModelOptions = settings.model
    return made(model, tries=options.tries, look=partial(above, env) if options.pictures else None)


def above(env: Any) -> Picture:
    """The table from above, as a model is shown it."""
    camera = plugins.load("envs.tabletop.camera:CAMERAS")["wide-top-no-robot"]
    return camera.frame(env.looked_at(camera), SIDE, SIDE)


def reporter_of(settings: Any, brief: Any) -> Any:
    """Who reports; one that errs does so in the same way each time the same episode is run."""
    made = plugins.plugin("policies:REPORTERS", settings.reporter, "reporter")
    return made(settings.accuracy, generator(brief, 1)) if settings.reporter == "noisy" else made()


def generator(brief: Any, stream: int) -> np.random.Generator:
    """Chance of this episode and no other."""
    return np.random.default_rng([zlib.crc32(f"{brief.task}/{brief.split}".encode()), brief.seed, stream])


def counted(causes: Any) -> Mapping[str, int]:
    """How often each cause of a failure occurred."""
    found: dict[str, int] = {}
    for cause in causes:
        if cause:
            found[cause] = found.get(cause, 0) + 1
    return found


def told(outcomes: tuple[Outcome, ...], frames: list[Frame]) -> list[tuple[Picture, str, bool]]:
    """The pictures worth showing, after each place and each failure, and what is to be said of them."""
    found, waiting = [], list(frames)
    for outcome in outcomes:
        performed = waiting and waiting[0].step is outcome.step and waiting[0].cause in ("", outcome.cause)
        if not performed:
            continue  # refused before anything moved
        frame = waiting.pop(0)
        if outcome.cause or isinstance(outcome.step, Place):
            found.append((frame.picture, worded(outcome), outcome.ok))
    return found


def worded(outcome: Outcome) -> str:
    """A step in a few words."""
    step = outcome.step
    where = f" on the {step.on}" if isinstance(step, Place) and step.on else ""
    words = f"{step.skill} {getattr(step, 'object', None) or ''}".strip() + where
    return words if outcome.ok else f"{words}: {outcome.cause}{', ' + outcome.detail if outcome.detail else ''}"


def by_chance(env: Any, settings: Any, film: bool, model: Listening | None = None) -> Played:
    """Actions drawn from the action space, and never stop, until the episode is cut off."""
    brief, begun = env.current, time.monotonic()
    rng, space = generator(brief, 2), env.action_space
    strip = [(env.render(), "at first", True)] if film else []
    causes, over = [], False
    while not over:
        action = rng.uniform(space.low, space.high)
        action[-1] = -1.0
        _, _, done, cut, info = env.step(action)
        over, cause = done or cut, info["cause"]
        causes.append(cause)
        if film:
            strip.append((env.render(), f"{cause}, {info['detail']}" if cause else "moved something", not cause))
    reason = f"cut off after {env.moves} moves"
    wall = time.monotonic() - begun
    return Played(env.moves, counted(causes), 0, "budget", reason, env.hand.seconds, wall, strip=tuple(strip))


def not_at_all(env: Any, settings: Any, film: bool, model: Listening | None = None) -> Played:
    """Stop at once."""
    strip = ((env.render(), "at first and at last", True),) if film else ()
    action = np.zeros(env.action_space.shape)
    action[-1] = 1.0
    _, _, done, _, _ = env.step(action)
    assert done
    return Played(0, {}, 0, "done", "stopped at once", 0.0, 0.0, strip=strip)


AGENTS: Mapping[str, Callable[[Any, Any, bool, Listening | None], Played]] = {
    "oracle": planned,
    "grammar": planned,
    "model": planned,
    "random": by_chance,
    "nothing": not_at_all,
}
"""name -> what plays an episode"""
