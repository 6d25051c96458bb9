"""`sampled`: one random bit a spike, whose mean is the slope. Against the exact slope, within its standard error."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import exhaustive, sample
from reference import TRIANGLE

from surrofun import make_spike, mix, sampled, scale, shapes, shift

X = jnp.linspace(-2, 2, 64 * 3).reshape(64, 3)
KEYS = jax.random.split(jax.random.key(8), 4096)


def sampling(key, g=shapes.triangle):
    return make_spike(g, residual=sampled(key))


@functools.partial(jax.jit, static_argnums=0)
def draws_of(g, *parameters):
    """One for each key."""
    return jax.vmap(lambda key: jax.grad(lambda x: sampling(key, g)(x, *parameters).sum())(X))(KEYS)


def assert_mean(draws, slope, lowest, highest):
    """Within 4.5 standard errors, where each draw is `lowest` or `highest`."""
    slope = slope(np.asarray(X, np.float64))
    error = np.sqrt(np.maximum((slope - lowest) * (highest - slope), 0) / len(KEYS))
    assert (np.abs(np.asarray(draws).mean(0) - slope) <= 4.5 * error + 1e-6).all()


hat = functools.partial(TRIANGLE.slope, a=1.0)
SLOPES = {  # a shape, its slope in NumPy, the lowest and the highest
    "triangle": (shapes.triangle, hat, 0.0, 1.0),
    "negative": (scale(shapes.triangle, 2.0, height=-1.0), lambda x: -2 * hat(2 * x), -2.0, 0.0),
    "lobes of both signs": (
        mix(shift(shapes.triangle, 1.0), shift(shapes.triangle, -1.0), weights=(1.0, -1.0)),
        *(lambda x: hat(x - 1) - hat(x + 1), -1.0, 1.0),
    ),
    "undeclared": (lambda x: jnp.cos(x), np.cos, -1.0, 1.0),
}


@sample
@pytest.mark.parametrize(("g", "slope", "lowest", "highest"), SLOPES.values(), ids=SLOPES)
def test_the_mean_of_many_draws_is_the_slope(g, slope, lowest, highest):
    draws = draws_of(g)
    np.testing.assert_allclose(np.unique(draws), [lowest, highest], atol=5e-6)  # the digits of x, where they were found
    assert_mean(draws, slope, lowest, highest)


def test_traced_parameters():
    alpha = np.array([0.5, 1.0, 2.0], np.float32)  # one for each neuron
    assert_mean(draws_of(shapes.triangle, alpha), lambda x: alpha * hat(alpha * x), 0.0, alpha)


def loss(weights, fires, keys):
    """Return the spikes of a recurrent network of 50 steps, weighed at random."""

    def step(carry, key):
        v, z = carry
        v = 0.9 * v * (1 - z) + 0.3 + z @ weights
        z = fires(key)(v - 1.0)
        return (v, z), z

    _, spikes = jax.lax.scan(step, (jnp.linspace(0.0, 0.9, 8), jnp.zeros(8)), keys)
    return (spikes * jnp.cos(jnp.arange(400.0)).reshape(50, 8)).sum()


WEIGHTS = 0.3 * jax.random.normal(jax.random.key(1), (8, 8))


@exhaustive
def test_the_gradient_of_a_network_is_right_on_average():
    exact = np.asarray(jax.grad(loss)(WEIGHTS, lambda key: make_spike(shapes.triangle), KEYS[:50]))
    drawn = jax.jit(jax.vmap(lambda key: jax.grad(loss)(WEIGHTS, sampling, jax.random.split(key, 50))))
    draws = np.asarray(drawn(KEYS), np.float64)
    error = draws.std(0) / np.sqrt(len(KEYS))
    assert (np.abs(draws.mean(0) - exact) <= 4.5 * error + 1e-6).all()
    assert error.max() > 0


def test_checkpoint_draws_the_same_again():
    keys = jax.random.split(KEYS[0], 50)
    remembered = jax.checkpoint(lambda weights: loss(weights, sampling, keys))
    np.testing.assert_array_equal(jax.grad(remembered)(WEIGHTS), jax.grad(loss)(WEIGHTS, sampling, keys))


def test_draws_of_elements_and_of_steps_are_independent():
    """Correlations of 64 x 64 pairs of elements, and of the two steps of each, over 4,096 draws."""

    def drawn(key):
        one, other = jax.random.split(key)
        x = jnp.full(64, 0.5)
        return jnp.concatenate([jax.grad(lambda x, k=k: sampling(k)(x).sum())(x) for k in (one, other)])

    correlation = np.corrcoef(np.asarray(jax.jit(jax.vmap(drawn))(KEYS)).T) - np.eye(128)
    assert np.abs(correlation).max() < 5.5 / np.sqrt(len(KEYS))


@sample
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_draws_where_float64_is_enabled(dtype, x64):
    draws = jax.grad(lambda x: sampling(jax.random.key(0))(x).sum())(jnp.full(20_000, 0.25, dtype))
    assert float(draws.astype("float64").mean()) == pytest.approx(0.75, abs=0.014)
