"""Staying below a provider's limits on requests and tokens per minute."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0  # seconds, the window in which a provider counts


@dataclass
class Entry:
    """A request: when it was let through, and what it takes or is thought to take in tokens."""

    at: float
    tokens: float


class Pace:
    """At most so many requests and tokens in any 60 seconds; None: as many as wanted. Shared by threads.

    What a request takes in tokens is known only after it, so that until then it counts as what its caller expects. A
    request larger than the whole limit is let through alone. `clock` and `sleep` are injectable.
    """

    def __init__(
        self,
        requests: float | None = None,
        tokens: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        for name, limit in (("requests", requests), ("tokens", tokens)):
            if limit is not None and limit < 1:
                raise ValueError(f"{limit:g} {name} a minute; give at least 1, or None for no limit")
        self.requests, self.tokens = requests, tokens
        self._clock, self._sleep = clock, sleep
        self._window: deque[Entry] = deque()
        self._lock = threading.Lock()

    def enter(self, expected: float = 0.0) -> Entry:
        """Wait until one more request fits, and count it."""
        while True:
            with self._lock:
                now = self._clock()
                while self._window and now - self._window[0].at >= MINUTE:
                    self._window.popleft()
                if (wait := self._wait(now, expected)) <= 0:
                    self._window.append(entry := Entry(now, expected))
                    return entry
            self._sleep(wait)

    def leave(self, entry: Entry, tokens: float) -> None:
        """What a request did take; 0 keeps what was expected, as a server may count what failed."""
        with self._lock:
            entry.tokens = tokens or entry.tokens

    def _wait(self, now: float, expected: float) -> float:
        """Seconds until enough of the window has passed; 0 if the request fits now."""
        count, tokens = len(self._window), sum(entry.tokens for entry in self._window)
        until = now
        for entry in self._window:
            few = self.requests is None or count + 1 <= self.requests
            if few and (self.tokens is None or tokens + expected <= self.tokens):
                break
            count, tokens, until = count - 1, tokens - entry.tokens, entry.at + MINUTE
        return until - now
