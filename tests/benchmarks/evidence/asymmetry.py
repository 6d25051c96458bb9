"""Does a surrogate that is larger above the threshold learn better? One shape cut in two, always of the same area.

A2SG (Kang et al. 2026, arXiv:2606.11236) says so. `by height` the two sides differ in height; `by width` both begin
at height 1 and one falls off more slowly. A ratio of 4 gives the upper side four fifths of the area, 0.2 in all.
`adaptive` is by height, and before each epoch as wide as it takes for half of the potentials to see a slope.
"""

import functools

import jax
import jax.numpy as jnp

from surrofun import asym, fit_alpha, make_spike, scale, shapes

from .rules import TASKS, of_task, refitting, spikes
from .sequences import layer
from .training import recurrent, row, sweep

AREA = 0.2
SHAPES = {"superspike": shapes.superspike(beta=2.0), "triangle": shapes.triangle}  # of height 1, and of area 1


def by_height(g, ratio):
    """Both sides have half of the width that a symmetric shape has, and heights of this ratio, 1 in the mean."""
    narrow = scale(g, 1 / AREA, height=AREA)
    return asym(scale(narrow, height=2 / (1 + ratio)), scale(narrow, height=2 * ratio / (1 + ratio)))


def by_width(g, ratio):
    below, above = 2 * AREA / (1 + ratio), 2 * AREA * ratio / (1 + ratio)  # twice the area of each side
    return asym(scale(g, 1 / below, height=below), scale(g, 1 / above, height=above))


CUTS = {  # and their ratios
    "by height": (by_height, (0.25, 0.5, 1.0, 2.0, 4.0)),
    "by width": (by_width, (0.25, 1.0, 4.0)),
    "adaptive": (by_height, (0.25, 1.0, 4.0)),
}


def silent(weights, inputs_of, x, spike_of):
    """Return the share of the units that do not fire at any of the samples."""
    inputs, mask = inputs_of(x)
    fired = layer(weights, inputs, lambda step: spike_of(weights))[1]
    return ((fired if mask is None else fired * mask).max(axis=(0, 1)) == 0).mean()


def asymmetry(task, size, quick, gain=1.0, shape="superspike"):
    """Accuracy and silent units by the ratio of the two sides; with a small gain most units are silent at first."""
    size = of_task(task, size, quick)
    if not size:
        return
    inputs_of, data, recurring, _, rate, _ = TASKS[task]
    keys = [jax.random.split(jax.random.fold_in(jax.random.key(0), n), 3)[0] for n in range(size["seeds"])]
    held_out = jnp.stack([data(key, size)[1][0] for key in keys])

    def start(weights, key, setting):
        weights = recurrent(weights, key, setting) if recurring else weights
        weights |= {"in": gain * weights["in"], "ratio": setting["ratio"]}
        return weights | {"alpha": jnp.float32(1), "each": jnp.float32(1)}

    for name, (cut, ratios) in [*CUTS.items()][-1 if quick else 0 :]:

        def spike(weights, cut=cut):
            g, alpha = cut(SHAPES[shape], weights["ratio"]), weights["alpha"]
            return make_spike(scale(g, alpha, height=1 / alpha))

        def covering(weights, x, current, inside, cut=cut):
            g = cut(SHAPES[shape], weights["ratio"])
            return {"alpha": fit_alpha(g, jnp.where(inside, x, jnp.inf), 0.5 * inside.mean())}

        options = {"epoch": refitting(covering, spike)(inputs_of)} if name == "adaptive" else {}
        settings = [{"ratio": ratio, "rate": rate} for ratio in ([1.0] if quick else ratios)]
        network = spikes(spike)(inputs_of)
        results = sweep(lambda _: network, settings, size, data=data, start=start, **options)  # noqa: B023
        count = jax.jit(jax.vmap(functools.partial(silent, inputs_of=inputs_of, spike_of=spike)))
        symmetric = results[len(results) // 2]["accuracy"]
        for setting, result in zip(settings, results, strict=True):
            at = {"task": task, "gain": gain, "shape": shape, "cut": name, "ratio": setting["ratio"]}
            yield row("asymmetry", result["accuracy"], **at)
            yield row("asymmetry", result["accuracy"] - symmetric, measure="less the symmetric", **at)
            yield row("asymmetry", count(result["weights"], x=held_out), measure="silent units", **at)
