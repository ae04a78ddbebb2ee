"""A long task, and the brief it gives: what stands where, what is wanted and how it is said, for a split and seed."""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from embodied.goals import Goal
from embodied.plans import moves_needed
from embodied.plugins import find
from embodied.scenery import Item, View
from envs.tabletop.board import Axes, Board, Crowded, axes
from envs.tabletop.scene import Thing, plain
from envs.tabletop.shapes import REST_HEIGHT

WORDINGS = Path(__file__).parent / "wordings.json"
TRIES = 500

Asked = tuple[Goal, Mapping[str, str]]
"""The goal, and the words that fill its sentence."""


@dataclass(frozen=True)
class Brief:
    """One scene and what is wanted in it. `hidden` are things that nobody can see at the beginning."""

    task: str
    split: str
    seed: int
    things: tuple[Thing, ...]
    names: tuple[str, ...]
    goal: Goal
    sentence: str
    hidden: tuple[str, ...] = ()

    @cached_property
    def view(self) -> View:
        """The scene at the beginning, as `embodied.scenery` has it."""
        items = []
        for name, thing in zip(self.names, self.things, strict=True):
            kind, size = ("block", "big") if thing.kind == "big" else (thing.kind, "small")
            position = (thing.x, thing.y, REST_HEIGHT[thing.kind] + thing.z)
            items.append(Item(name, kind, thing.colour, position, size, thing.yaw))
        return View(tuple(items))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "task": self.task, "split": self.split, "seed": self.seed, "things": plain(self.things),
            "names": list(self.names), "goal": self.goal.to_json(), "sentence": self.sentence,
            "hidden": list(self.hidden),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        things = tuple(Thing(**thing) for thing in data["things"])
        return cls(
            data["task"], data["split"], int(data["seed"]), things, tuple(data["names"]),
            Goal.from_json(data["goal"]), data["sentence"], tuple(data["hidden"]),
        )  # fmt: skip

    @property
    def hash(self) -> str:
        """sha256 of the canonical JSON."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class LongTask:
    """One line of the table. `moves` is the least number of pick-and-places that a scene of it needs.

    `draw` puts things on a board and says what is wanted; `family` and `paper` (the letter in the 2023 paper, if it
    has one) are for tables; `reasoning` says what a planner needs to understand.
    """

    name: str
    draw: Callable[[Board], Asked]
    moves: int
    family: str
    reasoning: str
    paper: str = ""

    def brief(self, split: str = "train", seed: int = 0, wording: Mapping[str, Any] | None = None) -> Brief:
        """A pure function of (task, split, seed). `wording` replaces the task's own templates."""
        new = axes(split)
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"seed is {seed!r}; a scene's seed is an integer, 0 or more")
        # the words are drawn apart, so that another wording leaves the scene as it is
        drawn = Axes(new.colours, new.compositions, False, new.hard)
        scene = np.random.default_rng([zlib.crc32(f"{self.name}/{drawn}".encode()), int(seed)])
        words = np.random.default_rng([zlib.crc32(f"{self.name}/words/{new}".encode()), int(seed)])
        board, goal, slots = self.drawn(Board(scene, drawn))
        forms = templates(self.name, wording)["held-out" if new.wording else "train"]
        sentence = forms[int(words.integers(len(forms)))].format(**slots)
        names = board.names
        view = Brief(self.name, split, int(seed), tuple(board.things), names, goal, sentence).view
        hidden = tuple(b.name for b in view.blocks if view.over(b))
        return Brief(self.name, split, int(seed), tuple(board.things), names, goal, sentence, hidden)

    def drawn(self, board: Board) -> tuple[Board, Goal, Mapping[str, str]]:
        """Draw until it fits on the table, belongs to the split and needs the moves that are stated."""
        for _ in range(TRIES):
            board = board.clear()
            try:
                goal, slots = self.draw(board)
            except Crowded:
                continue
            view = Brief(self.name, "", 0, tuple(board.things), board.names, goal, "").view
            if moves_needed(goal, view) >= self.moves:
                return board, goal, slots
        raise RuntimeError(f"{self.name}: no scene in {TRIES} draws for {board.axes}; its counts ask for too much room")


def templates(task: str, wording: Mapping[str, Any] | None = None) -> Mapping[str, list[str]]:
    """The sentences of a task: those given, else its own; {"train": [...], "held-out": [...]}."""
    own = find(known_wordings(), task, "task")
    if wording is None or task not in wording:
        return own
    given = wording[task]
    return {key: list(given) for key in own} if isinstance(given, list) else {**own, **given}


KEPT: dict[str, Any] = {}


def known_wordings() -> dict[str, Any]:
    """All templates of this package, read once."""
    if not KEPT:
        KEPT.update(json.loads(WORDINGS.read_text(encoding="utf-8")))
    return KEPT
