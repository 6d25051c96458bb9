"""How exact the catalogue is in every dtype, slope, soft step and dS/dp, and that nothing in it is NaN.

Slopes are compared with NumPy in float64, soft steps and their derivatives by parameters with mpmath in 50 digits.
"""

import functools
import inspect
import itertools

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from benchmarks.__main__ import PLAIN
from formulas import FACTS, mp_gradient, mp_parts, settings_of
from mpmath import mp
from needs import exhaustive, sample

from surrofun import antiderivative, area, make_spike, parse, scale, shapes

pytestmark = sample

NAMES = pytest.mark.parametrize("name", FACTS)
HALVES = ["float16", pytest.param("bfloat16", marks=exhaustive)]  # both computed in float32
SMALLEST, LARGEST = 1e-20, float(np.finfo(np.float32).max)  # below, the slope may be anything small
TINY = 1e-30  # the same in float64, and in half precision, where the last place is large


def single(parameters):
    """The parameters as float32 numbers: what a shape computes with."""
    return {k: v if isinstance(v, int) else float(np.float32(v)) for k, v in parameters.items()}


def wanted(name, parameters, x):
    """The slope in float64, and what an error is compared with: the sum of the absolute terms if the sign changes."""
    x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        slope = FACTS[name].slope(x, **parameters) * np.ones_like(x)
        terms = FACTS[name].terms(x, **parameters) * np.ones_like(x) if FACTS[name].terms else np.abs(slope)
    return slope, terms


def assert_right(found, want, terms, x, about, tolerance=1e-5, least=SMALLEST, most=LARGEST):
    """Relative to the sum of the absolute terms, wherever what is wanted is not too small or too large."""
    for values in found:
        with np.errstate(all="ignore"):
            error = np.abs(np.asarray(values, np.float64) - want) / terms
        bad = (np.abs(want) > least) & (np.abs(want) < most) & ~(error <= tolerance)
        assert not bad.any(), (about, x[bad][:5], want[bad][:5], error[bad].max())


def numbers_and_counts(parameters):
    """Numbers are arguments of a compiled program, which serves all settings then; a count of terms can be none."""
    numbers = {k: np.float32(v) for k, v in parameters.items() if isinstance(v, float)}
    return numbers, tuple((k, v) for k, v in parameters.items() if isinstance(v, int))


def three_ways(name, x):
    """For each setting the slope evaluated at once, compiled, and as the gradient of a spike."""

    def compiled(numbers, counts, x):
        g = getattr(shapes, name)(**numbers, **dict(counts))
        return {"jit": g(x), "grad": jax.grad(lambda x: make_spike(g)(x).astype(jnp.float32).sum())(x)}

    compiled = jax.jit(compiled, static_argnums=1)
    for parameters in map(single, settings_of(name)):
        at = jnp.asarray(x(parameters))
        ways = {"eager": getattr(shapes, name)(at, **parameters), **compiled(*numbers_and_counts(parameters), at)}
        yield parameters, np.asarray(at), {way: np.asarray(slope).astype(np.float64) for way, slope in ways.items()}


@pytest.mark.parametrize("dtype", HALVES)
@NAMES
def test_half_precision_is_rounded_once(name, dtype):
    """For every finite number there is, the error is at most one unit in the last place."""
    every, info = np.arange(2**16, dtype=np.uint16).view(jnp.dtype(dtype)), ml_dtypes.finfo(dtype)
    every = every[np.isfinite(every.astype(np.float32))]
    for parameters, x, ways in three_ways(name, lambda _: every):
        want, terms = wanted(name, parameters, x)
        size = np.abs(want)
        measured = (size > TINY) & (size >= float(info.smallest_normal)) & (size <= float(info.max))
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
    spread = np.geomspace(1.2e-38, 3.4e38, 30000), 10 ** rng.uniform(-6, 6, 40000), rng.uniform(0, 120, 30000)
    x = np.concatenate([*spread, *near, *(b.view(np.float32) for b in bits)]).astype(np.float32)
    return np.concatenate([x, -x, np.zeros(1, np.float32)])


@NAMES
def test_single_precision_keeps_both_tails(name):
    for parameters, x, ways in three_ways(name, single_grid):
        assert_right(ways.values(), *wanted(name, parameters, x), x, parameters)


@NAMES
def test_double_precision(name, x64):
    x = np.geomspace(1e-300, 1e300, 20000)
    x = np.concatenate([x, -x, [0.0], np.linspace(-120, 120, 20000)])
    counts = [n for n, v in FACTS[name].settings[0].items() if isinstance(v, int)]
    g = jax.jit(getattr(shapes, name), static_argnames=counts)
    for parameters in settings_of(name):
        want, terms = wanted(name, parameters, x)
        found = [np.asarray(way(x, **parameters)) for way in (g, getattr(shapes, name))]
        assert_right(found, want, terms, x, parameters, 1e-12, TINY, 1e300)
        assert (np.abs(found) <= 1e-12 * terms + TINY)[:, want == 0].all()  # as beyond an edge


@pytest.mark.parametrize(("name", "others"), [("power_law", {"alpha": 1.0}), ("q_pseudo_spike", {})])
def test_single_precision_of_large_exponents(name, others):
    x, g = np.geomspace(1e-6, 1e6, 200001, dtype=np.float32), jax.jit(getattr(shapes, name))
    for q in map(np.float32, (5.3, 33.3, 127.3, 1000.0)):
        assert_right([g(x, **others, q=q)], *wanted(name, {**others, "q": float(q)}, x), x, q)


def tail_grid(name, parameters):
    """float32 numbers on both sides: far out, close to 0 and beside the edges, none on an edge itself."""
    scales = [f for v in parameters.values() if v and not isinstance(v, int) for f in (v, v / 2, 1 / v)] or [1.0]
    steps = (1e-6, 1e-3, 0.7, 3.3, 9.1, 23.7, 45.9, 1e4)
    far = [scale * k for scale in scales[::3] + scales[2::3] for k in steps]
    beside = [scale * (1 + k) for scale in scales for k in (-1e-6, -0.01, 1e-6)]
    x = np.resize(np.array([*far, *beside], np.float32), 60)
    return np.concatenate([-x, x])


def sums(terms):
    """The sums of the terms at each potential, and those of their absolute values."""
    return np.array([[float(mp.fsum(t)), float(mp.fsum(map(abs, t)))] for t in terms]).T


@NAMES
def test_soft_step_and_its_parameters_keep_both_tails(name):
    """S and every dS/dp in float32 are right to 1e-5 wherever they are above 1e-20; at zeros relative to the terms."""
    soft = antiderivative(getattr(shapes, name))

    @functools.partial(jax.jit, static_argnums=1)
    def evaluate(numbers, counts, x):
        def at(**moved):
            return soft(x, **(numbers | moved), **dict(counts))

        ones = jnp.ones_like(x)
        return at(), {k: jax.jvp(lambda v, k=k: at(**{k: v}), [numbers[k]], [ones])[1] for k in numbers}

    for parameters in map(single, settings_of(name)):
        x = tail_grid(name, parameters)
        numbers, counts = numbers_and_counts(parameters)
        value, gradients = evaluate({k: jnp.full(x.shape, v) for k, v in numbers.items()}, counts, x)
        assert_right([value], *sums(mp_parts(name, float(v), **parameters) for v in x), x, parameters)
        for key, got in gradients.items():
            want, terms = sums(mp_gradient(name, float(v), key, **parameters) for v in x)
            if name == "squarewave_fourier":
                # It depends on x / T alone: dS/dT is -x / T times the slope, whose terms stand for those of dS/dT.
                terms = np.maximum(terms, np.abs(x / parameters[key]) * FACTS[name].terms(x, **parameters))
            assert_right([got], want, terms, x, (key, parameters))


EXPONENTS = {"power_law": (0.5, 1.0, 1.0 + 1e-6, 2.0, 20.0), "q_pseudo_spike": (1.0 + 1e-6, 1.001, 2.0, 20.0)}
ROWS = 27  # the most combinations there are, so that every shape is evaluated by the same programs
PERIODIC = ("periodic_laplace", "squarewave_fourier")  # at infinity they have no value


def extreme_parameters(name):
    """Combinations of very small, usual and very large parameters, each parameter as a column of as many for all."""
    names = list(inspect.signature(getattr(shapes, name)).parameters)[1:]
    values = {"q": EXPONENTS.get(name), "n": (3,), "closed": (False,), "leak": (0.0, 1e-3, 1.0, 1e3)}
    columns = zip(*itertools.product(*(values.get(n, (1e-3, 1.0, 1e3)) for n in names)), strict=True)
    return {n: c[0] if isinstance(c[0], int) else np.resize(c, (ROWS, 1)) for n, c in zip(names, columns, strict=True)}


def extreme_potentials(dtype):
    info = ml_dtypes.finfo(dtype)
    sizes = [0.0, float(info.smallest_subnormal), *np.geomspace(1e-30, 1e15, 46), 0.5, 1.5, 5e-4, 500.0]
    sizes += [1e30, float(info.max), np.inf]
    with np.errstate(over="ignore"):
        return np.array([*sizes, *(-s for s in sizes)]).astype(dtype)


def with_derivatives(f):
    """Return f(x, parameters) with its first derivatives and the derivatives of its derivative by x."""

    def slope(x, parameters):
        value, pull = jax.vjp(f, x, parameters)
        first = pull(jnp.ones_like(value))
        return first[0], {"value": value, "first": first}

    def everything(x, parameters):
        by_x, pull, lower = jax.vjp(slope, x, parameters, has_aux=True)
        return lower | {"second": pull(jnp.ones_like(by_x))}

    return everything


@pytest.mark.parametrize(
    "dtype", [*(pytest.param(kind, marks=exhaustive) for kind in ("float16", "bfloat16", "float32")), "float64"]
)
def test_nothing_is_nan(dtype, x64):
    """Operation by operation: those of one width are compiled once, for all shapes and for their derivatives.

    The derivatives are taken in float32 alone: half precision is computed in it, and float64 overflows later.
    """
    for name in FACTS:
        columns = extreme_parameters(name)
        n = {n: columns.pop(n) for n in list(columns) if isinstance(columns[n], int)}
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

            def evaluate(x, parameters, f=f, n=n):
                return f(x, **parameters, **n)

            if dtype == "float32":
                values = with_derivatives(evaluate)(jnp.asarray(x), parameters)
            else:
                values = {"value": evaluate(x, parameters)}
            for path, value in jax.tree.leaves_with_path(values):
                bad = np.isnan(np.asarray(value).astype(np.float64)) & places[path[0].key]
                at = {k: np.asarray(p)[bad][:3] for k, p in parameters.items()}
                assert not bad.any(), (f.__name__, jax.tree_util.keystr(path), x[bad][:3], at)


BY_HAND = [  # soft step, potential, the derivative by the first of the parameters, and how exactly
    ("leaky_step", -3.0, {"leak": 0.0}, -3.0, 0),  # a leak of zero still has a gradient
    ("log_tailed_step", -3.0, {"leak": 0.0}, -3.0, 0),
    ("leaky_rectangle", -3.0, {"leak": 0.0}, -2.0, 0),
    ("leaky_step", np.inf, {"leak": 0.1}, 0.0, 0),  # a line at infinity does not move with the other side
    ("leaky_step", -np.inf, {"slope": 1.0}, 0.0, 0),
    ("escape_exponential", -1.0, {"delta": 1.0, "p0": 1.0}, np.exp(-1), 1e-6),
]


@pytest.mark.parametrize(("name", "x", "parameters", "by_hand", "tolerance"), BY_HAND)
def test_derivatives_of_soft_steps_by_hand(name, x, parameters, by_hand, tolerance):
    (key, value), *_ = parameters.items()

    def soft(value):
        return antiderivative(getattr(shapes, name))(x, **{**parameters, key: value})

    for derivative in (jax.jvp(soft, (value,), (1.0,))[1], jax.jit(jax.grad(soft))(value)):
        np.testing.assert_allclose(derivative, by_hand, rtol=tolerance)


def test_the_slope_of_a_soft_step_where_two_formulas_meet():
    """At a tie `maximum` gives each side half."""
    slope = jax.grad(antiderivative(shapes.s2nn))(-0.25)
    assert float(slope) == pytest.approx(4 / (1 + np.e) / (1 + 1 / np.e), rel=1e-6)


AT_INFINITY = [  # the derivative by the parameter of the area, which is that of S(inf)
    ("laplace", {"alpha": 1.7}, 0.0),
    ("sigmoid", {"alpha": 4.0}, 0.0),
    ("gaussian", {"sigma": 0.5}, 0.0),
    ("atan", {"alpha": 2.0}, 0.0),
    ("superspike", {"beta": 10.0}, -2 / 10.0**2),
    ("circ", {"alpha": 1.7}, 2.0),
    ("power_law", {"q": 3.0}, -2 / (3 - 1) ** 2),
    ("power_law", {"q": 1.125}, -2 / (1.125 - 1) ** 2),
]


@pytest.mark.parametrize(("name", "parameters", "of_area"), AT_INFINITY)
def test_derivatives_at_infinity_are_limits(name, parameters, of_area):
    ((key, value),) = parameters.items()
    g, ends = getattr(shapes, name), jnp.array([-jnp.inf, jnp.inf])

    @jax.jit
    def derivatives(value):
        def at_ends(f):
            return jax.vmap(jax.grad(lambda x, p: f(x, **{key: p}), (0, 1)), (0, None))(ends, value)

        by_steepness = jax.vmap(jax.grad(lambda a, x: scale(g, a)(x, **parameters)), (None, 0))(2.0, ends)
        by_parameter = jax.grad(lambda p: area(scale(g, 2.0), **{key: p}))(value)
        return at_ends(g), at_ends(antiderivative(g)), (by_steepness, jnp.stack([0.0, by_parameter]))

    for (by_x, by_parameter), upper in zip(derivatives(value), (0.0, of_area, of_area), strict=True):
        np.testing.assert_allclose(by_x, 0.0, atol=1e-20)
        np.testing.assert_allclose(by_parameter, [0.0, upper], rtol=1e-6, atol=1e-20)


@pytest.mark.parametrize("text", ["superspike({})", "laplace({})", "sigmoid({})", "reciprocal({})", "scale(atan, {})"])
def test_an_integer_is_a_parameter_like_its_float(text):
    """Also where it is differentiated: an integer has no tangent."""

    def derivatives(n):
        g = parse(text.format(n))
        return [jax.value_and_grad(f)(0.3) for f in (g, antiderivative(g), jax.grad(make_spike(g)))]

    one, other = jax.jit(lambda: (derivatives(2), derivatives(2.0)))()
    np.testing.assert_allclose(one, other, rtol=3e-7)  # an integer is a constant, which is folded


def test_a_steepness_moves_what_does_not_fall_at_any_distance():
    """S of scale(reciprocal, a) is log(1 + a |x|), that of scale(straight_through, a) is a x."""
    x = jnp.array([1e20])
    for g, by_hand in ((shapes.reciprocal, 0.5), (shapes.straight_through, 1e20)):
        learned = jax.grad(lambda a, g=g: make_spike(scale(g, a), learnable=True)(x).sum())(2.0)
        np.testing.assert_allclose(learned, by_hand, rtol=1e-6)


SMOOTH = {  # the second derivative at 0, where a formula with |x| has a kink in its parts
    "sigmoid": -(4.0**3) / 8,
    "gaussian": -1 / (0.5**3 * np.sqrt(2 * np.pi)),
    "multi_gaussian": -(1.15 - 2 * 0.15 / 6**3 * (1 - 1 / 36) * np.exp(-1 / 72)) / (0.5**3 * np.sqrt(2 * np.pi)),
    "cosine": -(np.pi**2) / 2,
    "atan": -2 * (np.pi * 2.0 / 2) ** 2 * 1.0,
    "circ": -3.0,
    "squarewave_fourier": -4 / 8 * (2 * np.pi / 8) ** 2 * (1 + 9),
}


@pytest.mark.parametrize(("name", "want"), SMOOTH.items())
def test_smooth_shapes_have_a_second_derivative_at_the_threshold(name, want):
    g = getattr(shapes, name)
    second, first = jax.jit(jax.grad(lambda x: (jax.grad(g)(x),) * 2, has_aux=True))(0.0)
    np.testing.assert_allclose(second, want, rtol=1e-5)
    np.testing.assert_allclose(first, 0.0, atol=1e-5)


@pytest.mark.parametrize("name", PLAIN)
def test_digits_cost_no_further_exponential(name):
    """What a shape costs beyond the plain formula are a few products and sums; time is the benchmarks' matter."""

    def operations(f):
        counted = jax.jit(f).lower(jnp.zeros(1000)).compile().cost_analysis()
        return counted.get("transcendentals", 0.0), counted["flops"]

    (exps, flops), (plain_exps, plain_flops) = operations(getattr(shapes, name)), operations(PLAIN[name])
    assert exps <= plain_exps
    assert flops <= plain_flops + 24 * 1000
