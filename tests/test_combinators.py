"""Combinators against NumPy, with numbers, arrays and tracers as parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import exhaustive, sample
from reference import FAST, TRIANGLE, X, close

from surrofun import asym, make_spike, mix, normalize, scale, shapes, shift

pytestmark = sample

XS = X.astype(np.float64)


def tri(x, a=1.0):
    return TRIANGLE.slope(x, a)


def sup(x, b=10.0):
    return FAST.slope(x, b)


def sig(x, a=4.0):
    return a / (2 + np.exp(a * x) + np.exp(-a * x))


# name: what is built of a parameter p, and the same in NumPy
BUILT = {
    "scale": (lambda p: scale(shapes.sigmoid, p), lambda x, p: p * sig(p * x)),
    "height": (lambda p: scale(shapes.triangle, 2.0, height=p), lambda x, p: p * 2 * tri(2 * x)),
    "shift": (lambda p: shift(shapes.sigmoid, p), lambda x, p: sig(x - p)),
    "defaults": (lambda p: shift(scale(shapes.sigmoid, height=p)), lambda x, p: p * sig(x)),
    "scale of shift": (lambda p: scale(shift(shapes.sigmoid, 0.5), p), lambda x, p: p * sig(p * x - 0.5)),
    "shift of scale": (lambda p: shift(scale(shapes.sigmoid, 2.0), p), lambda x, p: 2 * sig(2 * (x - p))),
    "mix": (
        lambda p: mix(shapes.triangle, shapes.sigmoid, shapes.superspike, weights=(p, 0.25, -1.0)),
        lambda x, p: p * tri(x) + 0.25 * sig(x) - sup(x)),
    "mix, plain average": (
        lambda p: mix(shapes.triangle, shapes.sigmoid, shift(shapes.superspike, p)),
        lambda x, p: (tri(x) + sig(x) + sup(x - p)) / 3),
    "mix of one": (lambda p: mix(shapes.triangle, weights=(p,)), lambda x, p: p * tri(x)),
    "asym": (
        lambda p: asym(scale(shapes.triangle, p), shift(shapes.sigmoid, p)),
        lambda x, p: np.where(x < 0, p * tri(p * x), sig(x - p))),
    "normalize area": (lambda p: normalize(shapes.superspike, area=p), lambda x, p: p / 0.2 * sup(x)),
    "normalize area of a composition": (
        lambda p: normalize(mix(shapes.superspike, shapes.sigmoid, weights=(1.0, 2.0)), area=p),
        lambda x, p: p / 2.2 * (sup(x) + 2 * sig(x))),
    "normalize area of what depends on p": (
        lambda p: normalize(scale(shapes.triangle, 2.0, height=p), area=3.0),
        lambda x, p: 3 * 2 * tri(2 * x) + 0 * p),
    "normalize peak": (lambda p: normalize(scale(shapes.sigmoid, 3.0), peak=p), lambda x, p: p * sig(3 * x)),
    "normalize peak off the threshold": (
        lambda p: normalize(shift(scale(shapes.triangle, 4.0), p), peak=0.5), lambda x, p: 0.5 * tri(4 * (x - p))),
    "normalize peak of a scaled shift": (
        lambda p: normalize(scale(shift(scale(shapes.triangle, 8.0), 1.0), p), peak=0.5),
        lambda x, p: 0.5 * tri(8 * (p * x - 1))),
    "nested": (
        lambda p: mix(asym(shapes.triangle, scale(shapes.sigmoid, p)), shift(shapes.laplace, -p), weights=(p, 2.0)),
        lambda x, p: p * np.where(x < 0, tri(x), p * sig(p * x)) + 2 * np.exp(-np.abs(x + p)) / 2),
}  # fmt: skip
CONSTANT = {"int": 2, "scalar": np.float64(0.75), "per neuron": np.array([0.5, 1.0, 3.0])}
TRACED = {"float": 1.5, "row": np.array([0.5, 1.0, 3.0]), "each": jnp.linspace(0.5, 2, X.size).reshape(X.shape)}


@pytest.mark.parametrize(("build", "by_hand"), BUILT.values(), ids=BUILT)
def test_against_numpy(build, by_hand):
    """With each parameter as a tracer and as a constant; and the slope of a spike in a loop."""
    ps = np.array([0.5, 1.0, 2.5], np.float32)

    def body(_, p):
        return None, jax.grad(lambda x: make_spike(build(p))(x).sum())(jnp.asarray(X))

    def everything(x, traced, ps):
        constant = {name: build(p)(x) for name, p in CONSTANT.items()}
        looped = jax.lax.scan(body, None, ps)[1], jax.vmap(lambda p: body(None, p)[1])(ps)
        return constant, {name: build(p)(x) for name, p in traced.items()}, looped

    with jax.numpy_rank_promotion("raise"):
        *slopes, looped = jax.jit(everything)(X, TRACED, ps)
    for name, slope in (item for some in slopes for item in some.items()):
        expected = by_hand(XS, np.asarray((CONSTANT | TRACED)[name], np.float64))
        close(slope, np.broadcast_to(expected, X.shape), err_msg=name)
    for dx in looped:
        close(dx, [by_hand(XS, np.float64(p)) for p in ps])


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision_is_rounded_once(dtype):
    x, eps = X.astype(dtype), float(jnp.finfo(dtype).eps)
    ps = (jnp.float32(0.75), jnp.asarray(0.75, dtype))
    slopes = jax.jit(lambda x: {name: [build(p)(x) for p in ps] for name, (build, _) in BUILT.items()})(x)
    for name, got in slopes.items():
        expected = BUILT[name][1](x.astype(np.float64), 0.75)
        for slope in got:
            assert slope.dtype == dtype, name
            close(slope.astype(np.float32), expected, rtol=0.6 * eps, err_msg=name)


# Parameters given at call time go to every shape inside.
PASSED = {
    "scale": (scale(shapes.superspike, 2.0), lambda x, b: 2 * sup(2 * x, b)),
    "shift": (shift(shapes.superspike, 0.5), lambda x, b: sup(x - 0.5, b)),
    "mix": (mix(shapes.superspike, scale(shapes.superspike, 2.0)), lambda x, b: (sup(x, b) + 2 * sup(2 * x, b)) / 2),
    "asym": (
        asym(shapes.superspike, scale(shapes.superspike, 2.0)),
        lambda x, b: np.where(x < 0, sup(x, b), 2 * sup(2 * x, b))),
    "normalize area": (normalize(shapes.superspike, area=1.0), lambda x, b: b / 2 * sup(x, b)),
    "normalize peak": (normalize(scale(shapes.superspike, 2.0), peak=3.0), lambda x, b: 3 * sup(2 * x, b)),
}  # fmt: skip
BETAS = [5.0, np.array([1.0, 2.0, 8.0]), jnp.float32(0.5)]


@pytest.mark.parametrize(("shape", "by_hand"), PASSED.values(), ids=PASSED)
def test_parameters_at_call_time(shape, by_hand):
    def slopes(x, b):
        spike = make_spike(shape)
        return [jax.grad(lambda x: spike(x, b).sum())(x), jax.grad(lambda x: spike(x, beta=b).sum())(x)]

    with jax.numpy_rank_promotion("raise"):
        compiled = jax.jit(lambda x, betas: [slopes(x, b) for b in betas])(X, BETAS)
        eager = [shape(X, BETAS[0]), shape(X, beta=BETAS[0])]
    for b, got in zip([BETAS[0], *BETAS], [eager, *compiled], strict=True):
        expected = np.broadcast_to(by_hand(XS, np.asarray(b, np.float64)), X.shape)
        for slope in got:
            close(slope, expected, err_msg=str(b))


# Conventions, each written out
WINDOW = scale(shapes.rectangle, 2.0)
INSIDE, TINY = np.nextafter(np.float32(0.25), np.float32(0)), np.finfo(np.float32).tiny  # the last float before 0.25
FLAT = shapes.straight_through
CONVENTIONS = {
    "scale by nothing": (scale(shapes.triangle), [0.0, 0.25, 0.5], [1, 0.75, 0.5]),
    "edges of a window": (WINDOW, [-0.25, -INSIDE, INSIDE, 0.25], [0, 2, 2, 0]),
    "edges that moved": (shift(shapes.rectangle, 0.5), [-0.25, 0.0, 0.25, 0.75, 1.0, 1.25], [0, 0, 1, 1, 0, 0]),
    "edges of a triangle": (scale(shapes.triangle, 4.0), [-0.25, 0.25, 0.125], [0, 0, 2]),
    "asym, the threshold is above": (
        asym(FLAT, scale(FLAT, 1.0, height=2.0)), [-np.inf, -TINY, -0.0, 0.0, TINY, np.inf], [1, 1, 2, 2, 2, 2]),
}  # fmt: skip


@pytest.mark.parametrize(("shape", "places", "slopes"), CONVENTIONS.values(), ids=CONVENTIONS)
def test_convention(shape, places, slopes):
    np.testing.assert_array_equal(shape(np.array(places, np.float32)), slopes)


def test_weights_along_the_first_axis_of_an_array():
    parts = (shapes.triangle, shapes.sigmoid)
    weights = np.array([[0.7, 0.1, 2.0], [-1.0, 3.0, 0.5]])
    expected = weights[0] * tri(XS) + weights[1] * sig(XS)
    for w in (weights, list(weights), jnp.asarray(weights)):
        close(mix(*parts, weights=w)(X), expected)
        close(jax.jit(lambda w: mix(*parts, weights=w)(X))(w), expected)
    close(mix(*parts, weights=weights[:, 0])(X), weights[0, 0] * tri(XS) + weights[1, 0] * sig(XS))


# Neither side of an asym sees the other's inputs. Both are singular from 0 on, on the side that is not theirs.
def below(x, p=1.0):
    return p * jnp.log(-x) - 1 / x


def above(x, p=1.0):
    return p * jnp.sqrt(x + 0.25) / (x + 0.125)


def by_hand(x, order):
    with np.errstate(all="ignore"):
        r, s = np.sqrt(x + 0.25), x + 0.125
        left = [np.log(-x) - 1 / x, 1 / x + x**-2, -(x**-2) - 2 * x**-3][order]
        right = [r / s, 1 / (2 * r * s) - r / s**2, -1 / (4 * r**3 * s) - 1 / (r * s**2) + 2 * r / s**3][order]
    return np.where(x < 0, left, right)


PLACES = np.array([-2.0, -1.0, -0.25, -0.125, -0.01, 0.0, 0.01, 0.125, 0.25, 1.0, 2.0])


@pytest.mark.parametrize(
    ("derivative", "jit", "most"),
    [
        pytest.param(jax.grad, jax.jit, 3, id="reverse"),
        pytest.param(jax.jacfwd, jax.jit, 3, id="forward"),
        pytest.param(jax.grad, lambda f: f, 2, id="eager", marks=exhaustive),
    ],
)
def test_asym_protects_both_sides(derivative, jit, most):
    """Derivatives by x of the halves and of their spike, the second ones as well, and the first one by a parameter."""
    shape, x = asym(below, above), PLACES.astype(np.float32)
    slope, of_spike = derivative(shape), derivative(make_spike(shape, forward_mode=True))
    functions = [(shape, of_spike), (slope, derivative(of_spike)), (derivative(slope),)][:most]
    with jax.debug_nans(True), jax.debug_infs(True):
        found = jit(lambda x: [[jax.vmap(f)(x) for f in of_order] for of_order in functions])(x)
        by_parameter = jit(derivative(lambda p: shape(jnp.asarray(x), p).sum()))(1.0)
    for order, of_order in enumerate(found):
        for got in of_order:
            close(got, by_hand(PLACES, order), rtol=1e-4)
    left, right = PLACES[PLACES < 0], PLACES[PLACES >= 0]
    close(by_parameter, np.log(-left).sum() + (np.sqrt(right + 0.25) / (right + 0.125)).sum(), rtol=1e-4)


def test_asym_invents_no_input_at_which_a_shape_of_unit_support_has_its_edge():
    """A semicircle has an infinite derivative at its edge, to which a potential above the threshold is a stranger."""
    semicircle = lambda x, p: jnp.sqrt(jnp.maximum(0, 1 - p * jnp.square(x)))  # noqa: E731
    left, right = asym(semicircle, lambda x, p: p * x), asym(lambda x, p: p * x, semicircle)
    for shape, x in ((left, 0.5), (right, -0.5)):
        assert jax.grad(shape, 1)(x, 1.0) == x


def test_the_peak_of_a_mix_is_the_same_in_numbers_and_traced():
    """It is not the sum of the peaks of its parts, which are at different places."""

    def top(by):
        return normalize(mix(scale(shapes.triangle, 1.5), shift(shapes.triangle, by)), peak=1.0)(0.0)

    np.testing.assert_allclose([top(3.0), jax.jit(lambda _: top(3.0))(0.0), jax.jit(top)(3.0)], 1.0, rtol=1e-6)
    apart = make_spike(normalize(mix(shift(shapes.triangle, -2.0), shift(shapes.triangle, 2.0)), peak=1.0))
    np.testing.assert_allclose([jax.grad(apart)(2.0, 1.5), jax.jit(jax.grad(apart))(2.0, 1.5)], 1.0, rtol=1e-6)


def test_none_is_what_is_left_out():
    assert normalize(shapes.atan, area=2.0, peak=None) is normalize(shapes.atan, area=2.0)
    assert mix(shapes.atan, shapes.circ, weights=None)(0.0) == mix(shapes.atan, shapes.circ)(0.0)


@exhaustive
def test_numbers_of_a_neuron_have_their_peak_under_jit_too():
    """Bounds of parts that are traced are added up: 1 here, where the parts reach 0.5 at different places."""
    g = normalize(mix(shift(shapes.triangle, np.array([2.0, 3.0])), shapes.rectangle), peak=1.0)
    spike, x = make_spike(g), jnp.array([2.0, 3.0])
    for way in (lambda f: f, jax.jit, lambda f: lambda x: jax.lax.map(f, x[None])[0]):
        np.testing.assert_allclose(jax.grad(lambda x, way=way: way(spike)(x).sum())(x), 1.0, rtol=1e-6)
