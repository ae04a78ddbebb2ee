"""The person who demonstrates: when an episode begins and ends, whether it is kept, and what the keys do in it.

In a terminal keys count at once: enter begins and ends, x discards, q ends the session. From a pipe every line is a
word (start, end, discard, quit) or a row of keys, taken one after the other; a stop waits for none of them.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import numpy as np

from embodied.piloting import WAYS
from embodied.terminal import Keys
from real_robot.deploy_exit import KEY, Exit
from real_robot.deploy_person import LATCHED, LOOK, Hands

By = Literal["freedrive", "keyboard"]
HELP: dict[str, str] = {
    "freedrive": "enter: begin, end; x: discard; o c: open, close the gripper; q: no more",
    "keyboard": "enter: begin, end; x: discard; w a s d r f: move; o c g: open, close, other; q, space, esc: stop",
}
WORDS = {
    "": "enter", "start": "start", "begin": "start", "go": "start", "end": "end", "done": "end", "finish": "end",
    "discard": "discard", "drop": "discard", "no good": "discard", "quit": "quit", "exit": "quit", "q": "quit",
    "x": "discard", "keep": "keep",
}  # fmt: skip
HALTS = {"stop", "stop!", "halt", "halt!", "no", "no!", "abort"}
SINGLE = {"enter": "enter", "x": "discard", "backspace": "discard", "c-d": "gone", "end": "gone"}
LEAVES = {"q", "escape", "space", " "}
GRIPS = {"o": -1.0, "c": 1.0}
ANSWER = 30.0
"""How long the question whether to keep an episode waits [s]; silence keeps it."""


class Teacher(Hands):
    """For one session. `begins` waits for an episode; in it `word` tells how they ended it: "", end, discard, quit
    or gone, and calling it gives the keyboard's next action, or None where there is no more."""

    def __init__(
        self, robot: Any, size: int, ending: Exit, by: By, *, keys: Keys | None = None,
        tell: Callable[..., None] = print,
    ) -> None:  # fmt: skip
        super().__init__(robot, size, ending, keys=keys, tell=tell)
        self.by: By = by
        self.drives = self.drives or size == 3
        self.size, self.word, self.open = size, "", False
        self._left = False
        self._queue = threading.Lock()

    def __enter__(self) -> Self:
        self.keys.__enter__()
        self.tell(HELP[self.by] if self.keys.single else "start, end, discard, quit, stop: a line each")
        ear = self._terminal if self.keys.single else self._lines
        self._thread = threading.Thread(target=ear, daemon=True)
        self._thread.start()
        return self

    # -- in the thread that listens -----------------------------------------------------------------------------

    def _lines(self) -> None:
        super()._lines()
        self._put("gone")

    def _put(self, key: str) -> None:
        with self._queue:
            self._waiting.append(key)

    def typed(self, line: str) -> None:
        """A line: a word, or a row of keys that are one step together."""
        word = " ".join(line.lower().split())
        if word in HALTS:
            self.ending.ask(KEY, f"{word!r} was said")
        elif word in WORDS:
            self._put(WORDS[word])
        elif all(key in WAYS or key in "ocg." for key in word.replace(" ", "")):
            self._put(word.replace(" ", ""))
        elif word in WAYS:
            self._put(word)
        else:
            self.tell(f"no word {word!r}; start, end, discard, quit, stop, or keys: {HELP[self.by]}")

    def heard(self, key: str) -> None:
        """A key of a terminal. One that moves replaces what was pressed before and is not done yet."""
        if key in LEAVES:
            if self.open:
                self.ending.ask(KEY, f"{key.strip() or 'space'!r} was pressed")
            else:
                self._put("quit")
        elif key in SINGLE:
            if not (SINGLE[key] == "gone" and "gone" in self._waiting):
                self._put(SINGLE[key])
        elif key in WAYS:
            with self._queue:
                if self._waiting and self._waiting[-1] in WAYS:
                    self._waiting.pop()
                self._waiting.append(key)
        elif key in ("o", "c", "g", "."):
            self._put(key)
        else:
            self.tell(f"no key {key!r}; {HELP[self.by]}")

    # -- in the session -----------------------------------------------------------------------------------------

    def _next(self) -> str:
        with self._queue:
            return self._waiting.popleft() if self._waiting else ""

    def begins(self) -> bool:
        """Wait until they begin an episode; False where they, or a signal, end the session."""
        self.word, self.acting, self.held, self.grip = "", False, False, -1.0
        while not self.ending.code and not self._left:
            key = self._next()
            if key in ("enter", "start"):
                self.open = True
                return True
            if key in ("quit", "gone"):
                self._left = True
            elif key:
                self.tell("no episode is open; enter, or the word start, begins one")
            else:
                time.sleep(LOOK)
        return False

    def closes(self) -> None:
        """The episode is over, whoever ended it."""
        self.open = False

    def keeps(self, steps: int, seconds: float = ANSWER) -> bool:
        """Whether to keep what there is of an episode that failed; silence, or nobody there, keeps it."""
        if self._left or self.ending.code or "gone" in self._waiting:
            return True
        self.tell(f"keep these {steps} steps? x or the word discard drops them, anything else keeps them")
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.ending.code:
            if key := self._next():
                self._left = self._left or key in ("gone", "quit")
                return key != "discard"
            time.sleep(LOOK)
        return True

    def says(self) -> str:
        """What they do now in a freedriven episode: a key of the gripper, "end" and so on, or nothing."""
        key = self._next()
        if key in ("enter", "end", "discard", "quit", "gone"):
            self._close(key)
        elif key in ("o", "c", "g"):
            return key
        elif key:
            self.tell(f"the arm is moved by hand; {HELP[self.by]}")
        return self.word

    def _close(self, key: str) -> None:
        self.word = "end" if key == "enter" else key
        self._left = self._left or key in ("quit", "gone")

    def __call__(self, obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray | None:
        """The next step of the keyboard; None where the episode is over. Waits for a key, while the robot rests."""
        del obs, info
        self.acting = True
        while not self.ending.code and not self.word and self.robot.mode not in LATCHED:
            key = self._next()
            if key in ("enter", "end", "discard", "quit", "gone"):
                self._close(key)
            elif key in ("start", "keep"):
                self.tell("an episode is open; enter, or the word end, ends it")
            elif key:
                return self.action(key)
            else:
                self._rest()
        return None

    def action(self, keys: str) -> np.ndarray:
        """The action of a key, or of all keys of a line."""
        if keys not in WAYS:
            for key in keys:
                self.grip = GRIPS.get(key, self.grip)
        return super().action(keys)[: self.size]
