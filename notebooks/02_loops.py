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
# # Spikes in loops
#
# A spiking network is a loop over time. A spike function of surrofun is an ordinary JAX function, so it goes into any
# loop that JAX has: `scan`, `while_loop`, a checkpointed `scan` for long sequences, and `vmap` around all of them. This
# notebook puts one neuron model into each, and looks at what the reset does to the gradient.

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt

from surrofun import make_spike, shapes

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe & Ito
spike = make_spike(shapes.superspike)

# %% [markdown]
# ## A neuron in `scan`
#
# The leaky integrate-and-fire neuron adds its input current to a leaking membrane potential, fires where the potential
# reaches the threshold 1, and is then reset. A *soft* reset subtracts the threshold and keeps the rest; a *hard* reset
# sets the potential to zero. The spike function gets the potential minus the threshold and knows nothing about resets:
# you write the one that you want.

# %%
LEAK = 0.9


def soft_reset(v, z):
    return v - z


def hard_reset(v, z):
    return v * (1 - z)


def run(current, reset, spike=spike):
    """Return the potentials before the reset and the spikes of a neuron, for its input current at each step."""

    def step(v, i):
        v = LEAK * v + i
        z = spike(v - 1.0)
        return reset(v, z), (v, z)

    return jax.lax.scan(step, 0.0, current)[1]


current = 0.3 + 0.25 * jnp.sin(jnp.arange(60) / 6.0)
figure, axes = plt.subplots(2, 1, figsize=(7, 3.4), sharex=True, sharey=True, layout="constrained")
for axis, reset in zip(axes, (soft_reset, hard_reset), strict=True):
    v, z = run(current, reset)
    axis.axhline(1.0, color=GREY, linestyle="--", linewidth=1, label="threshold")
    axis.plot(v, color=BLUE, label="potential")
    axis.plot(jnp.flatnonzero(z), v[z == 1], "o", color=ORANGE, label="spike")
    axis.set_title(f"{reset.__name__.replace('_', ' ')}: {int(z.sum())} spikes", loc="left", fontsize=10)
    axis.set_ylabel("potential")
axes[0].legend(loc="upper right", ncols=3, frameon=False, fontsize=9)
axes[0].set_ylim(0, 2.1)
axes[1].set_xlabel("time step")
plt.show()

# %% [markdown]
# The soft reset keeps what is above the threshold, so its neuron fires a little more often.
#
# ## The reset and the gradient
#
# The reset contains the spike, so the gradient flows through it as well, unless you stop it there with
# `jax.lax.stop_gradient`. The forward pass is the same; only the gradient differs. With the soft reset, one step back
# in time multiplies the gradient by
#
# * `LEAK * (1 - g)` with the gradient through the reset,
# * `LEAK` without it,
#
# where `g` is the surrogate gradient at the potential of that step. The cell checks the first of the two.


# %%
def detached(reset):
    return lambda v, z: reset(v, jax.lax.stop_gradient(z))


def last_potential(current, reset):
    return run(current, reset)[0][-1]


variants = {
    "soft": soft_reset,
    "soft, detached": detached(soft_reset),
    "hard": hard_reset,
    "hard, detached": detached(hard_reset),
}
by_current = {name: jax.grad(last_potential)(current, reset) for name, reset in variants.items()}

v, _ = run(current, soft_reset)
g = shapes.superspike(v - 1.0)
factors = by_current["soft"][:-1] / by_current["soft"][1:]
print(f"largest deviation from LEAK * (1 - g): {jnp.abs(factors - LEAK * (1 - g[:-1])).max():.0e}")

figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), sharey=True, layout="constrained")
for axis, kind in zip(axes, ("soft", "hard"), strict=True):
    axis.axhline(0, color=GREY, linewidth=0.8)
    axis.plot(by_current[f"{kind}, detached"], color=ORANGE, linestyle="--", label="reset detached")
    axis.plot(by_current[kind], color=BLUE, label="through the reset")
    axis.set(title=f"{kind} reset", xlabel="time step of the input", xlim=(30, 60))
axes[0].set_ylabel("d last potential / d input")
axes[0].legend(loc="upper left", frameon=False)
plt.show()

# %% [markdown]
# With the gradient through the reset, the neuron forgets its past faster: at every step near the threshold a part of
# the gradient is taken away. Without it, a soft reset remembers for as long as the leak allows. A detached hard reset
# cuts the gradient at every spike, because the potential before a spike really has no effect on the potential after
# it. With the gradient through the reset, a spike does not cut it but multiplies it by a negative number, minus the
# potential times the slope (and the leak): the dip below zero. Zenke & Vogels (2021) recommend detaching the reset;
# either is one line of code here.
#
# ## An adaptive threshold
#
# The threshold may be a state of the neuron as well: here it rises with every spike and falls back slowly, as in the
# adaptive neurons of Bellec et al. (2018). Nothing changes for the spike function, and the gradient goes through the
# potential and through the threshold.


# %%
def run_adaptive(current, rise=0.2, spike=spike):
    """Return the thresholds and the spikes of a neuron whose threshold is 1 and rises with each spike."""

    def step(state, i):
        v, a = state
        threshold = 1.0 + rise * a
        v = LEAK * v + i
        z = spike(v - threshold)
        return (v - z * threshold, 0.98 * a + z), (threshold, z)

    return jax.lax.scan(step, (0.0, 0.0), current)[1]


thresholds, spikes = run_adaptive(jnp.full(100, 0.4))
print("intervals between spikes:", jnp.diff(jnp.flatnonzero(spikes)))
print("d (sum of the spikes) / d rise:", jax.grad(lambda r: run_adaptive(jnp.full(100, 0.4), r)[1].sum())(0.2).round(2))

# %% [markdown]
# To pass potential and threshold as two arguments, write a function of two lines, `fires(v, threshold)`, that subtracts
# them: a second argument of `spike` itself would be a parameter of its shape. A neuron may also have two surrogates:
# here one for the spikes that it sends, and a narrow one for its reset. In the forward pass both give the same spike.


# %%
def fires(v, threshold):
    return spike(v - threshold)


by_v, by_threshold = jax.grad(fires, argnums=(0, 1))(0.9, 1.0)
print(f"d spike / d v: {by_v:.2f}, d spike / d threshold: {by_threshold:.2f}")

narrow = make_spike(shapes.superspike(beta=100.0))


def two_surrogates(current):
    def step(v, i):
        v = LEAK * v + i
        z = spike(v - 1.0)
        return v - narrow(v - 1.0), z

    return jax.lax.scan(step, 0.0, current)[1]


for name, spikes_of in (("one", lambda current: run(current, soft_reset)[1]), ("two", two_surrogates)):
    total, gradient = jax.value_and_grad(lambda current, f=spikes_of: f(current).sum())(current)
    print(f"{name}: {total:.0f} spikes, largest gradient of their sum {gradient.max():.3f}")

# %% [markdown]
# ## `while_loop`
#
# A `while_loop` runs for a number of steps that is not known beforehand. Here: until the neuron has fired five times.


# %%
def steps_until(count, drive, spike=spike):
    """Return after how many steps a neuron with a constant input has fired `count` times, and its potential then."""

    def busy(state):
        return state[2] < count

    def step(state):
        t, v, fired = state
        v = LEAK * v + drive
        z = spike(v - 1.0)
        return t + 1, v - z, fired + z

    t, v, _ = jax.lax.while_loop(busy, step, (0, 0.0, 0.0))
    return t, v


for drive in (0.15, 0.3, 0.6):
    print(f"input {drive}: five spikes after {steps_until(5, drive)[0]} steps")

# %% [markdown]
# JAX has no reverse mode for a loop of unknown length, whatever is inside, because it could not know how much to keep.
# Forward mode keeps nothing, so it works. For it, make the spike with `forward_mode=True`. The plain Python loop below
# carries the same derivative along by hand.

# %%
forward_spike = make_spike(shapes.superspike, forward_mode=True)
_, tangent = jax.jvp(lambda drive: steps_until(5, drive, forward_spike)[1], (0.3,), (1.0,))

v, dv, fired = 0.0, 0.0, 0
while fired < 5:
    v, dv = LEAK * v + 0.3, LEAK * dv + 1
    slope = 1 / (1 + 10 * abs(v - 1)) ** 2
    fired += v >= 1
    v, dv = v - (v >= 1), dv - slope * dv
print(f"d potential / d input: jvp {tangent:.5f}, by hand {dv:.5f}")

# %% [markdown]
# ## `vmap` over parameters
#
# The steepness of the surrogate may be a tracer like any other number. `vmap` runs all settings at once, in one
# compiled program. How far back does the gradient reach at each steepness? The spikes are the same at all three: the
# steepness changes the gradient only.


# %%
@jax.jit
@functools.partial(jax.vmap, in_axes=(0, None))
def reach(beta, current):
    spike = make_spike(shapes.superspike(beta=beta))
    return jax.grad(lambda current: run(current, soft_reset, spike)[1][-1])(current)


betas = jnp.array([2.0, 10.0, 50.0])
gradients = jnp.abs(reach(betas, current))

figure, axis = plt.subplots(figsize=(5.5, 2.6), layout="constrained")
for beta, gradient, color, line in zip(betas, gradients, (GREEN, BLUE, PURPLE), ("-", "--", ":"), strict=True):
    axis.semilogy(range(30, 60), gradient[30:], color=color, linestyle=line, label=f"steepness {beta:g}")
axis.set(xlabel="time step of the input", ylabel="|d last spike / d input|")
axis.legend(loc="lower right", frameon=False)
plt.show()

# %% [markdown]
# The broadest surrogate gives the largest gradient to the most recent inputs and the smallest to the early ones: its
# slope g is far from 0 at more of the potentials, and at each of them the reset multiplies the gradient by 1 - g.
#
# ## A hard reset in one checkpoint
#
# The gradient of a hard reset needs the potential and the spike of each step, besides the slope: `v * (1 - z)` is a
# product. Put spike and reset into one function and checkpoint it. Then the potential is all that is kept, and the rest
# is recomputed from it in the backward pass, which takes less time than storing it. `prevent_cse=False` leaves out the
# barrier against common subexpression elimination, which is not needed inside of `scan`. The gradient is the same.


# %%
def fire(v):
    z = spike(v - 1.0)
    return hard_reset(v, z), z


def gradient_of_loop(fire):
    def loss(w, drive):
        def step(v, i):
            v, z = fire(LEAK * v + i * w)
            return v, z.mean()

        return jax.lax.scan(step, jnp.zeros((32, 64)), drive)[1].mean()

    drive = jax.random.uniform(jax.random.key(0), (1000, 32, 64))
    arguments = jnp.linspace(0.1, 0.6, 64), drive
    gradient = jax.jit(jax.grad(loss)).lower(*arguments).compile()
    return gradient(*arguments), gradient.memory_analysis().temp_size_in_bytes / drive.size


whole, whole_bytes = gradient_of_loop(fire)
recipe, recipe_bytes = gradient_of_loop(jax.checkpoint(fire, prevent_cse=False))
print(f"bytes a spike: {whole_bytes:.1f}, in one checkpoint {recipe_bytes:.1f}")
print(f"largest relative difference of the gradients: {float(jnp.abs(recipe / whole - 1).max()):.0e}")

# %% [markdown]
# ## Long sequences in checkpointed segments
#
# With a soft reset, backpropagation through time keeps one number for each neuron and step. For 10,000 steps, cut the
# sequence into 100 segments and checkpoint each: what is kept are the 100 states between them, and the steps of one
# segment while its gradient is computed. The gradient is the same; the forward pass is computed twice.


# %%
def network_loss(w, drive, segments=1):
    """Return the mean rate of a layer of neurons, squared, for a drive of shape (steps,) and weights (neurons,)."""

    def step(v, i):
        v = LEAK * v + i * w
        z = spike(v - 1.0)
        return v - z, z.mean()

    @jax.checkpoint
    def segment(v, drive):
        return jax.lax.scan(step, v, drive)

    return jnp.square(jax.lax.scan(segment, jnp.zeros_like(w), drive.reshape(segments, -1))[1].mean())


w, drive = jnp.linspace(0.1, 0.6, 64), 0.5 + 0.5 * jnp.sin(jnp.arange(10_000) / 50.0)
results = {}
for segments in (1, 100):
    gradient = jax.jit(jax.grad(functools.partial(network_loss, segments=segments))).lower(w, drive).compile()
    results[segments] = gradient(w, drive)
    print(f"{segments:3} segments: {gradient.memory_analysis().temp_size_in_bytes / 2**10:7.1f} kB of memory")
print(f"largest relative difference: {float(jnp.abs(results[100] / results[1] - 1).max()):.0e}")

# %% [markdown]
# The notebook `06_memory` goes on from here: how long a sequence fits, with which residual.
