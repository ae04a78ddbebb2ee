"""Somebody at the keyboard while a policy drives: what stops, holds, slows, and takes the arm out of its hands.

In a terminal keys count at once: space, escape or q end it; w a s d r f take over, and enter gives back; g grips. From
a pipe or without a terminal every line is a word (stop, hold, go on, slower, faster) or a row of those keys. Keys are
read by a thread of its own, so that a stop waits for no policy.
"""

import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from embodied.intervening import SENT
from embodied.piloting import WAYS
from embodied.terminal import Keys
from real_robot.deploy_exit import KEY, PATIENCE, Exit
from real_robot.robot import Mode, Stop

HELP = "space, esc, q: stop; h: hold; enter: go on; -, +: slower, faster; w a s d r f: take over; g: grip"
STOPS = {"space", " ", "escape", "q", "c-d", "end", "stop", "stop!", "halt", "halt!", "no", "no!", "quit", "abort"}
HOLDS = {"h", "hold", "hold on", "wait", "wait!", "pause"}
ONWARD = {"enter", "go on", "continue", "resume", "carry on"}
SLOWER, FASTER = {"-", "slower", "slow down", "slow"}, {"+", "=", "faster", "speed up"}
SLOWEST = 8.0
LOOK = 0.02
LATCHED = (Mode.STOPPED, Mode.FAULT, Mode.DISCONNECTED)


class Hands:
    """For one deployment; (obs, info) -> the person's action, or None while the policy acts. Waits while it is held,
    and while the person has taken over and presses nothing: the robot rests then, and nothing is recorded."""

    def __init__(
        self, robot: Any, size: int, ending: Exit, *, keys: Keys | None = None, tell: Callable[..., None] = print
    ) -> None:
        self.robot, self.ending, self.tell = robot, ending, tell
        self.drives = size == 4
        self.keys = keys or Keys({"": "enter"})
        self.acting, self.held, self.grip = False, False, -1.0
        self._waiting: deque[str] = deque()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.keys.__enter__()
        ear = self._terminal if self.keys.single else self._lines
        if self.keys.single:
            self.tell(HELP)
        self._thread = threading.Thread(target=ear, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self.keys.__exit__(*error)

    @property
    def watching(self) -> bool:
        """Whether a person sits at a terminal, so that a simulation had better keep the pace of the clock."""
        return self.keys.single

    # -- in the thread that listens -----------------------------------------------------------------------------

    def _terminal(self) -> None:
        while not self._over.is_set():
            if not self.keys.waiting():
                self._over.wait(LOOK)
                continue
            try:
                self.heard(self.keys.read())
            except KeyboardInterrupt:  # Ctrl-C is a key here
                self.ending.ask(KEY, "Ctrl-C")
                if self.ending.times >= PATIENCE:
                    signal.raise_signal(signal.SIGINT)

    def _lines(self) -> None:
        try:
            source = sys.stdin.fileno()
        except (OSError, ValueError, AttributeError):  # no input at all
            return
        rest = b""
        while not self._over.is_set():
            if not select.select([source], [], [], LOOK)[0]:
                continue
            found = os.read(source, 4096)
            *lines, rest = (rest + found).split(b"\n")
            for line in lines:
                self.typed(line.decode(errors="replace"))
            if not found:
                return

    def typed(self, line: str) -> None:
        """A line: a word, or a row of keys."""
        word = " ".join(line.lower().split())
        if word in STOPS | HOLDS | ONWARD | SLOWER | FASTER:
            self.heard(word)
        elif not word:
            self.heard("enter")
        elif all(key in WAYS or key in "g." for key in word.replace(" ", "")):
            self._waiting.append(word.replace(" ", ""))
        else:
            self.tell(f"no word {word!r}; stop, hold, go on, slower, faster, or keys: {HELP}")

    def heard(self, key: str) -> None:
        """A key or a word: what stops or holds does so here and now."""
        if key in STOPS:
            self.ending.ask(KEY, f"{key.strip() or 'space'!r} was pressed")
        elif key in HOLDS:
            self.held = True
            self.robot.stop(Stop.HOLD, "a person asked for it")
        elif key in SLOWER | FASTER and hasattr(self.robot, "slow"):
            times = 2.0 if key in SLOWER else 0.5
            self.robot.slow = float(np.clip(self.robot.slow * times, 1.0, SLOWEST))
            self.tell(f"a step takes {self.robot.slow:g} times as long")
        elif key in ONWARD or key in WAYS or key in ("g", "."):
            self._waiting.append(key)
        else:
            self.tell(f"no key {key!r}; {HELP}")

    # -- in the loop --------------------------------------------------------------------------------------------

    def __call__(self, obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray | None:
        """What they do now; None lets the policy act."""
        del obs
        if not self.acting and SENT in info and len(info[SENT]):
            self.grip = 1.0 if info[SENT][-1] > 0 else -1.0  # what the policy holds is not dropped
        while not self.ending.code and self.robot.mode not in LATCHED:
            if not self.held and (why := getattr(self.robot, "holds_for", "")):
                self.held = True
                self.tell(f"it holds ({why}); enter goes on")
            key = self._waiting.popleft() if self._waiting else ""
            if key in ONWARD:
                self._onward()
            elif key and self.held:
                self.tell("it is held; enter goes on")
            elif key and not self.drives:
                self.tell("the keys drive actions (dx, dy, dz, grip); this robot's are others")
            elif key:
                self.acting = True
                return self.action(key)
            elif not (self.acting or self.held):
                return None
            else:
                self._rest()
        return None

    def _onward(self) -> None:
        if self.held and (resume := getattr(self.robot, "resume", None)):
            try:
                resume()
            except ValueError as error:  # what it holds for is still there
                self.tell(str(error))
                return
        self.held = self.acting = False

    def _rest(self) -> None:
        if not self.held and (rest := getattr(self.robot, "rest", None)):
            rest()
        time.sleep(LOOK)

    def action(self, keys: str) -> np.ndarray:
        """The action of a key, or of all keys of a line."""
        action = np.zeros(4, np.float32)
        for key in [keys] if keys in WAYS else keys:
            if key == "g":
                self.grip = -self.grip
            elif key in WAYS:
                axis, sign = WAYS[key]
                action[axis] = sign
        action[3] = self.grip
        return action


def line_from_person() -> str:
    """The next line of standard input, and not a byte more of it: what follows it is for whoever listens next."""
    try:
        source = sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):
        return sys.stdin.readline()
    found = b""
    while (byte := os.read(source, 1)) not in (b"", b"\n"):
        found += byte
    return found.decode(errors="replace")
