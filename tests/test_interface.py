"""What is exported, and which module may know which."""

import ast
import graphlib
import importlib.util
import pathlib
import subprocess
import sys
from typing import Any

import pytest

import surrofun
from surrofun import shapes

ROOT = pathlib.Path(surrofun.__file__).parent
FILES = {p.relative_to(ROOT).with_suffix("").as_posix(): p for p in ROOT.rglob("*.py*") if p.suffix in (".py", ".pyi")}
TREES = {name: ast.parse(p.read_text()) for name, p in FILES.items()}
EXPORTS = {
    f"{module.__name__}.{name}": value
    for module in (surrofun, shapes)
    for name, value in vars(module).items()
    if not name.startswith("_") and callable(value) and value is not Any
}


def imported(name):
    """The modules of surrofun that a module imports, anywhere in it, and the names from outside."""
    inside, outside = set(), set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            outside |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            outside |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            folder = pathlib.PurePosixPath(name).parents[node.level - 1]
            base = folder.joinpath(*(node.module or "").split("."))
            for alias in node.names:
                places = (base / alias.name, base / alias.name / "__init__", base, base / "__init__")
                inside.add(next(str(place) for place in places if str(place) in TREES))
    return inside, outside


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_is_documented_and_named(name):
    value = EXPORTS[name]
    assert value.__name__ == name.rsplit(".")[-1]
    assert len(value.__doc__.strip()) > 40
    assert ">>>" in value.__doc__


def test_exports():
    wanted = (
        "antiderivative area around asym bounds check combinator derivative describe escape fit_alpha flow heaviside "
        "lookup make_spike mix names normalize parse register report sampled scale shape shapes shift sign staircase "
        "ternary"
    )
    imports = [node for node in TREES["__init__"].body if isinstance(node, ast.ImportFrom) and node.level]
    assert {alias.asname for node in imports for alias in node.names} == set(wanted.split())
    first = "straight_through rectangle triangle cosine laplace sigmoid gaussian atan superspike"
    assert set(first.split()) <= set(vars(shapes))


def test_no_class_but_the_registry():
    classes = [n for n, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert set(classes) <= {"registry", "core/types"}  # the latter for type checkers alone


TOP = {"cli", "__main__", "__init__"}
WORDS = TOP | {"tools", "plot", "registry", "expressions"}  # which look at shapes and spikes, or name them
PARTS = {"spike", "combinators", "shapes", "steps", "residuals", "calculus"}
ABOVE = {  # what no module of a room may import
    "core": PARTS | WORDS | {"search"},
    "search": PARTS | WORDS,
    "calculus": PARTS | WORDS,
    "shapes": PARTS | WORDS,
    "combinators": (PARTS - {"calculus"}) | WORDS,
    "residuals": (PARTS - {"calculus"}) | WORDS,
    "steps": (PARTS - {"calculus"}) | WORDS,
    "spike": {"combinators", "shapes"} | WORDS,
    "registry": TOP | {"spike", "tools", "plot", "expressions"},
    "expressions": TOP | {"spike", "tools", "plot"},
    "tools": TOP | {"plot"},
    "plot": TOP,
    "cli": {"__main__"},
}


def test_every_room_is_known():
    assert {name.split("/")[0] for name in TREES} == {*ABOVE, "__init__", "__main__"}


def test_imports_point_down():
    graph = {name: imported(name)[0] for name in TREES}
    assert graph["spike"]
    assert "core/shape" in graph["shapes/power"]
    graphlib.TopologicalSorter(graph).prepare()  # raises where there is a cycle
    rooms = {name: {m.split("/")[0] for m in modules} for name, modules in graph.items()}
    for name, uses in rooms.items():
        room = name.split("/")[0]
        assert not uses & ABOVE.get(room, set()) - {room}, name


def test_nothing_private_or_deprecated_of_jax():
    for name in TREES:
        outside = imported(name)[1]
        assert not [m for m in outside if "._" in m or m.startswith("surrofun")], name
    assert not [n for n, tree in TREES.items() if "_src" in {getattr(node, "attr", "") for node in ast.walk(tree)}]
    optional = {"plot"} if importlib.util.find_spec("matplotlib") is None else set()
    modules = [
        n.replace("/", ".").removesuffix("__init__").strip(".")
        for n, file in FILES.items()
        if file.suffix == ".py" and n not in {"__main__", *optional}
    ]
    lines = [f"import {'.'.join(filter(None, ('surrofun', m)))}" for m in modules]
    code = "\n".join(["import warnings, jax, jax.numpy", "warnings.simplefilter('error')", *lines])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
