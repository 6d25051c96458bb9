"""Laws of the combinators on random expressions, in float64."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from needs import EXHAUSTIVE
from scipy.integrate import quad

from surrofun import antiderivative, asym, make_spike, mix, normalize, scale, shapes, shift

pytestmark = pytest.mark.usefixtures("x64")
laws = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
laws = settings(laws, max_examples=25 if EXHAUSTIVE else 6)

X = np.array([-40.0, -3.1, -1.3, -0.71, -0.2, -1e-3, 0.0, 1e-3, 0.17, 0.43, 0.9, 2.3, 40.0])
SMOOTH = [shapes.sigmoid, shapes.gaussian, shapes.atan, shapes.circ, shapes.sigmoid(alpha=1.5)]
FALLING = [*SMOOTH, shapes.triangle, shapes.laplace, shapes.superspike, shapes.cosine, shapes.q_pseudo_spike]
ANY = [*FALLING, shapes.reciprocal, shapes.leaky_step, shapes.s2nn, shapes.multi_gaussian, shapes.log_tailed_step]

factor = st.floats(0.25, 4.0).map(lambda v: round(v, 3))
offset = st.floats(-1.5, 1.5).map(lambda v: round(v, 3))


def expressions(kernels, leaves=4):
    """Random compositions of so many kernels."""

    def compose(inner):
        return st.one_of(
            st.builds(scale, inner, factor, height=factor),
            st.builds(shift, inner, offset),
            st.builds(lambda g, h, a, b: mix(g, h, weights=(a, b)), inner, inner, factor, factor),
            st.builds(asym, inner, inner),
        )

    return st.recursive(st.sampled_from(kernels), compose, max_leaves=leaves)


def assert_same(g, h):
    np.testing.assert_allclose(g(jnp.asarray(X)), h(jnp.asarray(X)), rtol=1e-9, atol=1e-300)


@given(expressions(SMOOTH).filter(lambda g: "asym" not in getattr(g, "__name__", "")), offset, offset, factor)
@laws
def test_shift_of_shift_and_through_scale(g, a, b, alpha):
    assert_same(shift(shift(g, a), b), shift(g, a + b))
    assert_same(scale(shift(g, a), alpha), shift(scale(g, alpha), a / alpha))


@given(expressions(ANY), expressions(ANY), expressions(ANY), factor, factor, factor)
@laws
def test_scales_multiply_halves_are_the_sides_and_mix_is_linear_and_permutable(g, h, k, a, b, c):
    assert_same(scale(scale(g, a), b), scale(g, a * b))
    assert_same(scale(scale(g, height=a), height=b), scale(g, height=a * b))
    assert_same(asym(g, g), g)
    x = jnp.asarray(X)
    np.testing.assert_allclose(mix(g, h, k, weights=(a, b, c))(x), a * g(x) + b * h(x) + c * k(x), rtol=1e-12)
    assert_same(mix(g, h, k, weights=(a, b, c)), mix(k, g, h, weights=(c, a, b)))
    assert_same(mix(g, h, k), mix(g, h, k, weights=(1 / 3, 1 / 3, 1 / 3)))


@given(expressions(FALLING), expressions(FALLING, leaves=1), factor)
@settings(laws, max_examples=4 if EXHAUSTIVE else 2)
def test_normalize_is_idempotent(g, simple, wanted):
    for what, inner in (("area", g), ("peak", simple)):  # a search for a peak within the search for a peak is slow
        once = normalize(inner, **{what: wanted})
        assert_same(normalize(once, **{what: wanted}), once)
        assert_same(normalize(scale(g, height=7.0), **{what: wanted}), normalize(g, **{what: wanted}))


@given(expressions(FALLING), factor)
@laws
def test_normalized_to(g, wanted):
    by_area, by_peak = antiderivative(normalize(g, area=wanted)), normalize(g, peak=wanted)
    np.testing.assert_allclose(by_area(jnp.inf) - by_area(-jnp.inf), wanted, rtol=1e-9)
    # The peak by a search of its own: the places with the largest slopes, and around them ever more closely.
    places, spacing = np.linspace(-20, 20, 4040), 0.01
    for _ in range(3):
        slopes = np.asarray(by_peak(jnp.asarray(places)))
        assert slopes.max() <= wanted * (1 + 1e-6)
        places = (places[np.argsort(slopes)[-40:], None] + np.linspace(-spacing, spacing, 101)).ravel()
        spacing /= 50
    assert slopes.max() >= wanted * 0.97


@given(expressions(FALLING))
@laws
def test_soft_step_difference_is_the_integral(g):
    a, b = -0.9, 1.3
    edges = np.unique([a, *np.clip(np.linspace(a, b, 45), a, b), b])
    compiled = jax.jit(g)
    whole = sum(quad(lambda t: float(compiled(t)), *e, limit=100)[0] for e in itertools.pairwise(edges))
    soft = antiderivative(g)
    np.testing.assert_allclose(soft(b) - soft(a), whole, rtol=1e-6, atol=1e-9)


@given(expressions(FALLING))
@laws
def test_jit_equals_eager_to_three_digits_of_the_peak(g):
    """Of a spike; a bare shape runs operation by operation when eager, which the compiler contracts.

    Far out a slope is ill-conditioned: the rounding of an exponent of 20 is one of 20 digits.
    """
    x = jnp.asarray(X, jnp.float32)
    spike = make_spike(g)

    def gradient(x):
        return jax.grad(lambda x: spike(x).sum())(x)

    eager = np.asarray(gradient(x))
    digits = 3 * np.finfo(np.float32).eps
    np.testing.assert_allclose(jax.jit(gradient)(x), eager, rtol=digits, atol=digits * abs(eager).max())
