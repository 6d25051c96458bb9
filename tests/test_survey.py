"""What is found of a function that declares nothing: against closed forms, never against the code's own answer."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import eager_or_jit, exhaustive, sample
from scipy.integrate import quad
from scipy.special import erf

from surrofun import antiderivative, area, asym, bounds, make_spike, mix, scale, shape, shapes
from surrofun.search.integral import integral, with_integral
from surrofun.search.survey import EXTREMES, NAMES, survey

pytestmark = sample
DEFAULT = [(0.0, 1.0)]
TOLERANCE = {"float32": 1e-5, "float64": 1e-6}
PLACES = np.array([-np.inf, -1e3, -30, -2, -1.01, -0.7, 0, 0.3, 0.99, 1.5, 4, 1e3, np.inf])[:, None]  # in half-widths


def box(v):
    return jnp.where(abs(v) <= 1, 1.0, 0.0).astype(v.dtype)


def bump(kind, v):
    """Rectangle, triangle, both together, Gaussian, Cauchy."""
    triangle = jnp.maximum(0, 1 - abs(v))
    kinds = [box(v), triangle, box(v) + triangle, jnp.exp(-v * v / 2), 1 / (1 + v * v)]
    return sum(jnp.where(kind == k, value, 0.0) for k, value in enumerate(kinds))


def soft_bump(kind, v):
    triangle = np.where(v < 0, np.clip(1 + v, 0, 1) ** 2 / 2, 1 - np.clip(1 - v, 0, 1) ** 2 / 2)
    box = np.clip(v, -1, 1) + 1
    gaussian, cauchy = np.sqrt(np.pi / 2) * (1 + erf(v / np.sqrt(2))), np.arctan(v) + np.pi / 2
    return np.choose(kind, [box, triangle, box + triangle, gaussian, cauchy])


def look(f, places, like, names=NAMES):
    return with_integral(f, survey(f, places, like, names), like)


def soft_step_of(slopes):
    """Return S(kind, x, *numbers), the soft step of one of the slopes: one program serves all of them."""
    return lambda kind, x, *numbers: antiderivative(lambda x, *p: jax.lax.switch(kind, slopes, x, *p))(x, *numbers)


def step_of_bump(kind, centre, half, x):
    def f(x):
        return bump(kind, (x - centre) / half)

    found = look(f, DEFAULT, like := jnp.zeros((1,) * x.ndim, x.dtype))
    return integral(found, x), found["error"], jnp.stack(extremes(f, DEFAULT, like))


@functools.cache
def traced_bumps(dtype):
    """The bumps, their soft steps relative to the area, traced and exact, estimated errors, bounds; compiled once."""
    rng, count = np.random.default_rng(0), 160
    kind, centre = np.arange(count) % 5, rng.uniform(-10, 10, count).astype(dtype)
    power, drawn = 2.0 ** -rng.integers(2, 5, count), rng.uniform(0.05, 0.4, count)
    half = np.where(np.arange(count) < count // 2, power, drawn).astype(dtype)
    x = (centre + half * PLACES).astype(dtype)
    soft, error, ends = jax.tree.map(np.asarray, jax.jit(step_of_bump)(kind, centre, half, x))
    exact = half.astype(float) * soft_bump(kind, (x.astype(float) - centre) / half.astype(float))
    return (kind, centre, half, x), soft / exact[-1], exact / exact[-1], error[0], ends[:, 0]


def test_no_gap_hides_a_bump():
    for places in (DEFAULT, [(3.0, 2.0)], [(float(k), 0.5) for k in range(16)]):
        at = np.sort(survey(jnp.ones_like, places, jnp.zeros(()))["places"])
        assert np.diff(at[abs(at) < 10.5]).max() < 0.1
        assert (np.diff(at) <= 0.05 * np.maximum(abs(at[1:]), abs(at[:-1])))[abs(at[1:]) > 10].all()


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=exhaustive)])
def test_bumps_anywhere_are_right_or_refused(dtype, x64):
    (kind, *_), soft, exact, error, ends = traced_bumps(dtype)
    off, refused = abs(soft - exact).max(0), ~(error <= TOLERANCE[dtype])
    assert not ((off > TOLERANCE[dtype]) & ~refused).any()
    assert refused.mean() <= 0.02
    np.testing.assert_allclose(ends, [0 * kind, np.where(kind == 2, 2, 1)], rtol=1e-6, atol=1e-20)


@exhaustive
def test_numbers_and_tracers_find_the_same(x64):
    (kind, centre, half, x), traced, exact, *_ = traced_bumps("float64")
    np.testing.assert_allclose(traced[:, :5], exact[:, :5], rtol=0, atol=1e-8)
    five = kind[:5], centre[:5], half[:5]
    soft, *_ = jax.jit(lambda x: step_of_bump(*five, x))(x[:, :5])
    area = half[:5] * soft_bump(kind[:5], np.inf)
    np.testing.assert_allclose(soft / area, exact[:, :5], rtol=0, atol=1e-8)


HARD = {
    "damped wave": (lambda x: jnp.exp(-abs(x)) * jnp.cos(100 * x), 2 / (1 + 1e4)),
    "39 rectangles": (lambda x: sum(box((x - c) / 0.125) for c in np.linspace(-9.3, 9.1, 39).tolist()), 39 / 4),
    "singular": (lambda x: abs(x) ** -1.1, np.inf),
    "slowest": (lambda x: (1 + abs(x)) ** -1.0001, 2e4),
    "slow": (lambda x: (1 + abs(x)) ** -1.1, 20.0),
    "slow on one side": (lambda x: jnp.where(x < 0, (1 + abs(x)) ** -1.1, jnp.exp(-abs(x))), 11.0),
    "logarithmic": (lambda x: 1 / ((2 + abs(x)) * jnp.log(2 + abs(x)) ** 2), 2 / np.log(2)),
    "sinc": (lambda x: jnp.sinc(x / np.pi), np.pi),
    "infinite": (lambda x: 1 / (1 + abs(x)), np.inf),
    "straight-through": (lambda x: jnp.ones_like(x), np.inf),
    "cauchy": (lambda x: 1 / (1 + x * x), np.pi),
    "steep": (lambda x: 1 / (1 + 25 * abs(x)) ** 2, 0.08),
    "sigmoid": (lambda x: jax.nn.sigmoid(x) * jax.nn.sigmoid(-x), 1.0),
}
SMOOTH = ("cauchy", "steep", "sigmoid")


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=exhaustive)])
def test_hard_ones_are_right_or_refused(dtype, x64):
    right = []
    for name, (f, exact) in HARD.items():
        found = look(f, DEFAULT, jnp.zeros((), dtype))
        if name in SMOOTH:  # not searched for more digits than it has
            assert len(found["edges"]) < 2500, name
            np.testing.assert_allclose(found["area"], exact, rtol=TOLERANCE[dtype] / 10)
        if found["error"] <= TOLERANCE[dtype]:
            ends = integral(found, jnp.asarray([-np.inf, np.inf], dtype))
            np.testing.assert_allclose(found["area"], exact, rtol=1.5 * TOLERANCE[dtype], err_msg=name)
            np.testing.assert_allclose(ends[1] - ends[0], exact, rtol=1.5 * TOLERANCE[dtype], err_msg=name)
            right.append(name)
    assert set(right) >= {"slow", "slow on one side", "infinite", "straight-through", "39 rectangles", *SMOOTH}
    assert not {"singular", "logarithmic", "sinc"} & set(right)
    f, _ = HARD["logarithmic"]
    with pytest.raises(ValueError, match=rf"is found to {TOLERANCE[dtype]:g} of it, got an error of 0.002; "):
        antiderivative(f)(jnp.ones((), dtype))


@pytest.mark.parametrize(("dtype", "widest"), [("float32", 1e14), pytest.param("float64", 1e16, marks=exhaustive)])
def test_a_bump_that_ends_where_nobody_looks_is_not_called_infinite(dtype, widest, x64):
    """Up to 9e12 the octaves double nearly, as those of a constant do, whose area is infinite."""
    for width in (widest / 10, widest, np.inf):
        found = look(lambda x, w=width: jnp.exp(-jnp.square(x / w) / 2), DEFAULT, jnp.zeros((), dtype))
        assert (found["error"] <= TOLERANCE[dtype]) == np.isinf(width)
    assert found["area"] == np.inf


@pytest.mark.parametrize(("dtype", "off"), [("float32", 2e-6), ("float64", 2e-8)])
def test_of_an_infinite_area_what_is_near_is_known_by_itself(dtype, off, x64):
    """An error of 1e-8 of all of it would be anything there."""
    soft = antiderivative(lambda x, w: jnp.where(abs(x) < w, 3.0, 1.0))
    x = np.array([-40.0, -4.0, 0.5, 3.2, 7.0], dtype)
    for way in (soft, jax.jit(soft)):
        np.testing.assert_allclose(way(x, 3.3), x + 2 * np.clip(x, -3.3, 3.3), rtol=off)
    with pytest.raises(ValueError, match=rf"is found to {TOLERANCE[dtype]:g} of it"):
        antiderivative(lambda x: 1 + jnp.where(abs(x) < 1, jnp.sin(1e5 * x), 0.0))(jnp.asarray(0.5, dtype))


def test_a_heavy_tail_far_from_the_threshold_is_found(x64):
    centre, width = 1e9, 1e-2
    found = look(lambda x: (1 + abs(x - centre) / width) ** -1.3 / width, [(centre, width)], jnp.zeros(()))
    assert found["error"] < 1e-6
    assert found["area"] == pytest.approx(2 / 0.3, rel=1e-6)


@eager_or_jit
def test_an_area_that_is_infinite_on_one_side_begins_at_the_threshold(way):
    soft = way(lambda x, a: antiderivative(lambda x: jnp.exp(jnp.minimum(a * x, 0.0)))(x))
    x = jnp.float32([-jnp.inf, -1.0, 0.0, 2.0])
    np.testing.assert_allclose(soft(x, 3.0), [-1 / 3, (np.exp(-3) - 1) / 3, 0, 2], atol=1e-6)


@exhaustive
def test_a_heavy_tail_on_one_side_moves_nothing_on_the_other():
    """Beyond what is looked at it has 0.25 % of the area."""
    soft = antiderivative(lambda x: jnp.where(x < 0, jnp.exp(jnp.minimum(x, 0.0)), (1 + abs(x)) ** -1.2))
    x = np.array([-20, -1, 0, 1, 1e4], np.float32)
    by_hand = np.where(x < 0, np.exp(np.minimum(x, 0)), 6 - 5 * (1 + np.maximum(x, 0)) ** -0.2)
    np.testing.assert_allclose(soft(x), by_hand, atol=1e-5)
    mirrored = antiderivative(lambda x: jnp.where(x > 0, jnp.exp(jnp.minimum(-x, 0.0)), (1 + abs(x)) ** -1.2))
    np.testing.assert_allclose(mirrored(-x), 6 - by_hand, atol=1e-5)


def far(kind, x, a):
    """Of finite area, which does not show within what is looked at: 7.06208, as a is 0.9, and 2.5e13 a."""
    rises_and_falls = (1 + a * jnp.sin(jnp.pi * jnp.log2(1 + abs(x)))) / (1 + abs(x)) ** 1.3
    return jnp.where(kind == 0, rises_and_falls, a * jnp.exp(-jnp.square(x / 1e13) / 2))


def endless(kind, x, a):
    """Shifted, hardly growing, of two powers, growing, on one side."""
    powers = [a / (1 + abs(x - 30)), a * (1 + abs(x)) ** -0.9999, a * (1 + abs(x)) ** -0.5 + (1 + abs(x)) ** -1.5]
    every = [*powers, a * jnp.log1p(abs(x)), a * jax.nn.softplus(x)]
    return sum(jnp.where(kind == k, value, 0.0) for k, value in enumerate(every))


@exhaustive
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinite_is_said_only_where_it_shows(dtype, x64):
    x, a = jnp.ones((), dtype), np.asarray(0.9, dtype)

    def soft(a, kind):
        return antiderivative(lambda x, a: far(kind, x, a))(x, a)

    def surveyed(a, kind):
        return look(lambda x: endless(kind, x, a), DEFAULT, jnp.zeros((), dtype), ("edges", "errors"))

    compiled = jax.jit(jax.value_and_grad(soft)), jax.jit(surveyed)  # each for every kind
    for kind in range(2):
        with pytest.raises(ValueError, match="expected a slope whose integral is found"):
            soft(a, kind)
        assert np.isnan(compiled[0](a, kind)).all(), kind
    for kind in range(5):
        for found in (surveyed(a, kind), compiled[1](a, kind)):
            assert (found["error"] <= TOLERANCE[dtype], found["area"]) == (True, np.inf), kind


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("centre", "width"), [(300.0, 0.1), (1000.0, 1.0), (1e9, 1e9), (1e-9, 1e-9), (-2.0, 1e-2)])
def test_what_is_declared_is_found_at_any_scale(centre, width, dtype, x64):
    found = look(lambda x: jnp.exp(-jnp.square((x - centre) / width) / 2), [(centre, width)], jnp.zeros((), dtype))
    assert found["error"] <= TOLERANCE[dtype]
    np.testing.assert_allclose(found["area"], width * np.sqrt(2 * np.pi), rtol=TOLERANCE[dtype])
    assert (found["lowest"], abs(found["highest_at"] - centre) < 3e-3 * width) == (0, True)
    assert 1 - 1e-6 < found["highest"] <= 1


def test_a_width_is_declared_where_the_threshold_itself_shows_nothing():
    def two_bumps(x):
        u = jnp.clip(1e9 * x, -99.0, 99.0)
        return u * u * jnp.exp(-u * u / 2)

    assert area(shape(two_bumps, around=lambda: [(0.0, 1e-9)])) == pytest.approx(1e-9 * np.sqrt(2 * np.pi), rel=1e-5)


def test_derivatives_by_x_and_by_parameters(x64):
    def soft(p, x):
        return integral(look(lambda x: jnp.exp(-p * abs(x)), DEFAULT, jnp.zeros(())), x)

    x, p = 0.3, np.array([2.0, 3.0])
    slope = np.exp(-p * x)
    first = jax.grad(functools.partial(soft, p[0]))
    in_x, third = jax.jit(lambda x: (first(x), jax.jacfwd(jax.jacfwd(first))(x)))(x)
    np.testing.assert_allclose(in_x, slope[0], rtol=1e-10)
    np.testing.assert_allclose(third, p[0] ** 2 * slope[0], rtol=1e-6)
    in_p = jax.jit(jax.vmap(jax.grad(soft), (0, None)))(p, x)
    np.testing.assert_allclose(in_p, (1 / p**2 + x / p) * slope - 2 / p**2, rtol=1e-8)


def extremes(f, places, like):
    found = survey(f, places, like, EXTREMES)
    assert set(found) == set(EXTREMES)
    return found["lowest"], found["highest"]


LOBE = np.exp(-0.5) / np.sqrt(2)
PEAKS = [
    (lambda x: 1 / (1 + (x - 0.3) ** 2), (0, 1)),
    (lambda x: jnp.maximum(0, 1 - abs(x)) - 0.25, (-0.25, 0.75)),
    (lambda x: x * jnp.exp(-x * x), (-LOBE, LOBE)),
    (lambda x: jnp.maximum(0.99 * jnp.exp(-x * x / 2), jnp.maximum(0, 1 - abs(x - 7.3))), (0, 1)),  # the second by 1 %
    (lambda x: jnp.where(abs(x - 1.7) < 1, x - 0.7, 0.0).astype(x.dtype), (0, 2)),  # not at the jump
    (lambda x: 1 - jnp.sqrt(abs(jnp.tanh(x))), (0, 1)),
    (jnp.tanh, (-1, 1)),
    (lambda x: box(x - 3), (0, 1)),
    (jnp.ones_like, (1, 1)),
    (lambda x: 7.0, (7, 7)),
    (abs, (0, np.inf)),
    (lambda x: x, (-np.inf, np.inf)),
    (lambda x: -jnp.log1p(abs(x)), (-np.inf, 0)),
    (lambda x: 1 / (x - 0.3), (-np.inf, np.inf)),
    (lambda x: jnp.where(x > 2, jnp.nan, x), (np.nan, np.nan)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes(dtype, x64):
    for f, expected in PEAKS:
        np.testing.assert_allclose(extremes(f, DEFAULT, jnp.zeros((), dtype)), expected, rtol=3e-7, atol=1e-20)
    f, expected = PEAKS[3]
    found = look(f, DEFAULT, jnp.zeros((), dtype))
    np.testing.assert_allclose([found["lowest"], found["highest"], found["highest_at"]], [*expected, 7.3], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-9, 1e-4, 1.0, 1e5, 1e9])
def test_extremes_at_any_scale_and_off_centre(scale, dtype, x64):
    scale, like = np.dtype(dtype).type(scale), jnp.zeros((), dtype)
    for centre in (0.0, 0.3, 40.0):
        places = [(centre * scale, scale)]
        for f, expected in PEAKS[:3]:
            came = extremes(lambda x: f((x - centre * scale) / scale), places, like)  # noqa: B023
            np.testing.assert_allclose(came, expected, rtol=3e-7, atol=1e-20)


def test_extremes_of_each_neuron():
    def of_each(k):
        return extremes(lambda x: jnp.where(k == 0, x * jnp.exp(-x * x), x), DEFAULT, jnp.zeros((1,)))

    for way in (jax.jit(of_each), of_each):
        np.testing.assert_allclose(way(np.arange(2)), [[-LOBE, -np.inf], [LOBE, np.inf]], rtol=3e-7)


@exhaustive
def test_what_oscillates_has_bounds_wherever_it_is_seen_at_its_lowest():
    """For these periods that is in the last octave, by chance."""
    periods = np.array([2.059, 2.564, 1.475, 1.43, 1.574, 2.867, 2.935, 1.3, 2.454])
    found = bounds(mix(shapes.superspike(beta=1.0), shapes.squarewave_fourier(n=3, period=periods), weights=(1.0, 1.0)))
    np.testing.assert_allclose(found, [-12 / periods, 1 + 12 / periods], rtol=2e-3)


def test_a_kink_where_panels_meet_costs_no_digits(x64):
    """A triangle ends at 1, which is the end of a panel: each potential is integrated to within its own panel."""
    x = np.linspace(-1.3, 1.3, 521)
    soft = antiderivative(lambda x: jnp.maximum(0.0, 1 - jnp.abs(x)))(x)
    u = np.clip(x, -1, 1)
    np.testing.assert_allclose(soft, np.where(u < 0, (1 + u) ** 2 / 2, 1 - (1 - u) ** 2 / 2), rtol=0, atol=1e-9)


def test_a_place_that_is_at_the_threshold_for_one_neuron_alone(x64):
    bell = shape(lambda x, at: jnp.exp(-jnp.square(x - at) / 2), around=lambda at: [(at, 1.0)])
    np.testing.assert_allclose(area(bell, np.array([0.0, 1e6])), np.sqrt(2 * np.pi), rtol=1e-5)


def test_a_traced_constant_is_known_and_looked_at_alike_each_time(optimized):
    """XLA reads beyond one number that is broadcast, where a sum or a maximum follows a product of matrices."""
    looked = jax.jit(lambda c: look(lambda x: c * jnp.ones_like(x), DEFAULT, jnp.zeros(()), ("edges", "errors")))
    found, x = [looked(2.0) for _ in range(20)], jnp.array([-40.0, -0.5, 0.3, 7.0])
    for again in found:
        assert 0 <= again["error"] <= TOLERANCE["float32"]
        np.testing.assert_array_equal(again["edges"], found[0]["edges"])
        np.testing.assert_allclose(integral(again, x), 2 * x, rtol=1e-5)


def test_a_nan_is_told():
    found = look(lambda x: jnp.where(abs(x - 1) < 1e-3, jnp.nan, 1 / (1 + x * x)), [(1.0, 1.0)], jnp.zeros(()))
    assert np.isnan([found["error"], found["area"], found["lowest"], found["highest"]]).all()
    assert np.isnan(jax.jit(lambda x: integral(found, x))(jnp.array([0.0, 3.0, jnp.inf]))).all()


def test_a_look_is_few_calls_even_within_a_program():
    def calls(run, sizes=1):
        """How often a function is called, with arrays of so many sizes, after that for the shape of its slope."""
        shapes = []

        def f(x):
            shapes.append(x.shape)
            return jnp.exp(-abs(x))

        run(f)
        of_one, *others = shapes
        assert of_one == (1, 1)
        assert len(set(others)) == sizes
        return len(others)

    def within_a_program(f):
        def soft(x):
            found = look(f, DEFAULT, x)
            assert isinstance(found["edges"], np.ndarray)
            return integral(found, x)

        np.testing.assert_allclose(jax.jit(soft)(jnp.zeros((2, 3))), 1, rtol=1e-6)

    def of_a_tracer(f):
        jax.eval_shape(lambda p, x: integral(look(lambda x: p * f(x), DEFAULT, x), x), 2.0, jnp.zeros((2, 3)))

    like = jnp.zeros((1, 1))
    assert calls(lambda f: look(f, DEFAULT, like)) == calls(within_a_program) <= 10
    assert calls(lambda f: extremes(f, DEFAULT, like)) <= 7
    assert calls(lambda f: extremes(f, [(0.3, 0.5)], like)) <= 9
    assert calls(of_a_tracer, sizes=3) <= 9


@exhaustive
@pytest.mark.parametrize(("end", "sign"), [(0, -1), (1, 1)], ids=["lowest", "highest"])
@eager_or_jit
def test_a_second_derivative_where_a_smooth_extreme_moves(way, end, sign):
    """Those of g = (1 + a x) exp(-x^2 / 2) are where a x^2 + x = a, and move by -g_ax / g_xx."""

    def bump(x, a):
        return (1 + a * x) * jnp.exp(-x * x / 2)

    def first(a):
        return jax.grad(lambda a: bounds(bump, a)[end].sum())(a)

    a = np.array([0.5, 1.0, 2.0])
    x = (sign * np.sqrt(1 + 4 * a * a) - 1) / (2 * a)
    second = np.square(1 - x * x) * np.exp(-x * x / 2) / (1 + 2 * a * x)
    np.testing.assert_allclose(way(first)(jnp.float32(a)), x * np.exp(-x * x / 2), rtol=1e-5)
    np.testing.assert_allclose(way(jax.grad(lambda a: first(a).sum()))(jnp.float32(a)), second, rtol=5e-3)


@eager_or_jit
def test_a_potential_for_all_neurons_of_which_each_has_a_parameter(way):
    soft = way(antiderivative(lambda x, p: jnp.exp(-p * jnp.abs(x))))(jnp.zeros((8, 1)), jnp.array([1.0, 2.0, 4.0]))
    np.testing.assert_allclose(soft, np.tile([1.0, 0.5, 0.25], (8, 1)), rtol=1e-5)


@pytest.mark.parametrize("dtype", [pytest.param(np.float32, marks=exhaustive), np.float64])
def test_a_kink_that_a_parameter_moves(dtype, x64):
    """As the centre of a triangle moves, S changes by -g; also where panels meet, as they do at 0.7 and 1."""
    x = np.linspace(-3, 3, 121, dtype=dtype)

    def hat(x, p, width):
        return jnp.maximum(0, 1 - jnp.abs(x - p) / width)

    moved = jax.jit(jax.jacfwd(lambda p, width: antiderivative(hat)(jnp.asarray(x), p, width)))
    for at in [(0.7, 0.3), *np.random.default_rng(0).uniform((-2, 0.05), (2, 0.4), (30, 2))]:
        p, width = np.asarray(at, dtype)
        np.testing.assert_allclose(moved(p, width), -np.maximum(0, 1 - np.abs(x - p) / width), atol=1e-4)


def window(x, half, height=1.0):
    return jnp.where(abs(x) < half, height, 0.0).astype(x.dtype)


def clipped(x, low, high):
    return np.clip(x - low, 0, high - low)


def on_a_bump(x, c, h):
    return jnp.exp(-abs(x)) * jnp.where(x > c, 1 + h, 1.0)


def up_to_a_jump(x, c, h):
    return np.where(x < 0, np.exp(x), 2 - np.exp(-abs(x))) + h * np.maximum(0, np.exp(-c) - np.exp(-abs(x))) * (x > 0)


JUMPING = {  # a slope of two numbers, its soft step, and the numbers
    "width": (lambda x, w, h: h * window(x, w), lambda x, w, h: h * clipped(x, -w, w), (0.7, 1.3)),
    "steepness": (lambda x, a, h: h * window(a * x, 1), lambda x, a, h: h * clipped(x, -1 / a, 1 / a), (9, 2)),
    "centre": (lambda x, c, w: window(x - c, w), lambda x, c, w: clipped(x, c - w, c + w), (0.0, 0.4)),
    "on a bump": (on_a_bump, up_to_a_jump, (0.3, -0.2)),
}


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=exhaustive)])
def test_a_jump_that_a_parameter_moves(dtype, x64):
    """Each neuron has numbers of its own, which move its jumps alone."""
    x = np.array([-0.91, -0.33, 0.03, 0.11, 0.57, 2.0], dtype)
    soft_step = soft_step_of([slope for slope, *_ in JUMPING.values()])
    learned = jax.jit(jax.grad(lambda numbers, kind: soft_step(kind, jnp.asarray(x), *numbers).sum()))
    for kind, (name, (_, soft, numbers)) in enumerate(JUMPING.items()):
        numbers = [np.asarray(number + 0.02 * np.arange(6), dtype) for number in numbers]
        for k, by_number in enumerate(learned(numbers, kind)):
            more, less = ([n + s * 1e-6 * (i == k) for i, n in enumerate(map(np.float64, numbers))] for s in (1, -1))
            right, off = (soft(x, *more) - soft(x, *less)) / 2e-6, {4: 3e-4, 8: 1e-7}[dtype().itemsize]
            np.testing.assert_allclose(by_number, right, atol=off, err_msg=name)


def tapered(x, p):
    return jnp.maximum(0, 1 - p * abs(x))


def second_by_neuron(f):
    p = jnp.array([0.31, 0.7, 1.2])
    return p, jax.jit(jax.grad(lambda p: jax.grad(lambda p: f(p).sum())(p).sum()))(p)


@exhaustive
def test_what_is_not_known_of_moving_jumps_is_no_number():
    """Eight that move, how the move of one goes on, and which of several numbers moves it, or a kink."""
    stairs = antiderivative(lambda x, a: jnp.round(4 * jnp.exp(-jnp.square(a * x))))
    window = antiderivative(lambda x, w: jnp.where(abs(x) < w, 1 / w, 0.0))
    assert jnp.isnan(jax.jit(jax.grad(lambda a: stairs(0.5, a)))(1.0))
    assert jnp.isnan(jax.jit(jax.grad(jax.grad(lambda w: window(0.5, w))))(0.7))
    of_both = jax.jit(jax.grad(lambda w: antiderivative(lambda x: jnp.where(abs(x) < w.sum(), 1.0, 0.0))(0.5)))
    assert jnp.isnan(of_both(jnp.array([0.3, 0.4]))).all()
    _, of_kinks = second_by_neuron(lambda p: antiderivative(lambda x: tapered(x, p))(jnp.ones(3)))
    assert jnp.isnan(of_kinks).all()


@exhaustive
@eager_or_jit
@pytest.mark.parametrize(("dtype", "off"), [("float32", 1e-5), ("float16", 1e-2)])
def test_a_jump_that_a_number_of_fewer_digits_moves(dtype, off, way, x64):
    """It is moved by as much as its own digits ask for, not by what those of the potential would."""

    def of_one_side(p):
        return area(lambda x: jnp.where(x < (0.3 + p * p).astype(x.dtype), jnp.exp(-abs(x)), 0.0))

    moved = way(jax.grad(of_one_side))(np.dtype(dtype).type(0.5))
    np.testing.assert_allclose(moved, np.exp(-0.55), rtol=off)


@exhaustive
@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16])
def test_a_jump_whose_place_is_computed_in_half_precision(dtype):
    """A program keeps more digits of 0.3 w than it has outside of one: the jump is where it is seen."""

    def window(x, w):
        return jnp.where(abs(x) < (0.3 * w).astype(x.dtype), jnp.exp(-abs(x)), 0.0)

    moved = jax.grad(lambda w: area(lambda x: window(x, w)))(dtype(0.7))
    assert float(moved) == pytest.approx(0.6 * np.exp(-0.21), rel=2 * float(jnp.finfo(dtype).eps))


@exhaustive
@eager_or_jit
def test_a_number_that_is_only_compared_with_moves_the_jump(way):
    """Half of what is learned so is a threshold; outside of `jit` nothing of it is in the slope."""
    w, closed_over = jnp.array([0.5, 0.75]), lambda w: area(lambda x: window(x, w))
    np.testing.assert_allclose([way(jax.grad(f))(0.5) for f in (functools.partial(area, window), closed_over)], 2, 1e-4)
    learned = way(jax.grad(lambda w: make_spike(window, learnable=True)(jnp.array([[3.0, 0.0]] * 5), w).sum()))(w)
    np.testing.assert_allclose(learned, [10.0, 5.0], rtol=1e-4)


PS = (0.01, 0.123, 0.37, 0.7, 1.3)
BY_P = {  # a slope, and numbers p with dS/dp at 9; NaN: it is not known
    # Jumps with a value in between.
    "sign": (lambda x, p: (jnp.sign(x + p) - jnp.sign(x - p)) / 2, *((p, 2) for p in PS)),
    "heaviside": (lambda x, p: jnp.heaviside(p - x, 0.3) * window(x, 3.0), *((p, 1) for p in PS)),
    "of two slopes": (lambda x, p: jnp.exp(-abs(x)) * (2 + jnp.sign(x - p)), *((p, -2 * np.exp(-p)) for p in PS)),
    # Where the end of one meets the beginning of another how they move is no number, unless both move together.
    "meeting": (lambda x, p: window(x, p) + window(x - 1, p) / 2, (0.4, 3), (0.5, np.nan)),
    "following": (
        lambda x, p: jnp.where(x < p, jnp.exp(-abs(x)), 0.0) + window(x - p - 0.3, 0.3) / 2, (0.5, np.exp(-0.5))),
}  # fmt: skip


@exhaustive
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_how_jumps_of_two_dtypes_move(dtype, x64):
    soft = soft_step_of([g for g, *_ in BY_P.values()])
    moved = jax.jit(jax.grad(lambda p, kind, x: soft(kind, x, p)))
    for kind, (name, (_, *cases)) in enumerate(BY_P.items()):
        for p, by_hand in cases:
            np.testing.assert_allclose(moved(dtype(p), kind, dtype(9)), by_hand, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(moved(dtype(100), 0, dtype(np.inf)), 2, rtol=1e-4)  # of the sign, far out


KINKED = {  # a slope, a potential or infinity, where it is the area, and the second derivative by p of S there
    "triangle": (tapered, np.inf, lambda p: 2 / p**3),
    "clipped": (lambda x, p: jnp.clip(2 - p * abs(x), 0, 1), np.inf, lambda p: 6 / p**3),
    "moved triangle": (lambda x, p: jnp.maximum(0, 1 - abs(x - p)), 0.5, lambda p: np.sign(p - 0.5)),
    "moved laplace": (
        lambda x, p: jnp.exp(-abs(x - p)), 0.5, lambda p: np.sign(p - 0.5) * np.exp(-abs(p - 0.5))),
}  # fmt: skip


@exhaustive
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_second_derivative_where_a_kink_moves(dtype, request):
    if dtype == np.float64:
        request.getfixturevalue("x64")
    slopes = [g for g, *_ in KINKED.values()]
    soft = soft_step_of(slopes)
    moved = jax.jit(jax.grad(jax.grad(lambda p, kind, x: soft(kind, x, p))))
    whole = jax.jit(jax.grad(jax.grad(lambda p, kind: area(lambda x, p: jax.lax.switch(kind, slopes, x, p), p))))
    for kind, (name, (_, x, second)) in enumerate(KINKED.items()):
        for p in (0.31, 0.7, 1.2):
            np.testing.assert_allclose(moved(dtype(p), kind, dtype(x)), second(p), rtol=1e-3, err_msg=name)
            if x == np.inf:
                np.testing.assert_allclose(whole(dtype(p), kind), second(p), rtol=1e-3, err_msg=name)


@exhaustive
@pytest.mark.parametrize(
    ("g", "times"),
    [(tapered, 2), (lambda x, p: 1 / (1 + p * abs(x)) ** 2, 4), (lambda x, p: 1 / (1 + p * abs(x)) ** 3, 2)],
    ids=["triangle", "square", "cube"],
)
def test_a_second_derivative_by_one_number_a_neuron(g, times):
    """Also far out in reverse mode, where a cotangent times x^2 is beyond a float32."""
    p, second = second_by_neuron(lambda p: area(g, p))
    np.testing.assert_allclose(second, times / p**3, rtol=1e-3)


def logistic(x, a):
    s = jax.nn.sigmoid(a * x)
    return a * s * (1 - s)


ROUNDED = {  # a slope that is a difference of what is near to 1
    "logistic": logistic,
    "tanh": lambda x, a: a / 2 * (1 - jnp.square(jnp.tanh(a * x))),
    "erf": lambda x, a: a * (1 - jax.scipy.special.erf(a * abs(x))),
}


@eager_or_jit
@pytest.mark.parametrize("name", ROUNDED)
def test_steps_of_the_last_digits_far_out_are_no_jumps(name, way):
    """The area is that of any steepness, so that dS/da = x g / a."""
    g, x, a = ROUNDED[name], jnp.array([-1.0, 0.3, 2.5, 40.0, jnp.inf]), 1.5
    by_a = way(jax.jacfwd(lambda a: antiderivative(g)(x, a)))(a)
    near = x[:3].astype(float)
    np.testing.assert_allclose(by_a, [*near * g(near, a) / a, 0.0, 0.0], atol=1e-4)


@pytest.mark.parametrize("at", [1.0, -1.0, 5.0])
def test_nor_are_those_around_a_peak_anywhere(at):
    def g(x, p):
        return 1 - jnp.square(jnp.tanh(5 * (x - p)))

    x = at + jnp.array([-0.5, 0.05, 0.3])
    np.testing.assert_allclose(jax.jacfwd(lambda p: antiderivative(g)(x, p))(at), -g(x, at), atol=1e-4)


STEPS = {"float32": lambda y: jnp.floor(y * 2**22) / 2**22, "float64": lambda y: jnp.round(y, 8)}


@exhaustive
@eager_or_jit
@pytest.mark.parametrize("dtype", STEPS)
def test_a_slope_that_is_rounded_has_no_derivative_by_what_moves_its_steps(dtype, way, request):
    """JAX has 0, where it is -2 / p^2; as a factor in front of the steps, p moves none."""
    if dtype == "float64":
        request.getfixturevalue("x64")
    rounded = STEPS[dtype]
    moved = way(jax.grad(lambda p: area(lambda x: rounded(jnp.exp(-p * abs(x))))))
    scaled = way(jax.grad(lambda p: area(lambda x: p * rounded(jnp.exp(-abs(x))))))
    assert np.isnan(moved(1.5))
    np.testing.assert_allclose(scaled(1.5), 2, rtol=1e-4)

    def steps(x):
        return jnp.floor(10 * jnp.maximum(0, 1 - abs(x))) / 10

    least = way(jax.grad(lambda p: area(lambda x: (1 + 10 * (p - 0.7) ** 2) * steps(x))))
    assert least(0.7) == 0


@exhaustive
@eager_or_jit
def test_a_small_jump_beside_a_high_peak_or_a_leak_is_no_rounding(way, x64):
    """Of a narrow peak that ends where it is 1, and of a leak that ends; of potentials in float32 in any mode."""
    x = np.array([-5.0, -0.5, 0.0, 0.5, 5.0], np.float32)

    def peak(x, a):
        return jnp.where(abs(x) < a, 1 / (1e-5 + abs(x)), 1e-3)

    def leak(x, a):
        return jnp.where(abs(x) < 0.2, 1.0, jnp.where(abs(x) < a, 3e-6, 0.0))

    by_a = [way(jax.jacfwd(functools.partial(antiderivative(g), x)))(1.0) for g in (peak, leak)]
    np.testing.assert_allclose(by_a[0], [-0.999, 0, 0, 0, 0.999], atol=1e-4)
    np.testing.assert_allclose(by_a[1] / 3e-6, [0, 1, 1, 1, 2], atol=1e-3)


VANISHING = {
    "infinite": (lambda x, p: 1 / jnp.cosh(p * x) ** 2, lambda x, p: (1 + np.tanh(p * x)) / p),
    "power": (lambda x, p: 1 / (1 + p * abs(x)) ** 5, lambda x, p: (2 - (1 + p * x) ** -4) / (4 * p)),
    "small": (lambda x, p: 1 / (1 + p * abs(x)) ** 3, lambda x, p: (2 - (1 + p * x) ** -2) / (2 * p)),
}


@exhaustive
@pytest.mark.parametrize("derivative_of", [jax.jacfwd, jax.jacrev])
def test_a_slope_whose_derivative_is_no_number_where_it_has_vanished(derivative_of):
    """Far out a float of 32 bits has 1 / inf, whose derivative is 0 * inf; and areas whose square is 0."""
    slopes = [slope for slope, _ in VANISHING.values()]
    soft_step = soft_step_of(slopes)
    moved = jax.jit(derivative_of(lambda p, kind: soft_step(kind, 0.5, p)))
    ends = jax.jit(derivative_of(lambda p, kind: jnp.stack(bounds(lambda x: p * jax.lax.switch(kind, slopes, x, p)))))
    for kind, (name, (_, soft)) in enumerate(VANISHING.items()):
        right = (soft(0.5, 2 + 1e-6) - soft(0.5, 2 - 1e-6)) / 2e-6
        np.testing.assert_allclose(moved(2.0, kind), right, rtol=1e-5, err_msg=name)
        np.testing.assert_allclose(ends(2.0, kind), [0.0, 1.0], atol=1e-6, err_msg=name)  # the lower one is far out


@exhaustive
@pytest.mark.parametrize("derivative_of", [jax.jacfwd, jax.jacrev])
@pytest.mark.parametrize("slope", [slope for slope, _ in VANISHING.values()], ids=VANISHING)
def test_the_same_outside_of_a_program(slope, derivative_of):
    ends = derivative_of(lambda p: jnp.stack(bounds(lambda x: p * slope(x, p))))
    np.testing.assert_allclose(ends(2.0), [0.0, 1.0], atol=1e-6)


@eager_or_jit
def test_a_potential_however_far_out_moves_no_steepness(way):
    """A neuron is masked at -1e30, another is as far on the other side: dS/dalpha is x g(alpha x), 0 there."""
    x = np.float32([0.3, -1e30, 1e30, np.finfo(np.float32).max])

    def each(alpha):
        return make_spike(scale(lambda x: jnp.exp(-jnp.abs(x)), alpha), learnable=True)(x)

    by_alpha = way(jax.jacrev(each))(np.float32(2.0))
    np.testing.assert_allclose(by_alpha, [0.3 * np.exp(-0.6), 0, 0, 0], rtol=1e-4)


@exhaustive
def test_numbers_of_what_is_zero_everywhere_do_not_move_it():
    """Five numbers a neuron, of which the first is a weight of 0: that alone makes a difference."""
    slope, soft = VANISHING["infinite"]
    spike = make_spike(lambda x, w, p, a, b, c: w * a * b * c * slope(x, p), learnable=True)
    moved = jax.grad(lambda numbers: spike(jnp.array([0.5, 0.3]), *numbers).sum())([0.0, 2.0, 1.5, 0.7, 1.0])
    np.testing.assert_allclose(moved, [1.05 * (soft(0.5, 2) + soft(0.3, 2)), 0, 0, 0, 0], rtol=1e-5)


@exhaustive
def test_what_has_vanished_may_close_over_an_array_in_any_use():
    """Two neurons, each of which takes the product of both numbers."""
    p, (slope, soft) = np.array([0.5, 4.0]), VANISHING["infinite"]

    def summed(p):
        return antiderivative(lambda x: slope(x, p.prod() * jnp.ones(2)))(jnp.full(2, 0.5)).sum()

    right = 2 * p[::-1] * (soft(0.5, 2 + 1e-6) - soft(0.5, 2 - 1e-6)) / 2e-6
    np.testing.assert_allclose(jax.jit(jax.grad(summed))(p), right, rtol=1e-5)


@exhaustive
@pytest.mark.parametrize(
    ("g", "numbers"),
    [
        (lambda x, w: jnp.minimum(1.0, jnp.exp(w - abs(x))), (0.02, 0.7, 1.3)),
        (lambda x, a: jnp.clip(a * x + 0.3, 0.0, 1.0), (0.5, 2.0, 3.1, 30.0)),
        (lambda x, c: jnp.maximum(0.0, 1 - 30 * abs(x - c)), (-0.05, 1e-3, 0.3)),
    ],
    ids=["plateau", "clipped", "kink"],
)
@eager_or_jit
def test_the_highest_slope_stays_where_what_ends_it_moves(g, numbers, way):
    moved = way(jax.grad(lambda p: bounds(g, p)[1]))
    np.testing.assert_allclose([moved(p) for p in numbers], 0.0, atol=1e-6)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@eager_or_jit
def test_a_number_that_cancels_moves_nothing(way, dtype, x64):
    """Rounding is all that its derivative is made of."""
    x, numbers = jnp.array([0.3, -2.0], dtype), jnp.array([1.3, 1e-3, 1e5], dtype)
    learned = jax.grad(lambda p: antiderivative(lambda x: p * jnp.exp(-jnp.abs(x)) / p)(x).sum())
    moves = jnp.array([way(learned)(p) for p in numbers])
    np.testing.assert_allclose(moves * numbers, 0.0, atol=16 * float(jnp.finfo(dtype).eps))


def moving_logarithm(x, p, eps):
    return -jnp.log(jnp.minimum(1.0, abs(x - p) + eps))


@eager_or_jit
def test_a_derivative_that_is_steeper_than_its_panel_is_not_known(way):
    """The integral up to x moves by -g(x): beyond the bump by nothing, since both sides of a pole cancel."""
    x, p = jnp.array([-5.0, 0.0, 2.5])[:, None], jnp.array([0.3, 0.7])
    for eps, known in [(1e-3, True), (1e-8, False)]:
        soft = functools.partial(antiderivative(functools.partial(moving_logarithm, eps=eps)), x)
        _, moves = jax.jvp(way(soft), (p,), (jnp.ones(2),))
        by_hand = np.minimum(0, np.log(np.minimum(1, abs(x - p) + eps)))
        np.testing.assert_allclose(moves, by_hand if known else np.full((3, 2), np.nan), atol=5e-3)
    of_an_element = way(jax.grad(lambda p: antiderivative(lambda x: moving_logarithm(x, p[0], 1e-8))(2.5)))
    np.testing.assert_array_equal(of_an_element(p), [np.nan, 0])
    of_a_shift = way(jax.grad(lambda p: antiderivative(lambda x: moving_logarithm(x, 0.7 + p, 1e-8))(2.5)))
    assert jnp.isnan(of_a_shift(0.0))


@eager_or_jit
def test_a_slope_too_small_for_a_float_has_no_jump(way):
    """At 9.2 it is 0 of a sudden. By hand in coordinates of the peak: dS/dm is 32 there, and -1.79 is left of it."""
    m, e = 0.2, 0.03
    by_hand, _ = quad(lambda u: -2 * (u + m) * np.exp(-((u + m) ** 2)) / (abs(u) + e), -7, 7, points=[0.0], limit=200)
    moved = way(jax.grad(lambda m: area(lambda x: jnp.exp(-x * x) / (abs(x - m) + e))))(m)
    assert moved == pytest.approx(by_hand, abs=1e-4 / e)


def ramp(x):
    """Of 3 a third at once, the rest in the next 60 numbers: too steep to say that it jumps."""
    return jnp.where(x < 0.25, 0.0, jnp.where(x < 0.75, 1 + 2 * jnp.minimum((x - 0.25) / 1.8e-6, 1), 0.0))


def levels(x, p, _):
    return sum(window(x - 4 + half, half) for half in np.linspace(0.5, 3.5, 8)) + window(x, p, 0.1)


INF, NAN = np.inf, np.nan
MOVED = {  # a slope of p and another number; how exactly, for (x, p, the other), dS/dp is known; NaN: it is not
    # Half a width of the square root of p, at numbers that the step is large beside.
    "a speed that the step does not show": (
        lambda x, p, _: jnp.where(x * x < p, 1.0, 0.0), 1e-4,
        (INF, 0.01, 0.0, 10), (INF, 0.5, 0.0, 2**0.5), (INF, 6e-5, 0.0, NAN), (INF, 1e-4, 0.0, NAN)),
    # Also where a step of the number changes both sides by more than the jump between them.
    "twelve jumps that stay": (
        lambda x, p, least: p * window(x, 6, least + jnp.ceil(jnp.abs(x))), 1e-5,
        (INF, 0.5, 0.0, 42), (INF, 0.5, 50.0, 642)),
    "a jump that stays beside what rises more": (lambda x, p, _: p * ramp(x), 1e-4, (INF, 0.5, 0.0, 1.5)),
    # Beside eight larger jumps that stay, how it moves is not looked for.
    "a small jump beside larger ones": (levels, 1e-4, (0.3, 0.8, 0.0, NAN)),
    "a jump beside what is steeper": (
        lambda x, p, _: 1e4 * jnp.exp(-jnp.square(x / 1e-4)) + window(x, p), 1e-4, (0.3, 0.8, 0.0, 1)),
    # Where it moves by a step of p, the slope has changed by more than the jump.
    "a small jump where the slope falls": (
        lambda x, p, w: (1 - w) * jnp.exp(-jnp.square(x)) + w * window(x, p), 1e-3,
        (INF, 0.7, 1e-3, 2e-3), (0.3, 0.7, 3e-4, 3e-4), (-0.3, 0.5, 1e-3, 1e-3)),
    "a jump that moves by less than a digit": (
        lambda x, p, to: window(x, to + 1e-3 * p) + 0.1 * window(x, 2) * jnp.floor(4 * x), 1e-4,
        (INF, 0.01, 2.2345, NAN)),
    "jumps that stay far from a small number": (
        lambda x, p, to: jnp.sqrt(1 - p * p) * window(x, to), 1e-4,
        (INF, 0.9, 2.0, -3.6 / 0.19**0.5), (INF, 0.01, 50.0, -1 / 0.9999**0.5)),
    "a jump beside 254 that stay": (
        lambda x, p, _: jnp.round(127 * jnp.exp(-x * x)) / 127 + 0.05 * window(x, p), 1e-4, (INF, 2.3, 0.0, NAN)),
    # Both move by p, one twice as far as the other, at p = 0.5 a few digits apart; or one stays.
    "two jumps that nearly meet": (
        lambda x, p, by: window(x + 3 - p, 3) + window(x + 2.49999 - by * (p - 0.5), 3), 1e-4,
        (0.7, 0.5, 0.0, NAN), (0.7, 0.5, 2.0, NAN)),
    # The step is as long as the digits of the jump ask for; beside another number that is small, it is refused.
    "a shift that begins at zero": (
        lambda x, p, half: window(x - p, half), 1e-4,
        *((0.0, 0.0, half, -1) for half in (1.1, 20.3, 100.3, 1e4)), (0.0, 1e-3, 100.3, NAN), (0.0, 1e-3, 1e4, NAN)),
    # The jump moves by as much as all the rest: it is as far as it is small.
    "a small jump far out": (
        lambda x, p, _: jnp.where(abs(x) < 1e7 / p, p / (1 + p * abs(x)), 0.0), 1e-3,
        *((x, 1.5, 0.0, x / (1 + 1.5 * abs(x))) for x in (-2.0, 0.5, 30.0))),
    "a weight of zero beside what has vanished": (
        lambda x, p, a: p / (1 + abs(x)) ** 2 + 1 / jnp.cosh(a * x) ** 2, 1e-5, (0.5, 0.0, 2.0, 2 - 1 / 1.5)),
    # The area is p 2 q / (q + 1). At the threshold is a panel that is empty; the derivative there is NaN.
    "the width of a cusp": (
        lambda x, p, q: jnp.maximum(0, 1 - abs(x / p) ** q), 1e-5,
        *((INF, 0.75, q, 2 * q / (q + 1)) for q in (0.3, 0.8))),
}  # fmt: skip


@eager_or_jit
def test_what_a_number_moves(way):
    slopes = [g for g, *_ in MOVED.values()]

    def soft(p, kind, x, other):  # one program for all of them
        slope = functools.partial(jax.lax.switch, kind, slopes) if way is jax.jit else slopes[kind]
        return antiderivative(lambda *x: slope(*x))(x, p, other)

    moved = way(jax.grad(soft))
    for kind, (name, (_, tolerance, *cases)) in enumerate(MOVED.items()):
        for x, p, other, by_hand in cases:
            np.testing.assert_allclose(moved(p, kind, x, other), by_hand, rtol=tolerance, err_msg=name)


def rising_kink(x, at):
    """Where a rise and a fall meet it is 1 + 0.2 at, which moves with the place."""
    return jnp.exp(jnp.where(x < at, 3 * (x - at), at - x)) * (1 + 0.2 * x)


def left_of_one(x, p):
    """Far out it is what rounding leaves of p times 1 / (1 + u^2), a stair."""
    u = p * jnp.clip(x, -1e9, 1e9)
    return p * (1 - u * u / (1 + u * u))


def rising_from_nothing(x, p):
    u = p * jnp.clip(x - 0.5, -1e9, 1e9)
    return p * (1 + u / jnp.sqrt(1 + u * u))


MOVING = {  # a slope, and the derivatives of both extremes by p
    "kink at 0": (lambda x, p: jnp.minimum(jnp.maximum(x - p, 2 * (p - x)), 10.0), lambda p: (0.0, 0.0)),
    "cusp at 0": (lambda x, p: jnp.minimum(jnp.sqrt(abs(x - p)), 10.0), lambda p: (0.0, 0.0)),
    "jump down": (lambda x, p: jnp.where(x < p, jnp.exp(p * (x - 1)), -1.0),
                  lambda p: (0.0, (2 * p - 1) * np.exp(p * p - p))),
    "jump up": (lambda x, p: jnp.exp(-abs(x)) * jnp.where(x < p * p, 0.1, 1.0),
                lambda p: (0.0, -2 * p * np.exp(-p * p))),
    "a jump that stays": (lambda x, p: p * jnp.exp(-x * x) * jnp.where(x < 0.4, 0.1, 1.0),
                          lambda p: (0.0, np.exp(-0.16))),
    "beside the peak": (lambda x, p: jnp.exp(-x * x) * (2 + jnp.sign(p - x)), lambda p: (0.0, 0.0)),
    "a value in between": (lambda x, p: jnp.exp(-abs(x - 2)) * jnp.heaviside(p - x, 0.5),
                           lambda p: (0.0, np.exp(p - 2))),
    "peak at a kink": (lambda x, p: 1.7 * rising_kink(x, p), lambda p: (0.0, 0.34)),
    "high peak at a kink": (lambda x, p: 170 * rising_kink(x, p), lambda p: (0.0, 34.0)),
    "height of a kink": (lambda x, p: p * rising_kink(x, 0.37), lambda p: (0.0, 1.074)),
    "near the threshold": (lambda x, p: jnp.where(x < 1e-3 * p, jnp.exp(x), -jnp.exp(-x)),
                           lambda p: (1e-3 * np.exp(-1e-3 * p), 1e-3 * np.exp(1e-3 * p))),
    "kink and jump": (
        lambda x, p: jnp.clip(1 + jnp.minimum(2 * (x - p), p - x), 0) - jnp.where(abs(x - 5) < p, 5 + x / 50, 0),
        lambda p: (-0.02, 0.0)),
    "what is left of 1": (left_of_one, lambda p: (0.0, 1.0)),
    "rising from nothing": (rising_from_nothing, lambda p: (0.0, 2.0)),
}  # fmt: skip


@exhaustive
@eager_or_jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_extreme_at_a_kink_or_a_jump_moves_with_it(dtype, way, request):
    if dtype == np.float64:
        request.getfixturevalue("x64")
    slopes, numbers = [g for g, _ in MOVING.values()], jnp.array([0.3, 1.2], dtype)

    def slope(kind, x, p):  # one program for all of them
        return jax.lax.switch(kind, slopes, x, p) if way is jax.jit else slopes[kind](x, p)

    both = way(jax.jacfwd(lambda p, kind: jnp.stack(bounds(lambda x, p: slope(kind, x, p), p))))
    highest = way(jax.grad(lambda p, kind: bounds(lambda x, p: slope(kind, x, p), p)[1].sum()))
    for kind, (name, (_, derivatives)) in enumerate(MOVING.items()):
        expected = np.array([derivatives(float(p)) for p in numbers])
        np.testing.assert_allclose([both(p, kind) for p in numbers], expected, rtol=1e-4, atol=2e-5, err_msg=name)
        np.testing.assert_allclose(highest(numbers, kind), expected[:, 1], rtol=1e-4, atol=2e-5, err_msg=name)


@exhaustive
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_of_peaks_as_high_the_nearest_moves_with_the_period(dtype, request):
    """One far out has no digits left of its place, of which a period too long makes any derivative at all."""
    if dtype == np.float64:
        request.getfixturevalue("x64")

    def wave(period):
        return asym(shapes.squarewave_fourier(n=3, period=period), shapes.power_law)

    ends = jax.jit(jax.jacfwd(lambda p: jnp.stack(bounds(wave(p)))))
    for period in (0.5, 2.0, 2.2859, 3.3, 8.0):  # to either side 12 / period, at 0 and half a period farther
        right = 12 / period**2 * np.array([1.0, -1.0])
        np.testing.assert_allclose(ends(dtype(period)), right, rtol=1e-5)


@exhaustive
@eager_or_jit
def test_a_peak_of_which_the_place_is_lost_moves_by_no_number(way):
    """A wave that grows to its limit has its peak where a digit of x is many periods."""

    def highest(p):
        return bounds(lambda x: (1 - 1 / (1 + abs(x))) * jnp.cos(p * x))[1]

    value, moved = way(jax.value_and_grad(highest))(np.float32(3.0))
    assert 0.9 < value <= 1
    assert np.isnan(moved)


@exhaustive
@pytest.mark.usefixtures("x64")
def test_the_peak_of_a_periodic_part_is_far_and_moves_with_its_period():
    """It is 2.9 less what the well leaves of it far out, whatever the period is."""

    def highest(period):
        parts = lambda x: 1 / (1 + jnp.abs(x)) ** 3, shapes.periodic_laplace(period=period)
        return bounds(mix(*parts, weights=(-0.7, 2.9)))[1]

    assert abs(jax.grad(highest)(1.2)) < 1e-3
