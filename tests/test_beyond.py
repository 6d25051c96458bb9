"""The recipes of notebook 10 against NumPy, hand-written rules and backpropagation through time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import recipes

from surrofun import flow, make_spike, scale, shapes

each_reset = pytest.mark.parametrize("reset", recipes.RESETS)
SURROGATES = {  # and the same in NumPy
    "superspike": (shapes.superspike, lambda u: (1 + 10 * abs(u)) ** -2.0),
    "triangle": (shapes.triangle, lambda u: np.maximum(0, 1 - abs(u))),
    "area 2": (scale(shapes.gaussian, height=2.0), lambda u: 2 * np.exp(-2 * u**2) / np.sqrt(np.pi / 2)),
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def by_hand(slope, reset, currents, cotangents, spikes, leak=0.9):
    """Return the gradient by the currents in float64; the spikes have to be right, but for the last digits at 1."""
    currents, cotangents, spikes = (np.asarray(a, np.float64) for a in (currents, cotangents, spikes))
    v, potentials = np.zeros_like(currents[0]), []
    for x, z in zip(currents, spikes, strict=True):
        potentials.append(leak * v + x)
        v = potentials[-1] * (1 - z) if reset == "hard" else potentials[-1] - z
    v = np.array(potentials)
    assert ((spikes == (v >= 1)) | (abs(v - 1) < 1e-5)).all()
    by_v, found = np.zeros_like(currents[0]), []
    for v, z, c in zip(potentials[::-1], spikes[::-1], cotangents[::-1], strict=True):
        psi = slope(v - 1)
        by_v = psi * c + {"soft": 1 - psi, "hard": 1 - z - v * psi, "detached": 1.0}[reset] * by_v
        found.append(by_v)
        by_v = leak * by_v
    return np.array(found[::-1])


def apart(got, want):
    return np.linalg.norm(got - want) / np.linalg.norm(want)


@pytest.mark.parametrize(
    ("name", "reset"), [*(("superspike", reset) for reset in recipes.RESETS), ("triangle", "soft"), ("area 2", "hard")]
)
def test_all_times_at_once_are_backpropagation_through_time(name, reset, rng):
    g, formula = SURROGATES[name]
    steps = 10_000 if name == "superspike" else 300
    currents, cotangents = np.float32(rng.uniform(0, 1, (steps, 3))), np.float32(rng.normal(0, 1, (steps, 3)))
    step, pulled = recipes.neuron(make_spike(g), reset), jax.jit(recipes.pulled, static_argnums=0)
    spikes, got = pulled(recipes.parallel(step), currents, cotangents)
    assert 0.2 < spikes.mean() < 0.8
    assert apart(got, by_hand(formula, reset, currents, cotangents, spikes)) < 1e-5
    assert apart(got, pulled(recipes.scanned(step), currents, cotangents)[1]) < 1e-6


def test_without_a_reset_a_neuron_is_linear(rng):
    currents = rng.normal(0, 1, (100, 4))
    later = np.subtract.outer(np.arange(100), np.arange(100))
    got = jax.jit(recipes.without_reset)(jnp.asarray(currents, jnp.float32))
    np.testing.assert_allclose(got, np.where(later >= 0, 0.9**later, 0) @ currents, rtol=1e-5, atol=1e-5)


def test_rounds_of_guessing_get_one_more_spike_right_each(rng):
    currents, cotangents = jnp.asarray(rng.uniform(0, 1, (30, 4)), jnp.float32), jnp.ones((30, 4))
    spike = make_spike(shapes.superspike)
    want, exact = recipes.pulled(recipes.scanned(recipes.neuron(spike)), currents, cotangents)
    for rounds in (5, 30):
        spikes, gradient = recipes.pulled(recipes.iterated(spike, rounds), currents, cotangents)
        np.testing.assert_array_equal(spikes[:rounds], want[:rounds])
        assert (apart(gradient, exact) < 1e-4) == (rounds == 30)


# Rules that learn online: 6 inputs, 5 neurons, and 5 more rows of weights for what comes back to them.

RNG = np.random.default_rng(1)
TRAINS = jnp.asarray(RNG.uniform(0, 1, (60, 6)) < 0.4, jnp.float32)
SIGNALS = jnp.asarray(RNG.normal(0, 1, (60, 5)), jnp.float32)
FEEDFORWARD = jnp.asarray(np.vstack([RNG.normal(0.3, 0.3, (6, 5)), np.zeros((5, 5))]), jnp.float32)
RECURRENT = FEEDFORWARD.at[6:].set(RNG.normal(0, 0.4, (5, 5)).astype(np.float32))


def through_time(spike, reset, weights):
    step = recipes.neuron(spike, reset)
    return jax.jit(jax.grad(lambda w: (SIGNALS * recipes.network(step, w, TRAINS)).sum()))(weights)


def online(spike, reset, weights, **options):
    return jax.jit(lambda w: recipes.online(spike, w, TRAINS, SIGNALS, reset, **options))(weights)


def test_the_network_is_the_neuron_by_hand():
    """Without what comes back, the gradient by the weights is that by the currents times the inputs."""
    for g, formula in SURROGATES.values():
        spikes = recipes.network(recipes.neuron(make_spike(g)), FEEDFORWARD, TRAINS)
        by_current = by_hand(formula, "soft", TRAINS @ FEEDFORWARD[:6], SIGNALS, spikes)
        got = through_time(make_spike(g), "soft", FEEDFORWARD)[:6]
        np.testing.assert_allclose(got, TRAINS.T @ by_current, rtol=1e-4, atol=1e-4)


@each_reset
def test_eprop_is_exact_without_recurrent_weights(reset):
    spike = make_spike(shapes.superspike, forward_mode=True)
    exact = through_time(spike, reset, FEEDFORWARD)
    assert apart(online(spike, reset, FEEDFORWARD), exact) < 1e-5
    assert apart(online(spike, reset, RECURRENT), through_time(spike, reset, RECURRENT)) > 0.01
    without = apart(online(spike, reset, FEEDFORWARD, trace_the_reset=False), exact)
    assert without < 1e-5 if reset == "detached" else without > 0.05


@each_reset
def test_rtrl_is_exact_with_recurrent_weights(reset):
    step = recipes.neuron(make_spike(shapes.superspike, forward_mode=True), reset)

    def recurrent_step(weights, state, x):
        v, z = step(state[0], jnp.concatenate([x, state[1]]) @ weights)
        return (v, z), z

    silent = jnp.zeros(5), jnp.zeros(5)
    got = jax.jit(lambda w: recipes.rtrl(recurrent_step, w, silent, TRAINS, SIGNALS))(RECURRENT)
    assert apart(got, through_time(make_spike(shapes.superspike), reset, RECURRENT)) < 1e-5


# Outside of spiking networks. Each line: value and slope by NumPy.

X = np.array([-9.0, -8.5, -1.0, -0.5, -0.25, -0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 7.5, 9.0], np.float32)
S = 1 / (1 + np.exp(-X.astype(np.float64)))
WANTED = {
    "binary weights, identity where |w| <= 1": (np.where(X >= 0, 1, -1), np.abs(X) <= 1),
    "ternary weights, straight through": (np.sign(X) * (np.abs(X) >= 0.5), 1),
    "quantiser, straight through": (np.round(X), 1),
    "int4, no gradient where it clips": (np.clip(np.round(X), -8, 7), np.abs(X + 0.5) < 8),
    "gate with the slope of a hard sigmoid": (X >= 0, (np.abs(X) < 3) / 6),
    "hard sigmoid itself": (np.clip(X / 6 + 0.5, 0, 1), (np.abs(X) < 3) / 6),
    "random bit, straight through": (None, S * (1 - S)),
}


@pytest.mark.parametrize("name", WANTED | recipes.LINES)
def test_a_line_is_the_rule_that_is_written_by_hand(name):
    line, (want, by_rule) = recipes.LINES[name], WANTED[name]
    value, slope = recipes.pulled(line, jnp.asarray(X), jnp.ones_like(X))
    np.testing.assert_allclose(slope, np.broadcast_to(by_rule, X.shape), rtol=1e-6, atol=1e-7)
    if want is not None:
        np.testing.assert_allclose(value, want, rtol=1e-6, atol=1e-7)
    else:
        draws = line(jnp.full((40_000,), X[3]))
        assert set(np.unique(draws)) == {0, 1}
        assert abs(draws.mean() - S[3]) < 4 * np.sqrt(S[3] * (1 - S[3]) / draws.size)


def test_a_quantiser_learns_its_step_size_by_the_rule_of_lsq():
    """arXiv:1902.08153, equation 3: by the step size, round(v) - v between the ends, and the ends beyond."""
    int4, v = recipes.LINES["int4, no gradient where it clips"], X / np.float32(0.3)
    got = jax.vmap(jax.grad(lambda s, x: s * int4(x / s)), (None, 0))(jnp.float32(0.3), X)
    want = np.where(v <= -8, -8, np.where(v >= 7, 7, np.round(v) - v))
    settled = (v < -8.5) | (v > 7.5) | (np.abs(v + 0.5) < 7.5)  # where clipping before and after rounding agree
    np.testing.assert_allclose(got[settled], want[settled], rtol=1e-5, atol=1e-5)
    assert settled.sum() > 8


def test_jump_relu_is_the_rule_of_its_paper(rng):
    """arXiv:2407.14435: its pseudocode, in which the kernel is 0 where |x - threshold| = bandwidth / 2."""
    x, c = np.float32(rng.normal(0.2, 0.4, (200, 16))), np.float32(rng.normal(0, 1, (200, 16)))
    thresholds = np.float32(rng.uniform(0.1, 0.5, 16))
    on, near = x > thresholds, np.abs(x - thresholds) < 0.1
    np.testing.assert_array_equal(recipes.jump_relu(x, thresholds, 0.2), on * x)
    dx, dt = jax.grad(lambda x, t: (c * recipes.jump_relu(x, t, 0.2)).sum(), (0, 1))(x, thresholds)
    np.testing.assert_array_equal(dx, c * on)
    np.testing.assert_allclose(dt, -(c * thresholds / 0.2 * near).sum(0), rtol=1e-4, atol=1e-5)

    assert recipes.sparsity(x, thresholds, 0.2) == pytest.approx(on.sum() / 200)
    dx, dt = jax.grad(recipes.sparsity, (0, 1))(x, thresholds, 0.2)
    np.testing.assert_array_equal(dx, 0)
    np.testing.assert_allclose(dt, -near.sum(0) / 0.2 / 200, rtol=1e-5)

    dx, dt = jax.grad(lambda x, t: (c * x * recipes.gate(0.2)(x - t)).sum(), (0, 1))(x, thresholds)
    assert apart(dt, -(c * thresholds / 0.2 * near).sum(0)) > 0.01
    assert apart(dx, c * on) > 0.5


def test_a_narrow_bandwidth_leaves_features_without_a_gradient(rng):
    x = rng.normal(0, 0.3, (64, 400)).astype(np.float32)
    for bandwidth in (1e-3, 1e-1):
        dead = float(flow(shapes.rectangle, x - 0.3, width=bandwidth)["dead"])
        by_threshold = jax.grad(lambda t, b=bandwidth: recipes.jump_relu(x, t, b).sum())(jnp.full(400, 0.3))
        assert dead == pytest.approx(float((by_threshold == 0).mean()))
        assert (dead > 0.9) == (bandwidth == 1e-3)
