"""What a machine has is said, what is missing has its cost, and a folder that shadows ours is named."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from embodied.machine import SIBLINGS, Check, check_not_shadowed, doctor

ROOT = Path(__file__).parents[1]
module = import_module("embodied.machine")


@pytest.fixture(scope="module")
def checks():
    return doctor(ROOT)


def test_every_missing_thing_has_a_cost_and_no_other(checks):
    assert all(bool(check.cost) != check.ok for check in checks)
    assert all(check.name and check.found for check in checks)
    assert len({check.name for check in checks}) == len(checks)


def test_the_checks_cover_what_a_run_needs(checks):
    names = {check.name for check in checks}
    assert {"Python", "packages", "torch", "GPU", "CPU cores", "memory", "free disk", "GL / EGL"} <= names
    assert {"video codecs", "OPENAI_API_KEY", *(f"extra {name}" for name in module.EXTRAS)} <= names
    assert {"sim", "offline", "vlm", "clip", "terminal", "interop"} <= set(module.EXTRAS)


def test_no_value_of_a_key_is_ever_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-value")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:hidden@host/v1")
    shown = repr(doctor())
    assert "very-secret" not in shown
    assert "hidden" not in shown
    assert Check("OPENAI_API_KEY", True, "set") in doctor()


def test_an_empty_key_is_not_set(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "")
    (check,) = [check for check in doctor() if check.name == "OPENAI_API_KEY"]
    assert (check.ok, check.found) == (False, "not set")


def test_a_missing_extra_names_the_way_to_install_it(monkeypatch):
    real = module.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name in {"pybullet", "torch", "av"} else real(name))
    found = {check.name: check for check in doctor()}
    assert found["extra sim"].found == "no pybullet: pip install 'embodied-feedback[sim]'"
    assert "no tabletop" in found["extra sim"].cost
    assert not found["torch"].ok
    assert not found["video codecs"].ok


def test_extras_are_looked_for_without_importing_them():
    code = (
        "import sys\nfrom embodied.machine import _extras, check_not_shadowed\n_extras()\ncheck_not_shadowed()\n"
        "print([m for m in ('torch', 'pybullet', 'd3rlpy', 'openai', 'h5py', 'numpy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_memory_and_disk_below_what_is_needed_cost_something(monkeypatch):
    monkeypatch.setattr(module, "_total_memory", lambda: 2 * 2**30)
    assert module._memory() == Check("memory", False, "2.0 GiB", "the demo needs up to 4 GB and may be killed")
    monkeypatch.setattr(module, "DISK", 2**80)
    assert not module._disk(ROOT / "not" / "there").ok


def test_our_own_packages_are_not_shadowed():
    check_not_shadowed()


@pytest.mark.parametrize("name", SIBLINGS)
@pytest.mark.parametrize("form", ["folder", "file"])
def test_what_shadows_a_package_is_named(tmp_path, name, form):
    culprit = tmp_path / name if form == "folder" else tmp_path / f"{name}.py"
    if form == "folder":
        culprit.mkdir()
        (culprit / "__init__.py").write_text("")
    else:
        culprit.write_text("")
    code = f"import sys; sys.path.append({str(ROOT)!r})\nfrom embodied.machine import check_not_shadowed as f; f()"
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert f"the package {name!r} is loaded from {culprit.resolve()}, which shadows" in found.stderr
    assert f"take {tmp_path.resolve()} off PYTHONPATH" in found.stderr


def test_a_check_reports_shadowing_rather_than_failing(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_place", lambda name: tmp_path / name)
    (check,) = [check for check in doctor() if check.name == "packages"]
    assert not check.ok
    assert str(tmp_path / "envs") in check.found
