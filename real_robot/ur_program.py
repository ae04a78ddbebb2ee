"""The vendor's client, ur_rtde: its control program on the controller, and what must be kept from it.

Measured with 1.6.5, and why this is written as it is:
- A program that was ended in the middle of a servo leaves the last target in the registers, and the next upload goes
  on moving towards it. So the command register is cleared, and seen to be, before every upload.
- When its link is lost a client that may upload connects again by itself, uploads its program without the watchdog
  and sends the old target. One that was made without that flag still uploads when it is told to, and only then.
- It connects again all the same, in a loop that may crash it. A disconnect within a few milliseconds prevents that; a
  late one may never return. So a thread of ur.py sleeps on the controller's hang-up, and drops the client at once.
- A disconnect while the controller is silent hangs or crashes, every time. A client of a silent controller is left
  as it is, and its process has to end where the silence does not.
- Its constructor holds the interpreter, waits for its program where it uploads one (the same flag), and for ever where
  no state comes; the stream is looked at before.
"""

import ctypes
import threading
import time
from collections.abc import Sequence
from typing import Any

from real_robot.robot import Fault, RobotFault
from real_robot.ur_faults import PLAYING, not_ready, refused
from real_robot.ur_stream import Stream

UPPER, NO_WAIT = "FLAG_UPPER_RANGE_REGISTERS", "FLAG_NO_WAIT"
PERIOD = 0.002


class Program:
    """The client and its program. One thread calls; `drop` may be called from any."""

    def __init__(self, host: str, *, upper: bool, lookahead: float, gain: float) -> None:
        try:
            from rtde_control import RTDEControlInterface as Control
        except ImportError as error:
            said = f"ur_rtde is not installed ({error}): pip install 'embodied-feedback[ur]'"
            raise RobotFault(Fault("version", said, clearable=False)) from error
        flags = getattr(Control, NO_WAIT) | (getattr(Control, UPPER) if upper else 0)
        self.lookahead, self.gain = lookahead, gain
        self.watched = False
        """Whether the watchdog is armed in the program that runs."""
        self._dropping: threading.Thread | None = None
        self._left = False
        self._lock = threading.Lock()
        try:
            self._control: Any = Control(host, -1.0, flags)
        except (RuntimeError, ValueError, OSError) as error:
            raise refused(f"the client cannot begin: {error}", "ur_rtde") from error

    def call(self, name: str, *given: Any) -> Any:
        """What the client answers; RobotFault where it raises."""
        if self.dropped:
            raise not_ready("the client was let go of after its link was lost")
        try:
            return getattr(self._control, name)(*given)
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise RobotFault(Fault("controller error", f"{name}: {error}", "ur_rtde")) from error

    def order(self, name: str, *given: Any) -> None:
        """The same of what answers whether it was done; RobotFault where it was not."""
        if not self.call(name, *given):
            raise refused(f"{name}{given} was not carried out", "ur_rtde")

    def start(self, stream: Stream, seconds: float) -> None:
        """Run the program anew, with no command waiting for it; RobotFault where it does not play in time."""
        self.watched = False
        self.clear(stream)
        self.order("reuploadScript")
        stream.until(lambda packet: packet.runtime == PLAYING, seconds, f"the program did not start in {seconds:g} s")
        end = time.monotonic() + 0.5
        while not self.call("isProgramRunning"):  # the client hears of it over a link of its own
            if time.monotonic() > end:
                raise not_ready("the client does not see its program run", "ur_rtde")
            time.sleep(0.001)
        stream.interrupted = False

    def clear(self, stream: Stream) -> None:
        """Leave no command in the registers; RobotFault where one stays."""
        self.call("kickWatchdog")  # writes a command that is none, and says False where no program runs
        stream.until(lambda packet: packet.command in (0, None), 0.5, "an old command stays in its registers")

    def watch(self, hertz: float) -> None:
        """Have the controller end the program where commands come less often; which then they must."""
        self.order("setWatchdog", hertz)
        self.watched = True

    def servo(self, q: Sequence[float]) -> bool:
        """Send one target [rad]; whether the client says that it went out."""
        return bool(self.call("servoJ", q, 0.0, 0.0, PERIOD, self.lookahead, self.gain))

    @property
    def dropped(self) -> bool:
        """Whether it was let go of."""
        return self._left or self._dropping is not None

    def drop(self) -> None:
        """Keep the client from connecting again, now; returns at once. Any thread, safe twice."""
        with self._lock:
            if self._dropping is None:
                self._dropping = threading.Thread(target=self._control.disconnect, name="ur_rtde ends", daemon=True)
                self._dropping.start()

    def leave(self) -> None:
        """Never use it again, and never free it, which would disconnect it."""
        self._left = True
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._control))

    def close(self, seconds: float = 2.0) -> bool:
        """Drop it and wait; False where the client hangs, or was left."""
        if self._left:
            return False
        self.drop()
        assert self._dropping is not None
        self._dropping.join(seconds)
        if self._dropping.is_alive():
            self.leave()
        return not self._left
