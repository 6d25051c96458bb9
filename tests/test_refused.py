"""What a user may get wrong with parameters, facts and codes is right, or refused in one sentence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import exhaustive, sample
from transcript import assert_raises, rows

import surrofun
from surrofun import antiderivative, area, bounds, combinator, make_spike, mix, normalize, scale, shape, shapes, shift

XS = np.array([-0.5, 0.25, 1.0])
X = jnp.asarray(XS, jnp.float32)


def slopes(spike, *args, **kwargs):
    return jax.grad(lambda x: spike(x, *args, **kwargs).sum())(X)


@shape
def bell(v, x=1.0):
    return x * jnp.exp(-x * v * v)


@pytest.mark.parametrize("g", [bell, lambda v, x=1.0: x * jnp.exp(-x * v * v)])
def test_a_parameter_may_be_called_x(g):
    np.testing.assert_allclose(slopes(make_spike(g), x=2.0), 2 * np.exp(-2 * XS**2), rtol=1e-6)
    np.testing.assert_allclose(slopes(make_spike(scale(g, 2.0)), x=2.0), 4 * np.exp(-2 * (2 * XS) ** 2), rtol=1e-6)


def test_a_parameter_called_x_of_soft_steps():
    from scipy.special import erf

    whole = np.sqrt(2 * np.pi) / 2 * (1 + erf(np.sqrt(2.0) * XS))
    np.testing.assert_allclose(antiderivative(bell)(X, x=2.0), whole, rtol=1e-5)
    g = surrofun.derivative(lambda v, x=1.0: jnp.tanh(x * v))
    for slope in (g(X, x=2.0), slopes(make_spike(g), x=2.0)):
        np.testing.assert_allclose(slope, 2 / np.cosh(2 * XS) ** 2, rtol=1e-5)


def test_a_whole_number_beyond_32_bits_is_a_number_everywhere():
    big, size = 2**31, abs(XS)
    np.testing.assert_allclose(shapes.superspike(X, beta=big), (1 + big * size) ** -2, rtol=1e-6)
    np.testing.assert_allclose(shapes.superspike(beta=big)(X), (1 + big * size) ** -2, rtol=1e-6)
    np.testing.assert_allclose(slopes(make_spike(shapes.superspike(beta=2**40))), (1 + 2**40 * size) ** -2, rtol=1e-6)
    np.testing.assert_allclose(slopes(make_spike(lambda x, n: jnp.abs(x) * n), n=big), big * size, rtol=1e-6)
    assert surrofun.area(shapes.superspike, beta=big) == pytest.approx(2 / big)


@sample
@pytest.mark.parametrize("learnable", [False, True])
@pytest.mark.parametrize(
    ("g", "numbers"),
    [(shapes.reciprocal, {"alpha": 2.0}), (shapes.reciprocal(alpha=2.0), {}), (scale(shapes.reciprocal, 2.0), {})],
)
def test_noise_of_infinite_area_is_refused_outside_of_jit_whatever_its_numbers(g, numbers, learnable):
    spike = make_spike(g, step=surrofun.escape(g, jax.random.key(0)), learnable=learnable)
    with pytest.raises(ValueError, match=r"^escape: expected a shape of finite area, got "):
        spike(X, **numbers)
    assert jnp.isnan(jax.jit(spike)(X, **numbers)).all()


@combinator(bounds=lambda g, low=-1.0, high=1.0: bounds(g))
def clipped(x, g, low=-1.0, high=1.0):
    return g(jnp.clip(x, low, high))


def test_a_peak_whose_bound_a_combinator_declares_too_wide_is_measured():
    g, x = clipped(shapes.sigmoid, 0.5, 2.0), jnp.linspace(-3, 3, 1001)
    highest = 1 / np.cosh(1.0) ** 2  # alpha is 4, hence the slope at 0.5
    assert g(0.5) == pytest.approx(highest)
    traced = jax.jit(lambda low: normalize(clipped(shapes.sigmoid, low, 2.0), peak=1.0)(x).max())(0.5)
    for peak in (normalize(g, peak=1.0)(x).max(), jax.jit(normalize(g, peak=1.0))(x).max(), traced):
        assert peak == pytest.approx(1.0)


def test_one_neuron_whose_slope_is_no_number_is_told():
    """Far out the second has inf * 0."""
    with pytest.raises(ValueError, match="expected slopes that are numbers, got NaN"):
        bounds(lambda x, k: jnp.exp(k * x) * jnp.exp(-2 * abs(x)), jnp.array([0.0, 1.0]))


@pytest.mark.parametrize("way", [lambda f: f, jax.jit, lambda f: jax.jit(jax.vmap(f))])
@pytest.mark.parametrize(
    ("g", "message"),
    [
        (jnp.sinc, "sinc: expected a slope whose integral is found"),
        (lambda x: 1 / (1 - x / x), "got NaN at some potential"),
    ],
)
def test_what_is_not_found_is_told_in_a_program_too(g, message, way):
    for whole in (antiderivative(g), lambda x: x * area(g)):
        with pytest.raises(ValueError, match=message):
            way(whole)(XS)


def test_no_neurons_have_a_soft_step_that_is_searched_for():
    x, alpha = jnp.zeros((4, 0)), jnp.zeros(0)
    spike = make_spike(lambda x, alpha=1.0: jnp.exp(-alpha * abs(x)), learnable=True)
    for way in (lambda f: f, jax.jit):
        assert way(jax.grad(lambda alpha: spike(x, alpha).sum()))(alpha).shape == (0,)
        assert way(jax.grad(lambda alpha: spike(x, alpha).sum()))(2.0) == 0


def test_of_many_parts_bounds_come_from_one_program(events):
    bounds(mix(*(shapes.sigmoid(alpha=1 + k / 8) for k in range(8))))
    events.clear()
    lowest, highest = bounds(mix(*(shapes.sigmoid(alpha=2 + k / 8) for k in range(8))))
    assert events.count("backend_compile_duration") == 0
    assert (float(lowest), float(highest)) == (0, pytest.approx((2 + 3.5 / 8) / 4))


@pytest.mark.parametrize("dtype", [">f4", np.longdouble])
def test_an_array_of_a_dtype_that_jax_does_not_take(dtype):
    x = XS.astype(dtype)
    np.testing.assert_array_equal(make_spike(shapes.superspike)(x), [0.0, 1.0, 1.0])
    np.testing.assert_array_equal([make_spike(shapes.superspike)(v) for v in x], [0.0, 1.0, 1.0])
    g = scale(shapes.superspike(beta=np.ones(3, dtype)), 2.0)
    for same in (g, jax.tree.map(lambda leaf: np.asarray(leaf, dtype), g)):
        np.testing.assert_allclose(slopes(make_spike(same)), 2 * (1 + 2 * abs(XS)) ** -2, rtol=1e-6)


def test_a_numpy_number_of_levels():
    np.testing.assert_array_equal(surrofun.staircase(np.int64(3))(X), [0.0, 1.0, 2.0])


def test_a_formula_may_give_a_part_its_parameter():
    g = combinator(lambda x, g: g(x, beta=2.0))(shapes.superspike)
    for slope in (g(X), g(X, beta=9.0)):
        np.testing.assert_allclose(slope, (1 + 2 * abs(XS)) ** -2, rtol=1e-6)


ROWS = jnp.ones((8, 5))


def bump(**facts):
    return shape(lambda x: jnp.exp(-x * x), **facts)


REFUSED = """
>>> superspike(beta='2')
>>> make_spike(superspike)(X, '2')
TypeError: superspike: expected a number or an array as beta, got str '2'
>>> superspike(beta=None)
TypeError: superspike: expected a number or an array as beta, got NoneType None
>>> superspike(beta=[1.0, 2.0])
TypeError: superspike: expected a number or an array as beta, got list [1.0, 2.0]
>>> make_spike(superspike(beta=jnp.ones(8)))(ROWS)
>>> make_spike(superspike)(ROWS, jnp.ones(8))
>>> make_spike(scale(superspike, 2.0))(ROWS, jnp.ones(8))
>>> antiderivative(scale(superspike, 2.0))(ROWS, jnp.ones(8))
TypeError: superspike: beta of shape (8,) does not ... x of shape (8, 5); ... is (5,), one along axis 0 is (8, 1)...
>>> make_spike(derivative(lambda x, k: jnp.tanh(k * x)))(ROWS, jnp.ones(8))
>>> derivative(lambda x, k: jnp.tanh(k * x))(ROWS, k=jnp.ones(8))
TypeError: <lambda>: k of shape (8,) does not broadcast against x of shape (8, 5); one a neuron is (5,)...
>>> scale(triangle, jnp.ones(8))(ROWS)
TypeError: scale: alpha of shape (8,) does not broadcast against x of shape (8, 5); one a neuron is (5,)...
>>> mix(triangle, atan, weights=jnp.ones((2, 8)))(ROWS)
TypeError: mix: weights of shape (8,) does not broadcast against x of shape (8, 5); one a neuron is (5,)...
>>> combinator(lambda x, **gs: x)
TypeError: combinator: expected a formula of x, and of parts by name or as *gs, got <lambda>(x, **gs)...
>>> bounds(bump(bounds=lambda: (None, 1.0)))
>>> bounds(bump(bounds=lambda: ('0', 1.0)))
>>> bounds(bump(bounds=lambda: (0j, 1.0)))
TypeError: <lambda>: expected as each of bounds= a number or an array...
>>> around(bump(around=lambda: [('a', 1.0)]))
TypeError: <lambda>: expected as each of around= a number or an array...
>>> antiderivative(bump(soft=lambda x: 'a'))(X)
TypeError: <lambda>: expected a soft step that is one real array, got str 'a'...
>>> antiderivative(combinator(soft=lambda x, g: None)(lambda x, g: g(x))(triangle))(X)
TypeError: <lambda>: expected a soft step that is one real array, got NoneType None...
>>> area(bump(soft=lambda x: x.astype(complex)))
TypeError: <lambda>: expected a soft step that is one real array, got dtype complex...
>>> antiderivative(bump(soft=lambda x: x / (1 + jnp.abs(x))))(X)
ValueError: <lambda>: expected of its soft step the limit at -inf, got NaN; write soft= without a quotient or a
difference of infinities, as 1 - 1 / (1 + a * abs(x)) for a * abs(x) / (1 + a * abs(x))
>>> area(mix(shapes.leaky_step, straight_through, weights=(1.0, -0.1)))
ValueError: mix(...): expected of its soft step the limit at ...; if parts of infinite area are subtracted, write one
function of x
>>> slopes(make_spike(triangle, residual=lambda g, x: (jnp.negative, jnp.negative)))
>>> slopes(make_spike(triangle, residual=lambda g, x: (lambda s, n: s, lambda k, x, n: k, ('a',))))
>>> slopes(make_spike(triangle, residual=lambda g, x: (lambda s, v: s, lambda k, x, v: k, jnp.ones(1))))
TypeError: make_spike: expected of <lambda>, in residual=, functions and arrays (encode, decode, operands), got ...
>>> slopes(make_spike(triangle, residual=lambda g, x: (lambda slope: slope, lambda kept, like: kept[:2], ())))
TypeError: make_spike: expected of decode, in residual=, an array of the shape of x, (3,), got (2,)...
>>> slopes(make_spike(triangle, residual=(lambda slope: slope.sum(), lambda kept: kept)))
TypeError: make_spike: expected of decode, in residual=, an array of the shape of x, (3,), got ()...
>>> slopes(make_spike(triangle, residual=(lambda slope: slope, lambda kept: None)))
TypeError: <lambda>: expected a slope that is one real array, got NoneType None...
>>> slopes(make_spike(triangle, residual=(lambda slope: slope, lambda kept: kept.astype(complex))))
TypeError: <lambda>: expected a slope that is one real array, got dtype complex...
>>> slopes(make_spike(triangle, residual=(lambda slope: 'a', lambda kept: kept)))
TypeError: make_spike: expected of encode, in residual=, arrays, got str 'a'...
>>> bounds(lambda x: jnp.exp(x) * jnp.exp(-2 * jnp.abs(x)))
ValueError: <lambda>: expected slopes that are numbers, got NaN at some potential...
>>> area(lambda x: jnp.exp(-25 * x) / (jnp.exp(-25 * x) + 1) ** 2)
ValueError: <lambda>: expected slopes that are numbers, got NaN at some potential...
>>> bounds(lambda x: jnp.ones(1) * jnp.exp(-x * x))
>>> area(lambda x: jnp.ones((2, 3)) * jnp.exp(-x * x))
>>> antiderivative(lambda x: jnp.ones(4608) * jnp.exp(-x * x))(0.0)
>>> jax.jit(lambda c: bounds(lambda x: c * jnp.exp(-x * x)))(jnp.ones(4608))
>>> jax.grad(lambda c: area(lambda x: c * jnp.exp(-x * x)).sum())(jnp.ones(1))
>>> make_spike(normalize(lambda x: jnp.ones(3) * jnp.exp(-x * x), peak=1.0))(0.0)
TypeError: <lambda>: expected a slope of at most 0 axes, got shape (...; if it closes over an array, make that...
"""


@pytest.mark.parametrize(("call", "error"), rows(REFUSED))
def test_what_is_wrong_is_told_by_its_name(call, error):
    assert_raises(call, error, **globals())


@exhaustive
def test_compositions_that_are_too_deep_or_too_wide():
    g = shapes.triangle
    for _ in range(64):
        g = shift(g, -0.001)
    np.testing.assert_allclose(g(jnp.array([-0.25])), [1 - (0.25 - 0.064)], rtol=1e-5)
    learned = jax.grad(lambda g: make_spike(g, learnable=True)(jnp.array([0.25])).sum())(g)
    np.testing.assert_allclose(jax.tree.leaves(learned), [-(1 - 0.314)] * 64, rtol=1e-5)
    with pytest.raises(ValueError, match="shift: expected at most 256 shapes, of compositions at most 64 deep, got 1 "):
        shift(g, 0.001)
    with pytest.raises(ValueError, match=r"mix: .* got 257 shapes, 1 deep; write one function of x instead"):
        mix(*[shapes.triangle] * 257)
    mix(*[shapes.triangle] * 256)


@exhaustive
def test_the_peak_of_a_mix_under_an_eager_gradient_is_that_of_values():
    def slope_and_spike(h):  # of 1 - |x - 2| and h (1 - |x + 2|), whose peak is h where h > 1
        g = normalize(mix(shift(shapes.triangle, 2.0), shift(shapes.triangle, -2.0), weights=(1.0, h)), peak=1.0)
        return g(1.5), make_spike(g, learnable=True)(0.5)

    (slope, _), pull = jax.vjp(slope_and_spike, 1.5)
    np.testing.assert_allclose([slope, *pull((1.0, 0.0))], (0.5 / 1.5, -0.5 / 1.5**2), rtol=1e-5)
    np.testing.assert_allclose(pull((0.0, 1.0)), 0.0, atol=1e-6)  # S(0.5) = h / h


def test_a_parameter_with_a_default_may_be_called_after_a_gradient():
    g = shape(lambda x, grad_width=1.0: jnp.maximum(0, 1 - jnp.abs(x) / grad_width))
    np.testing.assert_allclose(slopes(make_spike(g), grad_width=2.0), [0.75, 0.875, 0.5])
