"""Train one network at many settings: one compiled program for all, mapped over the seeds."""

import functools
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from surrofun.cli import demo

# Samples of a class, images of a digit (of the rarest there are 174), units, samples of an update.
FULL = {
    **{"samples": 200, "images": 170, "hidden": 100, "batch": 100, "epochs": 10, "seeds": 3, "compile": {}},
    **{"control seeds": 5, "updates": 80, "environments": 100, "noise batches": 64, "noise pairs": 1000},
}
QUICK = {
    **{"samples": 40, "images": 80, "hidden": 20, "batch": 40, "epochs": 3, "seeds": 2},
    **{"control seeds": 2, "updates": 4, "environments": 20, "noise batches": 4, "noise pairs": 20},
    "compile": {"xla_backend_optimization_level": 0},  # here compiling takes longer than training
}


def halves(times):
    """Return training set and held-out set, 80 and 20 % of the samples of each class."""
    training, *rest = demo.split(times)
    return training, jax.tree.map(lambda *parts: jnp.concatenate(parts), *rest)


def randman(key, size):
    return halves(demo.randman(key, samples=size["samples"]))


def sweep(network, settings, size, *, data=randman, start=None, epoch=demo.train_epoch, judged=None):
    """Train at each of the settings with the same seeds, hence the same data and initial weights.

    Args:
        network: function of a setting, with the number of the epoch added, that returns the network of `demo.loss`.
        settings: list of dicts of numbers or arrays, all alike; "rate" is the learning rate.
        size: `FULL` or `QUICK`.
        data: function of a key and the size that returns training set and held-out set.
        start: function of weights, key and setting that returns the initial weights.
        epoch: `demo.train_epoch` or the like.
        judged: function of a setting that returns the network to be judged, where it is not the one that is trained.

    Returns:
        One dict a setting: accuracy on the held-out set after training and firing rate (Hz), one number a seed; the
        trained weights, one a seed; and CPU seconds a training.
    """
    keys = [jax.random.split(jax.random.fold_in(jax.random.key(0), n), 3) for n in range(size["seeds"])]
    sets = jax.tree.map(lambda *of_seed: jnp.stack(of_seed), *(data(k[0], size) for k in keys))

    def train(setting, keys, sets):
        weights = demo.initial(keys[1], units=sets[0][0].shape[-1], hidden=size["hidden"])
        weights = start(weights, keys[1], setting) if start else weights

        def run_epoch(state, n):
            options = {"network": network(setting | {"epoch": n}), "batch": size["batch"]}
            return epoch(state, jax.random.fold_in(keys[2], n), sets, learning_rate=setting["rate"], **options)

        (weights, _), records = lax.scan(run_epoch, demo.start(weights), jnp.arange(size["epochs"]))
        accuracy = records["accuracy"][-1]
        if judged:
            accuracy = demo.loss(weights, *sets[1], network=judged(setting))[1]["accuracy"]
        return {"accuracy": accuracy, "hertz": records["rate"][-1], "weights": weights}

    compiled = jax.jit(jax.vmap(train, (None, 0, 0)), compiler_options=size["compile"])
    return [timed(functools.partial(compiled, setting, jnp.stack(keys), sets)) for setting in settings]


def timed(run):
    before = time.process_time()
    result = jax.device_get(run())
    return result | {"cpu": (time.process_time() - before) / len(result["accuracy"])}


def recurrent(weights, key, setting):
    """Add recurrent weights, normal of standard deviation 0.1 / sqrt(fan-in).

    `demo.forward` does not scale the current by 1 - exp(-dt / tau), about 0.1 for the membrane, as other networks do;
    so weights ten times as large let the firing rate run away.
    """
    hidden = weights["out"].shape[0]
    normal = jax.random.normal(jax.random.fold_in(key, 1), (hidden, hidden))
    return weights | {"recurrent": 0.1 * normal / hidden**0.5}


def row(experiment, values, *, measure="accuracy", **setting):
    """Return a row of the table: mean and standard deviation of a measure over the seeds."""
    values = [float(v) for v in values]
    text = "; ".join(f"{name}={v:g}" if isinstance(v, float) else f"{name}={v}" for name, v in setting.items())
    spread = np.std(values, ddof=1).item() if len(values) > 1 else None
    figures = {"mean": np.mean(values).item(), "sd": spread, "n": len(values)}
    return {"experiment": experiment, "setting": text, "measure": measure} | figures


def best(results):
    """Return the result of the largest mean accuracy."""
    return max(results, key=lambda result: float(result["accuracy"].mean()))
