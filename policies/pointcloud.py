"""Segmented point clouds: how one becomes a network's input, and a PointNet that is read off at the gripper.

    f_i = points([p_i - p_gripper, class_i, action]),    h = head([f_gripper, max_i f_i] | vectors)

A segmentation PointNet (Qi et al. 2017) gives an answer at every point; here only the gripper's is wanted, so the
head is computed at that point alone. A critic sees the action at every point, which in dressing is worth more than
joining it to the features (Wang et al., One Policy to Dress Them All, RSS 2023). Vectors such as the pose and the
force scale and shift the head's layers (FiLM, Perez et al. 2018). Left out: local groups of points (PointNet++).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from embodied.spec import Spec

UNIT = 0.3  # [m]; distances to the gripper are told in it
FILM = 64  # width of the layer between the vectors and what they scale and shift


@runtime_checkable
class CloudConfig(Protocol):
    """What a config says of clouds."""

    @property
    def obs(self) -> tuple[str, ...]: ...
    @property
    def cloud(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def cloud_hidden(self) -> tuple[int, ...]: ...


CLOUD_FIELDS = ("cloud", "points", "cloud_hidden")


def check(config: CloudConfig) -> None:
    """ValueError if the config contradicts itself about clouds."""
    if config.points < 2:
        raise ValueError(f"points is {config.points}; a cloud has 2 or more, of which one is the gripper's")
    if not config.cloud_hidden or min(config.cloud_hidden) < 1:
        raise ValueError(f"cloud_hidden is {config.cloud_hidden}; give one or more widths, each >= 1")
    if config.cloud and config.cloud in config.obs:
        raise ValueError(f"observation {config.cloud!r} is named in cloud and in obs; leave it out of obs")


@dataclass(frozen=True)
class Cloud:
    """Which observation is the cloud, (points, 3 + classes), its last point the gripper's; how many points are seen."""

    name: str
    points: int

    def check(self, spec: Spec) -> None:
        """ValueError unless it is a cloud there, with no pictures beside it."""
        shape = spec.obs[self.name].shape
        if len(shape) != 2 or shape[0] < 2 or shape[1] < 3:
            raise ValueError(
                f"observation {self.name!r} has shape {shape}; a cloud has (points, 3 + classes), x, y and z [m] first "
                "and the gripper's point last"
            )
        if spec.cameras:
            raise ValueError(
                f"pictures {list(spec.cameras)} beside the cloud {self.name!r}; only vectors can join it, "
                "so leave the pictures out of obs"
            )

    def shape(self, spec: Spec) -> tuple[int, int]:
        """The shape of the network's input: all points, where there are fewer than are to be seen."""
        points, columns = spec.obs[self.name].shape
        return min(points, self.points), columns

    def seen(self, cloud: Float[Tensor, "n p d"]) -> Float[Tensor, "n q d"]:
        """Evenly chosen rows up to the last, x, y and z from the gripper's point in units of `UNIT`; classes as are."""
        points = min(cloud.shape[1], self.points)
        rows = torch.arange(points, device=cloud.device) * (cloud.shape[1] - 1) // (points - 1)
        chosen = cloud[:, rows]
        where = (chosen[..., :3] - chosen[:, -1:, :3]) / UNIT
        return torch.cat([where, chosen[..., 3:]], dim=2)


class _Largest(torch.autograd.Function):
    """`h.amax(1)`, several times as fast backwards on a CPU: equal points share the gradient, as there."""

    @staticmethod
    def forward(ctx: Any, h: Tensor) -> Tensor:
        largest = h.amax(1)
        ctx.save_for_backward(h, largest)
        return largest

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        h, largest = ctx.saved_tensors
        mark = torch.eq(h, largest[:, None], out=torch.empty_like(h))  # bytes first, and it takes thrice as long
        return mark.mul_((grads[0] / mark.sum(1))[:, None])


class Points(nn.Module):
    """The same layers at every point, and the largest of each feature over the cloud: (n, p, d) -> (n, 2 f)."""

    def __init__(self, columns: int, hidden: Sequence[int], actions: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise([columns + actions, *hidden]))
        self.columns = columns

    def forward(self, cloud: Float[Tensor, "n p d"], action: Float[Tensor, "n a"] | None = None) -> Tensor:
        """The gripper's features, then the cloud's."""
        first, *others = self.layers
        assert isinstance(first, nn.Linear)
        own = functional.linear(cloud, first.weight[:, : self.columns], first.bias)
        if action is not None:  # as if concatenated to each point, but multiplied once a cloud
            own = own + functional.linear(action, first.weight[:, self.columns :])[:, None]
        for layer in others:
            own = layer(torch.relu_(own))
        # The last ReLU after the maximum, with which it commutes.
        return torch.relu(torch.cat([own[:, -1], _Largest.apply(own)], dim=1))


class CloudTrunk(nn.Module):
    """`Trunk` for inputs of which the last is a cloud: the features at its last point, under FiLM of the vectors."""

    def __init__(
        self, shapes: Sequence[tuple[int, ...]], hidden: Sequence[int], points: Sequence[int], actions: int = 0
    ) -> None:
        super().__init__()
        *vectors, (_, columns) = shapes
        if not hidden or not points or any(len(shape) != 1 for shape in vectors):
            raise ValueError(
                f"inputs of shapes {list(shapes)} through layers {list(points)} at each point, {list(hidden)} at the "
                "gripper's; give vectors, then one cloud, and one or more of each layer"
            )
        self.points = Points(columns, points, actions)
        self.widths = list(hidden)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise([2 * points[-1], *hidden]))
        size = sum(shape[0] for shape in vectors)
        film = [nn.Linear(size, FILM), nn.ReLU(), nn.Linear(FILM, 2 * sum(hidden))] if size else []
        self.film = nn.Sequential(*film)

    def forward(self, x: Tensor | Sequence[Tensor], action: Tensor | None = None) -> Float[Tensor, "n f"]:
        """The cloud (n, p, d), or vectors (n, v) and it; with the action (n, a) at every point."""
        return self.head(self.encode(x, action), x)

    def encode(self, x: Tensor | Sequence[Tensor], action: Tensor | None = None) -> Float[Tensor, "n e"]:
        """What the points say, without the vectors."""
        return self.points(x if isinstance(x, Tensor) else x[-1], action)

    def head(self, features: Float[Tensor, "n e"], x: Tensor | Sequence[Tensor]) -> Float[Tensor, "n f"]:
        """From `encode` to the features at the gripper."""
        vectors = [] if isinstance(x, Tensor) else x[:-1]
        if not vectors:
            for layer in self.layers:
                features = torch.relu(layer(features))
            return features
        gains, shifts = self.film(torch.cat(list(vectors), dim=1)).chunk(2, dim=1)
        for layer, gain, shift in zip(
            self.layers, gains.split(self.widths, 1), shifts.split(self.widths, 1), strict=True
        ):
            features = torch.relu(torch.addcmul(shift, layer(features), 1 + gain))
        return features
