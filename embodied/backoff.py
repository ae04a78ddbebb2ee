"""How long to wait before trying a server again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Backoff:
    """Exponential waiting with jitter [s]: between half and all of `first` * 2 ** attempt, at most `longest`.

    A server that asks for more than `patience` seconds is given up.
    """

    retries: int = 5
    first: float = 0.5
    longest: float = 30.0
    patience: float = 300.0

    def __post_init__(self) -> None:
        if self.retries < 0 or self.first <= 0 or self.longest < self.first:
            raise ValueError(f"{self} makes no sense; give retries >= 0 and 0 < first <= longest seconds")

    def delay(self, attempt: int, told: float, rng: random.Random) -> float:
        """Seconds to wait after failed attempt 0, 1, ...; never less than the server `told`."""
        usual = min(self.longest, self.first * 2.0**attempt) * (0.5 + 0.5 * rng.random())
        return max(usual, told)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds a server asks to wait (a number or a date, RFC 9110 10.2.3); 0 if it does not say."""
    milliseconds, text = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    try:
        return max(0.0, float(milliseconds) / 1000 if milliseconds else float(text))
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
