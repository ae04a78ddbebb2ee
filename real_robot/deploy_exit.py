"""One way out for every way to end a deployment: Ctrl-C, SIGTERM, a key, a word.

Whoever asks only writes a byte into a pipe, which is all that a signal handler may safely do; a thread of its own reads
it and stops the robot, while the policy thinks or a client blocks. The second time of asking is an abort.
"""

import os
import select
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from real_robot.robot import Stop

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
KEY = 130
"""The exit code of a key that stops."""
PATIENCE = 3
"""The third Ctrl-C ends the program wherever it is."""


class Exit:
    """While it is open, signals stop the robot. `code` is 0 until somebody wants to end it."""

    def __init__(self, stop: Callable[[Stop, str], None]) -> None:
        self.code, self.why, self.times = 0, "", 0
        self._stop = stop
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._kept: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        if threading.current_thread() is threading.main_thread():
            self._kept = {number: signal.signal(number, self._signalled) for number in CODES}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._kept.items():
            signal.signal(number, handler)
        os.write(self._mouth, b"q")
        self._thread.join()
        os.close(self._mouth)
        os.close(self._ear)

    def _signalled(self, number: int, _: FrameType | None) -> None:
        found = signal.Signals(number)
        self.ask(CODES[found], found.name)
        if found is signal.SIGINT and self.times >= PATIENCE:
            raise KeyboardInterrupt

    def ask(self, code: int, why: str) -> None:
        """End it; from anywhere."""
        self.times += 1
        if not self.code:
            self.code, self.why = code, why
        try:
            os.write(self._mouth, b".")
        except BlockingIOError:  # thousands are waiting: it is known by now
            return

    def _serve(self) -> None:
        kind = Stop.STOP
        while True:
            select.select([self._ear], [], [])
            for byte in os.read(self._ear, 64):
                if byte == ord("q"):
                    return
                self._stop(kind, self.why)
                kind = Stop.ABORT
