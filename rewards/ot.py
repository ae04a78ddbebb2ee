"""Entropic optimal transport between videos, many problems at once: the plan, what it costs, what each frame pays.

min over P of <P, C> + eps KL(P | a b^T), with row sums a and column sums b (Cuturi 2013), by a fixed number of
Sinkhorn iterations: nothing waits for the device, and the whole can be recorded as a CUDA graph. The value's gradient
with respect to the cost is the plan itself (Danskin), so nothing is unrolled. Debiased: Feydy et al. 2019.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

Form = Literal["auto", "scaling", "log"]
SAFE = 80.0
"""exp(-SAFE) is still a normal float32: a cost bounded by SAFE * eps can be solved in the scaling form."""
TINY = 1e-30
NOWHERE = -1e9
"""The logarithm of no mass: infinities would make NaN."""


@dataclass(frozen=True)
class Transport:
    """How videos are matched. Costs are cosine distances, in [0, 2], plus the temporal prior."""

    eps: float = 0.1
    """Entropic regularisation, in units of the cost; at 1 the plan is all but uniform."""
    iterations: int = 0
    """Sinkhorn iterations; 0: as many as bring the marginals of usual videos to 1e-4."""
    prior: float = 0.0
    """Weight of the squared difference of two frames' shares of their videos, added to what they cost to match.
    Without it transport does not know the order of frames: a video and its reverse cost the same."""
    debias: bool = False
    """Subtract half of what each video costs to itself."""
    form: Form = "auto"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.eps) and self.eps > 0):
            raise ValueError(f"eps is {self.eps}; the regularisation is a positive number")
        if self.iterations < 0 or self.prior < 0:
            raise ValueError(f"iterations {self.iterations} and prior {self.prior} must not be negative")
        if self.form not in ("auto", "scaling", "log"):
            raise ValueError(f"no form {self.form!r}; there are 'auto', 'scaling' and 'log'")
        if self.form == "scaling" and self.bound > SAFE * self.eps:
            raise ValueError(
                f"eps {self.eps} is too small for the scaling form: costs reach {self.bound}, and exp(-cost / eps) "
                f"vanishes above {SAFE * self.eps:g}; take form 'log', or eps >= {self.bound / SAFE:g}"
            )

    @property
    def bound(self) -> float:
        """No cost is larger."""
        return 2.0 + self.prior

    @property
    def rounds(self) -> int:
        """Iterations that are made: measured on pairs of similar videos, which converge slowest."""
        return self.iterations or max(10, math.ceil(1.3 * self.eps**-1.5))


def cosine_cost(x: Float32[Tensor, "*b t d"], y: Float32[Tensor, "*b s d"]) -> Float32[Tensor, "*b t s"]:
    """1 - cos between every frame of one video and every frame of another."""
    x, y = torch.nn.functional.normalize(x, dim=-1), torch.nn.functional.normalize(y, dim=-1)
    return 1.0 - x @ y.transpose(-1, -2)


def shares(mask: Bool[Tensor, "*b t"]) -> Float32[Tensor, "*b t"]:
    """How far through its video each frame is: 0 at the first, 1 at the last; videos begin at the first column."""
    count = mask.sum(-1, keepdim=True)
    return torch.arange(mask.shape[-1], device=mask.device) / (count - 1).clamp_min(1)


def temporal(x: Bool[Tensor, "*b t"], y: Bool[Tensor, "*b s"]) -> Float32[Tensor, "*b t s"]:
    """The squared difference of two frames' shares of their videos, in [0, 1] where both are frames."""
    return (shares(x)[..., :, None] - shares(y)[..., None, :]).square().clamp_max(1.0)


def masses(mask: Bool[Tensor, "*b t"]) -> Float32[Tensor, "*b t"]:
    """Equal mass on every frame that is one, none elsewhere."""
    return mask / mask.sum(-1, keepdim=True).clamp_min(1)


@torch.no_grad()
def plan(
    cost: Float[Tensor, "*b t s"],
    a: Float[Tensor, "*b t"],
    b: Float[Tensor, "*b s"],
    eps: float,
    iterations: int,
    form: Literal["scaling", "log"] = "log",
) -> Float[Tensor, "*b t s"]:
    """The transport plans after so many iterations; rows sum to `a` exactly, columns to `b` as far as it converged.

    Where `a` or `b` is 0 the plan is 0, whatever the cost there. The scaling form needs costs whose range is below
    `SAFE * eps` and is much the faster; the log form has no such bound.
    """
    cost = cost.masked_fill((a[..., :, None] == 0) | (b[..., None, :] == 0), 0.0)
    if form == "scaling":
        return _scaling(cost, a, b, eps, iterations)
    return _log(cost, a, b, eps, iterations)


def _scaling(cost: Tensor, a: Tensor, b: Tensor, eps: float, iterations: int) -> Tensor:
    kernel = torch.exp((cost.amin(-1, keepdim=True) - cost) / eps)
    flipped = kernel.transpose(-1, -2).contiguous()
    a, v = a.unsqueeze(-1), b.unsqueeze(-1)
    b = v
    u = a / (kernel @ v + TINY)
    for _ in range(iterations):
        v = b / (flipped @ u + TINY)
        u = a / (kernel @ v + TINY)
    return u * kernel * v.transpose(-1, -2)


def _log(cost: Tensor, a: Tensor, b: Tensor, eps: float, iterations: int) -> Tensor:
    log_a = torch.where(a > 0, a.clamp_min(TINY).log(), NOWHERE).unsqueeze(-1)
    log_b = torch.where(b > 0, b.clamp_min(TINY).log(), NOWHERE).unsqueeze(-2)
    scaled = -cost / eps
    g = torch.zeros_like(log_b)
    f = -torch.logsumexp(scaled + g + log_b, -1, keepdim=True)
    for _ in range(iterations):
        g = -torch.logsumexp(scaled + f + log_a, -2, keepdim=True)
        f = -torch.logsumexp(scaled + g + log_b, -1, keepdim=True)
    return torch.exp(scaled + f + g + log_a + log_b)


@dataclass(frozen=True, eq=False)
class Matched:
    """Solved problems: each video x of T frames against its y of S frames."""

    plan: Float32[Tensor, "*b t s"]
    cost: Float32[Tensor, "*b t s"]
    distance: Float32[Tensor, " *b"]
    """<P, C>, and with `debias` less half of both self-distances. Its gradient is that of the entropic value."""

    def paid(self) -> Float32[Tensor, "*b t"]:
        """What each frame of x pays on average, sum_j P_tj C_tj / a_t: in the units of the cost, whatever T is."""
        mass = self.plan.sum(-1)
        return (self.plan * self.cost).sum(-1) / mass.clamp_min(TINY)


def match(
    x: Float32[Tensor, "*b t d"],
    y: Float32[Tensor, "*b s d"],
    how: Transport,
    x_mask: Bool[Tensor, "*b t"] | None = None,
    y_mask: Bool[Tensor, "*b s"] | None = None,
) -> Matched:
    """Transport between embedded videos, batch by batch; frames that a mask leaves out change nothing.

    The temporal prior decides who is matched to whom; `cost`, `distance` and `paid` are of the embeddings alone.
    """
    x_mask = torch.ones(x.shape[:-1], dtype=torch.bool, device=x.device) if x_mask is None else x_mask
    y_mask = torch.ones(y.shape[:-1], dtype=torch.bool, device=y.device) if y_mask is None else y_mask
    found, cost = _solved(x, y, x_mask, y_mask, how)
    distance = (found * cost).sum((-1, -2))
    if how.debias:
        for z, mask in ((x, x_mask), (y, y_mask)):
            own, self_cost = _solved(z, z, mask, mask, how)
            distance = distance - 0.5 * (own * self_cost).sum((-1, -2))
    return Matched(found, cost, distance)


def _solved(x: Tensor, y: Tensor, x_mask: Tensor, y_mask: Tensor, how: Transport) -> tuple[Tensor, Tensor]:
    cost = cosine_cost(x, y)
    ordered = cost.detach()
    if how.prior:
        ordered = ordered + how.prior * temporal(x_mask, y_mask)
    form = how.form if how.form != "auto" else "scaling" if how.bound <= SAFE * how.eps else "log"
    found = plan(ordered, masses(x_mask), masses(y_mask), how.eps, how.rounds, form)
    return found, cost


def value(
    cost: Float[Tensor, "*b t s"],
    a: Float[Tensor, "*b t"],
    b: Float[Tensor, "*b s"],
    eps: float,
    iterations: int,
    form: Literal["scaling", "log"] = "log",
) -> Float[Tensor, " *b"]:
    """<P, C> + eps KL(P | a b^T) at the optimum; its gradient with respect to the cost is P."""
    found = plan(cost.detach(), a, b, eps, iterations, form)
    independent = a[..., :, None] * b[..., None, :]
    relative = torch.where(found > 0, found * (found.clamp_min(TINY).log() - independent.clamp_min(TINY).log()), 0.0)
    return (found * cost).sum((-1, -2)) + eps * relative.sum((-1, -2))
