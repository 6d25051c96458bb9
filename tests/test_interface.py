"""What is exported, and which module may know which."""

import ast
import functools
import graphlib
import importlib.util
import inspect
import pathlib
import pydoc
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import test_docs
import test_errors
from needs import exhaustive, needs, sample

import surrofun as sf
from surrofun import shapes

ROOT = pathlib.Path(sf.__file__).parent
FILES = {p.relative_to(ROOT).with_suffix("").as_posix(): p for p in ROOT.rglob("*.py*") if p.suffix in (".py", ".pyi")}
TREES = {name: ast.parse(p.read_text()) for name, p in FILES.items()}


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


# What every public name promises: an example in its docstring, an error of its own, its result in the dtype of x, and
# the same result under every transformation. A new name fails until it has all four, or a text that says why not.

PUBLIC = {name: getattr(sf, name, None) or getattr(shapes, name) for name in (*sf.__all__, *shapes.__all__)}
S, KEY, POTENTIALS = shapes.sigmoid, jax.random.key(0), jnp.linspace(-1.0, 1.0, 101)
MADE = {  # a function of x that is made with it
    "antiderivative": sf.antiderivative(sf.asym(S, lambda x: jnp.exp(-jnp.abs(x)))),  # a part is searched for
    "area": lambda x: x * sf.area(sf.scale(S, height=2.0)).astype(x.dtype),
    "around": lambda x: x - sf.around(sf.shift(S, 0.5))[0][0].astype(x.dtype),
    "asym": sf.asym(S, shapes.atan),
    "bounds": lambda x: x / sf.bounds(S)[1].astype(x.dtype),
    "check": "measures, and returns texts and numbers",
    "combinator": sf.combinator(lambda x, g: g(-x))(S),
    "derivative": sf.derivative(jnp.tanh),
    "describe": sf.parse(sf.describe(sf.scale(S, 2.0))),
    "escape": lambda x: 0 * x + sf.escape(S, KEY)(POTENTIALS).mean().astype(x.dtype),  # draws for each shape of x
    "fit_alpha": sf.scale(S, sf.fit_alpha(S, POTENTIALS, 0.5)),
    "flow": lambda x: x * sf.flow(S, POTENTIALS)["mean"].astype(x.dtype),
    "heaviside": sf.heaviside(at_zero=0.5),
    "lookup": sf.lookup("sigmoid"),
    "make_spike": sf.make_spike(S),
    "mix": sf.mix(S, shapes.atan),
    "names": sf.lookup(sf.names()[0]),
    "normalize": sf.normalize(S, area=2.0),
    "parse": sf.parse("scale(sigmoid, 2.0)"),
    "register": "gives a name, and returns what it was given",
    "report": "returns a text",
    "sampled": sf.make_spike(shapes.straight_through, residual=sf.sampled(KEY)),
    "scale": sf.scale(S, 2.0),
    "shape": sf.shape(lambda x: jnp.exp(-jnp.abs(x))),
    "shapes": S,
    "shift": sf.shift(S, 0.5),
    "sign": sf.sign(),
    "staircase": sf.staircase(3),
    "ternary": sf.ternary(threshold=0.5),
    **{name: getattr(shapes, name) for name in shapes.__all__},
}
REFUSES = {  # those whose errors are not in the tables of test_errors.py
    "check": "tells faults as its result: test_checks.py",
    "names": "takes nothing",
    "shapes": "a module: test_first_hour.py, of names from elsewhere",
    "register": "test_registry.py",
}
COMPUTED = [name for name, f in MADE.items() if callable(f)]


def refusals(name):
    """The calls in the tables of errors in which this name complains; a step or a shape refuses a strange keyword."""
    if name in {"heaviside", "sign", "ternary", *shapes.__all__}:
        with pytest.raises(TypeError, match=rf"^{name}: takes \(.*\), got an unexpected keyword argument 'nothing'$"):
            MADE[name](nothing=1.0)
        return ["nothing=1.0"]
    rows = [row.values for row in test_errors.rows(test_errors.ERRORS)]
    in_table = [call for call, error in rows if error.split(": ")[1] == name or call.startswith(f"{name}(")]
    return in_table + [call for call in test_errors.TAKE_A_SHAPE if call.startswith(f"{name}(")]


@pytest.mark.parametrize(("name", "value"), PUBLIC.items(), ids=PUBLIC)
def test_every_public_name_has_what_is_promised(name, value):
    assert value.__name__.rsplit(".")[-1] == name
    assert len(value.__doc__.strip()) > 40
    assert ">>>" in value.__doc__ or name == "shapes"
    assert refusals(name) or REFUSES[name]
    assert MADE[name]


def test_nothing_else_is_in_the_table():
    assert MADE.keys() == PUBLIC.keys()


@pytest.mark.parametrize("name", ["surrofun", "surrofun.shapes", "surrofun.residuals", "surrofun.plot", *PUBLIC])
def test_help_fits_80_columns_and_shows_no_address(name):
    if name == "surrofun.plot":
        needs("matplotlib")
    public = PUBLIC[name] if name in PUBLIC else importlib.import_module(name)
    text = pydoc.render_doc(public, "Help on %s:", renderer=pydoc.plaintext).partition("\nFILE\n")[0]
    one_line = "make_spike(grad_fn=None, *, step=" if sys.version_info < (3, 13) else "\n"  # pydoc did not wrap it
    assert [line for line in text.splitlines() if len(line) > 80 and one_line not in line] == []
    assert not re.search(r" at 0x|functools\.partial\(", text)


def test_help_shows_the_step_of_a_spike_by_its_name():
    parameters = "grad_fn=None, *, step=heaviside, residual=None, forward_mode=False, learnable=False, **parameters"
    assert str(inspect.signature(sf.make_spike)) == f"({parameters})"
    assert sf.make_spike.__kwdefaults__["step"] is sf.heaviside
    assert sf.make_spike.__annotations__["learnable"] == "bool"


def both(f, x):
    z, pull = jax.vjp(f, x)
    return z, pull(jnp.ones_like(z))[0]


@sample
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_results_have_the_dtype_and_the_shape_of_x(dtype, x64):
    x = jax.ShapeDtypeStruct((2, 3), dtype)
    for name in COMPUTED:
        z, dx = jax.eval_shape(functools.partial(both, MADE[name]), x)
        assert (z.shape, z.dtype, dx.shape, dx.dtype) == ((2, 3), dtype, (2, 3), dtype), name


X = jnp.array([-1.5, -0.25, 0.125, 0.75])


def within(f, x):
    """Under jit of scan of vmap of checkpoint; the value without a derivative."""
    f = jax.checkpoint(f)
    return jax.lax.scan(lambda _, row: (None, jax.vmap(lambda x: (f(x), both(f, x)[1]))(row)), None, x)[1]


@exhaustive
def test_results_are_the_same_under_every_transformation():
    """All results, of one program."""
    transformed = jax.jit(lambda x: {name: within(MADE[name], x) for name in COMPUTED})(X.reshape(2, 2))
    for name, results in transformed.items():
        for result, expected in zip(results, both(MADE[name], X), strict=True):
            np.testing.assert_allclose(result.ravel(), expected, rtol=1e-6, atol=1e-6, err_msg=name)


# Which module may know which


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
    optional = {"surrofun.plot"} if importlib.util.find_spec("matplotlib") is None else set()
    lines = [f"import {name}" for name in test_docs.MODULES if name not in optional]
    code = "\n".join(["import warnings, jax, jax.numpy", "warnings.simplefilter('error')", *lines])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
