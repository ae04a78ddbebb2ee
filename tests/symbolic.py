"""A table of symbols: moves do what `Move.done` says, unless the body is told to miss or to drop."""

from dataclasses import replace

import numpy as np

from embodied.goals import Goal
from embodied.plans import Move, free_point
from embodied.scenery import WORKSPACE


class SymbolicBody:
    """`misses` and `drops` are probabilities; with `hides`, blocks under others are not in what is seen."""

    def __init__(self, view, *, misses=0.0, drops=0.0, hides=False, seed=0):
        self.now, self.misses, self.drops, self.hides = view, misses, drops, hides
        self.rng = np.random.default_rng(seed)
        self.done = []

    def view(self):
        return self.now

    def seen(self):
        if not self.hides:
            return self.now
        return self.now.without(b.name for b in self.now.blocks if b.name != self.now.held and self.now.over(b))

    def perform(self, step, at, stop):
        if stop():
            return "stopped", "", at, 0.0
        cause, detail, _, seconds = self.act(step)
        return cause, detail, at, seconds

    def act(self, step):
        self.done.append(step)
        if step.skill == "pick":
            return self.pick(step.object)
        if step.skill == "place":
            return self.place(step)
        if step.skill == "open" and self.now.held:
            self.fall(self.now.held)
        return "", "", 1, 1.0

    def pick(self, name):
        if name not in self.now:
            return "missed", f"no {name}", 0, 1.0
        if self.rng.random() < self.misses:
            return "missed", "the hand came up empty", 1, 1.0
        x, y, _ = self.now[name].position
        raised = self.now.moved(name, (x, y, 0.3))
        self.now = replace(raised, held=name)
        return "", "", 1, 1.0

    def place(self, step):
        name = self.now.held
        if not name:
            return "refused", "nothing is held", 0, 0.0
        if step.on is not None and step.on not in self.now:
            return "refused", f"no {step.on}", 0, 0.0
        if step.object and self.rng.random() < self.drops:
            self.fall(name)
            return "dropped", "it slipped", 1, 1.0
        if step.at is not None:
            edge = self.now[name].edge
            under = [b for b in self.now.blocks if b.name != name and b.away(step.at) < 0.9 * (b.edge + edge) / 2]
            assert not under, f"the {name} is put into the {under[0].name}"
        self.now = Move(name, step.on or "", step.offset, step.at).done(self.now)
        return "", "", 1, 1.0

    def fall(self, name):
        x, y = free_point(self.now, self.now[name], WORKSPACE, Goal(()))
        self.now = Move(name, at=(x, y)).done(self.now)
