"""How a reward is aligned with ranked videos: the form of the loss, the encoder, the transport."""

from dataclasses import dataclass, field, replace
from typing import Literal

from rewards.ot import Transport

Form = Literal["auto", "published", "pairs", "prototype", "rlhf", "tcc", "frozen", "time", "prior"]
FORMS: tuple[Form, ...] = ("published", "pairs", "prototype", "rlhf", "tcc", "frozen", "time", "prior")
CHOSEN: tuple[Form, ...] = ("pairs", "prototype")
"""Among which "auto" chooses, by the rankings that are held out."""
LEARNED: tuple[Form, ...] = ("published", "pairs", "prototype", "rlhf")


@dataclass(frozen=True)
class RaplConfig:
    """Settings of a reward that is aligned with ranked videos."""

    form: Form = "auto"
    """published: RAPL as in the paper (anchor only). pairs: all pairs, against references of other rankings. prototype:
    alike to the ends of preferred videos, without transport. rlhf: a scalar head. tcc, frozen: transport without
    labels, in a time-contrastive or the given space. time, prior: controls. auto: what held-out rankings choose."""
    encoder: str = "objects"
    """A folder of `embodied pretrain-encoder`, `timm:NAME`, `torchvision:NAME`, `open_clip:NAME/TAG`; or `objects` or
    `contrastive`, pre-trained on this data set's own frames on the way."""
    camera: str = ""
    """The data set's first camera if not named."""
    frames: int = 45
    """Videos are thinned to so many."""
    transport: Transport = field(default_factory=lambda: Transport(eps=1.0))
    """How videos are matched while learning."""
    readout: Transport = field(default_factory=lambda: Transport(eps=1.0))
    """How videos are matched for the reward."""
    width: int = 32
    """Of the aligned space."""
    hidden: int = 64
    """Of one layer before it; 0: the projection is linear."""
    members: int = 5
    """Heads, each on its own bootstrap of the rankings."""
    steps: int = 250
    batch: int = 10
    """Rankings per update."""
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    sharpness: float = 5.0
    """Scale of differences of distances in the Bradley-Terry model."""
    smoothing: float = 0.05
    """Share of answers that may be wrong."""
    references: int = 5
    """Preferred videos that a new one is held against; the closest counts."""
    held_out: float = 0.2
    """Share of the rankings that choose the form, and measure it."""
    spread: float = 0.02
    """A space in which frames differ by less than this (mean cosine distance) has collapsed."""

    def __post_init__(self) -> None:
        if self.form not in ("auto", *FORMS):
            raise ValueError(f"no form {self.form!r}; there are auto, {', '.join(FORMS)}")
        if min(self.frames, self.width, self.members, self.steps, self.batch, self.references) < 1 or self.hidden < 0:
            raise ValueError(f"{self}: frames, width, members, steps, batch and references must be >= 1, hidden >= 0")
        if not 0 < self.held_out < 1 or not 0 <= self.smoothing < 0.5:
            raise ValueError(f"held_out {self.held_out} lies in (0, 1) and smoothing {self.smoothing} in [0, 0.5)")
        if min(self.learning_rate, self.sharpness) <= 0 or min(self.weight_decay, self.spread) < 0:
            raise ValueError("learning_rate and sharpness must be positive, weight_decay and spread not negative")

    @property
    def needs_labels(self) -> bool:
        """Even the forms that learn nothing from rankings take their references from them."""
        return True

    @property
    def ranks(self) -> bool:
        """It is fitted to rankings as they are, not to their pairs."""
        return True


PUBLISHED = RaplConfig(
    form="published", transport=Transport(eps=1.0), hidden=0, members=1, sharpness=1.0, smoothing=0.0, steps=1200,
    learning_rate=1e-3, weight_decay=0.0,
)  # fmt: skip
"""The setting of the RAPL papers: cosine cost, eps 1, the anchor's two distances, one linear head."""


def baseline(form: Form, config: RaplConfig) -> RaplConfig:
    """The same data, encoder and head with another form."""
    return replace(config, form=form)
