"""Every shape, combinator and option under the settings by which users ask JAX to be strict, or slow, or otherwise."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from formulas import FACTS
from needs import exhaustive, sample
from reference import FAST, TRIANGLE, checking_leaks, gradient
from scipy.special import erf

import surrofun
from surrofun import antiderivative, area, asym, bounds, escape, make_spike, mix, normalize, sampled, shape, shapes


@contextlib.contextmanager
def strict():
    """As strict as can be about ranks, NaN, infinity and leaks."""
    with jax.numpy_rank_promotion("raise"), jax.debug_nans(True), jax.debug_infs(True), checking_leaks():
        yield


@contextlib.contextmanager
def otherwise():
    """With another generator of random numbers, no key used twice, and on a device that is named."""
    with jax.default_prng_impl("rbg"), jax.debug_key_reuse(True), jax.default_device(jax.devices()[0]):
        yield


SETTINGS = {"strict": strict, "no jit": jax.disable_jit, "otherwise": otherwise}
X = np.array([[-1.9, -0.3, 0.2], [0.45, 0.8, 1.7]], np.float32)


def under(*settings):
    """Run a test once under each of these settings."""
    return pytest.mark.parametrize("setting", settings, indirect=True)


@pytest.fixture
def setting(request):
    with SETTINGS[request.param]():
        yield


def learned(g):
    """Return the gradient by the parameter, at 2."""
    return jax.grad(lambda a: make_spike(g, learnable=True)(jnp.asarray(X), a).sum())(2.0)


def of_catalogue(name):
    parameters = FACTS[name].settings[0]
    return lambda: getattr(shapes, name)(**parameters), lambda x: FACTS[name].slope(x, **parameters)


FAST_2, HAT = shapes.superspike(beta=2.0), shapes.triangle
EACH = np.array([1.0, 2.0, 3.0], np.float32)
SHAPES = {name: of_catalogue(name) for name in FACTS} | {
    "scale": (lambda: surrofun.scale(FAST_2, 3.0, height=0.5), lambda x: 1.5 * FAST.slope(3 * x, 2)),
    "shift": (lambda: surrofun.shift(FAST_2, 0.25), lambda x: FAST.slope(x - 0.25, 2)),
    "mix": (lambda: mix(FAST_2, HAT, weights=(1.0, -0.5)), lambda x: FAST.slope(x, 2) - 0.5 * TRIANGLE.slope(x, 1)),
    "asym": (lambda: asym(FAST_2, HAT), lambda x: np.where(x < 0, FAST.slope(x, 2), TRIANGLE.slope(x, 1))),
    "normalize": (lambda: normalize(FAST_2, area=3.0), lambda x: 3.0 * FAST.slope(x, 2)),
    "undeclared": (
        lambda: normalize(shape(lambda x, a: jnp.exp(-a * x * x))(a=2.0), area=1.0),
        lambda x: np.exp(-2 * x * x) * np.sqrt(2 / np.pi),
    ),
    "per neuron": (lambda: shapes.superspike(beta=jnp.asarray(EACH)), lambda x: FAST.slope(x, EACH)),
}


@sample
@under("strict", "no jit")
@pytest.mark.parametrize(("make", "formula"), SHAPES.values(), ids=SHAPES)
def test_shapes(setting, make, formula):
    np.testing.assert_allclose(gradient(make_spike(make()), X), formula(X.astype(float)), rtol=1e-5, atol=1e-6)


OPTIONS = {
    "forward mode": ({"forward_mode": True}, 1e-6),
    "learnable": ({"learnable": True, "forward_mode": True}, 1e-6),
    "bfloat16": ({"residual": jnp.bfloat16}, 2**-8),
    "uint8": ({"residual": jnp.uint8}, 1 / 508),
    "sign": ({"step": surrofun.sign}, 1e-6),
    "ternary": ({"step": surrofun.ternary(threshold=0.5)}, 1e-6),
    "staircase": ({"step": surrofun.staircase(3)}, 1e-6),
}


@sample
@under("strict", "no jit")
@pytest.mark.parametrize(("options", "tolerance"), OPTIONS.values(), ids=OPTIONS)
def test_options(setting, options, tolerance):
    np.testing.assert_allclose(gradient(make_spike(FAST_2, **options), X), FAST.slope(X, 2.0), atol=tolerance)


@sample
@under("strict", pytest.param("no jit", marks=exhaustive), "otherwise")
def test_draws(setting):
    key, other = jax.random.split(jax.random.key(0))
    assert set(np.unique(gradient(make_spike(HAT, residual=sampled(key)), X))) <= {0.0, 1.0}
    spikes = make_spike(shapes.sigmoid, step=escape(shapes.sigmoid, other))(jnp.asarray([-200.0, 200.0]))
    np.testing.assert_array_equal(spikes, [0.0, 1.0])


@sample
@under("strict", "no jit")
def test_learned(setting):
    np.testing.assert_allclose(learned(shapes.superspike), FAST.soft_da(X, 2.0).sum(), rtol=1e-5)


@sample
@under("strict", "no jit")
@pytest.mark.parametrize("forward_mode", [False, True])
@pytest.mark.parametrize(("dtype", "rtol"), [(jnp.float32, 1e-5), (jnp.bfloat16, 2**-8)])
def test_learned_one_a_neuron(setting, forward_mode, dtype, rtol):
    def spikes(each):
        return make_spike(shapes.superspike, learnable=True, forward_mode=forward_mode)(jnp.asarray(X), each).sum()

    by_each = jax.grad(spikes)(jnp.asarray(EACH, dtype))
    assert by_each.dtype == dtype
    np.testing.assert_allclose(by_each.astype(jnp.float32), FAST.soft_da(X, EACH).sum(0), rtol=rtol)


def test_facts_are_found_where_no_transfer_is_allowed():
    """They are numbers, found by NumPy while a step is compiled."""
    x, key, plain = jnp.asarray(X), jax.random.key(0), lambda x, a=2.0: 1 / (1 + a * jnp.abs(x)) ** 2
    made = make_spike(FAST_2, residual=jnp.uint8), make_spike(FAST_2, step=escape(FAST_2, key))
    made += make_spike(normalize(FAST_2, area=1.0)), make_spike(plain, learnable=True)
    with jax.transfer_guard("disallow"):
        slopes = [jax.jit(jax.grad(lambda x, spike=spike: spike(x).sum()))(x) for spike in made]
    np.testing.assert_allclose(slopes, [FAST.slope(X, 2)] * 4, atol=2e-3)


@exhaustive
@under("strict")
def test_learned_but_not_declared(setting):
    def soft_steps(a):
        return (np.sqrt(np.pi / a) / 2 * (1 + erf(np.sqrt(a) * X.astype(float)))).sum()

    expected = (soft_steps(2 + 1e-5) - soft_steps(2 - 1e-5)) / 2e-5
    np.testing.assert_allclose(learned(lambda x, a: jnp.exp(-a * x * x)), expected, rtol=1e-4)
    closed = jax.grad(lambda a: make_spike(lambda x: jnp.exp(-a * x * x), learnable=True)(jnp.asarray(X)).sum())
    np.testing.assert_allclose(closed(2.0), expected, rtol=1e-4)


@exhaustive
@under("strict")
def test_facts(setting):
    for name in ("periodic_laplace", "reciprocal", "straight_through"):
        assert np.isinf(area(getattr(shapes, name)))
    g = shape(lambda x: jnp.exp(-x * x))
    np.testing.assert_allclose(area(g), np.sqrt(np.pi), rtol=1e-5)
    np.testing.assert_allclose(bounds(g), (0.0, 1.0), atol=1e-6)
    np.testing.assert_allclose(antiderivative(g)(jnp.zeros(2)), [np.sqrt(np.pi) / 2] * 2, rtol=1e-5)


@exhaustive
@pytest.mark.parametrize("run", [pytest.param(jax.jit, id="jit"), pytest.param(jax.vmap, id="vmap", marks=exhaustive)])
def test_what_is_searched_for_of_a_tracer_under_rank_promotion(run):
    """Area and peak of exp(-(a x)^2) are sqrt(pi) / a and 1, whatever is asked of the user's own arithmetic."""

    def found(a):
        def bump(x):
            return jnp.exp(-((a * x) ** 2))

        by_area = normalize(bump, area=1.0)(jnp.float32(0.0))
        return area(bump), bounds(bump)[1], by_area, normalize(bump, peak=2.0)(jnp.float32(0.0))

    a = jnp.ones(2 if run is jax.vmap else ()) * 2.0
    with jax.numpy_rank_promotion("raise"):
        values = run(found)(a)
    for value, right in zip(values, (np.sqrt(np.pi) / 2, 1, 2 / np.sqrt(np.pi), 2), strict=True):
        np.testing.assert_allclose(value, right, rtol=1e-4)


def test_the_closest_shape_is_found_where_ranks_must_not_be_promoted():
    with jax.numpy_rank_promotion("raise"):
        found = surrofun.check(make_spike(shapes.superspike(beta=3.0)))["closest shape"]
    assert (found["ok"], found["value"]) == (True, "superspike(beta=3.0) to 3e-07")
