"""How a diffusion policy is aligned with preferences between its own episodes."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["anchored", "dpo", "winners", "rwr", "kto"]
METHODS: tuple[Method, ...] = ("anchored", "dpo", "winners", "rwr", "kto")


@dataclass(frozen=True)
class FinetuneConfig:
    """Settings of an alignment."""

    method: Method = "anchored"
    """anchored: Diffusion-DPO over segments with a denoising anchor on winners and demonstrations (as FKPD, Shan et
    al. 2025). dpo: without the anchor. kto: every episode for itself. winners: cloning of the winners. rwr: cloning
    weighted by exp(score)."""
    steps: int = 2000
    batch: int = 32
    """Pairs per update."""
    phases: int = 4
    """Moments of each pair per update, the same in both episodes."""
    banks: int = 4
    """Fixed draws of noise and its level for each moment, at which the errors of the policy before are remembered."""
    learning_rate: float = 5e-5
    weight_decay: float = 1e-6
    sharpness: float = 10.0
    """A margin of 1 / sharpness of the mean error before is a clear preference."""
    smoothing: float = 0.1
    """Share of answers that may be wrong."""
    anchor: float = 1.0
    """Weight of the denoising error on winners and demonstrations."""
    nearness: float = 0.1
    """Weight of staying with the policy before on chunks of pure noise."""
    temperature: float = 0.5
    """Of rwr's weights."""
    average: float = 0.995
    """Decay of the moving average that becomes the policy."""
    held_out: float = 0.2
    """Share of the pairs that only watch."""
    check_every: int = 200
    """Updates between two looks at the held-out pairs and the drift."""
    drift: float = 1.05
    """Stop where the winners' error exceeds this multiple of what it was; 0 never stops."""
    patience: int = 3
    """Stop after so many looks without a better held-out accuracy; 0 never stops."""
    train_eye: bool = False
    """Also train what reads pictures and clouds."""
    log_every: int = 100
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"no method {self.method!r}; there are {', '.join(METHODS)}")
        counts = (self.steps, self.batch, self.phases, self.banks, self.check_every, self.log_every)
        if min(*counts, self.checkpoint_every) < 1:
            raise ValueError(f"{self}: steps, batch, phases, banks and the intervals must be >= 1")
        if not 0 <= self.smoothing < 0.5:
            raise ValueError(
                f"smoothing is {self.smoothing}; from 0.5 on the answers would say nothing, or the opposite"
            )
        if not 0 <= self.held_out < 1 or not 0 <= self.average < 1:
            raise ValueError(f"held_out {self.held_out} and average {self.average} lie in [0, 1)")
        if min(self.learning_rate, self.sharpness, self.temperature) <= 0:
            raise ValueError("learning_rate, sharpness and temperature must be positive")
        if min(self.anchor, self.nearness, self.drift, self.patience) < 0:
            raise ValueError("anchor, nearness, drift and patience must not be negative")
        if self.drift and self.drift < 1:
            raise ValueError(f"drift is {self.drift}; the policy before has 1, so the stop lies above (0: none)")
