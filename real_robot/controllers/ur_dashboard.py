"""The dashboard of a Universal Robots controller: one line of text in, one line out, on port 29999.

Vendor documentation: the commands and the wording of their answers, which clients compare letter by letter; the 5 s
before a protective stop may be unlocked. Vendor source: ur_rtde 1.6.5 asks PolyscopeVersion, the serial number and, of
any host but localhost and 127.0.0.1, whether it is in remote control. Not seen on hardware. Assumed: that an uploaded
program can be resumed but not started from here, and the build numbers.
"""

from collections.abc import Callable

from real_robot.controllers.ur_safety import Runtime, Safety, SafetyMode
from real_robot.controllers.ur_wire import Version

GREETING = "Connected: Universal Robots Dashboard Server\n"
TOO_SOON = "Cannot unlock protective stop until 5s after occurrence. "
TOO_SOON += "Always inspect cause of protective stop before unlocking"
SERIALS = {"ur3e": "20215300001", "ur5e": "20215500001", "ur10e": "20215100001", "ur16e": "20215160001"}


class Dashboard:
    """Answers lines; `stop`, `resume` act on the program that runs, and `now` is the controller's clock."""

    def __init__(
        self,
        safety: Safety,
        model: str,
        version: Version,
        now: Callable[[], float],
        *,
        stop: Callable[[str], None],
        resume: Callable[[], None],
        remote: bool = True,
    ) -> None:
        self.safety, self.model, self.version, self.now = safety, model, version, now
        self.stop, self.resume, self.remote = stop, resume, remote

    def answer(self, line: str) -> str:
        """The answer to a line, without its end."""
        asked = " ".join(line.split())
        word = asked.lower()
        known = {
            "polyscopeversion": self._software,
            "version": lambda: ".".join(str(n) for n in (*self.version, 0, 0)),
            "get serial number": lambda: SERIALS[self.model],
            "get robot model": lambda: self.model.rstrip("e").upper(),
            "is in remote control": lambda: str(self.remote).lower(),
            "robotmode": lambda: f"Robotmode: {self.safety.robot.name}",
            "safetymode": lambda: f"Safetymode: {self.safety.safety.name}",
            "safetystatus": lambda: f"Safetystatus: {self.safety.safety.name}",
            "running": lambda: f"Program running: {str(self.safety.runtime is Runtime.PLAYING).lower()}",
            "programstate": lambda: f"{self.safety.runtime.name} uploaded",
            "get loaded program": lambda: "No program loaded",
            "isprogramsaved": lambda: "true",
            "get operational mode": lambda: "NONE",
            "stop": self._stop,
            "pause": self._pause,
            "play": self._play,
            "unlock protective stop": self._unlock,
            "close popup": lambda: "closing popup",
            "close safety popup": lambda: "closing safety popup",
            "restart safety": self._restart,
            "power on": self._power_on,
            "power off": self._power_off,
            "brake release": self._brake_release,
            "quit": lambda: "Disconnected",
        }
        if word in known:
            return known[word]()
        if word.startswith("popup "):
            return "showing popup"
        if word.startswith("addtolog "):
            return "Added log message"
        if word.startswith("load "):
            return f"File not found: {asked[5:]}"
        return f"could not understand: '{asked}'"

    def _software(self) -> str:
        return f"URSoftware {self.version[0]}.{self.version[1]}.0.100000 (Jan 01 2025)"

    def _stop(self) -> str:
        self.stop("dashboard")
        return "Stopped"

    def _pause(self) -> str:
        if self.safety.runtime is not Runtime.PLAYING:
            return "Failed to execute: pause"
        self.safety.pause("dashboard")
        return "Pausing program"

    def _play(self) -> str:
        if self.safety.runtime is not Runtime.PAUSED or not self.safety.ready:
            return "Failed to execute: play"
        self.resume()
        return "Starting program"

    def _unlock(self) -> str:
        return "Protective stop releasing" if self.safety.unlock(self.now()) else TOO_SOON

    def _restart(self) -> str:
        self.safety.restart()
        return "Restarting safety"

    def _power_on(self) -> str:
        done = self.safety.power_on(self.now())
        return "Powering on" if done else "Failed to execute: power on"

    def _power_off(self) -> str:
        self.stop("power off")
        self.safety.power_off()
        return "Powering off"

    def _brake_release(self) -> str:
        if self.safety.safety is not SafetyMode.NORMAL:
            return "Failed to execute: brake release"
        self.safety.brake_release(self.now())
        return "Brake releasing"
