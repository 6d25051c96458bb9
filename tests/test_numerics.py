"""How exact the catalogue is in every dtype, and that nothing in it is NaN, at whatever potential and parameters."""

import functools
import inspect
import itertools

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from formulas import FACTS, case_name, cases

from surrofun import antiderivative, make_spike, shapes

CASES = pytest.mark.parametrize(("name", "parameters"), cases(), ids=case_name)
NAMES = pytest.mark.parametrize("name", FACTS)
HALVES = [np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)]
SMALLEST = 1e-30  # below, the slope may be anything small


def single(parameters):
    """The parameters as float32 numbers: what a shape computes with."""
    return {k: v if isinstance(v, int) else float(np.float32(v)) for k, v in parameters.items()}


def wanted(name, parameters, x):
    """The slope in float64, and what an error is compared with: the sum of the absolute terms if the sign changes."""
    with np.errstate(all="ignore"):
        slope = FACTS[name].slope(x, **parameters) * np.ones_like(x)
        terms = FACTS[name].terms(x, **parameters) * np.ones_like(x) if FACTS[name].terms else np.abs(slope)
    return slope, terms


def three_ways(name, x):
    """For each setting the slope evaluated at once, compiled, and as the gradient of a spike.

    Numbers are arguments of the compiled program, which serves all settings then; a count of terms can be none.
    """

    def compiled(numbers, x, counts):
        g = functools.partial(getattr(shapes, name), **numbers, **dict(counts))
        return {"jit": g(x), "grad": jax.grad(lambda x: make_spike(g)(x).astype(jnp.float32).sum())(x)}

    compiled = jax.jit(compiled, static_argnums=2)
    for parameters in map(single, FACTS[name].settings):
        at = jnp.asarray(x(parameters))
        numbers = {k: np.float32(v) for k, v in parameters.items() if isinstance(v, float)}
        counts = tuple((k, v) for k, v in parameters.items() if isinstance(v, int))
        ways = {"eager": getattr(shapes, name)(at, **parameters), **compiled(numbers, at, counts)}
        yield parameters, np.asarray(at), {way: np.asarray(slope).astype(np.float64) for way, slope in ways.items()}


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@NAMES
def test_half_precision_is_rounded_once(name, dtype):
    """For every finite number there is, the error is at most one unit in the last place."""
    every, info = np.arange(2**16, dtype=np.uint16).view(dtype), ml_dtypes.finfo(dtype)
    every = every[np.isfinite(every.astype(np.float32))]
    for parameters, x, ways in three_ways(name, lambda _: every):
        want, terms = wanted(name, parameters, x.astype(np.float64))
        size = np.abs(want)
        measured = (size > SMALLEST) & (size >= float(info.smallest_normal)) & (size <= float(info.max))
        # float32 compares a subnormal number like zero, and some bfloat16 numbers are subnormal in float32.
        measured &= (x == 0) | (np.abs(x.astype(np.float64)) >= np.finfo(np.float32).tiny)
        ulp = 2.0 ** (np.floor(np.log2(np.where(measured, size, 1.0))) - info.nmant)
        allowed = np.maximum(ulp, 1e-6 * terms if FACTS[name].terms else 0)
        for way, got in ways.items():
            with np.errstate(invalid="ignore"):
                bad = measured & ~(np.abs(got - want) <= allowed)
            assert not bad.any(), (way, parameters, x[bad][:5], want[bad][:5])


def single_grid(parameters):
    """float32 numbers: evenly and by chance on a logarithmic scale, and all the neighbours of where an edge may be."""
    rng = np.random.default_rng(0)
    places = [1.0, *(f for v in parameters.values() for f in ((v, v / 2, 1 / v) if v else (1.0, 1.0, 1.0)))]
    bits = [np.float32(place).view(np.int32) + np.arange(-300, 301, dtype=np.int32) for place in places]
    near = [place * (1 + rng.choice([-1, 1], 3000) * 10 ** rng.uniform(-7, -1, 3000)) for place in places]
    x = np.concatenate(
        [np.geomspace(1.2e-38, 3.4e38, 30000), 10 ** rng.uniform(-6, 6, 40000), rng.uniform(0, 120, 30000)]
    )
    x = np.concatenate([x, *near, *(b.view(np.float32) for b in bits)]).astype(np.float32)
    return np.concatenate([x, -x, np.zeros(1, np.float32)])


@NAMES
def test_single_precision_keeps_both_tails(name):
    for parameters, x, ways in three_ways(name, single_grid):
        want, terms = wanted(name, parameters, x.astype(np.float64))
        measured = (np.abs(want) > SMALLEST) & (np.abs(want) < np.finfo(np.float32).max)
        for way, got in ways.items():
            with np.errstate(all="ignore"):
                error = np.abs(got - want) / terms
            bad = measured & ~(error <= 1e-5)
            assert not bad.any(), (way, parameters, x[bad][:5], want[bad][:5], error[bad].max())


@CASES
def test_double_precision(name, parameters, x64):
    x = np.geomspace(1e-300, 1e300, 20000)
    x = np.concatenate([x, -x, np.linspace(-120, 120, 20000)])
    want, terms = wanted(name, parameters, x)
    measured = (np.abs(want) > SMALLEST) & (np.abs(want) < 1e300)
    got = np.asarray(jax.jit(functools.partial(getattr(shapes, name), **parameters))(x))
    with np.errstate(all="ignore"):
        error = np.abs(got - want) / terms
    assert (error[measured] <= 1e-12).all(), (x[measured][np.argmax(error[measured])], error[measured].max())


@pytest.mark.parametrize("q", [5.3, 33.3, 127.3, 1000.0])
def test_single_precision_of_large_exponents(q):
    q, x = float(np.float32(q)), np.geomspace(1e-6, 1e6, 200001, dtype=np.float32)
    for name, parameters in (("power_law", {"alpha": 1.0, "q": q}), ("q_pseudo_spike", {"q": q})):
        want, _ = wanted(name, parameters, x.astype(np.float64))
        got = np.asarray(jax.jit(functools.partial(getattr(shapes, name), **parameters))(x))
        np.testing.assert_allclose(got[want > SMALLEST], want[want > SMALLEST], rtol=1e-5)


EXPONENTS = {"power_law": (0.5, 1.0, 1.0 + 1e-6, 2.0, 20.0), "q_pseudo_spike": (1.0 + 1e-6, 1.001, 2.0, 20.0)}
ROWS = 27  # the most combinations there are, so that every shape is evaluated by the same programs
PERIODIC = ("periodic_laplace", "squarewave_fourier")  # at infinity they have no value


def extreme_parameters(name):
    """Combinations of very small, usual and very large parameters, each parameter as a column of as many for all."""
    names = list(inspect.signature(getattr(shapes, name)).parameters)[1:]
    values = {"q": EXPONENTS.get(name), "n": (3,), "leak": (0.0, 1e-3, 1.0, 1e3)}
    columns = zip(*itertools.product(*(values.get(n, (1e-3, 1.0, 1e3)) for n in names)), strict=True)
    return {n: np.resize(c, (ROWS, 1)) if n != "n" else c[0] for n, c in zip(names, columns, strict=True)}


def extreme_potentials(dtype):
    info = ml_dtypes.finfo(dtype)
    sizes = [0.0, float(info.smallest_subnormal), *np.geomspace(1e-30, 1e15, 46), 0.5, 1.5, 5e-4, 500.0]
    sizes += [1e30, float(info.max), np.inf]
    with np.errstate(over="ignore"):
        return np.array([*sizes, *(-s for s in sizes)]).astype(dtype)


def with_derivatives(f):
    """Return f(x, parameters) with its first derivatives and the derivatives of its derivative by x."""

    def total(x, parameters):
        value = f(x, parameters)
        return value.astype(jnp.float32).sum(), value

    def slope(x, parameters):
        first, value = jax.grad(total, (0, 1), has_aux=True)(x, parameters)
        return first[0].astype(jnp.float32).sum(), {"value": value, "first": first}

    def everything(x, parameters):
        second, lower = jax.grad(slope, (0, 1), has_aux=True)(x, parameters)
        return lower | {"second": second}

    return everything


@pytest.mark.parametrize("dtypes", [("float16", "bfloat16", "float32"), ("float64",)], ids=["half, single", "double"])
def test_nothing_is_nan(dtypes, x64):
    """Operation by operation: those of one width are compiled once, for all shapes and for their derivatives."""
    for name, dtype in itertools.product(FACTS, dtypes):
        columns = extreme_parameters(name)
        n = {"n": columns.pop("n")} if "n" in columns else {}
        x = np.tile(extreme_potentials(jnp.dtype(dtype)), (ROWS, 1))
        wide = "float64" if dtype == "float64" else "float32"
        parameters = {k: jnp.broadcast_to(jnp.asarray(c, wide), x.shape) for k, c in columns.items()}

        size = np.abs(x.astype(np.float64))
        usual, far = size <= 1.001e15, (size <= 1.001e30) | (np.isinf(size) & (name not in PERIODIC))
        # The slope of the exponential hazard is infinite at infinity.
        finite_slope = far & (np.isfinite(size) | (name != "escape_exponential"))
        where = {"value": np.isfinite(size) | far, "first": usual, "second": usual}
        where_soft = where | {"value": far, "first": finite_slope}
        g = getattr(shapes, name)
        for f, places in ((g, where), (antiderivative(g), where_soft)):
            values = with_derivatives(functools.partial(call, f, n))(jnp.asarray(x), parameters)
            check(values, places, x, (f.__name__, dtype), parameters)


def call(f, n, x, parameters):
    return f(x, **parameters, **n)


def check(values, where, x, what, parameters):
    for path, value in jax.tree.leaves_with_path(values):
        bad = np.isnan(np.asarray(value).astype(np.float64)) & where[path[0].key]
        at = {k: np.asarray(p)[bad][:3] for k, p in parameters.items()}
        assert not bad.any(), (what, jax.tree_util.keystr(path), x[bad][:3], at)


@pytest.mark.parametrize(
    ("name", "change"), [("leaky_step", -3.0), ("log_tailed_step", -3.0), ("leaky_rectangle", -2.0)]
)
def test_a_leak_of_zero_still_has_a_gradient(name, change):
    soft = antiderivative(getattr(shapes, name))
    assert jax.grad(lambda leak: soft(-3.0, leak=leak))(0.0) == change
