"""Does the state before training tell which surrogates will not learn? Accuracy beside `flow` at initialisation."""

import functools

import jax
import jax.numpy as jnp

from surrofun import flow, heaviside, make_spike, scale, shapes
from surrofun.cli import demo

from .training import randman, row, sweep

SHAPES = {
    "superspike": shapes.superspike(beta=1.0),
    "sigmoid": shapes.sigmoid(alpha=1.0),
    "triangle": shapes.triangle,
    "rectangle": shapes.rectangle,
}
ALPHAS, GAINS, RATE = (0.1, 1.0, 10.0, 100.0, 1000.0), (0.2, 1.0), 0.01


def of_equal_peak(g, alpha):
    return scale(g, alpha, height=1 / alpha)


def network(g, setting):
    return functools.partial(demo.forward, spike=make_spike(of_equal_peak(g, setting["alpha"])))


def gained(weights, key, setting):
    return weights | {"in": setting["gain"] * weights["in"]}


def potentials(weights, times):
    """Return the potentials minus threshold (steps, batch, hidden): what the spike function is given."""
    seen = []

    def spike(x):
        jax.debug.callback(seen.append, x, ordered=True)
        return heaviside(x)

    jax.block_until_ready(demo.forward(weights, times, spike=spike))
    jax.effects_barrier()
    return jnp.stack(seen)


def before_training(size, gain):
    """Return potentials of a few samples of the first seed."""
    keys = jax.random.split(jax.random.fold_in(jax.random.key(0), 0), 3)
    (times, _), _ = randman(keys[0], size)
    weights = gained(demo.initial(keys[1], hidden=size["hidden"]), None, {"gain": gain})
    return potentials(weights, times[:: len(times) // 40])


def initial_state(size, quick):
    """Accuracy, and at initialisation the share of the potentials inside the support and of the dead neurons."""
    alphas, gains = ((1.0, 1000.0), (1.0,)) if quick else (ALPHAS, GAINS)
    for gain in gains:
        x = before_training(size, gain)
        for name, g in [*SHAPES.items()][: 1 if quick else 4]:
            settings = [{"alpha": alpha, "gain": gain, "rate": RATE} for alpha in alphas]
            results = sweep(functools.partial(network, g), settings, size, start=gained)
            measure_flow = jax.jit(lambda alpha, g=g, x=x: flow(of_equal_peak(g, alpha), x, axis=(0, 1)))
            for alpha, result in zip(alphas, results, strict=True):
                at = {"shape": name, "alpha": alpha, "gain": gain}
                yield row("initial", result["accuracy"], **at)
                for measure, value in measure_flow(alpha).items():
                    if measure in ("inside", "dead"):
                        yield row("initial", [value], measure=measure, **at)
