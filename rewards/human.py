"""A person at the terminal as a teacher: two moments side by side and a key, or three to be put in order."""

import json
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from embodied import show
from embodied.feedback import Answer, Question
from embodied.terminal import Keys, Quit, draw, inline_pictures
from embodied.types import Ranking, Segment
from rewards.scored import camera_of

HEIGHT = 384  # pixels at least of a frame as shown
ROWS = 18  # of an inline picture
WORDS = {"same": "s", "tie": "s", "unsure": "c", "undo": "u", "skip": "k", "quit": "q", "help": "?"}
COMMON = "c can't tell   u undo   k later   q quit   ? help"
MENU = {
    2: f"a/left A   b/right B   s same   {COMMON}",
    3: f"1 2 3 best first, = as good as the last   s all same   {COMMON}",
}
HELP = """
Which moment is closer to the goal? Left and right are shown in random order.
  a or left arrow    the left one, A             b or right arrow   the right one, B
  s  both equally close                          c  it cannot be told from these pictures
  u  take the last answer back (the last {undo})     k  ask me later, with the others
  q  stop; what was answered is kept             ?  this text
With three moments, type them best first: 213 for 2, then 1, then 3; 2=13 if 2 and 1 are equally close.
"""


@dataclass(frozen=True)
class Task:
    """What is shown at once: the questions it answers, and their moments."""

    places: tuple[int, ...]
    segments: tuple[Segment, ...]
    goal: str


@dataclass(frozen=True, eq=False)
class Human:
    """Shows moments of one camera and waits for keys; `who` tells several people apart.

    The picture is one file, rewritten for every question. An answer is handed over, and then stored for good, once
    `undo` more were given or at the end; until then it can be taken back, and is lost if the process is killed.
    """

    dataset: Any
    camera: str
    who: str = ""
    triplets: bool = False
    undo: int = 3
    picture: str = ""
    inline: Literal["auto", "never"] = "auto"
    source: str = "human"

    def __post_init__(self) -> None:
        if self.undo < 0:
            raise ValueError(f"undo is {self.undo}; it counts answers that can be taken back, from 0 on")

    @property
    def model(self) -> str:
        return self.who

    @property
    def prompt_version(self) -> str:
        return "triplet-1" if self.triplets else "pair-1"

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"camera": self.camera}

    @property
    def shows(self) -> str:
        return self.camera

    @property
    def destination(self) -> str:
        return "this machine"

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers as they are given; Quit when the person ends it, after handing over every answer given."""
        tasks = rounds(questions, self.triplets)
        if not tasks:
            return
        with show.paused(), tempfile.TemporaryDirectory(prefix="embodied-") as folder:
            path = Path(self.picture or Path(folder) / "question.png")
            image = inline_pictures() if self.inline == "auto" else None
            with Keys(WORDS) as keys:
                yield from Session(self, questions, tasks, keys, path, image).answers()


@dataclass
class Session:
    """One sitting: what is still to be asked, and the last answers, which may be taken back."""

    teacher: Human
    questions: Sequence[Question]
    tasks: Sequence[Task]
    keys: Keys
    path: Path
    image: Any
    given: int = 0

    def __post_init__(self) -> None:
        self.queue = deque(self.tasks)
        self.held: deque[tuple[Task, list[Answer]]] = deque()

    def answers(self) -> Iterator[tuple[int, Answer]]:
        """Every answer, in the order given, each `undo` answers late."""
        ended = False
        try:
            while not ended and (self.queue or self.held):
                ended = self._step()
                while len(self.held) > self.teacher.undo:
                    yield from self._handed_over()
        except KeyboardInterrupt:
            while self.held:
                yield from self._handed_over()
            raise
        while self.held:
            yield from self._handed_over()
        if self.queue:
            raise Quit(f"stopped after {self.given} answers, with {len(self.queue)} questions of this round left")

    def _step(self) -> bool:
        """Ask for one thing; whether the session is over."""
        if not self.queue:
            say("\nThat was the last one: u takes it back, any other key ends.\n> ")
            key = self.keys.read()
            say("\n" if self.keys.single else "")
            return not self._taken_back(key == "u")
        task = self.queue[0]
        began = self._show(task)
        said = self._choice(task)
        if isinstance(said, Ranking):
            latency = max(time.monotonic() - began, 1e-6) / len(task.places)
            self._keep(task, [ranked(said, self.questions[i], latency) for i in task.places])
        elif said == "c":
            latency = max(time.monotonic() - began, 1e-6) / len(task.places)
            self._keep(task, [Answer("abstained", raw=json.dumps({"said": "c"}), latency=latency)] * len(task.places))
        elif said == "k":
            self.queue.rotate(-1)
        elif said == "u" and not self._taken_back(True):
            say("There is nothing to take back: what was answered before is stored.\n")
        return said == "q"

    def _keep(self, task: Task, answers: list[Answer]) -> None:
        self.queue.popleft()
        self.held.append((task, answers))
        self.given += 1

    def _taken_back(self, wanted: bool) -> bool:
        if not (wanted and self.held):
            return False
        task, _ = self.held.pop()
        self.queue.appendleft(task)
        self.given -= 1
        return True

    def _handed_over(self) -> Iterator[tuple[int, Answer]]:
        task, answers = self.held.popleft()
        yield from zip(task.places, answers, strict=True)

    def _show(self, task: Task) -> float:
        """Put the question before the person; when that was."""
        moments = np.array([(s.episode, s.start) for s in task.segments], np.int64)
        frames = self.teacher.dataset.frames(self.teacher.camera, moments)
        write_picture(self.path, np.asarray(frames), "AB" if len(frames) == 2 else "123")
        number = len(self.tasks) - len(self.queue) + 1
        say(f"\n[{number} of {len(self.tasks)}] {task.goal}\n")
        if self.image:
            draw(self.image, self.path, ROWS)
        say(f"picture: {self.path}\n{MENU[len(frames)]}\n> ")
        return time.monotonic()

    def _choice(self, task: Task) -> Ranking | str:
        """What the person makes of a task: an order, or one of c, k, u, q."""
        typed = ""
        while True:
            key = self.keys.read()
            if key in {"q", "end", "c", "k", "s"} or (key == "u" and not typed):
                say(f"{'q' if key == 'end' else key}\n" if self.keys.single else "")
                order = tuple(range(len(task.segments)))
                return Ranking(task.segments, (0,) * len(order)) if key == "s" else "q" if key == "end" else key
            if key == "?":
                say(HELP.format(undo=self.teacher.undo) + "> ")
            elif key in {"u", "backspace"}:
                typed = ""
                say("\n> ")
            elif (more := extended(typed, key, len(task.segments))) is not None:
                say(more[len(typed) :] if self.keys.single else "")
                typed = more
                if (ranking := order_of(typed, task.segments)) is not None:
                    say("\n" if self.keys.single else "")
                    return ranking
            elif key != "enter":
                say(f"\n{key!r} means nothing here.\n{MENU[len(task.segments)]}\n> {typed}")


def extended(typed: str, key: str, moments: int) -> str | None:
    """What was typed, with one key more; None for a key that makes no sense there."""
    if moments == 2:
        return {"a": "A", "left": "A", "b": "B", "right": "B"}.get(key)
    if key == "=":
        return typed + key if typed and typed[-1] != "=" else None
    return typed + key if key in "123" and key not in typed else None


def order_of(typed: str, segments: tuple[Segment, ...]) -> Ranking | None:
    """The order that was typed, such as A, 213 or 2=13; None while it is not complete."""
    if len(segments) == 2:
        return Ranking(segments if typed == "A" else segments[::-1], (0, 1)) if typed else None
    order, ranks = [], []
    for place, key in enumerate(typed):
        if key != "=":
            order.append(segments[int(key) - 1])
            ranks.append(0 if not ranks else ranks[-1] + (typed[place - 1] != "="))
    return Ranking(tuple(order), tuple(ranks)) if len(order) == len(segments) else None


def ranked(ranking: Ranking, question: Question, latency: float) -> Answer:
    """What an order says about one of its pairs."""
    said = {(p.left, p.right): p.p_left for p in ranking.pairs()}
    left, right = question.pair
    p_left = said[left, right] if (left, right) in said else 1 - said[right, left]
    best_first = [[s.episode, s.start, r] for s, r in zip(ranking.segments, ranking.rank, strict=True)]
    outcome = "tie" if p_left == 0.5 else "preferred"
    return Answer(outcome, p_left, raw=json.dumps({"best_first": best_first}), latency=latency)


def rounds(questions: Sequence[Question], triplets: bool) -> list[Task]:
    """The questions as they are shown: pair by pair, or the three moments of a group at once."""
    if not triplets:
        return [Task((i,), q.pair, q.goal) for i, q in enumerate(questions)]
    groups: dict[str, list[int]] = {}
    for i, question in enumerate(questions):
        if not question.group:
            raise ValueError("triplets are groups of three moments; select them with --group 3")
        groups.setdefault(question.group, []).append(i)
    tasks = []
    for places in groups.values():
        segments = tuple(dict.fromkeys(s for i in places for s in questions[i].pair))
        if len(segments) > 3:
            raise ValueError(f"a group has {len(segments)} moments, and triplets three; select them with --group 3")
        tasks.append(Task(tuple(places), segments, questions[places[0]].goal))
    return tasks


def write_picture(path: Path, frames: UInt8[np.ndarray, "n h w c"], names: str) -> None:
    """The frames side by side under their names, enlarged; whoever looks sees a whole picture."""
    from PIL import Image, ImageDraw, ImageFont

    factor = max(1, -(-HEIGHT // frames.shape[1]))
    rgb = np.repeat(frames, 3, axis=-1) if frames.shape[-1] == 1 else frames[..., :3]
    large = rgb.repeat(factor, axis=1).repeat(factor, axis=2)
    height, width = large.shape[1:3]
    edge, head = 16, 48
    sheet = Image.new("RGB", (len(frames) * (width + edge) + edge, height + head + edge), "gainsboro")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(36)
    for k, (frame, name) in enumerate(zip(large, names, strict=True)):
        x = edge + k * (width + edge)
        sheet.paste(Image.fromarray(frame), (x, head))
        pen.text((x + width // 2, head // 2), name, fill="black", font=font, anchor="mm")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    sheet.save(unfinished, "PNG")
    unfinished.replace(path)


def say(text: str) -> None:
    """To the person; results go to standard output."""
    sys.stderr.write(text)
    sys.stderr.flush()


def make(
    dataset: Any,
    *,
    camera: str = "",
    who: str = "",
    triplets: bool = False,
    undo: int = 3,
    picture: str = "",
    inline: Literal["auto", "never"] = "auto",
) -> Human:
    """The person in front of the terminal; `picture` is the file to show moments in, a temporary one if empty."""
    return Human(dataset, camera_of(dataset, camera), who, triplets, undo, picture, inline)
