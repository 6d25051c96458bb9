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
# # Other forward steps: stochastic, graded, ternary, soft
#
# A spike function is two independent choices: what happens forward, and what stands in for the derivative backward.
# `make_spike(g, step=...)` takes any function of the potential as the forward step, also one that holds a random key or
# other traced values. This notebook trains one small network with six of them.
#
# The task: 40 leaky neurons get a constant current that depends on a number u; after 10 time steps, a weighted sum of
# their mean outputs is to be a sine of u.

# %%
# %matplotlib inline
from functools import partial

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from surrofun import (
    antiderivative,
    escape,
    heaviside,
    make_spike,
    mix,
    plot,
    scale,
    shapes,
    shift,
    staircase,
    ternary,
)

plt.rcParams.update({"figure.dpi": 80, "axes.spines.top": False, "axes.spines.right": False})
BLUE, ORANGE = plot.COLORS[:2]  # Okabe & Ito
GREY = plot.GREY

HIDDEN, STEPS, UPDATES = 40, 10, 300
u = jnp.linspace(-1, 1, 64)
target = jnp.sin(3 * u)
optimizer = optax.adam(0.03)


def initial(key):
    keys = jax.random.split(key, 3)
    w = {name: jax.random.normal(k, (HIDDEN,)) for name, k in zip(("in", "bias", "out"), keys, strict=True)}
    return {**w, "out": w["out"] / HIDDEN}


def predict(weights, key, fire):
    """Return the readout, shape (64,), of neurons with the output `fire(v, key)` at the membrane potential v."""
    current = u[:, None] * weights["in"] + weights["bias"]

    def step(v, key):
        v = 0.5 * v + current
        z = fire(v, key)
        return v - z, z

    _, z = jax.lax.scan(step, jnp.zeros_like(current), jax.random.split(key, STEPS))
    return z.mean(0) @ weights["out"]


def loss(weights, key, fire):
    return jnp.mean((predict(weights, key, fire) - target) ** 2)


@partial(jax.jit, static_argnums=0)
def train(fire, weights, keys):
    """Return losses, shape (seeds, updates), and weights; fire(v, key, done) also gets the share of updates done."""

    def update(state, now):
        (weights, moments), (key, done) = state, now
        value, gradient = jax.value_and_grad(loss)(weights, key, partial(fire, done=done))
        changes, moments = optimizer.update(gradient, moments)
        return (optax.apply_updates(weights, changes), moments), value

    def one(weights, keys):
        state, done = (weights, optimizer.init(weights)), jnp.arange(UPDATES) / UPDATES
        (weights, _), losses = jax.lax.scan(update, state, (keys, done))
        return losses, weights

    return jax.vmap(one)(weights, keys)


SEEDS = jax.random.split(jax.random.key(0), 4)
BEGIN, KEYS = jax.vmap(initial)(SEEDS), jax.vmap(lambda seed: jax.random.split(seed, UPDATES))(SEEDS)
results = {}


def learn(name, fire):
    """Train from four seeds, remember the losses, print where they began and ended, return the weights."""
    results[name], weights = train(fire, BEGIN, KEYS)
    print(f"{name}: loss {results[name][:, 0].mean():.2g} -> {results[name][:, -10:].mean():.2g}")
    return weights


# %% [markdown]
# ## The plain spike, for comparison
#
# Every neuron below has the threshold 1 and loses what it sends out. The plain one fires 0 or 1.

# %%
g = shapes.sigmoid
hard = make_spike(g)
hard_weights = learn("hard", lambda v, key, done: hard(v - 1.0))

# %% [markdown]
# ## Escape noise
#
# A neuron with noise fires with a probability that rises with its potential. `escape(g, key)` is the step that fires
# with probability S(x), where S is the antiderivative of `g`. Then `g` is no longer a stand-in: it is the derivative of
# the expected spike. The share of 4000 keys that fire shows the probability, finite differences of that share the
# derivative.

# %%
x = jnp.linspace(-1.5, 1.5, 25)
keys = jax.random.split(jax.random.key(1), 4000)


@jax.jit
def count(x):
    """Return how often the neuron fires, and the mean of its surrogate gradient."""

    def spike(x, key):
        return make_spike(g, step=escape(g, key))(x)

    def both(key):
        return spike(x, key), jax.grad(lambda x: spike(x, key).sum())(x)

    return tuple(m.mean(0) for m in jax.vmap(both)(keys))


h = 0.15
(rate, slope), (more, _), (less, _) = count(x), count(x + h), count(x - h)
_, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.2), layout="constrained")
left.plot(x, 1 / (1 + np.exp(-4 * x)), color=GREY, label="1 / (1 + exp(-4 x))")
left.plot(x, rate, "o", color=BLUE, markersize=4, label="share of keys that fire")
left.set(title="firing probability", xlabel="potential minus threshold")
right.plot(x, slope, color=ORANGE, label="surrogate gradient")
right.plot(x, (more - less) / (2 * h), "o", color=BLUE, markersize=4, label="finite differences of the count")
right.set(title="derivative", xlabel="potential minus threshold", ylim=(-0.1, 1.55))
for axis in (left, right):
    axis.legend(loc="upper left", frameon=False)
print(f"largest difference, probability: {np.abs(rate - 1 / (1 + np.exp(-4 * x))).max():.3f}")
print(f"largest difference, derivative:  {np.abs(slope - (more - less) / (2 * h)).max():.3f}")
at, p = len(x) // 2, antiderivative(g)(jnp.array([-h, h]))
print(f"at the threshold: surrogate gradient {slope[at]:.3f}, finite difference {(more - less)[at] / (2 * h):.3f}")
rise = p[1] - p[0]  # the share of the keys that fire at h and not at -h
print(f"finite difference without noise, of 1 / (1 + exp(-4 x)): {rise / (2 * h):.3f}")
print(f"standard deviation of the one with noise: {jnp.sqrt(rise * (1 - rise) / 4000) / (2 * h):.3f}")

# %% [markdown]
# At the peak the dots lie below the curve. A finite difference over 0.3 is the mean of the slope over 0.3, which is
# lower than the slope at the peak: 0.971 instead of 1, even without noise. The rest, down to 0.957, is chance: less
# than the standard deviation for 4000 keys. On the flanks, where the curve is convex, that mean lies above it, by 0.01
# at most; the rest of what the dots are above it is chance, too.
#
# Each call of a spike function needs a key of its own, as each time step has it in `predict`.

# %%
noisy_weights = learn("escape noise", lambda v, key, done: make_spike(g, step=escape(g, key))(v - 1.0))

# %% [markdown]
# The readout averages over 10 steps of 40 neurons. What is left of the noise is presumably why the loss ends higher.
#
# ## Several spikes in one step
#
# Where a time step is long, a neuron may fire several times in it: once for each whole threshold that its potential has
# passed, which is the forward step of sinabs. `staircase(n)` counts up to n. A surrogate with a single bump at the
# first threshold passes next to no gradient once the potential is at the third; `periodic_laplace` has a bump at each.

# %%
single = scale(shapes.laplace, 4.0, height=0.5)
periodic = shapes.periodic_laplace(alpha=4.0)
x = jnp.linspace(-1.5, 4.5, 601)
_, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
axis.plot(x, periodic(x), color=ORANGE, label="a bump at each threshold")
axis.plot(x, single(x), color=BLUE, linestyle="--", label="one bump")
axis.plot(x, staircase(5)(x) / 5, color=GREY, linestyle=":", label="spikes / 5")
axis.set(xlabel="potential minus first threshold", ylabel="slope", ylim=(-0.05, 1.1))
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)

one_bump, bumps = (make_spike(shape, step=staircase(5)) for shape in (single, periodic))
v = jnp.array([0.5, 1.0, 2.1, 3.0, 9.0])
print("potential         ", v)
print("spikes            ", bumps(v - 1.0))
for name, spike in (("one bump", one_bump), ("a bump at each", bumps)):
    print(f"slope, {name:14}", jnp.round(jax.grad(lambda v, spike=spike: spike(v - 1.0).sum())(v), 3))

# %%
learn("5 spikes, one bump", lambda v, key, done: one_bump(v - 1.0))
graded_weights = learn("5 spikes, a bump at each", lambda v, key, done: bumps(v - 1.0))

# %% [markdown]
# `staircase` saturates at n while the bumps go on. Where that matters, a sum of n shifted shapes ends with it:
# `mix(*(shift(g, k) for k in range(n)), weights=(1.0,) * n)`.
#
# ## Ternary
#
# A ternary neuron fires +1 above the threshold and -1 below its negative. `ternary` gets the potential itself, not the
# potential minus the threshold, and the surrogate needs a bump at both edges.

# %%
one_edge = make_spike(shift(g, 1.0), step=ternary)
both_edges = make_spike(mix(shift(g, 1.0), shift(g, -1.0), weights=(1.0, 1.0)), step=ternary)
learn("ternary, one edge", lambda v, key, done: one_edge(v))
_ = learn("ternary, both edges", lambda v, key, done: both_edges(v))

# %% [markdown]
# ## Soft
#
# With the antiderivative as the forward step nothing is replaced any more: the network is an ordinary differentiable
# one and its gradient is exact. Finite differences of the loss agree with it, as they do not in a network of hard
# spikes.

# %%
soft = make_spike(g, step=antiderivative(g))
weights, key = initial(SEEDS[0]), SEEDS[0]
direction = jax.tree.map(lambda w: jnp.sin(jnp.arange(w.size) + 1.0) / w.size, weights)


@jax.jit
def derivatives(h=0.05):
    """Return gradient and finite difference of the loss along a direction, with soft and with hard spikes."""
    found = {}
    for name, spike in (("soft", soft), ("hard", hard)):

        def along(h, spike=spike):
            moved = jax.tree.map(lambda w, d: w + h * d, weights, direction)
            return loss(moved, key, lambda v, key: spike(v - 1.0))

        found[name] = jax.grad(along)(0.0), (along(h) - along(-h)) / (2 * h)
    return found


for name, (gradient, difference) in derivatives().items():
    print(f"{name}: gradient {gradient:.5f}, finite difference {difference:.5f}")

# %% [markdown]
# Why do the two numbers of the hard network differ? Take the weights apart: those of the readout, which come after the
# spikes, and those before the spikes.


# %%
def hard_loss(h, names):
    """Return the loss with hard spikes where the weights of these names are moved by h along the direction."""
    moved = {name: w + h * direction[name] if name in names else w for name, w in weights.items()}
    return loss(moved, key, lambda v, key: hard(v - 1.0))


print("                  gradient   finite differences over 2 h, h =")
print("                             0.01      0.05      0.2       1.0")
for names in (("out",), ("in", "bias")):
    f = jax.jit(partial(hard_loss, names=names))
    differences = "  ".join(f"{(f(h) - f(-h)) / (2 * h):.5f}" for h in (0.01, 0.05, 0.2, 1.0))
    print(f"{' and '.join(names):17} {jax.grad(f)(0.0):.5f}   {differences}")

# %% [markdown]
# For the readout nothing is replaced, and both agree. For the weights before the spikes, the loss is a staircase: it
# jumps where a spike comes or goes, and is flat in between. A finite difference adds up the jumps between -h and h, so
# it depends on h, and the true derivative is 0 almost everywhere. The surrogate gradient is neither of these. Here it
# has the right sign and is a third of the finite difference over the widest step.

# %%
soft_weights = learn("soft", lambda v, key, done: soft(v - 1.0))


@jax.jit
def with_hard_spikes(weights):
    return jax.vmap(lambda w: loss(w, key, lambda v, key: hard(v - 1.0)))(weights).mean()


print(f"the same weights with hard spikes: loss {with_hard_spikes(soft_weights):.2g}")

# %% [markdown]
# The soft network learns the task best by far, but once its neurons have to fire, its loss is higher than that of all
# others.
#
# ## Mixed with noise: from soft to hard
#
# In between, each neuron is hard or soft by chance at each step (ASGL: Wang et al. 2023, ICML): s = S(x) +
# stop_gradient(m (H(x) - S(x))), where m is 1 with probability 1 - p, else 0. Forward that is the hard step where m is
# 1 and the soft one where it is 0; the derivative is always S' = g. So it is a spike function with a mixed step.


# %%
def mixed(x, key, p):
    def step(x):
        return jnp.where(jax.random.bernoulli(key, 1 - p, x.shape), heaviside(x), antiderivative(g)(x))

    return make_spike(g, step=step)(x)


def as_in_the_paper(x, key, p):
    S, m = antiderivative(g)(x), jax.random.bernoulli(key, 1 - p, x.shape)
    return S + jax.lax.stop_gradient(m * (heaviside(x) - S))


x = jnp.linspace(-1, 1, 1001)
(ours, our_slope), (theirs, their_slope) = (
    (f(x, key, 0.5), jax.jit(jax.grad(lambda x, f=f: f(x, key, 0.5).sum()))(x)) for f in (mixed, as_in_the_paper)
)
print(f"largest difference, forward:  {np.abs(ours - theirs).max():.1e}")
print(f"largest difference, backward: {np.abs(our_slope - their_slope).max():.1e}")

# %% [markdown]
# Training begins with every neuron soft, p = 1, and ends with every neuron hard. The share p comes from the progress of
# the training, a traced number.

# %%
mixed_weights = learn(
    "mixed, soft to hard", lambda v, key, done: mixed(v - 1.0, key, jnp.maximum(0.0, 1 - 1.25 * done))
)
print(f"the same weights with hard spikes: loss {with_hard_spikes(mixed_weights):.2g}")
print(f"trained with hard spikes throughout: loss {with_hard_spikes(hard_weights):.2g}")

# %% [markdown]
# ## Side by side

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
styles = [(color, style) for style in ("-", "--") for color in plot.COLORS]
for (name, losses), (color, style) in zip(results.items(), styles, strict=False):
    left.semilogy(losses.mean(0), color=color, linestyle=style, label=name)
left.set(xlabel="update", ylabel="squared error, mean of 4 seeds", ylim=(1e-6, 30))
left.legend(frameon=False, fontsize=8, ncols=2)
trained = {
    "hard": (hard_weights, lambda v, key: hard(v - 1.0)),
    "escape noise": (noisy_weights, lambda v, key: make_spike(g, step=escape(g, key))(v - 1.0)),
    "5 spikes": (graded_weights, lambda v, key: bumps(v - 1.0)),
}
for (name, (weights, fire)), color in zip(trained.items(), plot.COLORS, strict=False):
    first = jax.tree.map(lambda w: w[0], weights)
    right.plot(u, predict(first, key, fire), color=color, label=name)
right.plot(u, target, color="black", linestyle="--", label="target")
right.set(xlabel="u", ylabel="readout, first seed")
right.legend(frameon=False)
print("loss, mean of the last 10 updates and of 4 seeds")
for name, losses in results.items():
    print(f"  {name:26} {losses[:, -10:].mean():.2g}")

# %% [markdown]
# Any other forward step is one more function: `sign` for a binary network, or for a graded spike the amount by which
# the potential exceeds the threshold, `lambda x: jnp.where(x >= 0, x, 0.0)`.
