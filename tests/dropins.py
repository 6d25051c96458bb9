"""Networks of other libraries with a place for a spike, for test_dropins.py.

Each takes a spike and returns (loss, weights), where loss(weights) is (error, spikes): the error of the firing rates.
"""

import dataclasses
import importlib.util
import sys
import types
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from needs import needs, reason

RNG = np.random.default_rng(0)
DRIVE = jnp.asarray(RNG.uniform(0, 1, (12, 4, 3)), jnp.float32)  # time, batch, inputs
RATES = jnp.asarray(RNG.uniform(0, 1, (4, 5)), jnp.float32)  # batch, neurons
WEIGHTS = jnp.asarray(RNG.normal(0.5, 1, (3, 5)), jnp.float32)


def rate_error(spikes):
    return jnp.square(spikes.mean(0) - RATES).mean(), spikes


def unrolled(cell, start):
    return rate_error(lax.scan(cell, start, DRIVE)[1])


def spyx(neuron, spike):
    nnx, nn = needs("flax.nnx"), needs("spyx.nn")
    graph, parameters = nnx.split(getattr(nn, neuron)((5,), activation=spike, rngs=nnx.Rngs(0)))

    def loss(weights):
        layer = nnx.merge(graph, weights["layer"])
        return unrolled(lambda state, x: layer(x @ weights["in"], state)[::-1], layer.initial_state(4))

    return loss, {"in": WEIGHTS, "layer": parameters}


def brainpy(neuron, spike):
    state, brainstate = needs("brainpy.state"), needs("brainstate")
    initial, u = needs("braintools").init.Constant, needs("brainunit")
    options = {"V_initializer": initial(0 * u.mV), "V_rest": 0 * u.mV, "V_reset": 0 * u.mV}
    if neuron == "Gif":
        options |= {"V_th_inf": 1 * u.mV, "V_th_reset": 0.5 * u.mV, "V_th_initializer": initial(1 * u.mV)}
    layer = getattr(state, neuron)(5, spk_fun=spike, **options)

    def loss(weights):
        with brainstate.environ.context(dt=1 * u.ms):
            brainstate.nn.init_all_states(layer, batch_size=4)
            return rate_error(brainstate.transform.for_loop(lambda x: layer.update(2 * x @ weights * u.mA), DRIVE))

    return loss, WEIGHTS


def slax(neuron, spike):
    layer = getattr(needs("slax"), neuron)(spike_fn=spike)
    start = {name: jnp.zeros((4, 5)) for name in ("Vmem", "Spk_t", "B_t")}
    parameters = layer.init(jax.random.key(0), dict(start), jnp.zeros((4, 5)))

    def loss(weights):
        return unrolled(lambda state, x: layer.apply(weights["layer"], state, x @ weights["in"]), start)

    return loss, {"in": WEIGHTS, "layer": parameters}


def import_snnax():
    """The wheel of snnax 0.0.1 lacks two files and cannot be imported; with empty modules in their place it can."""
    if importlib.util.find_spec("snnax") is None:
        pytest.skip(reason("snnax"))
    for lacking in ("snnax.snn.init", "snnax.functional.functional"):
        sys.modules.setdefault(lacking, types.ModuleType(lacking))
    return importlib.import_module("snnax.snn")


def snnax(neuron, spike):
    decays = {} if neuron == "SimpleIAF" else {"decay_constants": [0.75, 0.5], "shape": 5}
    layer = getattr(import_snnax(), neuron)(spike_fn=spike, **decays)

    def loss(weights):
        start = jnp.zeros((4, 5)) if neuron == "SimpleIAF" else layer.init_state((4, 5), jax.random.key(0))
        return unrolled(lambda state, x: layer(state, x @ weights), start)

    return loss, WEIGHTS


def sparx(neuron, spike):
    """Its neurons take an object with the method `derivative`, in three lines."""
    nn, surrogate = needs("sparx.nn"), needs("sparx.surrogate")

    @dataclasses.dataclass(frozen=True)
    class Surrogate(surrogate.Surrogate):
        spike: Callable

        def derivative(self, x):
            return jax.vjp(self.spike, x)[1](jnp.ones_like(x))[0]

    layer = getattr(nn, neuron)(surrogate=spike if isinstance(spike, surrogate.Surrogate) else Surrogate(spike))
    return lambda weights: rate_error(layer.apply({}, 2 * DRIVE @ weights)), WEIGHTS


def jaxpike(neuron, spike):
    eqx = needs("equinox")
    layer, rest = eqx.partition(getattr(needs("jaxpike.neurons"), neuron)(2.0, surrogate=spike), eqx.is_inexact_array)

    def loss(weights):
        layer = eqx.combine(weights["layer"], rest)
        return unrolled(lambda state, x: layer(state, 3 * x @ weights["in"]), layer.init_state((4, 5)))

    return loss, {"in": WEIGHTS, "layer": layer}


def brainspike(neuron, spike):
    brainstate, u = needs("brainstate"), needs("brainunit")
    with brainstate.environ.context(dt=1 * u.ms):
        layer = getattr(needs("brainspike"), neuron)((4, 5), spk_fun=spike, V_th=-69 * u.mV, t_ref=1 * u.ms)

    def update(t, x):
        with brainstate.environ.context(t=t * u.ms):
            return layer.update(400 * x * u.pA)

    def loss(weights):
        with brainstate.environ.context(dt=1 * u.ms):
            layer.init_state()
            return rate_error(brainstate.transform.for_loop(update, jnp.arange(12.0), DRIVE @ weights))

    return loss, WEIGHTS


def lif(v, current, spike):
    v = 0.9 * v + current
    z = spike(v - 1.0)
    return v - z, z


def flax_cell(spike):
    nnx = needs("flax.nnx")

    class Cell(nnx.Module):
        def __init__(self, rngs):
            self.inputs, self.spike = nnx.Linear(3, 5, rngs=rngs), spike

        def __call__(self, v, x):
            return lif(v, self.inputs(x), self.spike)

    graph, parameters = nnx.split(Cell(nnx.Rngs(0)))
    return lambda weights: unrolled(nnx.merge(graph, weights), jnp.zeros((4, 5))), parameters


def equinox_cell(spike):
    eqx = needs("equinox")

    class Cell(eqx.Module):
        inputs: eqx.nn.Linear
        spike: Callable

        def __call__(self, v, x):
            return lif(v, jax.vmap(self.inputs)(x), self.spike)

    cell = Cell(eqx.nn.Linear(3, 5, key=jax.random.key(0)), spike)
    parameters, rest = eqx.partition(cell, eqx.is_inexact_array)
    return lambda weights: unrolled(lambda v, x: eqx.combine(weights, rest)(v, x), jnp.zeros((4, 5))), parameters


def haiku_cell(spike):
    hk = needs("haiku")

    class Cell(hk.Module):
        def __call__(self, x, v):
            return lif(v, hk.Linear(5)(x), spike)[::-1]

    unroll = hk.transform(lambda: hk.dynamic_unroll(Cell(), DRIVE, jnp.zeros((4, 5)))[0])
    network = hk.without_apply_rng(unroll)
    return lambda weights: rate_error(network.apply(weights)), network.init(jax.random.key(0))
