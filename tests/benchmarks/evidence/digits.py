"""Handwritten digits, the 1797 images of 8 x 8 that scikit-learn ships: dark pixels spike early, empty ones never."""

import functools
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np

from surrofun import make_spike, shapes
from surrofun.cli import demo

from .training import best, halves, recurrent, row, sweep

SURROGATES = {
    "superspike(10)": shapes.superspike(beta=10.0),
    "sigmoid(4)": shapes.sigmoid(alpha=4.0),
    "triangle(1)": shapes.triangle(alpha=1.0),
}


def latencies(key, size):
    """Return training set and held-out set of spike times, in steps; a spike after the trial is none."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    chosen = np.stack([rng.permutation(np.flatnonzero(labels == digit))[: size["images"]] for digit in range(10)])
    grey = images[chosen] / 16
    times = np.where(grey > 0, np.rint((1 - grey) * (demo.WINDOW - 1)), demo.STEPS)
    return halves(jnp.asarray(times, jnp.int32))


def rectified(weights, times):
    """The network without spikes or time: a layer of rectified rates, of the same size."""
    grey = jnp.maximum(0.0, 1 - times / (demo.WINDOW - 1))
    hidden = jax.nn.relu(grey @ weights["in"])
    return (hidden @ weights["out"])[None], hidden


def digits(size, quick):
    """Accuracy of three surrogates, feed-forward and recurrent, against a network of rates, at the better rate."""
    if not importlib.util.find_spec("sklearn"):
        print("digits left out: they need scikit-learn, pip install scikit-learn")
        return
    settings = [{"rate": rate} for rate in ((0.01,) if quick else (0.003, 0.01))]
    for name, g in [*SURROGATES.items()][: 1 if quick else 3]:
        spiking = functools.partial(demo.forward, spike=make_spike(g))
        for layer, start in (("feed-forward", None), ("recurrent", recurrent))[: 1 if quick else 2]:
            result = best(sweep(lambda setting: spiking, settings, size, data=latencies, start=start))  # noqa: B023
            yield row("digits", result["accuracy"], network=f"{layer}, {name}")
            yield row("digits", result["hertz"], measure="spikes a second", network=f"{layer}, {name}")
    result = best(sweep(lambda setting: rectified, settings, size, data=latencies))
    yield row("digits", result["accuracy"], network="rates, rectified")
