"""What goes wrong by chance on the simulated table: drops, misplacements, bad pictures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Disturbances:
    """What goes wrong, by chance: how often a held block is dropped [1/s], and how far off it is put down [m].

    `pixels` is the standard deviation of the noise on every frame, of 255.
    """

    drop: float = 0.0
    jitter: float = 0.0
    pixels: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.drop < 1 and 0 <= self.jitter <= 0.1 and 0 <= self.pixels <= 255):
            raise ValueError(f"{self}: wanted 0 <= drop < 1, 0 <= jitter <= 0.1 m and 0 <= pixels <= 255")
