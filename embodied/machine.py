"""What this machine has, and what each missing thing costs; and whether our packages are ours."""

import ctypes.util
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIBLINGS = ("envs", "policies", "rewards", "real_robot")
EXTRAS = {
    "sim": ("pybullet", "no tabletop: bring a data set, or another gymnasium environment"),
    "dressing": ("mujoco", "no dressing: the tabletop works without"),
    "offline": ("d3rlpy", "no IQL; behaviour cloning works"),
    "vlm": ("openai", "no vision-language model can be asked; the simulated and the time-order teachers can"),
    "clip": ("open_clip", "neither clip nor roboclip can teach or reward"),
    "terminal": ("prompt_toolkit", "a person can answer by lines, not by single keys"),
    "local": ("transformers", "no vision-language model can be run in this process; an endpoint can be asked"),
    "interop": ("h5py", "robomimic and Minari files can neither be read nor written"),
}
KEYS = {
    "OPENAI_API_KEY": "no hosted model can be asked; a local endpoint that wants no key can",
    "OPENAI_BASE_URL": "questions go to api.openai.com unless an endpoint is named",
}
GIB = 2**30
MEMORY = 4 * GIB
DISK = 5 * GIB


@dataclass(frozen=True)
class Check:
    """One thing looked for: whether it is there, what was found, and what its absence costs (empty if nothing)."""

    name: str
    ok: bool
    found: str
    cost: str = ""


def doctor(folder: Path | None = None) -> list[Check]:
    """Every check, in the order to show them; `folder` is where runs would be written (default: the current one)."""
    return [
        _python(),
        _packages(),
        *_torch(),
        _cores(),
        _memory(),
        _disk(Path.cwd() if folder is None else folder),
        _graphics(),
        _codecs(),
        *_extras(),
        *_keys(os.environ),
    ]


def check_not_shadowed() -> None:
    """Raise ImportError unless `envs`, `policies`, `rewards` and `real_robot` are the packages of this project.

    The names are common ones, so that a folder of the same name beside a script, or on PYTHONPATH, comes first.
    """
    for name in SIBLINGS:
        ours, place = ROOT / name, _place(name)
        if not ours.is_dir() or place == ours:
            continue
        if place is None:
            raise ImportError(f"the package {name!r} in {ours} cannot be imported; install embodied-feedback again")
        raise ImportError(
            f"the package {name!r} is loaded from {place}, which shadows that of embodied-feedback in {ours}; "
            f"start from another folder, rename {place}, or take {place.parent} off PYTHONPATH"
        )


def _place(name: str) -> Path | None:
    """Where Python would import a top-level package from: its folder, or its file if it is a module."""
    spec = find_spec(name)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None


def _python() -> Check:
    return Check(
        "Python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "" if sys.version_info >= (3, 11) else "nothing here is tested below 3.11",
    )


def _packages() -> Check:
    try:
        check_not_shadowed()
    except ImportError as error:
        return Check("packages", False, str(error), "no command starts, as it would run somebody else's code")
    return Check("packages", True, str(ROOT))


def _torch() -> list[Check]:
    if find_spec("torch") is None:
        return [Check("torch", False, "not installed", "no reward or policy can be trained or run")]
    import torch

    version = Check("torch", True, str(torch.__version__))
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return [version, Check("GPU", True, f"CUDA: {names}")]
    if torch.backends.mps.is_available():
        return [version, Check("GPU", True, "MPS")]
    return [version, Check("GPU", False, "none", "training runs on the processor, image rewards and policies slowly")]


def _cores() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("CPU cores", cores > 1, str(cores), "" if cores > 1 else "collection and training take turns")


def _memory() -> Check:
    total = _total_memory()
    if total is None:
        return Check("memory", False, "unknown", "whether the demo fits (up to 4 GB) cannot be told")
    cost = "" if total >= MEMORY else "the demo needs up to 4 GB and may be killed"
    return Check("memory", total >= MEMORY, f"{total / GIB:.1f} GiB", cost)


def _total_memory() -> int | None:
    """Bytes of memory this process may use: the machine's, or less in a container."""
    found = []
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        found.append(int(text))
    return min(found, default=None)


def _disk(folder: Path) -> Check:
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free
    cost = "" if free >= DISK else "long recordings may fill it; a full disk stops a run, which then continues"
    return Check("free disk", free >= DISK, f"{free / GIB:.1f} GiB in {there}", cost)


def _graphics() -> Check:
    if platform.system() != "Linux":
        return Check("GL / EGL", True, "part of the system")
    found = [name for name in ("GL", "EGL", "OSMesa") if ctypes.util.find_library(name)]
    ok = "EGL" in found or "OSMesa" in found
    cost = "" if ok else "the tabletop draws without it; environments that draw with OpenGL need a display"
    return Check("GL / EGL", ok, ", ".join(found) or "none", cost)


def _codecs() -> Check:
    if find_spec("av") is None:
        return Check("video codecs", False, "PyAV is not installed", "no video can be read or written")
    from embodied.video import web_codecs

    found = web_codecs()
    return Check("video codecs", bool(found), ", ".join(found) or "none", "" if found else "reports have no video")


def _extras() -> list[Check]:
    checks = []
    for extra, (library, cost) in EXTRAS.items():
        there = find_spec(library) is not None
        found = library if there else f"no {library}: pip install 'embodied-feedback[{extra}]'"
        checks.append(Check(f"extra {extra}", there, found, "" if there else cost))
    return checks


def _keys(environment: Mapping[str, str]) -> list[Check]:
    """By name alone: no value is ever shown."""
    there = {name: bool(environment.get(name)) for name in KEYS}
    return [Check(name, ok, "set" if ok else "not set", "" if ok else KEYS[name]) for name, ok in there.items()]
