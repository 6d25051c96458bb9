"""Does a surrogate gradient point where the loss falls? Its cosine with a measured gradient, layer by layer.

The loss of a spiking network is a staircase. Smoothed by normal noise on all weights it has a gradient, which is
measured by pairs of losses at w + sigma e and w - sigma e (evolution strategies). Its norm comes from two independent
halves of the pairs, so that the noise of the measurement does not make the cosine too small.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from surrofun import make_spike, shapes
from surrofun.cli import demo

from .training import randman, row

BETAS = tuple(2.0**k for k in range(-1, 8))
LAYERS, UNITS, NOISE, SAMPLES = 3, 20, 0.1, 50  # noise in standard deviations of the weights before training


def initial(key):
    """Return the weights of three hidden layers and of the readout, one after the other."""
    sizes = [*[(UNITS, UNITS)] * LAYERS, (UNITS, 10)]
    return [
        jax.random.normal(k, s) / s[0] ** 0.5 for k, s in zip(jax.random.split(key, len(sizes)), sizes, strict=True)
    ]


def loss(weights, times, labels, spike):
    """Return the cross-entropy of `demo.loss` for a stack of layers, and the accuracy."""
    silent = jnp.zeros((len(weights) - 1, len(times), UNITS))

    def step(state, z):
        current, v, fired, out = state
        currents, potentials, spikes = [], [], []
        for n, w in enumerate(weights[:-1]):
            currents.append(demo.SYNAPSE * current[n] + z @ w)
            potentials.append((demo.MEMBRANE * v[n] + currents[-1]) * (1 - lax.stop_gradient(fired[n])))
            spikes.append(z := spike(potentials[-1] - 1))
        out = demo.READOUT * out + z @ weights[-1]
        return (jnp.stack(currents), jnp.stack(potentials), jnp.stack(spikes), out), out

    start = silent, silent, silent, jnp.zeros((len(times), 10))
    peak = lax.scan(step, start, jax.nn.one_hot(times, demo.STEPS, axis=0))[1].max(axis=0)
    entropy = -jnp.take_along_axis(jax.nn.log_softmax(peak), labels[:, None], axis=1).mean()
    return entropy, (peak.argmax(axis=1) == labels).mean()


def trained(weights, key, data, spike, epochs):
    """Return the weights after some epochs of Adam."""
    times, labels = data

    def update(state, chosen):
        grads = jax.grad(lambda w: loss(w, times[chosen], labels[chosen], spike)[0])(state[0])
        return demo.adam(state, grads, 0.01), None

    orders = jax.vmap(lambda k: jax.random.permutation(k, labels.size))(jax.random.split(key, max(epochs, 1)))
    used = orders[:epochs].ravel()[: epochs * labels.size // 100 * 100].reshape(-1, 100)
    return lax.scan(update, demo.start(weights), used)[0][0]


def pair(loss, weights, key):
    """Return an estimate of the gradient by a pair of losses, with normal noise on all weights, a tree of arrays."""
    ws, structure = jax.tree.flatten(weights)
    es = [jax.random.normal(k, w.shape) for k, w in zip(jax.random.split(key, len(ws)), ws, strict=True)]
    up, down = (
        loss(structure.unflatten([w + s * NOISE * e / len(w) ** 0.5 for w, e in zip(ws, es, strict=True)]))
        for s in (1, -1)
    )
    return structure.unflatten([(up - down) / (2 * NOISE) * len(w) ** 0.5 * e for w, e in zip(ws, es, strict=True)])


def measure(key, data, *, pairs, epochs, betas):
    """Return accuracy, and of each beta and layer the cosine and the norm of the surrogate gradient."""
    keys = jax.random.split(key, 4)
    hard = make_spike(shapes.superspike(beta=10.0))
    weights = trained(initial(keys[0]), keys[1], data, hard, epochs)
    chosen = jax.random.permutation(keys[2], data[1].size)[:SAMPLES]
    some = data[0][chosen], data[1][chosen]

    estimate = jax.vmap(functools.partial(pair, lambda w: loss(w, *some, hard)[0], weights))

    def total(keys):
        sums = lax.map(lambda k: [g.sum(axis=0) for g in estimate(k)], keys.reshape(-1, 20))
        return [s.sum(axis=0) / keys.size for s in sums]

    first, second = (total(jax.random.split(k, pairs // 2)) for k in jax.random.split(keys[3]))
    measured = [jnp.sqrt(jnp.maximum((a * b).sum(), 1e-12)) for a, b in zip(first, second, strict=True)]
    by_beta = []
    for beta in betas:
        surrogate = jax.grad(lambda w, b=beta: loss(w, *some, make_spike(shapes.superspike(beta=b)))[0])(weights)
        norms = [jnp.linalg.norm(g) for g in surrogate]
        dots = [((a + b) / 2 * g).sum() for a, b, g in zip(first, second, surrogate, strict=True)]
        by_beta.append([(d / n / m, n) for d, n, m in zip(dots, norms, measured, strict=True)])
    halves = [(a * b).sum() / jnp.linalg.norm(a) / jnp.linalg.norm(b) for a, b in zip(first, second, strict=True)]
    return loss(weights, *data, hard)[1], jnp.array(by_beta), jnp.array(halves), jnp.array(measured)


def alignment(size, quick):
    """Cosine and norm by beta and layer, before and after training."""
    pairs, seeds, betas = (400, 2, BETAS[4:5]) if quick else (8000, 3, BETAS)
    for epochs in (0,) if quick else (0, 10):
        part = functools.partial(measure, pairs=pairs, epochs=epochs, betas=betas)
        compiled, found = jax.jit(part, compiler_options=size["compile"]), []
        for seed in range(seeds):
            key = jax.random.fold_in(jax.random.key(0), seed)
            found.append(jax.device_get(compiled(key, randman(key, size)[0])))
        accuracy, table, halves, measured = (np.array(part) for part in zip(*found, strict=True))
        state = {"epochs": epochs}
        yield row("alignment", accuracy, **state)
        for n, name in enumerate([*(f"hidden {k + 1}" for k in range(LAYERS)), "readout"]):
            at = state | {"layer": name}
            yield row("alignment", halves[:, n], measure="cosine of two halves", **at)
            yield row("alignment", measured[:, n], measure="norm, measured", **at)
            for k, beta in enumerate(betas):
                yield row("alignment", table[:, k, n, 0], measure="cosine", **at, beta=beta)
                yield row("alignment", table[:, k, n, 1], measure="norm", **at, beta=beta)
