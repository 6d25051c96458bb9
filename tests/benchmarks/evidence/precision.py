"""Precision of the network and of what is kept for the backward pass: accuracy beside bytes a spike."""

import math

import jax
import jax.numpy as jnp
from jax import lax

from surrofun import make_spike, shape, shapes
from surrofun.cli import demo

from ..__main__ import bptt
from .training import row, sweep

DTYPES, RATE = ("float32", "bfloat16", "float16"), 0.01
SUPERSPIKE = shapes.superspike(beta=10.0)
RECTANGLE = shapes.rectangle(width=1.0)
KEPT = {  # what is kept: shape and residual
    "slope": (SUPERSPIKE, None),
    "bfloat16": (SUPERSPIKE, jnp.bfloat16),
    "float16": (SUPERSPIKE, jnp.float16),
    "float8": (SUPERSPIKE, jnp.float8_e4m3fn),
    "uint8": (SUPERSPIKE, jnp.uint8),
    "slope of a rectangle": (RECTANGLE, None),
    "bit of a rectangle": (RECTANGLE, "bit"),
}


def narrow(dtype, spike):
    """Return the network that computes in `dtype`; weights, readout and loss stay in float32."""

    def network(weights, times):
        readout, spikes = demo.forward(jax.tree.map(lambda w: w.astype(dtype), weights), times, spike=spike)
        return readout.astype(jnp.float32), spikes.astype(jnp.float32)

    return network


@shape
def naive_sigmoid(x, alpha):
    """alpha s (1 - s) as written in many places, with the roundings of bfloat16 that a compiler may leave out."""

    def rounded(x):
        return lax.reduce_precision(x, exponent_bits=8, mantissa_bits=7)

    s = rounded(jax.nn.sigmoid(rounded(alpha * rounded(x))))
    return rounded(alpha * rounded(s * rounded(1 - s)))


def bytes_per_spike(spike):
    """Return the temporary bytes of backpropagation through time in float32, a neuron and step."""
    sizes = 2000, 8, 256  # long, so that what does not grow with the steps is little
    gradient, arguments = bptt(spike, sizes)
    compiled = gradient.lower(*arguments).compile({"xla_backend_optimization_level": 0})  # quicker; it is not run
    return compiled.memory_analysis().temp_size_in_bytes / math.prod(sizes)


def residuals(size, quick):
    """Accuracy and bytes a spike of every residual, in three precisions of the network, from the same seeds."""
    for kept, (g, residual) in KEPT.items():
        measured = bytes_per_spike(make_spike(g, residual=residual))
        yield row("residual", [measured], measure="bytes a spike", network="float32", kept=kept)
    cases = [(dtype, kept) for dtype in DTYPES for kept in KEPT if dtype == "float32" or kept != "float8"]
    reference = {}
    for dtype, kept in [("bfloat16", "uint8")] if quick else cases:
        g, residual = KEPT[kept]
        network = narrow(dtype, make_spike(g, residual=residual))
        # A learning rate that differs in the last digit shows the noise: such trainings part ways all the same.
        rates = (RATE, RATE * (1 + 1e-6)) if dtype == "float32" and residual is None else (RATE,)
        results = sweep(lambda setting: network, [{"rate": rate} for rate in rates], size)  # noqa: B023
        reference.setdefault(g, results[0]["accuracy"])
        for rate, result in zip(rates, results, strict=True):
            at = {"network": dtype, "kept": kept if rate == RATE else f"{kept}, rate 1e-6 larger"}
            yield row("residual", result["accuracy"], **at)
            yield row("residual", result["accuracy"] - reference[g], measure="change from float32", **at)


def naive(size, quick):
    """What s (1 - s) in bfloat16 does to the slope and to learning."""
    shapes_tried = {"s(x) s(-x)": shapes.sigmoid, "naive s (1 - s)": naive_sigmoid}
    for name, g in shapes_tried.items():
        for x in (-2.0, 2.0):
            slope = jax.grad(make_spike(g(alpha=4.0)))(jnp.bfloat16(x))
            yield row("naive bfloat16", [slope], measure="slope", shape=name, alpha=4.0, x=x)
    settings = [{"alpha": alpha, "rate": RATE} for alpha in (() if quick else (1.0, 4.0, 25.0))]
    for name, g in shapes_tried.items():

        def network(setting, g=g):
            return narrow("bfloat16", make_spike(g(alpha=setting["alpha"])))

        for at, result in zip(settings, sweep(network, settings, size), strict=True):
            yield row("naive bfloat16", result["accuracy"], shape=name, alpha=at["alpha"])
