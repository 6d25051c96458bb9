"""Soft steps against SciPy quadrature, in float64."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from needs import eager_or_jit, exhaustive, sample
from reference import told_mirror
from scipy.integrate import quad

import surrofun
from surrofun import antiderivative, area, asym, bounds, make_spike, mix, normalize, scale, shape, shapes, shift

pytestmark = [pytest.mark.usefixtures("x64"), sample]

PLACES = np.array([-7.3, -2.2, -1.0, -0.51, -0.2, -1e-3, 0.0, 0.013, 0.3, 0.5, 0.77, 1.9, 4.4, 12.0])
EVERYWHERE = np.array([-np.inf, -1e30, *PLACES, 1e30, np.inf])
KINKS = (-1 / 0.3, -1.0, -0.7, -0.5, 0.3, 0.5, 0.7, 1.0, 1.3, 1 / 0.3, *np.arange(1.5, 12, 0.5))  # of everything below


COMPOSED = {
    "scale": scale(shapes.triangle, 2.0, height=3.0),
    "shift of infinite area": shift(shapes.reciprocal, 0.3),
    "mix": mix(scale(shapes.sigmoid, 8.0), shift(shapes.triangle, 0.3), weights=(0.7, 0.2)),
    "mix of finite and infinite area": mix(shapes.reciprocal, shift(shapes.laplace, 0.5)),
    "asym": asym(shapes.laplace, scale(shapes.superspike, 2.0)),
    "asym of infinite area": asym(shapes.straight_through, shapes.laplace),
    "mirrored": told_mirror(asym(shapes.triangle, shapes.laplace)),
    "normalize area": normalize(mix(shapes.superspike, shapes.atan), area=2.0),
    "normalize peak": normalize(shift(shapes.superspike, 0.3), peak=2.0),
    "power law below 1": shapes.power_law(q=0.5),
    "power law at 1": shapes.power_law(q=1.0),
    "power law next to 1": shapes.power_law(q=1.0 + 1e-6),
    "nested": asym(shift(mix(shapes.sigmoid, shapes.cosine), 0.3), scale(shift(shapes.gaussian, -0.5), 0.5)),
}
USERS = {
    "smooth": lambda x: jnp.exp(-jnp.abs(x)),
    "kinked": lambda x: jnp.maximum(0, 1 - jnp.abs(x) / 0.7),
    "jumping": lambda x: jnp.where(jnp.abs(x) < 0.7, 2.0, 0.0),
    "slow": lambda x: 1 / (1 + jnp.abs(x)) ** 1.5,
    "inside a composition": mix(lambda x: 1 / (1 + x**2), shapes.triangle),
}


def integral(g, a, b):
    """From a to b by SciPy, in pieces between the kinks."""
    edges = [a, *(k for k in KINKS if a < k < b), b]
    options = {"epsabs": 1e-12, "epsrel": 1e-12, "limit": 200}
    return sum(quad(lambda t: float(g(np.float64(t))), *ends, **options)[0] for ends in itertools.pairwise(edges))


EVERY = COMPOSED | USERS


@pytest.mark.parametrize("g", EVERY.values(), ids=EVERY)
def test_soft_step_is_the_integral_and_its_slope_the_shape(g):
    """It starts at zero where the area is finite, else it crosses zero at 0, and nothing is NaN, however far out.

    That of the catalogue is in test_shapes.py and test_numerics.py.
    """
    soft, by_autodiff = map(np.asarray, jax.jit(jax.vmap(jax.value_and_grad(antiderivative(g))))(EVERYWHERE))
    np.testing.assert_allclose(jax.jit(antiderivative(g))(EVERYWHERE), soft, rtol=1e-9, atol=1e-9)
    assert not np.isnan([soft, by_autodiff]).any()
    np.testing.assert_allclose(by_autodiff[2:-2], g(jnp.asarray(PLACES)), rtol=1e-9, atol=1e-9)
    start, middle, end = soft[[0, list(EVERYWHERE).index(0.0), -1]]
    assert (start if np.isfinite([start, end]).all() else middle) == pytest.approx(0.0, abs=1e-9)
    slope = jax.jit(g)
    integrals = [integral(slope, *ends) for ends in itertools.pairwise(PLACES)]
    tolerance = 1e-6 if g in USERS.values() else 1e-9
    np.testing.assert_allclose(np.diff(soft[2:-2]), integrals, rtol=tolerance, atol=tolerance)


def test_nothing_of_an_infinite_area_is_nothing():
    g = scale(shapes.reciprocal, height=0.0)
    np.testing.assert_array_equal(antiderivative(g)(jnp.array([-jnp.inf, 1.0, jnp.inf])), 0.0)
    assert area(g) == 0


def test_soft_step_of_a_constant_is_a_line():
    x = jnp.array([-0.5, 2.0])
    constants = [lambda x, slope=slope: slope for slope in (1.5, jnp.float32(1.5), np.float64(1.5))]
    for soft in jax.jit(lambda x: [antiderivative(g)(x) for g in constants])(x):
        np.testing.assert_allclose(soft, [-0.75, 3.0], rtol=1e-6)


X = np.array([-0.5, 0.2, 1.0])
LIMITS = {  # the soft step of 1 / (1 + a |x|)^2, whose derivative by a is -x |x| / (1 + a |x|)^2 - 1 / a^2
    "a quotient of infinities": lambda x, a=1.0: x / (1 + a * abs(x)),
    "a quotient above alone": lambda x, a=1.0: jnp.where(x < 0, 1 / (1 + a * abs(x)) - 1, a * x / (1 + a * abs(x))) / a,
    "guarded at infinity": lambda x, a=1.0: jnp.where(jnp.isinf(x), jnp.sign(x) / a, x / (1 + a * abs(x))),
    "with limits": lambda x, a=1.0: jnp.sign(x) / a * (1 - 1 / (1 + a * abs(x))),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_soft_step_with_limits_is_learned_and_one_without_is_refused(name):
    g, a = shape(lambda x, a=1.0: 1 / (1 + a * abs(x)) ** 2, soft=LIMITS[name]), 2.0
    spike = functools.partial(make_spike(g, learnable=True), np.float32(X))
    by_a = jax.grad(lambda a: spike(a).sum())
    if name.startswith("a quotient"):
        for f in (by_a, functools.partial(jax.vjp, spike), lambda a: area(g, a), lambda a: antiderivative(g)(0.3, a)):
            with pytest.raises(ValueError, match=r"expected of its soft step the limit at -?inf, got NaN; write soft="):
                f(a)
        assert np.isnan(jax.jit(by_a)(a))
    else:
        by_hand = (-X * abs(X) / (1 + a * abs(X)) ** 2 - 1 / a**2).sum()
        np.testing.assert_allclose([by_a(a), jax.jit(by_a)(a)], by_hand, rtol=1e-6)
        assert area(g, a) == pytest.approx(2 / a)


def test_parts_of_infinite_area_are_subtracted_in_one_function_of_x():
    """What the error of their mix advises. The slope is 1/w - 0.1 where |x| < w/2, where S = (x + w/2) (1/w - 0.1)."""

    def slope(x, w=1.0):
        return shapes.leaky_rectangle(x, width=w, leak=0.1) - 0.1 * shapes.straight_through(x)

    assert area(slope) == pytest.approx(0.9)
    assert jax.grad(lambda w: antiderivative(slope)(0.2, w))(1.0) == pytest.approx(-0.2 - 0.05, rel=1e-4)


def test_one_neuron_without_a_limit_is_told():
    quotient, with_limits = LIMITS["a quotient of infinities"], LIMITS["with limits"]

    def soft(x, a):
        return jnp.where(a > 1, quotient(x, a), with_limits(x, a))

    with pytest.raises(ValueError, match="the limit at -inf, got NaN"):
        antiderivative(shape(lambda x, a: 1 / (1 + a * abs(x)) ** 2, soft=soft))(jnp.zeros(2), jnp.array([1.0, 2.0]))


def test_an_area_that_cancels_is_nothing():
    """Its last digits are none of the area, by which one would divide; its derivative is one."""

    def wavelet(x, p=1.0):
        u = x - 0.3
        return (1 - u * u) * jnp.exp(-u * u / 2) + (p - 1) * jnp.exp(-x * x)

    for way in (lambda f: f, jax.jit):
        assert way(lambda p: area(wavelet, p))(1.0) == 0
        assert way(jax.grad(lambda p: area(wavelet, p)))(1.0) == pytest.approx(np.sqrt(np.pi), rel=1e-5)
    with pytest.raises(ValueError, match="normalize: expected a shape of finite, positive area, got 0"):
        normalize(wavelet, area=1.0)(0.5)
    assert np.isnan(jax.jit(lambda p: normalize(lambda x: wavelet(x, p), area=1.0)(0.5))(1.0))


def test_infinities_that_cancel_are_refused_and_waves_have_no_limit():
    def learned(w):
        parts = shapes.leaky_rectangle(width=w, leak=0.1), shapes.straight_through
        return make_spike(mix(*parts, weights=(1.0, -0.1)), learnable=True)(X).sum()

    assert np.isnan(jax.jit(jax.grad(learned))(1.5))
    wave = antiderivative(mix(shapes.squarewave_fourier(n=1), shapes.triangle, weights=(1.0, 1.0)))
    x = 0.25  # from S(0) = 0: 2 / pi sin(pi x / 4) and x - x^2 / 2
    assert float(wave(x)) == pytest.approx(2 / np.pi * np.sin(np.pi * x / 4) + x - x * x / 2, rel=1e-6)


@exhaustive
def test_a_limit_that_is_not_reached_far_out_has_no_derivative():
    """S is 1 - 1 / (1 + a log(1 + x)) above the threshold: 1 at infinity, and 0.986 at 1e30."""
    g = shape(lambda x, a: x + a, soft=lambda x, a: 1 - 1 / (1 + a * jnp.log1p(jnp.maximum(x, 0.0))))
    assert jnp.isnan(jax.grad(lambda a: area(g, a))(1.0))
    settled = shape(lambda x, a: x + a, soft=lambda x, a: a - a / (1 + jnp.maximum(x, 0.0)))
    assert jax.grad(lambda a: area(settled, a))(2.0) == pytest.approx(1)


@exhaustive
@pytest.mark.parametrize("height", [1.0, 0.01])
@pytest.mark.parametrize("q", [0.1, 0.25, 0.35, 0.48, 0.5, 1.0, 2.0])
def test_a_tail_that_falls_slowly_is_learned_or_not_known(q, height):
    """S is 0 at -inf and 2 at inf, whatever q is: dS/dq is sign(x) log(1 + |x|) (1 + |x|)^-q, at 1e12 still 0.2 of it
    for q = 0.1, and 3e-5 for q = 0.5.
    """

    def soft(x, q):
        tail = (1 + abs(x)) ** -q
        return height * jnp.where(x < 0, tail, 2 - tail)

    g = surrofun.derivative(soft)
    by_q = jax.jacfwd(lambda q: make_spike(g, learnable=True, forward_mode=True)(np.float32(X), q))
    of_area = jax.grad(lambda q: area(g, q))  # in float64, where far is 1e30
    learned = np.array([by_q(q), jax.jit(by_q)(q)]) / height
    if q < 0.4:
        assert np.isnan(learned).all()
    else:
        by_hand = np.sign(X) * np.log1p(abs(X)) * (1 + abs(X)) ** -q
        np.testing.assert_allclose(learned, [by_hand] * 2, atol=1e-4)
    assert np.isnan(of_area(q)) if q < 0.3 else abs(of_area(q)) < 1e-6 * height


OVERFLOW = {  # soft steps whose derivative by p is NaN far out, and what it is at -inf and at inf
    "centred logistic": (lambda x, p: p / (1 + jnp.exp(-p * x)) - p / 2, -1 / 2, 1 / 2),
    "logistic with a constant": (lambda x, p: 1 / (1 + jnp.exp(-p * x)) + jnp.log(p), 1 / 3, 1 / 3),
    "two arctan(exp)": (lambda x, p: 2 * p * jnp.arctan(jnp.exp(p * x)), 0, np.pi),
    "hyperbolic secant": (lambda x, p: p * jnp.sign(x) * (1 - 1 / jnp.cosh(p * x)), -1, 1),
    "eighth power": (lambda x, p: p * jnp.sign(x) * (1 - 1 / (1 + (p * x) ** 8)), -1, 1),
    "Gompertz": (lambda x, p: p * jnp.exp(-jnp.exp(-p * x)), 0, 1),
}


@exhaustive
@pytest.mark.parametrize("name", OVERFLOW)
def test_a_height_moves_a_limit_though_the_formula_overflows_far_out(name):
    soft, at_left, at_right = OVERFLOW[name]
    g, p, x = surrofun.derivative(soft), np.float32(3.0), np.float32([-0.7, 0.4])
    h = 1e-6
    by_hand = (soft(x.astype(float), 3 + h) - soft(x.astype(float), 3 - h)) / (2 * h) - at_left
    spike = make_spike(g, learnable=True, forward_mode=True)
    for way in (jax.jacfwd, jax.jacrev):
        for found in (way(lambda p: antiderivative(g)(x, p)), jax.jit(way(lambda p: spike(x, p)))):
            np.testing.assert_allclose(found(p), by_hand, rtol=1e-4, atol=1e-5)
    for dtype in (np.float32, np.float64):
        assert float(jax.grad(lambda p: area(g, p))(dtype(3.0))) == pytest.approx(at_right - at_left, abs=1e-5)
    moved = jax.grad(lambda p: antiderivative(mix(shift(g(p=p), 0.1), g(p=p)))(np.float32(0.5)))(p)
    halves = [(soft(0.4 + by, 3 + h) - soft(0.4 + by, 3 - h)) / (2 * h) - at_left for by in (0.0, 0.1)]
    assert float(moved) == pytest.approx(float(sum(halves)) / 2, rel=1e-4)


@exhaustive
def test_a_root_at_the_threshold_is_not_asked_for_its_derivative():
    """S(-inf) is finite: S(0), whose derivative by p is NaN, is not used."""
    soft = antiderivative(surrofun.derivative(lambda x, p: jnp.sign(x) * (1 - jnp.exp(-jnp.sqrt(p * jnp.abs(x))))))
    x = np.array([-0.7, 0.4])
    by_hand = np.sign(x) * np.exp(-np.sqrt(2 * abs(x))) * np.sqrt(abs(x) / 2) / 2
    for way in (lambda f: f, jax.jit):
        np.testing.assert_allclose(way(jax.jacrev(lambda p: soft(x, p)))(2.0), by_hand, rtol=1e-6)


@exhaustive
@pytest.mark.parametrize(("alpha", "q"), [(1.0, 1.2), (1e-5, 2.0)])
def test_a_slow_tail_whose_derivative_at_infinity_is_known(alpha, q):
    """Of (1 + alpha |x|)^-q the area is 2 / (alpha (q - 1)), and S(x) = area - (1 + alpha x)^(1 - q) area / 2."""

    def moved(alpha, q, by):
        return shift(shapes.power_law(alpha=alpha, q=q), by)

    whole, tail = 2 / (alpha * (q - 1)), (1 + alpha / 2) ** (1 - q) / (alpha * (q - 1))
    given = np.float32([alpha, q, 0.5])
    soft = jax.jit(lambda given: antiderivative(moved(*given))(1.0))
    assert float(soft(given)) == pytest.approx(whole - tail, rel=1e-5)
    assert float(jax.jit(lambda given: area(moved(*given)))(given)) == pytest.approx(whole, rel=1e-5)
    slope = jax.jit(lambda given: normalize(moved(*given), area=1.0)(1.0))(given)
    assert float(slope) == pytest.approx((1 + alpha / 2) ** -q / whole, rel=1e-5)
    r, u = q - 1, 1 + alpha / 2
    by_alpha = (-2 + u**-r) / (alpha**2 * r) + u**-q / (2 * alpha)
    by_q = (-2 + u**-r) / (alpha * r * r) + u**-r * np.log(u) / (alpha * r)
    learned = jax.grad(lambda given: make_spike(moved(*given), learnable=True)(jnp.float32(1.0)))(given)
    np.testing.assert_allclose(learned, [by_alpha, by_q, -(u**-q)], rtol=1e-4)


@exhaustive
@pytest.mark.parametrize("derivative_of", [jax.jacfwd, jax.jacrev])
def test_and_by_an_array_it_is_the_same(derivative_of):
    """It is taken at infinity: 2^40 is not far enough for a tail of |x|^-0.05."""
    alpha, r = 2.0, 0.05

    def soft(a):
        return antiderivative(shift(shapes.power_law(alpha=a * jnp.ones(3), q=1 + r), 0.5))(jnp.ones(3))

    u = 1 + alpha / 2
    by_alpha = (-2 + u**-r) / (alpha**2 * r) + u ** -(1 + r) / (2 * alpha)
    np.testing.assert_allclose(jax.jit(derivative_of(soft))(alpha), by_alpha, rtol=1e-4)


@exhaustive
@pytest.mark.parametrize("derivative_of", [jax.jacfwd, jax.jacrev])
def test_a_side_that_no_array_moves_may_have_nan_in_reverse_at_infinity(derivative_of):
    """S is exp(x) on one side, where p does not move it, and in reverse log(1 + p |x|) is 0 / inf times inf there."""
    g = surrofun.derivative(lambda x, p: jnp.where(x < 0, jnp.exp(x), 1 + jnp.log1p(p * abs(x))))
    x, p = np.array([-0.7, 0.4, 0.9]), np.array([1.0, 2.0, 3.0])
    by_hand = np.where(x < 0, 0.0, x / (1 + p * abs(x)))
    by_p = derivative_of(lambda p: antiderivative(shift(g(p=p), 0.5))(x + 0.5))(p)
    np.testing.assert_allclose(by_p, np.diag(by_hand), rtol=1e-12)


@exhaustive
def test_a_period_for_each_neuron_is_learned_by_the_soft_step():
    """Above the threshold S is that of k whole bumps, 2 / alpha (1 - exp(-alpha period / 2)) each, and a part."""
    x, alpha, period = np.array([-0.5, 1.1, 5.2]), 2.0, np.array([0.8, 1.0, 2.5])

    def soft(period):
        return antiderivative(shift(shapes.periodic_laplace(alpha=alpha, period=period), 0.25))(x + 0.25)

    n = np.round(np.maximum(x, 0) / period)  # here x is above the nearest threshold: S = n whole + 1/alpha - exp(..)
    by_hand = n * (np.exp(-alpha * period / 2) - np.exp(-alpha * (x - n * period)))
    np.testing.assert_allclose(jax.grad(lambda p: soft(p).sum())(period), by_hand, rtol=1e-12)
    at_the_end = jax.grad(lambda p: antiderivative(shapes.periodic_laplace)(-np.inf, alpha, p))(1.0)
    assert at_the_end == 0


def squared_soft(x, g):
    return jnp.square(antiderivative(g)(x)) / 2


def flipped_soft(x, g):
    return -antiderivative(g)(-x)


@exhaustive
@eager_or_jit
def test_a_soft_step_that_is_not_linear_in_those_of_its_parts_has_their_constants(way):
    """S^2 / 2, and that mirrored, of S = tanh(a x) + 1, whose declared form begins at -1."""
    squared = surrofun.combinator(lambda x, g: g(x) * antiderivative(g)(x), soft=squared_soft)
    flipped = surrofun.combinator(lambda x, g: g(-x), soft=flipped_soft)
    g = surrofun.derivative(lambda x, a: jnp.tanh(a * x))
    x, a = 0.7, 2.0
    for sign, made in ((1, squared(g)), (-1, flipped(squared(g))), (1, flipped(flipped(squared(g))))):
        s = np.tanh(sign * a * x) + 1
        soft = s * s / 2 if sign > 0 else 2 - s * s / 2
        assert float(way(area)(made(a=a))) == pytest.approx(2, rel=1e-6)
        assert float(way(antiderivative(made))(x, a)) == pytest.approx(soft, rel=1e-6)
        learned = way(jax.grad(lambda a: make_spike(made, learnable=True)(x, a)))(a)  # noqa: B023
        assert float(learned) == pytest.approx(s * x / np.cosh(a * x) ** 2, rel=1e-5)


@jax.custom_jvp
def straight_through_round(s):
    return jnp.round(s)


straight_through_round.defjvp(lambda primals, tangents: (straight_through_round(*primals), *tangents))

HIDDEN = {  # functions of S whose derivative does not tell what they do; all but one are a step at the median
    "compared": lambda s: s > 0.5,
    "sign": lambda s: (1 + jnp.sign(s - 0.5)) / 2,
    "floor": lambda s: jnp.floor(s + 0.5),
    "round": jnp.round,
    "ceil": lambda s: jnp.ceil(s - 0.5),
    "rem": lambda s: s + 0.5 - lax.rem(s + 0.5, jnp.ones_like(s)),
    "whole numbers": lambda s: jnp.int32(2 * s),
    "compared in a program": jax.jit(lambda s: s > 0.5),
    "compared in a branch": lambda s: lax.cond(s.sum() < 99, lambda s: s > 0.5, lambda s: s > 0.6, s),
    "compared in a loop": lambda s: lax.fori_loop(0, 1, lambda i, n: n + jnp.floor(s + 0.5), 0 * s),
    "rounded, with another derivative": straight_through_round,
    "without a derivative": lambda s: lax.stop_gradient(s) ** 2,
}


@exhaustive
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("height", [1.5, np.array([1.0, 2.0, 0.0, -1.0])], ids=["shared", "per neuron"])
def test_a_soft_step_that_compares_those_of_its_parts_has_their_constants(hidden, height):
    """The declared form of the part begins at -1/2, S at 0; there is no derivative that tells the two apart."""
    of_s = HIDDEN[hidden]
    made = surrofun.combinator(
        lambda x, g, h=1.0: h * g(x), soft=lambda x, g, h: h * of_s(antiderivative(g)(x)).astype(x.dtype)
    )
    part = shape(lambda x, a: a / 2 / jnp.cosh(a * x) ** 2, soft=lambda x, a: jnp.tanh(a * x) / 2)
    x, s = np.array([-2.0, -0.5, 0.25, 1.5]), (1 + np.tanh(1.3 * np.array([-2.0, -0.5, 0.25, 1.5]))) / 2
    by_hand = s**2 if hidden == "without a derivative" else s > 0.5
    np.testing.assert_allclose(antiderivative(made(part(a=1.3), height))(x), height * by_hand, rtol=1e-6)
    spike = make_spike(made(part, jnp.asarray(height)), learnable=True)
    by_height = jax.grad(lambda h: make_spike(made(part, h), learnable=True)(x, 1.3).sum())(jnp.asarray(height))
    np.testing.assert_allclose(by_height.sum(), by_hand.sum(), rtol=1e-6)
    np.testing.assert_array_equal(spike(x, 1.3), x >= 0)


def test_a_soft_step_of_infinite_area_is_compared_with_its_constant():
    """S = sign(x + 2) log(1 + abs(x + 2)) - log(3), which is 0 at the threshold, and not at the centre of its part."""
    above = surrofun.combinator(
        lambda x, g: jnp.where(antiderivative(g)(x) > 0, 1 / (1 + x * x), 0.0),
        soft=lambda x, g: jnp.where(antiderivative(g)(x) > 0, jnp.arctan(x), 0.0),
    )
    x = np.array([-3.0, -1.0, -0.4, 0.4, 2.0])
    soft = antiderivative(above(shift(shapes.reciprocal, -2.0)))(x)
    np.testing.assert_allclose(soft, np.where(x > 0, np.arctan(x), 0), rtol=1e-6)


def test_a_soft_step_may_give_parameters_to_those_of_its_parts():
    steeper = surrofun.combinator(
        lambda x, g, k=2.0: g(x, alpha=k) + g(x, k),
        soft=lambda x, g, k: antiderivative(g)(x, alpha=k) + antiderivative(g)(x, k),
        bounds=lambda g, k: [end + bounds(g, k)[i] for i, end in enumerate(bounds(g, alpha=k))],
    )
    g, logistic = steeper(shapes.sigmoid, 3.0), 1 / (1 + np.exp(-1.5))
    slope = 2 * 3 * logistic * (1 - logistic)
    assert float(g(0.5)) == pytest.approx(slope, rel=1e-6)
    assert float(antiderivative(g)(0.5)) == pytest.approx(2 * logistic, rel=1e-6)
    learned = jax.grad(lambda k: make_spike(steeper(shapes.sigmoid, k), learnable=True)(0.5))(3.0)
    assert float(learned) == pytest.approx(slope * 0.5 / 3, rel=1e-6)
    assert float(bounds(g)[1]) == pytest.approx(2 * 3 / 4, rel=1e-6)


def test_by_position_what_a_formula_gives_to_a_part_comes_before_what_the_call_gives():
    bell = shape(
        lambda x, a, b: a / jnp.cosh(b * x) ** 2,
        soft=lambda x, a, b: a / b * jnp.tanh(b * x),
        bounds=lambda a, b: (0.0, a + 0 * b),
    )
    first = surrofun.combinator(lambda x, g: g(x, 3.0), bounds=lambda g: bounds(g, 3.0))(bell)
    of_soft = surrofun.combinator(lambda x, g: antiderivative(g)(x, 3.0))(bell)
    assert float(first(0.5, 2.0)) == pytest.approx(3 / np.cosh(1) ** 2, rel=1e-6)
    assert float(bounds(first, 2.0)[1]) == 3
    assert float(of_soft(0.5, 2.0)) == pytest.approx(1.5 * (np.tanh(1) + 1), rel=1e-6)
    by_x = jax.grad(lambda x: make_spike(first, residual="uint8")(x, 2.0))(0.0)
    assert float(by_x) == pytest.approx(3, rel=1e-2)


@exhaustive
def test_a_weight_for_each_neuron_of_what_is_not_anchored_by_declaration():
    """(1 + exp(-x))^-1 - 1/2 has another constant: S is 0 at -inf for every weight."""
    g = shape(lambda x, a: a * jax.nn.sigmoid(x) * jax.nn.sigmoid(-x), soft=lambda x, a: a * (jax.nn.sigmoid(x) - 0.5))

    def soft(a):
        return antiderivative(mix(g(a=a), shapes.triangle, weights=(np.array([0.0, 1.0, 2.0]), 1.0)))(jnp.full(3, -1.0))

    by_hand = np.arange(3) / (1 + np.e)
    np.testing.assert_allclose(soft(1.0), by_hand, rtol=1e-6)
    assert jax.grad(lambda a: soft(a).sum())(1.0) == pytest.approx(by_hand.sum(), rel=1e-6)


def test_call_time_parameters_reach_the_closed_form():
    x, alphas = jnp.asarray(PLACES), jnp.array([1.0, 2.0, 4.0])
    for soft, by_hand in (
        (antiderivative(shapes.sigmoid)(x, 3.0), 3.0 * PLACES),
        (antiderivative(shift(shapes.sigmoid, 0.3))(x, alpha=3.0), 3.0 * (PLACES - 0.3)),
        (antiderivative(shift(shapes.sigmoid, 0.3))(alpha=3.0)(x), 3.0 * (PLACES - 0.3)),
        (antiderivative(scale(shapes.sigmoid, alphas))(x[:, None], alpha=1.0), np.outer(PLACES, alphas)),
    ):
        np.testing.assert_allclose(soft, 1 / (1 + np.exp(-by_hand)), rtol=1e-12)


def test_derivative_of_any_soft_step():
    g = surrofun.derivative(lambda x, alpha: jnp.tanh(alpha * x))
    for slope in g(jnp.asarray(PLACES), 2.0), g(alpha=2.0)(jnp.asarray(PLACES)):
        np.testing.assert_allclose(slope, 2 / np.cosh(2 * PLACES) ** 2, rtol=1e-12, atol=1e-12)
    assert g(alpha=2.0).__name__ == "derivative(<lambda>(alpha=2.0))"
    np.testing.assert_allclose(jax.grad(make_spike(g))(0.3, 2.0), 2 / np.cosh(0.6) ** 2, rtol=1e-12)
    soft = antiderivative(scale(g, 0.5, height=3.0))(jnp.array([-jnp.inf, 0.3]), 2.0)  # from 0, though tanh is from -1
    np.testing.assert_allclose(soft, [0, 3 * (np.tanh(0.3) + 1)], rtol=1e-12)


def test_each_of_three_neurons_has_measures_of_its_own():
    beta = np.array([1.0, 2.0, 4.0])
    g = scale(shapes.superspike, beta)
    np.testing.assert_allclose(area(g), np.full(3, 0.2), rtol=1e-6)  # 2 / beta, at the default of 10
    np.testing.assert_allclose(np.broadcast_to(bounds(g)[1], 3), beta, rtol=1e-6)
    np.testing.assert_allclose(area(shapes.superspike, beta=beta), 2 / beta, rtol=1e-6)
