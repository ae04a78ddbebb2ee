"""Imports point inwards: everybody imports `embodied`, no sibling imports another, and the core needs only Python."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SIBLINGS = ("envs", "policies", "rewards", "real_robot")
PACKAGES = ("embodied", *SIBLINGS)


def imported(path: Path) -> set[str]:
    """Top-level names of every package that a file imports anywhere, function bodies included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_a_sibling(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        others = imported(path) & set(SIBLINGS) - {package}
        assert not others, f"{path} imports {sorted(others)}; siblings meet in data"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_with_the_standard_library_alone(package):
    heavy = "{'torch', 'numpy'} & set(sys.modules)"
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {package}; print({heavy})"
    shown = subprocess.run([sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_nothing_is_executed_or_unpickled():
    forbidden = {"exec", "eval", "compile", "__import__"}
    for path in sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py")):
        tree = ast.parse(path.read_text())
        assert not imported(path) & {"pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}, path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, f"{path}:{node.lineno} calls {node.func.id}"
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "torch":
                assert node.attr not in {"load", "save"}, f"{path}:{node.lineno} pickles through torch.{node.attr}"


def test_no_file_is_two_ideas():
    long = {
        p: n for name in PACKAGES for p in (ROOT / name).rglob("*.py") if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long


def test_every_module_says_what_it_is():
    for path in sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py")):
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"
