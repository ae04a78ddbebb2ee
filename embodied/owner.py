"""Who holds a claim, and whether they are still alive; survives pid reuse, reboots and clock changes."""

import os
import socket
import time
import uuid
from pathlib import Path

PROC = Path("/proc")


def boot_id() -> str:
    """Identifies the running kernel since its start; the same text until the machine restarts."""
    file = PROC / "sys/kernel/random/boot_id"
    return file.read_text().strip() if file.exists() else socket.gethostname()


def since_boot() -> float:
    """Seconds since the machine started: unlike the wall clock, nobody sets it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def started(pid: int) -> str:
    """When process `pid` started, in kernel ticks; empty if there is none ("?" where the kernel does not say)."""
    if not PROC.joinpath("self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            return "?"
        return "?"
    try:
        stat = PROC.joinpath(str(pid), "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces
    return "" if fields[0] in "ZX" else fields[19]


def _namespace() -> str:
    link = PROC / "self/ns/pid"
    return os.readlink(link) if os.path.lexists(link) else ""


def myself() -> str:
    """A text that names this process among all others, on this machine, ever, and this call."""
    pid = os.getpid()
    return "|".join((boot_id(), _namespace(), str(pid), started(pid), uuid.uuid4().hex[:12]))


def is_gone(owner: str) -> bool:
    """True if whoever wrote `owner` is known to have ended; False if alive or out of sight (another container)."""
    boot, namespace, pid, start, _ = owner.split("|")
    if boot != boot_id():
        return True  # the store lies on a local disk, so its writer ended with that boot
    return namespace == _namespace() and started(int(pid)) != start
