"""What is kept for the backward pass: how many bytes, and that it is right."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from jax.tree_util import Partial
from needs import eager_or_jit, exhaustive, sample
from reference import gradient

from surrofun import asym, bounds, make_spike, mix, sampled, scale, shape, shapes, shift

pytestmark = sample

X = jnp.linspace(-2.5, 2.5, 4096).at[2048].set(0.0).reshape(16, 256)
FLOATS = [jnp.bfloat16, jnp.float16, jnp.float8_e4m3fn, jnp.float8_e5m2]
BOUNDED = [
    *(getattr(shapes, name) for name in shapes.__all__ if name != "escape_exponential"),
    *(scale(shapes.sigmoid, 25.0), shift(scale(shapes.gaussian, 4.0), 0.7)),
    mix(scale(shapes.sigmoid, 8.0), shift(shapes.triangle, -0.6), shift(shapes.laplace, 1.1)),
    asym(shapes.triangle, scale(shapes.superspike, 0.5)),
]


def slopes(g, residual, x=X):
    return gradient(make_spike(g, residual=residual), x)


@exhaustive
def test_bytes_are_within_a_508th_of_the_range():
    """And so within a 500th of the peak, for a shape without negative lobes."""

    def found(x, far):
        return {g.__name__: (g(x), g(far), slopes(g, jnp.uint8, x)) for g in BOUNDED}

    for name, (slope, beyond, coded) in jax.jit(found)(X, jnp.linspace(-20, 20, 40001)).items():
        error, highest = np.abs(coded - slope).max(), slope.max()
        assert error <= (highest - min(0.0, beyond.min())) / 508 * 1.003 + 1e-7 * highest, name
        assert np.unique(slope).size <= 2 or error > 0, name


@exhaustive
def test_bytes_with_arrays_as_parameters():
    """Outside of a trace the range is exact; within one it is that of test_declared.py."""
    g = mix(scale(shapes.sigmoid, jnp.float32(5.0)), shift(shapes.triangle, jnp.float32(-0.6)))
    error, highest = np.abs(slopes(g, jnp.uint8) - g(X)), g(X).max()
    assert 0 < error.max() <= highest / 500


def test_bytes_with_a_parameter_per_neuron():
    alpha = jnp.linspace(0.5, 8.0, 256)
    coded = jax.jit(lambda alpha: slopes(shapes.triangle(alpha=alpha), jnp.uint8))(alpha)
    assert (np.abs(coded - shapes.triangle(X, alpha)).max(0) <= alpha / 500).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_are_rounded_once(dtype):
    want = shapes.sigmoid(X).astype(dtype).astype(jnp.float32)
    np.testing.assert_array_equal(slopes(shapes.sigmoid, dtype), want)


TWO_VALUED = [
    *(shapes.rectangle, shapes.leaky_rectangle, shapes.leaky_step, shapes.straight_through),
    *(scale(shift(shapes.rectangle, 0.3), 1.7, height=0.3), shapes.rectangle(width=jnp.float32(0.3))),
]


@exhaustive
def test_a_bit_is_exact_at_nan_or_refused():
    x = jnp.array([0.2, jnp.nan, 3.0, *np.random.default_rng(0).normal(0, 0.5, 60)])
    pairs = jax.jit(lambda x: [(slopes(g, "bit", x), g(x)) for g in TWO_VALUED])(x)
    for g, (coded, slope) in zip(TWO_VALUED, pairs, strict=True):
        np.testing.assert_array_equal(coded, slope, g.__name__)
        assert not jnp.isnan(slope).any(), g.__name__

    def third(x, width=1.0):
        return jnp.where(jnp.isnan(x), x, jnp.where(jnp.abs(x) < width, 1.0, 0.0))

    with pytest.raises(ValueError, match=r"third: expected a shape of two .* got slopes between 0 and 1, nan among"):
        slopes(third, "bit", x)
    traced = jax.jit(jax.grad(lambda x, width: make_spike(third, residual="bit")(x, width).sum()))
    assert jnp.isnan(traced(x, 1.0)).all()
    np.testing.assert_array_equal(slopes(third, jnp.uint8, x[:3]), [1.0, np.nan, 0.0])


@pytest.mark.parametrize(
    ("highest", "lowest", "dtype"),
    [(1 + 2**-7, 1.0, "bfloat16"), (1 + 2**-23, 1.0, "float32"), (6e-8, 0.0, "float16"), (3e38, -3e37, "float32")],
)
def test_a_bit_tells_neighbouring_numbers_apart(highest, lowest, dtype):
    found = slopes(lambda x: jnp.where(jnp.abs(x) < 1, highest, lowest), "bit", jnp.array([0.3, 3.0], dtype))
    np.testing.assert_array_equal(found, np.asarray([highest, lowest], jnp.dtype(dtype)))


@pytest.mark.parametrize("x", [0.3, np.float32([-1.0, 0.3])])
def test_a_bit_of_a_constant(x):
    np.testing.assert_array_equal(slopes(lambda x: 2.0, "bit", x), np.full_like(x, 2.0))


def test_a_bit_of_a_width_for_each_neuron():
    """Which only the function knows, so that it is looked at in the same places for all."""
    width = np.float32([0.5, 1.0, 2.0])
    found = slopes(lambda x: jnp.where(abs(x) < width, 1.0, 0.25), "bit", np.full((2, 3), 0.7, np.float32))
    np.testing.assert_array_equal(found, [[0.25, 1.0, 1.0]] * 2)


@exhaustive
def test_a_bit_of_a_function_that_returns_double_precision(x64):
    x = jnp.array([0.0, 2.0], jnp.float32)
    np.testing.assert_array_equal(slopes(lambda x: jnp.where(abs(x) < 1, 0.5, 0.1), "bit", x), np.float32([0.5, 0.1]))


@pytest.mark.parametrize(
    ("where", "at"),
    [
        (lambda x: abs(x) > 2000, 3000.0),
        (lambda x: abs(x - 5.3) < 0.3, 5.3),
        (lambda x: abs(x + 5.3) < 0.3, -5.3),
        (lambda x: x == 0.25, 0.25),  # as the derivative of a clip has one at its kink
        (lambda x: x == jnp.inf, jnp.inf),
        (lambda x: x == -jnp.inf, -jnp.inf),
    ],
    ids=["far", "at a distance", "below", "a kink", "infinity", "minus infinity"],
)
def test_a_third_value_is_found(where, at):
    """Also where a parameter is traced, if it is not narrower than a tenth of its distance."""
    spike = make_spike(lambda x, a: jnp.where(where(x), 0.5, shapes.rectangle(x, a)), residual="bit")
    with pytest.raises(ValueError, match="expected a shape of two values"):
        jax.grad(lambda x: spike(x, 1.0))(at)
    assert jnp.isnan(jax.jit(jax.grad(spike))(at, 1.0))


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("height", [1e-4, 1.0, 1e3])
def test_bytes_of_half_precision_are_computed_in_float32(dtype, height):
    x = jnp.linspace(-1.2, 1.2, 777).astype(dtype)
    slope = height * np.maximum(0, 1 - np.abs(np.asarray(x, np.float64)))
    coded = np.asarray(slopes(scale(shapes.triangle, height=height), jnp.uint8, x), np.float64)
    rounding = np.maximum(float(jnp.finfo(dtype).eps) * slope, 2.0**-24 if dtype == jnp.float16 else 0)
    assert (np.abs(coded - slope) <= height / 508 + 2 * rounding + 1e-6 * height).all()


def test_a_float_of_64_bits_keeps_what_there_is():
    """Which is a float32, unless x64 is enabled."""
    x = jnp.linspace(-1.0, 1.0, 7)
    np.testing.assert_array_equal(slopes(shapes.superspike, np.float64, x), shapes.superspike(x))


SIZES = [(), (0,), (3,), (8,), (5, 7), (3, 1), (2, 17), (4, 0), (0, 9), (2, 3, 9), (1,), (2, 1, 1)]


def test_a_bit_is_exact_whatever_the_size():
    xs = [np.random.default_rng(0).normal(0, 0.5, shape).astype(np.float32) for shape in SIZES]
    spike = make_spike(shapes.rectangle, residual="bit")
    together = jax.jit(lambda xs: [gradient(spike, x) for x in xs])(xs)
    for x, coded in zip(xs, together, strict=True):
        np.testing.assert_array_equal(coded, (np.abs(x) < 0.5).astype(np.float32), strict=True)
    np.testing.assert_array_equal(gradient(spike, xs[4]), np.abs(xs[4]) < 0.5)  # outside of jit too


@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        *(((64, 256), 8 * 256), ((60, 250), 8 * 250), ((10, 40), 2 * 40), ((9, 40), 9 * 5), ((3, 40), 3 * 5)),
        *(((5, 2, 64), 2 * 64), ((100,), 13), ((), 1)),
    ],
)
def test_eight_rows_share_a_byte(shape, kept):
    """Those of the first axis that fills 5 / 8 of its bytes. The two values take 8 bytes more."""
    pull = jax.vjp(make_spike(shapes.rectangle, residual="bit"), jnp.zeros(shape))[1]
    assert sum(leaf.nbytes for leaf in jax.tree.leaves(pull)) == kept + 8


@pytest.mark.parametrize("residual", [None, jnp.bfloat16, jnp.uint8, "bit"])
def test_under_vmap_and_in_a_scan(residual):
    spike = make_spike(shapes.rectangle, residual=residual)
    x = X[5:10, ::20]
    want = np.where(np.abs(x) < 0.5, 1.0, 0.0)
    assert 0 < want.mean() < 1
    widths = np.array([0.5, 1.0, 2.0], np.float32)
    over_examples = jax.vmap(partial(gradient, spike))

    def by_width(width):
        return gradient(make_spike(shapes.rectangle(width=width), residual=residual), x)

    def mapped(x, widths):
        together = [
            over_examples(x),
            jax.vmap(partial(gradient, spike), 1, 1)(x),
            jax.vmap(jax.vmap(jax.grad(spike)))(x),
            gradient(jax.vmap(jax.vmap(spike)), x),
            gradient(lambda x: jax.lax.scan(lambda c, x: (c, spike(x)), 0.0, x)[1], x),
        ]
        return together, jax.vmap(by_width)(widths)

    together, of_widths = jax.jit(mapped)(x, widths)
    for got in (over_examples(x), *together):
        np.testing.assert_allclose(got, want, rtol=1e-6)
    np.testing.assert_allclose(of_widths, [(np.abs(x) < w / 2) / w for w in widths], rtol=0.07)


def test_a_pair_of_functions():
    pair = (lambda slope: slope > 0.5), (lambda kept: jnp.where(kept, 2.0, 0.0))
    by_hand = np.where(shapes.sigmoid(X) > 0.5, 2.0, 0.0)
    np.testing.assert_array_equal(slopes(shapes.sigmoid, pair), by_hand)


@pytest.mark.parametrize(
    "pair",
    [
        (lambda slope: np.asarray(slope, np.float16), jnp.asarray),
        (lambda slope: 2 * slope if slope.max() > 0.1 else slope, lambda kept: kept / 2),
        (lambda slope: (slope.ravel(), slope.shape), lambda kept: kept[0].reshape(kept[1])),
        (lambda slope: (slope > 0, slope[slope > 0]), lambda kept: jnp.zeros(X.shape).at[kept[0]].set(kept[1])),
    ],
)
def test_a_pair_may_ask_for_values_outside_of_jit(pair):
    np.testing.assert_allclose(slopes(shapes.triangle, pair), np.maximum(0, 1 - abs(X)), rtol=1e-3)


def by_whole(n):
    return (lambda slope: n.astype(jnp.float32) * slope, lambda kept: kept)


HIDING = {  # codes of functions that close over c, and the weighted sum of what they multiply a slope by
    "encode of a pair": (lambda c: (lambda slope: c * slope, lambda kept: kept), 421),
    "decode of a pair": (lambda c: (lambda slope: slope, lambda kept: c * kept), 421),
    "a code": (lambda c: lambda g, x: (lambda s, r: (c * s, r), lambda kept, like, r: r * kept[0], (1 / c,)), 111),
    "a whole number": (lambda c: by_whole(c.astype(jnp.int32)), 421),
    "encode is a Partial": (lambda c: (Partial(jnp.multiply, c), jnp.asarray), 421),
    "decode is a Partial": (lambda c: (jnp.asarray, Partial(jnp.multiply, c)), 421),
}


@pytest.mark.parametrize(("code", "total"), HIDING.values(), ids=HIDING)
def test_what_a_code_closes_over_may_be_traced(code, total):
    """It is mapped, or of one step of a scan, where potential and slope are not."""
    factors, weights = jnp.array([1.0, 2.0, 4.0]), jnp.array([1.0, 10.0, 100.0])

    def fired(c, x):
        return make_spike(shapes.laplace, residual=code(c))(x)

    def mapped(x):
        return weights @ jax.vmap(fired, (0, None))(factors, x).sum(1)

    def in_a_scan(x):
        return jax.lax.scan(lambda sum, cw: (sum + cw[1] * fired(cw[0], x).sum(), None), 0.0, (factors, weights))[0]

    for f in (mapped, in_a_scan):
        for got in (jax.grad(f)(X[0]), jax.jit(jax.grad(f))(X[0])):
            np.testing.assert_allclose(got, total * np.exp(-np.abs(X[0])) / 2, rtol=1e-5)


@pytest.mark.parametrize("given", [{}, {"beta": 3.0}], ids=["before", "in the call"])
def test_a_code_is_given_bounds_of_float32_whatever_the_potential(given):
    seen = []

    def code(g, x):
        seen.append(bounds(g)[1])
        return lambda slope, highest: slope, lambda kept, like, highest: kept, seen

    spike = make_spike(scale(shapes.superspike, height=1e5), residual=code)
    jax.grad(lambda x: spike(x, **given).sum())(jnp.ones((2, 3), jnp.float16))
    assert seen[0].dtype == np.float32
    assert seen[0] == np.float32(1e5)


@eager_or_jit
@pytest.mark.parametrize("number", [2.0, jnp.float32(2)], ids=["float", "array"])
def test_a_pair_of_which_one_holds_a_number(number, way):
    for pair in (Partial(jnp.multiply, number), jnp.asarray), (jnp.asarray, Partial(jnp.multiply, number)):
        got = way(partial(slopes, shapes.triangle, pair))(X)
        np.testing.assert_allclose(got, 2 * np.maximum(0, 1 - abs(X)), rtol=1e-6)


def test_a_code_that_asks_for_values_where_a_parameter_is_differentiated():
    """Outside of `jit` there are values; x is kept then, and the code has no part in it."""
    pair = lambda slope: 2 * slope if slope.max() > 0 else slope, lambda kept: kept / 2
    spike = make_spike(shapes.sigmoid, learnable=True, residual=pair)  # of S = 1 / (1 + exp(-alpha x))
    by_x, by_alpha = jax.grad(lambda x, alpha: (X * spike(x, alpha)).sum(), (0, 1))(X, 2.0)
    by_alpha_x = 1 / (4 * np.cosh(X) ** 2)
    np.testing.assert_allclose(by_x, 2 * X * by_alpha_x, rtol=1e-5)
    np.testing.assert_allclose(by_alpha, (X * X * by_alpha_x).sum(), rtol=1e-5)


def test_a_code_that_asks_for_values_and_hides_a_tracer_is_refused():
    """Its operands are found by tracing it, and then there is no value."""

    def spike(c):
        return make_spike(shapes.triangle, residual=(lambda s: c * s if s.max() > 0 else s, lambda kept: kept))

    with pytest.raises(jax.errors.ConcretizationTypeError):
        jax.grad(lambda x: jax.vmap(lambda c: spike(c)(x).sum())(jnp.ones(3)).sum())(X)


@exhaustive
def test_what_encode_alone_hides_is_not_kept():
    """Noise of the size of the potential that a slope is rounded with: a byte a spike is kept."""

    def pull(noise, x):
        pair = (lambda slope: jnp.floor(255 * slope + noise).astype(jnp.uint8), lambda kept: kept / 255)
        return jax.vjp(make_spike(shapes.triangle, residual=pair), x)[1]

    held = jax.tree.leaves(jax.jit(pull)(jax.random.uniform(jax.random.key(0), X.shape), X))
    assert sum(array.nbytes for array in held) < 1.01 * X.size


@pytest.mark.parametrize("residual", [*FLOATS, jnp.uint8, sampled(jax.random.key(0))])
def test_second_derivative_says_that_it_cannot(residual):
    spike = make_spike(shapes.sigmoid, residual=residual)
    for fires in (spike, lambda x: in_time(spike, x)):
        with pytest.raises(NotImplementedError, match="second derivative needs the slope itself"):
            jax.grad(jax.grad(fires))(0.3)


def in_time(spike, x):
    """The square of the spikes of a neuron in a scan; where it is differentiated twice, jax 0.8 to 0.10 loses rules."""
    return jax.lax.scan(lambda v, _: (v / 2 + x, spike(v)), x, None, length=3)[1].sum() ** 2


def test_second_derivative_of_a_shape_of_two_values_is_zero():
    spike = make_spike(shapes.rectangle, residual="bit")
    assert jax.grad(jax.grad(spike))(0.3) == 0
    # v = x, 3/2 x, 7/4 x, of which two are within 1/2: the second derivative of the square is 2 (1 + 3/2)^2
    assert jax.grad(jax.grad(lambda x: in_time(spike, x)))(0.3) == 12.5


def test_bad_residuals():
    two = "expected a shape of two values, also at NaN and infinity, for residual='bit', got slopes between 0 and "
    with pytest.raises(ValueError, match=f"sigmoid: {two}"):
        slopes(shapes.sigmoid, "bit")
    with pytest.raises(ValueError, match=rf"<lambda>: {two}2, \S*\d among them; use .*uint8"):
        jax.jit(lambda x: make_spike(lambda x, h: h * shapes.sigmoid(x), residual="bit")(x, h=2.0))(X)
    for residual in (jnp.uint8, sampled(jax.random.key(0))):
        with pytest.raises(ValueError, match=r"slopes between 0 and 1e\+06, too large for float16; use a float"):
            slopes(scale(shapes.superspike, height=1e6), residual, jnp.ones(2, jnp.float16))
        for g in (shapes.escape_exponential, jnp.exp, lambda x: jnp.exp(x)):
            with pytest.raises(ValueError, match=r": expected a bounded slope .* between 0 and inf; use a float"):
                slopes(g, residual)
            np.testing.assert_array_equal(make_spike(g, residual=residual)(X), X >= 0)  # no derivative is taken
        for g in (lambda x: 3e38 * jnp.exp(-abs(x)), lambda x: 1.6e38 * jnp.tanh(x)):  # 1 / range is rounded to 0
            with pytest.raises(ValueError, match=r"and (3|1\.6)e\+38, too large for float32; use a float"):
                slopes(g, residual)
        with pytest.raises(TypeError, match=r"expected bounds that broadcast to the shape of x, \(3,\), got .*\(4,\)"):
            slopes(shape(jnp.tanh, bounds=lambda: (0.0, jnp.ones(4))), residual, jnp.ones(3))
        # One neuron suffices.
        with pytest.raises(ValueError, match="between 0 and inf; use a float"):
            slopes(shapes.escape_exponential(p0=jnp.array([0.0, 1.0])), residual, jnp.ones(2))
        with pytest.raises(ValueError, match=r"too large for float16; use a float"):
            slopes(scale(shapes.superspike, height=jnp.array([1.0, 1e6])), residual, jnp.ones(2, jnp.float16))


@pytest.mark.parametrize(
    ("residual", "text"),
    [
        ((lambda slope, x: slope, jnp.tanh), r"encode\(slope, \*operands\), got <lambda>: missing .* 'x'"),
        ((jnp.tanh, lambda kept, like: kept), r"decode\(kept\), got <lambda>: missing .* 'like'"),
        (lambda g, x: (jnp.tanh, jnp.tanh, ()), r"decode\(kept, like, \*operands\), got tanh: too many"),
        (lambda g, x: (lambda slope: slope, jnp.add, (2.0,)), r"encode\(.*\), got <lambda>: too many"),
    ],
)
def test_encode_and_decode_take_what_they_are_given(residual, text):
    for way in (lambda f: f, jax.jit, jax.vmap):
        with pytest.raises(TypeError, match=f"make_spike: expected, in residual=, {text}"):
            way(partial(slopes, shapes.triangle, residual))(X)


def test_a_type_error_inside_of_decode_is_its_own():
    with pytest.raises(TypeError, match="mine"):
        slopes(shapes.triangle, (jnp.tanh, _raise_mine))


def _raise_mine(kept):
    raise TypeError("mine")


def test_parameter_of_half_precision_in_the_bounds():
    spike = make_spike(lambda x, a: a * jnp.exp(-jnp.abs(x)), residual=jnp.uint8)
    x = jnp.array([-1.0, 0.0, 0.5], jnp.bfloat16)
    dx = jax.grad(lambda x: spike(x, jnp.bfloat16(2)).sum())(x)
    np.testing.assert_allclose(np.asarray(dx, np.float32), 2 * np.exp([-1.0, 0.0, -0.5]), atol=0.02)


@pytest.mark.parametrize(("g", "residual"), [(shapes.sigmoid, "bit"), (shapes.escape_exponential, jnp.uint8)])
def test_a_shape_that_does_not_suit_has_no_gradient_where_nothing_can_be_raised(g, residual):
    spike = make_spike(g, residual=residual)
    assert jnp.isnan(jax.jit(jax.grad(lambda x, p: spike(x, p).sum()))(jnp.ones(3), 2.0)).all()
    two = make_spike(lambda x, width: jnp.where(jnp.abs(x) < width, 1.0, 0.25), residual="bit")
    slopes = jax.jit(jax.grad(lambda x, p: two(x, p).sum()))(jnp.array([0.4, 0.6]), 0.5)
    np.testing.assert_array_equal(slopes, [1.0, 0.25])


@pytest.mark.parametrize("shape", ["b, n", "b, 40", "40, n", "n", "b, 7"])
@pytest.mark.parametrize("residual", ["bit", jnp.uint8], ids=["bit", "uint8"])
def test_codes_of_unknown_sizes_are_exported(shape, residual):
    spike = make_spike(shapes.rectangle, residual=residual)
    gradient = jax.jit(lambda x: jax.vjp(spike, x)[1](jnp.ones_like(x))[0])
    exported = export.export(gradient)(jax.ShapeDtypeStruct(export.symbolic_shape(shape), np.float32))
    sizes = [int(n) if n.isdigit() else 9 for n in shape.split(", ")]
    x = np.linspace(-2, 2, int(np.prod(sizes)), dtype=np.float32).reshape(sizes)
    np.testing.assert_array_equal(exported.call(x), np.abs(x) < 0.5)


@pytest.mark.parametrize(("dtype", "largest", "beyond"), [("float16", 65504, np.inf), ("float8_e4m3fn", 448, np.nan)])
def test_a_float_that_cannot_hold_the_slope(dtype, largest, beyond):
    """Refused where the bounds are declared; else what a cast gives, which is inf or, without an inf, NaN."""
    residual = getattr(jnp, dtype)
    text = f"expected slopes of at most {largest} for residual={dtype}, got slopes between 0 and 100000"
    with pytest.raises(ValueError, match=text):
        slopes(scale(shapes.triangle, height=1e5), residual)
    for height, between in ((-1e5, "-100000 and 2"), (1e5, "0 and 100000")):  # of one neuron of two
        with pytest.raises(ValueError, match=f"expected slopes of at most {largest} .* between {between}"):
            slopes(scale(shapes.triangle, height=jnp.array([2.0, height])), residual, np.zeros(2, np.float32))
    for height in (1e5, jnp.inf):
        np.testing.assert_array_equal(slopes(lambda x, height=height: height + 0 * x, residual, 0.5), beyond)
    assert slopes(scale(shapes.triangle, height=float(largest)), residual, 0.0) == largest


def test_a_float_wider_than_the_slope(x64):
    assert slopes(shapes.triangle, "float64", np.float32(0.25)) == 0.75
