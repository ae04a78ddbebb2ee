"""What tokens cost, and what a run of questions would: before one is asked."""

from dataclasses import dataclass

MINUTE = 60.0


@dataclass(frozen=True)
class Prices:
    """Money per million tokens, in whatever currency the provider's price list has."""

    tokens_in: float
    tokens_out: float

    def __post_init__(self) -> None:
        if self.tokens_in < 0 or self.tokens_out < 0:
            raise ValueError(f"prices are {self.tokens_in} in and {self.tokens_out} out; give numbers >= 0")

    def of(self, tokens_in: float, tokens_out: float) -> float:
        """The price of so many tokens."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1e6


@dataclass(frozen=True)
class Cost:
    """What one query takes: tokens in and out, seconds if known, calls of the model; and how that is known."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0
    seconds: float | None = None
    calls: int = 1
    basis: str = "nothing is known of it"


@dataclass(frozen=True)
class Terms:
    """Under which a teacher is asked: side by side, at most so much a minute, for what."""

    concurrency: int = 1
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    prices: Prices | None = None

    def seconds(self, queries: int, cost: Cost) -> float | None:
        """How long so many queries take; None where nothing tells."""
        found = [] if cost.seconds is None else [queries * cost.seconds / self.concurrency]
        if self.requests_per_minute:
            found.append(MINUTE * max(0.0, queries * cost.calls / self.requests_per_minute - 1))
        if self.tokens_per_minute:
            found.append(MINUTE * max(0.0, queries * (cost.tokens_in + cost.tokens_out) / self.tokens_per_minute - 1))
        return max(found) if found else None
