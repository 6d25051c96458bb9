# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Memory: how long a sequence fits
#
# Backpropagation through time has to remember something of every step. Of a spike function it remembers one array, the
# slope of the surrogate gradient, and the option `residual=` of `make_spike` says in which form. (Where a parameter of
# the shape is learned, it remembers the potentials as well.) This notebook counts what that is worth: the longest
# sequence that fits into a given memory, for each residual, and with checkpointed segments.
#
# The compiler knows how much memory a program needs before it runs. All numbers here are from its report
# (`memory_analysis`), so there is no noise in them and nothing has to run for long.

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from surrofun import make_spike, shapes

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # Okabe & Ito
MIB = 2**20
NEURONS, BATCH, BUDGET = 128, 32, 64 * MIB

# %% [markdown]
# ## The network
#
# A batch of leaky integrate-and-fire layers, driven by one input channel. With `recurrent` weights the neurons also
# drive one another. `segments` cuts the sequence; each segment is checkpointed, that is, computed again during the
# backward pass instead of kept.


# %%
def spike_count(w, drive, spike, segments):
    """Return the mean number of spikes of a neuron, for a drive of shape (steps, BATCH)."""

    def step(state, x):
        v, z, count = state
        v = 0.9 * v + x[:, None] * w["in"] - z
        if "recurrent" in w:
            v += z @ w["recurrent"]
        z = spike(v - 1.0)
        return (v, z, count + z.mean()), None

    def segment(state, xs):
        return jax.lax.scan(step, state, xs)

    state = jnp.zeros((BATCH, NEURONS)), jnp.zeros((BATCH, NEURONS)), 0.0
    if segments == 1:
        return segment(state, drive)[0][2]
    return jax.lax.scan(jax.checkpoint(segment), state, drive.reshape(segments, -1, BATCH))[0][2]


WEIGHTS = {"in": jnp.linspace(0.1, 0.6, NEURONS)}


def compiled_gradient(steps, spike, segments=1, weights=WEIGHTS):
    gradient = jax.jit(jax.grad(functools.partial(spike_count, spike=spike, segments=segments)))
    return gradient.lower(weights, jax.ShapeDtypeStruct((steps, BATCH), jnp.float32)).compile()


def needed(steps, *args, **kwargs):
    """Return the bytes that the gradient needs beside its inputs and its result."""
    return compiled_gradient(steps, *args, **kwargs).memory_analysis().temp_size_in_bytes


# %% [markdown]
# ## One number for each spike
#
# Two lengths give the growth with each step; divided by the number of neurons in the batch it is the number of bytes
# that a spike keeps. One bit suffices for the rectangle, whose slope has two values only.

# %%
SPIKES = {
    "float32": make_spike(shapes.superspike),
    "bfloat16": make_spike(shapes.superspike, residual=jnp.bfloat16),
    "uint8": make_spike(shapes.superspike, residual=jnp.uint8),
    "bit": make_spike(shapes.rectangle, residual="bit"),
}


def straight_line(lengths, sizes):
    """Return the growth from one of two sizes to the other, and what is left at length zero."""
    growth = (sizes[1] - sizes[0]) / (lengths[1] - lengths[0])
    return growth, sizes[0] - growth * lengths[0]


lines = {name: straight_line((1000, 3000), [needed(n, spike) for n in (1000, 3000)]) for name, spike in SPIKES.items()}
for name, (growth, _) in lines.items():
    print(f"{name:8}  {growth / NEURONS / BATCH:.3f} bytes a spike")

# %% [markdown]
# The last digits are the input of each step, kept for the gradient of the weights.
#
# ## The longest sequence
#
# The memory is a straight line over the number of steps, so the longest sequence for the budget follows from it. To be
# sure, the cell compiles the gradient for that length, and prints how much of the budget it needs.

# %%
longest = {name: int((BUDGET - constant) / growth) for name, (growth, constant) in lines.items()}
print(f"budget {BUDGET // MIB} MiB, {NEURONS} neurons, batch of {BATCH}")
for name, steps in longest.items():
    print(f"{name:8}  {steps:7,} steps need {needed(steps, SPIKES[name]) / BUDGET:7.2%} of it")

# %% [markdown]
# ## What it costs in accuracy
#
# The gradient of the same network, against the one from whole slopes. The bit is compared with the rectangle's own, of
# course, and is exact.

# %%
drive = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (500, BATCH)), jnp.float32)
exact = {
    "superspike": compiled_gradient(500, SPIKES["float32"])(WEIGHTS, drive)["in"],
    "rectangle": compiled_gradient(500, make_spike(shapes.rectangle))(WEIGHTS, drive)["in"],
}
for name, shape in (("bfloat16", "superspike"), ("uint8", "superspike"), ("bit", "rectangle")):
    approximate = compiled_gradient(500, SPIKES[name])(WEIGHTS, drive)["in"]
    error = jnp.linalg.norm(approximate - exact[shape]) / jnp.linalg.norm(exact[shape])
    print(f"{name:8}  relative error of the gradient {error:.1e}")

# %% [markdown]
# ## Checkpointed segments
#
# Cut a sequence of k * k steps into k segments of k steps: the k states between them are kept, and the slopes of one
# segment at a time. So the memory is a straight line over k, the square root of the number of steps. The price is a
# second forward pass.

# %%
BOTH = ("float32", "uint8")
squares = {n: straight_line((32, 64), [needed(k * k, SPIKES[n], k) for k in (32, 64)]) for n in BOTH}
for name, (growth, constant) in squares.items():
    k = int((BUDGET - constant) / growth)
    share, factor = needed(k * k, SPIKES[name], k) / BUDGET, k * k / longest[name]
    print(f"{name:8}  {k * k:9,} steps in {k:,} segments need {share:7.2%} of it, {factor:.0f} times as many steps")

# %%
steps = np.geomspace(1000, 1e7, 100)
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for (name, (growth, constant)), color in zip(lines.items(), (BLUE, GREEN, ORANGE, PURPLE), strict=True):
    axis.loglog(steps, (constant + growth * steps) / MIB, color=color, label=name)
    if name in squares:
        growth, constant = squares[name]
        axis.loglog(
            steps, (constant + growth * steps**0.5) / MIB, color=color, linestyle="--", label=f"{name}, segments"
        )
axis.axhline(BUDGET / MIB, color="black", linewidth=0.8)
axis.annotate("budget", (1000, BUDGET / MIB), (0, 3), textcoords="offset points")
axis.set(xlabel="steps", ylabel="memory (MiB)", ylim=(0.1, 1e4))
axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
plt.show()

# %% [markdown]
# The two ways save different things: the residual makes the slopes within a segment smaller, but not the states between
# segments, which stay in full precision. So with segments the smaller residual wins less than without.
#
# ## A recurrent layer keeps its spikes, too
#
# The gradient of the recurrent weights is a product with the spikes of every step, so these are kept as well, in full
# precision: they belong to the matrix product, not to the spike function, and no residual makes them smaller.

# %%
recurrent = WEIGHTS | {"recurrent": jnp.zeros((NEURONS, NEURONS))}
for name in BOTH:
    growth, _ = straight_line((1000, 3000), [needed(n, SPIKES[name], weights=recurrent) for n in (1000, 3000)])
    print(f"{name:8}  {growth / NEURONS / BATCH:.3f} bytes a spike")

# %% [markdown]
# For a recurrent layer checkpointed segments are therefore the first thing to do; the residual is the second.
