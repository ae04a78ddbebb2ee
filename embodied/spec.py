"""What an environment, a data set or a robot offers, and whether one can stand in for another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import numpy as np

IMAGE_RANK = 3


@dataclass(frozen=True, eq=False)
class ArraySpec:
    """Shape, dtype, bounds (scalars or arrays; infinite where there is none) and unit of one array."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: Any = -np.inf
    high: Any = np.inf
    unit: str = ""

    def __post_init__(self) -> None:
        np.dtype(self.dtype)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        low, high = (np.broadcast_to(np.asarray(b, np.float64), self.shape) for b in (self.low, self.high))
        if np.isnan(low).any() or np.isnan(high).any() or (low > high).any():
            raise ValueError(f"bounds [{self.low}, {self.high}] are not an interval; give low <= high")
        if np.issubdtype(np.dtype(self.dtype), np.integer):
            info = np.iinfo(self.dtype)
            low, high = np.asarray(np.maximum(low, info.min)), np.asarray(np.minimum(high, info.max))
        elif self.dtype == "bool":
            low, high = np.asarray(np.maximum(low, 0)), np.asarray(np.minimum(high, 1))
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def is_image(self) -> bool:
        """True of an (H, W, C) picture of bytes, C being 1, 3 or 4."""
        return self.dtype == "uint8" and len(self.shape) == IMAGE_RANK and self.shape[-1] in (1, 3, 4)

    def check(self, value: np.ndarray, name: str = "value") -> None:
        """Raise ValueError naming `name` unless the value has this shape, dtype and range, without NaN."""
        value = np.asarray(value)
        if value.shape != self.shape:
            raise ValueError(f"{name} has shape {value.shape}, wanted {self.shape}")
        if value.dtype != np.dtype(self.dtype):
            raise ValueError(f"{name} has dtype {value.dtype}, wanted {self.dtype}")
        if np.issubdtype(value.dtype, np.floating) and np.isnan(value).any():
            raise ValueError(f"{name} holds NaN")
        if (value < self.low).any() or (value > self.high).any():
            raise ValueError(f"{name} leaves its bounds [{self.low.min():g}, {self.high.max():g}]: {value}")

    def generate(self, rng: np.random.Generator) -> np.ndarray:
        """A value that passes `check`."""
        low = np.where(np.isfinite(self.low), self.low, np.where(np.isfinite(self.high), self.high - 1, -1))
        high = np.where(np.isfinite(self.high), self.high, low + 1)
        value = low + (high - low) * rng.random(self.shape)
        if not np.issubdtype(np.dtype(self.dtype), np.floating):
            value = np.rint(value)
        return np.asarray(np.clip(value.astype(self.dtype), self.low, self.high), self.dtype)

    def difference(self, other: "ArraySpec") -> str:
        """How `other` fails to stand in for this, in words; empty if it does not fail."""
        if self.shape != other.shape:
            return f"has shape {other.shape}, wanted {self.shape}"
        if self.dtype != other.dtype:
            return f"has dtype {other.dtype}, wanted {self.dtype}"
        if self.unit and other.unit and self.unit != other.unit:
            return f"is in {other.unit}, wanted {self.unit}"
        if not (np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)):
            return (
                f"has bounds [{other.low.min():g}, {other.high.max():g}], "
                f"wanted [{self.low.min():g}, {self.high.max():g}]"
            )
        return ""

    def to_json(self) -> dict[str, Any]:
        """Plain data; infinite bounds become None."""

        def bound(array: np.ndarray) -> Any:
            if array.size and (array == array.flat[0]).all():
                return float(array.flat[0]) if np.isfinite(array.flat[0]) else None
            return [float(v) if np.isfinite(v) else None for v in array.ravel()]

        return {
            "shape": list(self.shape),
            "dtype": self.dtype,
            "low": bound(self.low),
            "high": bound(self.high),
            "unit": self.unit,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        shape = tuple(data["shape"])

        def bound(value: Any, none: float) -> Any:
            if isinstance(value, list):
                return np.array([none if v is None else v for v in value]).reshape(shape)
            return none if value is None else value

        return cls(shape, data["dtype"], bound(data["low"], -np.inf), bound(data["high"], np.inf), data["unit"])


@dataclass(frozen=True, eq=False)
class Spec:
    """Named observations, an action, and the rate [Hz] at which one is exchanged for the other."""

    obs: Mapping[str, ArraySpec]
    action: ArraySpec
    hz: float
    robot: str = field(default="")

    def __post_init__(self) -> None:
        if not self.hz > 0:
            raise ValueError(f"hz is {self.hz}; it must be positive")
        if len(self.action.shape) != 1:
            raise ValueError(f"action has shape {self.action.shape}; actions are vectors")
        object.__setattr__(self, "obs", MappingProxyType(dict(self.obs)))

    @property
    def cameras(self) -> tuple[str, ...]:
        """The observations that are pictures."""
        return tuple(name for name, array in self.obs.items() if array.is_image)

    def check(self, obs: Mapping[str, np.ndarray]) -> None:
        """Raise ValueError naming the first observation that is missing or wrong."""
        for name, array in self.obs.items():
            if name not in obs:
                raise ValueError(f"no observation {name!r}; it offers {sorted(obs)}")
            array.check(obs[name], f"observation {name!r}")

    def generate(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Observations that pass `check`."""
        return {name: array.generate(rng) for name, array in self.obs.items()}

    def differences(self, other: "Spec") -> list[str]:
        """Why `other` cannot stand in for this, one sentence each; empty iff it can. It may offer more."""
        found = []
        for name, array in self.obs.items():
            if name not in other.obs:
                found.append(f"no observation {name!r}; it offers {sorted(other.obs)}")
            elif problem := array.difference(other.obs[name]):
                found.append(f"observation {name!r} {problem}")
        if problem := self.action.difference(other.action):
            found.append(f"action {problem}")
        if self.hz != other.hz:
            found.append(f"runs at {other.hz} Hz, wanted {self.hz}")
        return found

    def restricted(self, names: tuple[str, ...]) -> Self:
        """The same with only these observations, in this order."""
        missing = [name for name in names if name not in self.obs]
        if missing:
            raise ValueError(f"no observation {missing[0]!r}; it offers {sorted(self.obs)}")
        return type(self)({name: self.obs[name] for name in names}, self.action, self.hz, self.robot)

    @classmethod
    def from_space(cls, observation: Any, action: Any, hz: float, robot: str = "") -> Self:
        """From gymnasium spaces: a Box, or a Dict of Boxes and Discretes; a lone Box is named 'state'."""
        from gymnasium import spaces

        def array(space: Any) -> ArraySpec:
            if isinstance(space, spaces.Box):
                return ArraySpec(space.shape, str(space.dtype), space.low, space.high)
            if isinstance(space, spaces.Discrete):
                return ArraySpec((), str(space.dtype), int(space.start), int(space.start + space.n - 1))
            raise ValueError(f"cannot describe the space {space}; wrap it into a Box or a Dict of Boxes")

        if not isinstance(action, spaces.Box):
            raise ValueError(f"the action space is {action}; only a Box of continuous actions is supported")
        named = observation.spaces if isinstance(observation, spaces.Dict) else {"state": observation}
        return cls({name: array(space) for name, space in named.items()}, array(action), hz, robot)

    def to_space(self) -> tuple[Any, Any]:
        """The gymnasium observation (a Dict) and action (a Box) spaces."""
        from gymnasium import spaces

        def box(a: ArraySpec) -> Any:
            dtype: Any = np.dtype(a.dtype).type
            return spaces.Box(a.low.astype(dtype), a.high.astype(dtype), a.shape, dtype)

        return spaces.Dict({name: box(array) for name, array in self.obs.items()}), box(self.action)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "obs": {name: array.to_json() for name, array in self.obs.items()},
            "action": self.action.to_json(),
            "hz": self.hz,
            "robot": self.robot,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        obs = {name: ArraySpec.from_json(array) for name, array in data["obs"].items()}
        return cls(obs, ArraySpec.from_json(data["action"]), data["hz"], data.get("robot", ""))
