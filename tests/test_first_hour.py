"""What a newcomer is told: names from other libraries, wrong turns, and what the package shows."""

import ast
import functools
import importlib.util
import inspect
import os
import pathlib
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import needs
from rosetta import LEFT_OUT, ROWS
from transcript import assert_raises, rows

import surrofun
from surrofun import antiderivative, escape, make_spike, parse, scale, shape, shapes
from surrofun.__main__ import main
from surrofun.shapes.elsewhere import answers, meaning

README = pathlib.Path(__file__).parent.parent / "README.md"


# Where people come from: every answer is compared with the Rosetta table.

NO_EQUAL = " has no equal: "
X = np.concatenate([np.random.default_rng(7).uniform(-6, 6, 500), [-300.3, -1e-9, 1e-9, 300.3]])
NAMES = {**vars(shapes), **vars(surrofun), "pi": np.pi, "sqrt": np.sqrt}


@functools.cache
def slopes(expression, *parameters):
    """Return the slopes of an answer, or of an expression of the Rosetta table with its parameters."""
    g = eval(expression, NAMES, dict(parameters)) if parameters else parse(expression)
    return g(jnp.asarray(X[X < 6] if "escape" in expression else X))


def parts(answer):
    """Return (call, parameters, libraries, expression) of an answer; without an equal, there is no expression."""
    call, _, rest = answer.partition(" of ")
    libraries, _, expression = rest.partition(NO_EQUAL if NO_EQUAL in answer else " is ")
    call, _, arguments = call.partition("(")
    parameters = {name: ast.literal_eval(value) for name, value in re.findall(r"(\w+)=([^,)]+)", arguments)}
    libraries = libraries.partition(" 1.1.0")[0].lower().split(" and ")
    return call, parameters, libraries, None if NO_EQUAL in answer else expression


def agrees(row, library, answer):
    """Say whether an answer is about this call of the library, with its defaults, and has its slopes."""
    call, parameters, _, expression = answer
    if row[0].removesuffix("-head") != library or not re.match(rf"{re.escape(call)}\b", row[1]):
        return False
    defaults = {name: values[0] for name, values in row[2].items()}
    if any(defaults.get(name, value) != value for name, value in parameters.items()):
        return False
    got, want = slopes(expression), slopes(row[3], *defaults.items())
    return got.shape == want.shape and np.allclose(got, want, rtol=1e-12, atol=1e-12)


ANSWERS = [parts(answer) for _, answer in answers()]


@pytest.mark.usefixtures("x64")
def test_every_answer_is_right_and_every_callable_of_the_field_is_answered():
    answered = set()
    for answer in ANSWERS:
        for library in answer[2] if answer[3] else ():
            right = {i for i, row in enumerate(ROWS) if agrees(row, library, answer)}
            assert right, answer
            answered |= right
    assert [row[:2] for i, row in enumerate(ROWS) if i not in answered] == []


def test_what_has_no_equal_is_what_the_rosetta_table_leaves_out():
    without = {(library, call) for call, _, libraries, expression in ANSWERS for library in libraries if not expression}
    assert without == {(library, call) for library, calls in LEFT_OUT.items() for call in calls}


def test_the_catalogue_names_nothing_that_is_not_answered():
    """Each call in an *Elsewhere* is answered by an expression of that shape."""
    for g in (getattr(shapes, name) for name in shapes.__all__ if name != "cosine"):  # which a tutorial writes out
        section = inspect.getdoc(g).partition("Elsewhere: ")[2].partition("Source: ")[0]
        calls = set(re.findall(r"`(\w+)[(`]", section)) - {*surrofun.__all__, *shapes.__all__}
        unanswered = [name for name in calls if not re.search(rf"is [^;]*\b{g.__name__}\b", meaning(name))]
        assert not unanswered, g.__name__


def test_names_from_elsewhere_are_answered_and_are_no_aliases():
    """As they are spelled, and in any case, with underscores and without."""
    known = {name for names, _ in answers() for name in names}
    spelled = {s for n in known for s in (n, n.upper(), n.replace("_", ""), re.sub(r"\B(?=[A-Z])", "_", n).lower())}
    for name in spelled - {*vars(shapes)}:
        assert " of " in meaning(name)
        assert_raises("lookup(name)", f"ValueError: no shape is registered as {name!r}; {meaning(name)}", name=name)
        missing = f"AttributeError: module 'surrofun.shapes' has no attribute {name!r}; {meaning(name)}"
        assert_raises("getattr(shapes, name)", missing, name=name)


ELSEWHERE = """
>>> lookup('spyx.axn.superspike')
ValueError: no shape is registered as 'spyx.axn.superspike'; superspike(k=25) of spyx is superspike(beta=25.0)
>>> lookup('snntorch.surrogate.ATan')
ValueError: no shape is registered as 'snntorch.surrogate.ATan'; atan(alpha=2) of snnTorch and slax is atan(alpha=2.0)
>>> lookup('spikingjelly.activation_based.surrogate.ATan')
ValueError: no shape is registered as 'spikingjelly.activation_based.surrogate.ATan';
ATan(alpha=2) of spikingjelly is atan(alpha=2.0)
>>> lookup('my.own.atan')
ValueError: no shape is registered as 'my.own.atan'; atan(alpha=2) of snnTorch and slax is atan(alpha=2.0)
>>> lookup('(.atan')
ValueError: no shape is registered as '(.atan'; atan(alpha=2) of snnTorch and slax is atan(alpha=2.0)
>>> surrofun.sigmoid
AttributeError: module 'surrofun' has no attribute 'sigmoid'; it is shapes.sigmoid
>>> surrofun.fast_sigmoid
AttributeError: module 'surrofun' has no attribute 'fast_sigmoid';
fast_sigmoid(slope=25) of snnTorch and slax is superspike(beta=25.0)
>>> shapes.nothing
AttributeError: module 'surrofun.shapes' has no attribute 'nothing'
"""


@pytest.mark.parametrize(("call", "error"), rows(ELSEWHERE))
def test_a_path_says_whose_it_is_and_a_module_what_is_elsewhere(call, error):
    assert_raises(call, error, surrofun=surrofun, shapes=shapes)


def test_the_spelling_of_one_library_is_answered_alone():
    assert meaning("atan") == "atan(alpha=2) of snnTorch and slax is atan(alpha=2.0)"
    assert meaning("Atan") == (
        "ATan(alpha=2) of spikingjelly is atan(alpha=2.0); ATan(alpha=2) of sparx and jaxpike is atan(alpha=2.0); "
        "atan(alpha=2) of snnTorch and slax is atan(alpha=2.0)"
    )
    assert meaning("triangular") == (
        "triangular(k=2) of spyx is scale(triangle, 2.0, height=0.5); triangular() of snnTorch has no equal: it is the "
        "sign function, which reverses the gradients above threshold"
    )
    assert meaning("") == meaning("__") == meaning("nobody") == ""


# Wrong turns


class Variable:  # as flax.nnx has them
    def __jax_array__(self):
        return jnp.ones(())


@pytest.mark.parametrize(
    ("who", "compose"),
    [
        ("sigmoid", lambda alpha: shapes.sigmoid(alpha=alpha)),
        ("scale", lambda alpha: scale(shapes.sigmoid, alpha)),
        ("scale(sigmoid, 2.0)", lambda alpha: scale(shapes.sigmoid, 2.0)(alpha=alpha)),
    ],
)
def test_a_variable_in_a_shape_would_never_learn(who, compose):
    with pytest.raises(TypeError) as caught:
        compose(Variable())
    assert str(caught.value) == (
        f"{who}: expected a number or an array, got a Variable, which would not learn from here; keep the parameter as "
        "a field, and compose the shape in the call, with its value alpha[...]"
    )
    with pytest.raises(TypeError, match=r"its value beta\[\.\.\.\]$"):
        shapes.superspike(beta=Variable())
    jax.jit(lambda alpha: compose(alpha)(0.0))(2.0)  # a tracer is none


def test_a_slope_may_be_a_variable():
    slope = shape(lambda x: Variable())
    assert slope(0.5) == jax.grad(make_spike(slope))(0.5) == 1


def test_the_class_of_a_variable_is_no_variable():
    with pytest.raises(TypeError, match="sigmoid: expected a number or an array as alpha, got type <class"):
        shapes.sigmoid(0.5, Variable)


def test_a_variable_of_flax_would_never_learn():
    nnx = needs("flax.nnx")
    with pytest.raises(TypeError, match=r"sigmoid: expected a number or an array, got a Param, which would not learn"):
        shapes.sigmoid(alpha=nnx.Param(jnp.ones(())))


# Escape noise and the parameters of the call

KEY = jax.random.key(0)


@pytest.mark.parametrize(("g", "steepness"), [(shapes.sigmoid, 1.0), (scale(shapes.sigmoid, 2.0), 2.0)])
def test_escape_noise_follows_the_parameters_of_the_call(g, steepness):
    x, step = jnp.linspace(-2, 2, 1001), escape(g, KEY)
    draws, spike = 1 - jax.random.uniform(KEY, x.shape), make_spike(step=step)(g)
    for f in (step, spike, jax.jit(spike)):
        for alpha in (1.0, 20.0):
            fired = draws <= jax.nn.sigmoid(steepness * alpha * x)
            np.testing.assert_array_equal([f(x, alpha), f(x, alpha=alpha)], [fired, fired])


def test_escape_noise_of_a_partial_of_numpy_numbers_follows_what_becomes_of_it():
    """S = (1 + alpha |x|)^-2 / (2 alpha) below the threshold, where q = 3."""
    g = functools.partial(shapes.power_law, alpha=np.float32(0.5), q=jnp.full(1, 3.0))
    spike = make_spike(g, step=escape(g, jax.random.key(0)), learnable=True)
    steeper = jax.tree.map(lambda v: v if jnp.ndim(v) else 4 * v, spike)
    rates = [float(s(jnp.full(20_000, -0.5)).mean()) for s in (spike, steeper)]
    np.testing.assert_allclose(rates, [1.25**-2, 2.0**-2 / 4], atol=0.012)


def test_escape_noise_follows_each_parameter_of_a_batch_and_of_a_neuron():
    spike = make_spike(shapes.sigmoid, step=escape(shapes.sigmoid, KEY), learnable=True)
    x, alphas = jnp.full((4000, 2), 0.25), jnp.array([1.0, 20.0])
    rates = jax.nn.sigmoid(alphas * 0.25)
    half = spike(x.astype(jnp.bfloat16), alphas.astype(jnp.bfloat16)).astype(jnp.float32)
    for found in (spike(x, alphas).mean(0), jax.vmap(lambda alpha: spike(x, alpha).mean())(alphas), half.mean(0)):
        np.testing.assert_allclose(found, rates, rtol=0, atol=0.02)
    learned = jax.jit(jax.vmap(jax.grad(lambda alpha: spike(x, alpha).mean())))(alphas)
    np.testing.assert_allclose(learned, 0.25 * rates * (1 - rates), rtol=0, atol=1e-5)


# What is there


@pytest.mark.parametrize("module", [surrofun, shapes])
def test_a_module_shows_its_public_names_and_nothing_else(module):
    tree = ast.parse(inspect.getsource(module))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.level]
    public = sorted({alias.name for node in imports for alias in node.names} - {"elsewhere", "facts", "text"})
    assert module.__all__ == public
    assert [name for name in dir(module) if name != "plot"] == public
    assert ("plot" in dir(module)) == (module is surrofun and importlib.util.find_spec("matplotlib") is not None)
    star = {}
    exec(f"from {module.__name__} import *", star)
    assert sorted(set(star) - {"__builtins__"}) == public


def test_help_begins_with_a_map_of_every_public_name():
    described = re.findall(r"\w+", surrofun.__doc__)
    assert [name for name in (*surrofun.__all__, "plot") if name not in described] == []


def test_the_catalogue_says_what_keeps_a_peak_of_one():
    """The help of the catalogue names those whose area moves with a parameter, and no others."""
    text = shapes.__doc__.partition("their area changes: ")[2].partition(". ")[0]
    unit_peak = {name for name in shapes.__all__ if "Peak 1 at 0" in inspect.getdoc(getattr(shapes, name))}
    assert set(re.findall(r"`(\w+)`", text)) == unit_peak - {"q_pseudo_spike"}  # which has area 1, too


ALONE = """
import sys, jax
rare, before = ("matplotlib", "argparse", "surrofun.cli.demo"), set(sys.modules)
import surrofun
from surrofun import *
print(surrofun.__version__, [name for name in rare if name in set(sys.modules) - before])
import surrofun.cli.demo, surrofun.__main__
print("matplotlib" in set(sys.modules) - before)
import pydoc
text = pydoc.plaintext.document(surrofun)
print("VERSION" in text, [name for name in surrofun.__all__ if name + "(" not in text])
"""


def test_the_version_is_that_of_this_checkout_and_the_plots_are_there_at_first_use():
    """From the sources alone, which nobody installed; nothing is imported that is not needed."""
    env = {**os.environ, "PYTHONPATH": str(README.parent)}
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False, env=env)
    assert done.stdout.splitlines() == [f"{surrofun.__version__} []", "False", "True ['shapes']"], done.stderr
    needs("matplotlib")
    importlib.import_module("surrofun.plot")  # as `import surrofun.plot` does
    assert callable(surrofun.plot.gallery)


# Tools given something else


@make_spike
@shape(around=lambda width=2.0: [(0.0, width)])
def decorated(x, width=2.0):
    return jnp.where(jnp.abs(x) < width / 2, 1 / width, 0.0)


def test_a_spike_is_shown_as_the_shape_that_is_nowhere_else(capsys):
    """The name of a decorated function is that of its spike."""
    assert main(["show", f"{__name__}:decorated"]) == 0
    name, summary, *_ = capsys.readouterr().out.splitlines()
    assert (name, summary) == ("decorated", "area 1, peak 0.5 at 0")
    needs("matplotlib")
    title = surrofun.plot.shape(decorated).axes[2].get_title()
    assert title == "surrogate gradient\narea 1, peak 0.5 at 0"


def provoke_leak():
    spike = jax.vmap(lambda alpha: make_spike(shapes.sigmoid(alpha=alpha)))(jnp.ones(3))
    jax.grad(lambda x: spike(x).sum())(jnp.zeros(3))


PROVOKED = {
    "jvp": lambda: jax.jvp(make_spike(shapes.sigmoid), (0.5,), (1.0,)),
    "integer": lambda: make_spike(shapes.sigmoid)(1),
    "integral": lambda: antiderivative(lambda x: jnp.abs(x) ** -1.1)(0.5),
    "leak": provoke_leak,
}


@pytest.mark.parametrize("provoke", PROVOKED.values(), ids=PROVOKED)
def test_the_readme_has_the_messages_to_the_letter(provoke):
    headings = re.findall(r"^\* \*\*`(.+?)`\*\*", README.read_text(), re.MULTILINE)
    assert len(headings) == len(PROVOKED)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        provoke()
    assert any(heading in f"{type(caught.value).__name__}: {caught.value}" for heading in headings)
