"""Forward steps, value by value, in every floating point dtype."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import sample
from reference import logistic

from surrofun import escape, heaviside, make_spike, mix, scale, shapes, shift, sign, staircase, ternary

PLACES = [-np.inf, -2.0, -1.0, -0.99, "-tiny", -0.0, 0.0, "tiny", 0.99, 1.0, 1.5, 2.0, 9.0, np.inf, np.nan]
STEPS = {
    "heaviside": (heaviside, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
    "heaviside at zero 0": (heaviside(at_zero=0.0), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
    "heaviside at zero 1/2": (lambda x: heaviside(x, 0.5), [0, 0, 0, 0, 0, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 1, 0]),
    "sign": (sign, [-1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1]),
    "ternary": (ternary, [-1, -1, -1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0]),
    "ternary at 2": (ternary(threshold=2.0), [-1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0]),
    "staircase of 1": (staircase(1), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
    "staircase of 3": (staircase(3), [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 0]),
}


@sample
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32, jnp.float64])
def test_values(dtype, request):
    if dtype == jnp.float64:
        request.getfixturevalue("x64")
    tiny = float(jnp.finfo(dtype).tiny)
    x = jnp.asarray([{"tiny": tiny, "-tiny": -tiny}.get(p, p) for p in PLACES], dtype)

    def both(x):
        return {name: (step(x), make_spike(shapes.triangle, step=step)(x)) for name, (step, _) in STEPS.items()}

    for name, fired in [*jax.jit(both)(x).items(), *(both(x) if dtype == jnp.float32 else {}).items()]:
        for z in fired:
            assert z.dtype == dtype
            np.testing.assert_array_equal(np.asarray(z, np.float64), STEPS[name][1], name)


@pytest.mark.parametrize(("step", "values"), STEPS.values(), ids=STEPS)
def test_numbers_and_empty_arrays(step, values):
    assert step(0.0).shape == ()
    assert step(np.float32(0)) == step(jnp.zeros(())) == values[PLACES.index(0.0)]
    assert step(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_parameters_may_be_arrays_and_tracers():
    x = jnp.array([[0.0, 0.5, 1.0], [-1.0, 2.0, -2.0]])
    each = jnp.array([0.0, 0.5, 1.0])
    with jax.numpy_rank_promotion("raise"):
        np.testing.assert_array_equal(jax.jit(heaviside)(0 * x, each), [each, each])
        np.testing.assert_array_equal(jax.jit(ternary)(x, each + 0.5), [[0, 0, 0], [-1, 1, -1]])
        np.testing.assert_array_equal(jax.jit(ternary)(x, np.float64(2)), [[0, 0, 0], [0, 1, -1]])


DRAWS = 4096
NOISES = {  # a density, its distribution in NumPy
    "sigmoid": (shapes.sigmoid, lambda x: logistic(4 * x)),
    "composed": (shift(scale(shapes.sigmoid, 0.5), 0.5), lambda x: logistic(2 * x - 1)),
    "of area 1/2": (mix(shapes.rectangle, weights=(0.5,)), lambda x: np.interp(x, [-0.5, 0.5], [0, 0.5])),
    "of area 2": (scale(shapes.laplace, height=2.0), lambda x: np.minimum(np.exp(x), 1)),
    "by quadrature": (lambda x: 1 / (np.pi * (1 + x * x)), lambda x: 1 / 2 + np.arctan(x) / np.pi),
}


@sample
@pytest.mark.parametrize(("g", "probability"), NOISES.values(), ids=NOISES)
def test_escape_fires_with_the_probability_of_its_soft_step(g, probability):
    x = jnp.array([-jnp.inf, -1.0, 0.0, 0.5, 1.0, jnp.inf, jnp.nan])
    spikes = jax.jit(jax.vmap(lambda key: escape(g, key)(x)))(jax.random.split(jax.random.key(3), DRAWS))
    assert set(np.unique(spikes)) == {0.0, 1.0}
    want = np.nan_to_num(probability(np.array(x, np.float64)))
    np.testing.assert_allclose(spikes.mean(0), want, rtol=0, atol=4.5 * np.sqrt(0.25 / DRAWS))
    np.testing.assert_array_equal(spikes[:, [0, -1]], 0.0)  # neither -inf nor NaN ever fires


def test_escape_gradient_is_that_of_the_expected_loss():
    """A linear readout of one layer, each time step with its own key, against finite differences of the closed form."""
    current, readout = np.array([0.5, 1.0, -0.5]), np.array([1.0, -2.0])
    w = np.array([[0.9, 0.6, -0.2], [0.3, 0.4, -0.7]])
    g = shapes.sigmoid

    def expected(w):
        return logistic(4 * (w @ current - 1)) @ readout

    def loss(w, key):
        def step(_, key):
            x = w @ jnp.asarray(current, jnp.float32) - 1
            return None, make_spike(g, step=escape(g, key))(x) @ jnp.asarray(readout, jnp.float32)

        return jax.lax.scan(step, None, jax.random.split(key, 8))[1].mean()

    keys = jax.random.split(jax.random.key(5), DRAWS // 8)
    losses, gradients = jax.jit(jax.vmap(jax.value_and_grad(loss), (None, 0)))(jnp.asarray(w, jnp.float32), keys)
    np.testing.assert_allclose(losses.mean(), expected(w), atol=4.5 * np.sqrt((0.25 + 1.0) / DRAWS))
    nudges = 1e-4 * np.eye(w.size).reshape(-1, *w.shape)
    slopes = [(expected(w + d) - expected(w - d)) / 2e-4 for d in nudges]
    np.testing.assert_allclose(gradients.mean(0).ravel(), slopes, rtol=1e-5)


def test_escape_draws_for_each_element_and_keeps_the_dtype():
    zeros = jnp.zeros((40, 100), jnp.bfloat16)
    one, same, other = (escape(shapes.sigmoid, jax.random.key(seed))(zeros) for seed in (0, 0, 1))
    assert one.dtype == jnp.bfloat16
    assert 0.45 < one.astype(float).mean() < 0.55
    np.testing.assert_array_equal(one, same)
    assert 0.45 < (one == other).mean() < 0.55


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_a_step_with_a_number_compares_in_float32(dtype):
    """1.003 is 1 in bfloat16, and 1e-9 is 0 in float16."""
    next_to_one = jnp.array([1.0, 1.0078125, -1.0, -1.0078125], dtype)
    for step in (ternary(threshold=1.003), make_spike(shapes.triangle, step=ternary(threshold=1.003))):
        np.testing.assert_array_equal(step(next_to_one), jnp.array([0, 1, 0, -1], dtype))
    np.testing.assert_array_equal(ternary(threshold=1e-9)(jnp.zeros(3, dtype)), jnp.zeros(3, dtype))


def test_escape_noise_is_exact_at_both_ends():
    """A probability of 2e-22 never fires, and one of 1 always does, by uniform numbers of which three are 0."""
    key, g = jax.random.key(7), shapes.sigmoid(alpha=1.0)
    fires = jax.jit(lambda x: escape(g, key)(jnp.full(2**22, x)).sum())
    assert (jax.random.uniform(key, 2**22) == 0).sum() == 3
    assert (fires(-50.0), fires(50.0)) == (0, 2**22)


def test_escape_noise_fires_with_what_its_shape_learns():
    """As a spike that an optimizer has moved, and one that is an argument, with a parameter of the call."""
    key, x = jax.random.key(0), jnp.linspace(-2, 2, 1001)
    g = shapes.sigmoid(alpha=2.0)
    moved = jax.tree.map(lambda p: 25 * p, make_spike(g, step=escape(g, key), learnable=True))
    draws = 1 - jax.random.uniform(key, x.shape)
    np.testing.assert_array_equal(moved(x), draws <= jax.nn.sigmoid(50.0 * x))
    scaled = scale(shapes.sigmoid, 1.5)
    spike = make_spike(scaled, step=escape(scaled, key), learnable=True)
    np.testing.assert_array_equal(jax.jit(lambda s: s(x, 2.0))(spike), draws <= jax.nn.sigmoid(3.0 * x))
