"""Does it help to sharpen the surrogate while the network learns? Schedules of optax, traced, one compilation."""

import functools
import importlib.util

import jax.numpy as jnp

from surrofun import make_spike, shapes
from surrofun.cli import demo

from .training import row, sweep


def network(setting):
    g = shapes.sigmoid(alpha=setting["alpha"][setting["epoch"]])
    return functools.partial(demo.forward, spike=make_spike(g))


def schedules(epochs):
    """Return alpha of the logistic as functions of the epoch."""
    import optax

    return {
        **{f"constant {alpha:g}": optax.constant_schedule(alpha) for alpha in (1.0, 4.0, 16.0)},
        "linear 1 to 16": optax.linear_schedule(1.0, 16.0, epochs - 1),
        "exponential 1 to 16": optax.exponential_decay(1.0, epochs - 1, 16.0),
        "exponential 16 to 1": optax.exponential_decay(16.0, epochs - 1, 1 / 16),
        "cosine 16 to 1": optax.cosine_decay_schedule(16.0, epochs - 1, 1 / 16),
    }


def annealed(size, quick):
    """Accuracy with fixed and with annealed alpha; and how often the training was traced for all of them."""
    if not importlib.util.find_spec("optax"):
        print("annealed left out: it needs optax, pip install optax")
        return
    traced, made = [], schedules(size["epochs"])

    def counted(weights, key, setting):
        traced.append(1)
        return weights

    alphas = [jnp.stack([jnp.float32(schedule(n)) for n in range(size["epochs"])]) for schedule in made.values()]
    settings = [{"alpha": alpha, "rate": 0.01} for alpha in alphas]
    for name, result in zip(made, sweep(network, settings, size, start=counted), strict=True):
        yield row("annealed", result["accuracy"], schedule=name)
    yield row("annealed", [len(traced)], measure="compilations for all schedules")
