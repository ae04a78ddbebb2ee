"""From inputs (a state vector, pictures or a cloud) to features: one body for actors, critics and values."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from embodied.vision import SpatialSoftmaxEncoder, to_float
from policies.pointcloud import CloudTrunk


class Trunk(nn.Module):
    """Each picture through its own eye, joined with the vectors, through ReLU layers."""

    def __init__(self, shapes: Sequence[tuple[int, ...]], hidden: Sequence[int], actions: int = 0) -> None:
        super().__init__()
        if not shapes or not hidden:
            raise ValueError(f"inputs of shapes {list(shapes)} through layers {list(hidden)}; give one or more of each")
        eyes = [SpatialSoftmaxEncoder(shape[2]) for shape in shapes if len(shape) == 3]
        features = sum(eye.features for eye in eyes) + sum(s[0] for s in shapes if len(s) == 1) + actions
        self.eyes = nn.ModuleList(eyes)
        widths = [features, *hidden]
        self.layers = nn.Sequential(*(m for a, b in pairwise(widths) for m in (nn.Linear(a, b), nn.ReLU())))

    def forward(self, x: Tensor | Sequence[Tensor], action: Tensor | None = None) -> Float[Tensor, "n f"]:
        """One tensor (n, d), or vectors (n, d) and pictures (n, h, w, c) of 0 ... 255 in the order of the shapes."""
        inputs = [x] if isinstance(x, Tensor) else list(x)
        eyes = iter(self.eyes)
        parts = [next(eyes)(to_float(part)) if part.ndim == 4 else part for part in inputs]
        if action is not None:
            parts.append(action)
        return self.layers(parts[0] if len(parts) == 1 else torch.cat(parts, dim=1))


def trunk(
    shapes: Sequence[tuple[int, ...]], hidden: Sequence[int], points: Sequence[int] = (), actions: int = 0
) -> Trunk | CloudTrunk:
    """The body for inputs of those shapes; the last may be a cloud (points, columns), through `points` at each."""
    if shapes and len(shapes[-1]) == 2:
        return CloudTrunk(shapes, hidden, points, actions)
    return Trunk(shapes, hidden, actions)
