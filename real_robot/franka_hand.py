"""The Franka hand on a link of its own: the newest order wins, and its width is watched beside.

Closing is a grasp, which presses with the force that was asked for and no more; opening is a plain move, whose force
the maker does not let one choose (franky-control 2.0.0). An order that is stopped should end; where it does not, the
link is made anew, because the client would wait for it for ever.
"""

import contextlib
import math
import threading
import time
from typing import Any

from real_robot import franka_faults as faults
from real_robot.franka_client import address_of, cut
from real_robot.robot import Fault

PORT = 1338

TICK = 0.02
"""Between two looks at the width, and at new orders [s]."""
LONGEST = 10.0
"""An order that takes longer has failed [s]."""
SAME = 0.001
"""Openings closer than this are one [m]."""
ANY = 0.1
"""A grasp may end at any width: an object is held, and nothing is an empty hand [m]."""


class Hand:
    """Two threads of its own; `opening` [m] is the newest known, NaN where it is not known any more."""

    def __init__(self, host: str, speed: float) -> None:
        self.host, self.speed, self.opening, self.widest = host, speed, math.nan, math.nan
        self.fault: Fault | None = None
        """Why the link is dead."""
        self.failed: Fault | None = None
        """Why the last order was not carried out."""
        self._gripper, self._renewing = self._made(), False
        self._news, self._closing = threading.Condition(), threading.Event()
        self._order, self._number, self._done = (math.nan, 0.0), 0, 0
        state = self._gripper.state
        self.opening, self.widest = float(state.width), float(state.max_width)
        self._threads = [threading.Thread(target=act, daemon=True) for act in (self._watch, self._work)]
        for thread in self._threads:
            thread.start()

    def _made(self) -> Any:
        from franky import Gripper

        return Gripper(self.host)

    def ask(self, opening: float, force: float) -> None:
        """Move to an opening [m] with at most a force [N]; returns at once. The same again is no new order."""
        with self._news:
            before, pressed = self._order
            if abs(before - opening) < SAME and abs(pressed - force) < 1.0:
                return
            self._order, self._number = (opening, force), self._number + 1
            self._news.notify()

    def close(self) -> None:
        """Stay as it is and let go of the link; safe twice."""
        self._closing.set()
        with self._news:
            self._news.notify_all()
        for thread in self._threads:
            thread.join(1.5)

    def _watch(self) -> None:
        while not self._closing.wait(TICK):
            gripper = self._gripper
            try:
                self.opening = float(gripper.state.width)
            except Exception as error:  # the client's classes share no base but this
                if gripper is self._gripper and not self._renewing:
                    self._fail(error)
                    return

    def _work(self) -> None:
        while not self._closing.is_set():
            with self._news:
                while self._number == self._done and not self._closing.is_set():
                    self._news.wait()
                order, self._done = self._order, self._number
            if self._closing.is_set():
                return
            try:
                self._carry_out(*order)
            except Exception as error:  # the client's classes share no base but this
                if faults.of_error(error).name == "link":
                    self._fail(error)
                    return
                self.failed = Fault("gripper", str(error), type(error).__name__)

    def _carry_out(self, opening: float, force: float) -> None:
        if opening > self.opening + SAME:
            future = self._gripper.move_async(opening, self.speed)
        else:
            future = self._gripper.grasp_async(opening, self.speed, force, ANY, ANY)
        until = time.monotonic() + LONGEST
        while not future.wait(TICK):
            if self._number != self._done or self._closing.is_set() or time.monotonic() > until:
                self._stop(future)
                if time.monotonic() > until:
                    raise RuntimeError(f"the hand did not reach {opening:.3f} m within {LONGEST:g} s")
                return
        future.get()
        self.failed = None

    def _stop(self, future: Any) -> None:
        """Stop what runs; an order that was not answered blocks whoever lets go of it, so its link is shut down."""
        stopping = threading.Thread(target=_quietly, args=(self._gripper.stop,), daemon=True)
        stopping.start()  # `stop_async` would wait for the order that it should stop
        stopping.join(0.5)
        if future.wait(0.3):
            return
        self._renewing = True
        try:
            cut(address_of(self.host), PORT)
            future.wait(1.0)
            until = time.monotonic() + 2.0
            while True:
                try:
                    self._gripper = self._made()
                    return
                except Exception:  # the client's classes share no base but this
                    if time.monotonic() > until or self._closing.is_set():
                        raise
                    time.sleep(TICK)
        finally:
            self._renewing = False

    def _fail(self, error: BaseException) -> None:
        self.opening = math.nan
        self.fault = Fault("gripper", f"the hand's link failed: {error}", type(error).__name__)
        self._closing.set()


def _quietly(act: Any) -> None:
    with contextlib.suppress(Exception):  # the client's classes share no base but this
        act()
