"""A layer of leaky integrate-and-fire units for spikes or for recorded sequences, and a GRU of the same size."""

import jax
import jax.numpy as jnp
from jax import lax

from surrofun.cli import demo

GAIN = 0.3  # of recorded inputs, which come at each step: unlike single spikes they add up in current and potential


def spikes_of(times):
    """Return the input of each step from spike times."""
    return jax.nn.one_hot(times, demo.STEPS, axis=0, dtype=jnp.float32), None


def frames_of(repeats):
    """Return the function that makes input and mask of each step from frames, each for `repeats` steps."""

    def inputs(frames):
        steps = jnp.repeat(frames.swapaxes(0, 1), repeats, axis=0)
        return GAIN * steps, steps[..., -1:]

    return inputs


def layer(weights, inputs, spike_of, detached=True):
    """Run the network of `demo.forward`; `spike_of(step)` is the spike function of a step.

    Returns:
        Readout (steps, batch, classes), spikes, potentials minus threshold and currents (each steps, batch, hidden).
    """

    def step(state, now):
        (current, v, z, out), (t, x) = state, now
        current = demo.SYNAPSE * current + x @ weights["in"]
        if "recurrent" in weights:
            current += z @ weights["recurrent"]
        v = (demo.MEMBRANE * v + current) * (1 - (lax.stop_gradient(z) if detached else z))
        z = spike_of(t)(v - 1)
        out = demo.READOUT * out + z @ weights["out"]
        return (current, v, z, out), (out, z, v - 1, current)

    hidden, classes = weights["out"].shape
    silent, zero = jnp.zeros((inputs.shape[1], hidden)), jnp.zeros((inputs.shape[1], classes))
    return lax.scan(step, (silent, silent, silent, zero), (jnp.arange(len(inputs)), inputs))[1]


def judged(readout, mask):
    """Return the readout that `demo.loss` judges: over time as it is, or the mean over the steps of the mask."""
    return readout if mask is None else ((readout * mask).sum(axis=0) / mask.sum(axis=0))[None]


def spiking(inputs_of, spike_of, detached=True):
    """Return the network of `demo.loss`; `spike_of(weights)` is the `spike_of` of `layer`."""

    def network(weights, x):
        inputs, mask = inputs_of(x)
        readout, spikes, *_ = layer(weights, inputs, spike_of(weights), detached)
        return judged(readout, mask), spikes if mask is None else spikes * mask / mask.mean()

    return network


def gated(inputs_of):
    """Return a network without spikes, a GRU (Cho et al. 2014) with the same readout."""

    def network(weights, x):
        inputs, mask = inputs_of(x)
        hidden = weights["out"].shape[0]

        def step(state, x):
            (h, out), (by_x, by_h) = state, (x @ weights["from input"], state[0] @ weights["from hidden"])
            reset, update = jnp.split(jax.nn.sigmoid(by_x[:, : 2 * hidden] + by_h[:, : 2 * hidden]), 2, axis=1)
            h = update * h + (1 - update) * jnp.tanh(by_x[:, 2 * hidden :] + reset * by_h[:, 2 * hidden :])
            out = demo.READOUT * out + h @ weights["out"]
            return (h, out), (out, h)

        zero = jnp.zeros((inputs.shape[1], hidden)), jnp.zeros((inputs.shape[1], weights["out"].shape[1]))
        readout, h = lax.scan(step, zero, inputs / GAIN if mask is not None else inputs)[1]
        return judged(readout, mask), h

    return network


def gates(weights, key, setting):
    """Return the weights of the GRU in place of those of the spiking layer."""
    (units, hidden), keys = weights["in"].shape, jax.random.split(key)
    by_input = jax.random.normal(keys[0], (units, 3 * hidden)) / units**0.5
    by_hidden = jax.random.normal(keys[1], (hidden, 3 * hidden)) / hidden**0.5
    return {"out": weights["out"], "from input": by_input, "from hidden": by_hidden}
