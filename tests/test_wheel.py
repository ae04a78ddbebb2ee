"""What is installed is whole: the wheel imports in an empty environment and carries its types."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("embodied", "envs", "policies", "rewards", "real_robot")


@pytest.mark.slow
def test_the_wheel_imports_in_an_empty_environment(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for package in PACKAGES:
        assert f"{package}/py.typed" in inside
    for path in (p.relative_to(ROOT) for name in PACKAGES for p in (ROOT / name).rglob("*.py")):
        assert str(path) in inside
    empty = tmp_path / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    site = next((empty / "lib").glob("python*")) / "site-packages"
    zipfile.ZipFile(wheel).extractall(site)
    for package in PACKAGES:
        code = f"import {package}; print({package}.__file__)"
        shown = subprocess.run(
            [str(empty / "bin" / "python"), "-I", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert str(site) in shown.stdout
