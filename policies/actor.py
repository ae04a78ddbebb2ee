"""The saved actor: a spec, normalisers and a network whose mean action is a tanh.

It holds all that acting takes: observations come in as the spec says, actions leave in the spec's units and inside
its bounds. Fitted by IQL or by behaviour cloning, it looks the same.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from safetensors.torch import load_file
from torch import Tensor, nn

from embodied.batches import Normaliser, Transitions, device_of, small
from embodied.spec import Spec
from embodied.training import prefixed, seeded, under, write_json, write_tensors
from policies.encoders import trunk
from policies.pointcloud import Cloud, CloudTrunk

SCHEMA = 1
NEWER = 2  # the schema of a policy that sees a cloud, or holds its actions: older programs must refuse it
LOG_STD = (-5.0, 2.0)


class ActorOutput(NamedTuple):
    """A Gaussian over normalised actions."""

    mean: Float[Tensor, "n a"]
    log_std: Float[Tensor, "1 a"]


class Actor(nn.Module):
    """Inputs -> a Gaussian with a tanh mean and a spread that does not depend on the inputs."""

    def __init__(
        self, shapes: Sequence[tuple[int, ...]], actions: int, hidden: Sequence[int], points: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.encoder = trunk(shapes, hidden, points)
        self.mu = nn.Linear(hidden[-1], actions)
        self.logstd = nn.Parameter(torch.zeros(1, actions))

    def forward(self, x: Tensor | Sequence[Tensor]) -> ActorOutput:
        low, high = LOG_STD
        return ActorOutput(torch.tanh(self.mu(self.encoder(x))), low + torch.sigmoid(self.logstd) * (high - low))


def filled(
    shapes: Sequence[tuple[int, ...]],
    actions: int,
    hidden: Sequence[int],
    tensors: Mapping[str, Tensor],
    points: Sequence[int] = (),
) -> Actor:
    """An actor with these parameters; `points` are the widths at each point of a cloud."""
    with seeded(0):  # what it starts from is overwritten; the global generator shall not notice
        actor = Actor(shapes, actions, hidden, points)
    actor.load_state_dict(tensors)
    return actor


@dataclass(frozen=True)
class Interface:
    """How named observations become a network's inputs, and its outputs actions.

    The first input is every low-dimensional observation in the spec's order, flattened, joined and normalised (left
    out if there is none); then each camera's bytes, averaged down to `size` pixels, or the cloud as `Cloud.seen`.
    """

    spec: Spec
    state: Normaliser
    action: Normaliser
    size: int | None = None
    cloud: Cloud | None = None
    hold: int = 1
    """Each action is carried out so many times."""

    @classmethod
    def of(
        cls,
        data: Transitions,
        *,
        normalise: bool = True,
        span: Literal["mean-std", "min-max"] = "mean-std",
        size: int | None = None,
        cloud: Cloud | None = None,
        hold: int = 1,
    ) -> Self:
        """Measured on the data; actions by the spec's bounds where they are finite, else by the data's range.

        `span` says how states are normalised: to mean 0 and standard deviation 1, or onto [-1, 1].
        """
        spec = data.spec
        rows = _flat({name: data.obs[name] for name in vectors(spec, cloud)}, len(next(iter(data.obs.values()))))
        measured = normalise and rows.shape[1] > 0
        state = Normaliser.from_data(rows.cpu(), span) if measured else Normaliser.identity(rows.shape[1])
        low, high = torch.tensor(spec.action.low), torch.tensor(spec.action.high)
        bounded = torch.isfinite(low) & torch.isfinite(high)
        low = torch.where(bounded, low, data.action.cpu().amin(0).double())
        high = torch.where(bounded, high, data.action.cpu().amax(0).double())
        return cls(spec, state, Normaliser.from_bounds(low, high), size, cloud, hold)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each input, without the batch."""
        cameras = [self.spec.obs[name].shape for name in self.spec.cameras]
        pictures = [shape if self.size is None else (self.size, self.size, shape[2]) for shape in cameras]
        state = [(len(self.state.offset),)] if len(self.state.offset) else []
        return (*state, *pictures, *([self.cloud.shape(self.spec)] if self.cloud else []))

    def inputs(self, obs: Mapping[str, Shaped[Tensor, "n ..."]]) -> tuple[Tensor, ...]:
        """Observations, batch first, as the network wants them."""
        pictures = [small(obs[name], self.size) for name in self.spec.cameras]
        clouds = [self.cloud.seen(obs[self.cloud.name])] if self.cloud else []
        if not len(self.state.offset):
            return (*pictures, *clouds)
        flat = _flat({name: obs[name] for name in vectors(self.spec, self.cloud)})
        return (self.state.apply(flat), *pictures, *clouds)

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return replace(self, state=self.state.to(device), action=self.action.to(device))


def vectors(spec: Spec, cloud: Cloud | None = None) -> tuple[str, ...]:
    """The observations that are neither pictures nor the cloud."""
    others = {*spec.cameras, *([cloud.name] if cloud else [])}
    return tuple(name for name in spec.obs if name not in others)


def _flat(arrays: Mapping[str, Tensor], rows: int = 0) -> Float[Tensor, "n d"]:
    if not arrays:
        return torch.zeros(rows, 0)
    return torch.cat([array.reshape(len(array), -1) for array in arrays.values()], dim=1)


class ActorPolicy:
    """An actor that takes named observations and gives actions in the robot's units."""

    def __init__(self, interface: Interface, actor: Actor, about: Mapping[str, Any], device: str = "cpu") -> None:
        self.device = device_of(device)
        self.interface = interface.to(self.device)
        self.actor = actor.to(self.device).eval()
        self.about = dict(about)
        self._low = torch.tensor(interface.spec.action.low, dtype=torch.float32, device=self.device)
        self._high = torch.tensor(interface.spec.action.high, dtype=torch.float32, device=self.device)

    @property
    def spec(self) -> Spec:
        """What it needs to see, and what it gives."""
        return self.interface.spec

    def reset(self, task: str) -> None:
        """Nothing is remembered between actions."""

    def act(self, obs: Mapping[str, Shaped[np.ndarray, "n ..."]]) -> Float32[np.ndarray, "n h a"]:
        """The mean action for every row, inside the spec's bounds. ValueError names what is wrong with `obs`."""
        arrays = as_tensors(self.spec, obs, self.device)
        with torch.no_grad():
            mean = self.actor(self.interface.inputs(arrays)).mean
            action = torch.clamp(self.interface.action.invert(mean), self._low, self._high)
        return action.cpu().numpy()[:, None, :].repeat(self.interface.hold, axis=1)

    def save(self, folder: Path) -> None:
        """`policy.safetensors`, then `policy.json`, which says that the policy is complete."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "policy.safetensors"
        face = self.interface
        tensors = {
            **prefixed("actor", self.actor.state_dict()),
            **prefixed("state", face.state.tensors()),
            **prefixed("action", face.action.tensors()),
        }
        write_tensors(path, tensors)
        layers = [module.out_features for module in self.actor.encoder.layers if isinstance(module, nn.Linear)]
        head = {"schema": SCHEMA, "kind": "actor", "spec": face.spec.to_json(), "hidden": layers, "size": face.size}
        if face.cloud:
            assert isinstance(self.actor.encoder, CloudTrunk)
            widths = [layer.out_features for layer in self.actor.encoder.points.layers if isinstance(layer, nn.Linear)]
            head |= {"schema": NEWER, "cloud": {**asdict(face.cloud), "hidden": widths}}
        if face.hold > 1:
            head |= {"schema": NEWER, "hold": face.hold}
        write_json(folder / "policy.json", {**head, "sha256": digest(path), "trained": self.about})


def load(folder: Path, device: str = "cpu") -> ActorPolicy:
    """The inverse of `ActorPolicy.save`."""
    head = json.loads((folder / "policy.json").read_text())
    if head.get("schema") not in (SCHEMA, NEWER):
        reads = f"{SCHEMA} and {NEWER}"
        raise ValueError(f"{folder}/policy.json has schema {head.get('schema')}, this program reads {reads}")
    path = folder / "policy.safetensors"
    if digest(path) != head["sha256"]:
        raise ValueError(f"{path} is not the file that policy.json describes; it was changed or cut; train again")
    tensors = load_file(path)
    spec = Spec.from_json(head["spec"])
    state, action = (Normaliser.from_tensors(under(name, tensors)) for name in ("state", "action"))
    told = head.get("cloud")
    cloud = Cloud(told["name"], told["points"]) if told else None
    interface = Interface(spec, state, action, head["size"], cloud, head.get("hold", 1))
    points = told["hidden"] if told else ()
    actor = filled(interface.shapes, spec.action.shape[0], head["hidden"], under("actor", tensors), points)
    return ActorPolicy(interface, actor, head["trained"], device)


def as_tensors(spec: Spec, obs: Mapping[str, np.ndarray], device: torch.device) -> dict[str, Tensor]:
    """What a policy sees, as tensors on the device. ValueError names what is wrong with `obs`."""
    found: dict[str, Tensor] = {}
    for name, box in spec.obs.items():
        if name not in obs:
            raise ValueError(f"no observation {name!r}; it offers {sorted(obs)}")
        array = np.asarray(obs[name])
        if array.shape[1:] != box.shape or array.ndim != len(box.shape) + 1:
            raise ValueError(f"observation {name!r} has shape {array.shape}, wanted (n, {_join(box.shape)})")
        if box.is_image and array.dtype != np.uint8:
            raise ValueError(f"observation {name!r} has dtype {array.dtype}, wanted uint8")
        if not box.is_image and not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0][0])
            raise ValueError(f"observation {name!r} holds NaN or infinity, first in row {row}")
        rows = {len(tensor) for tensor in found.values()}
        if rows and len(array) not in rows:
            raise ValueError(f"observation {name!r} has {len(array)} rows, the others {rows.pop()}")
        dtype = torch.uint8 if box.is_image else torch.float32
        found[name] = torch.tensor(array, dtype=dtype, device=device)
    return found


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _join(shape: Sequence[int]) -> str:
    return ", ".join(map(str, shape))
