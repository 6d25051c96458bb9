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
# # Beyond the scan: kernels, time in parallel, online rules, gates
#
# A spike in a `lax.scan` is the usual case. This notebook has recipes for the others, each short enough to copy:
#
# 1. a layer of neurons as one fused Pallas kernel forward and one backward;
# 2. backpropagation through time (BPTT) with all times at once, exactly;
# 3. rules that learn online: e-prop, OTTT and RTRL;
# 4. uses outside of spiking networks: JumpReLU, quantisers, binary weights, random bits.
#
# All of them need two things only: the shape `g(x)`, a plain elementwise function, and the spike `make_spike(g)`.

# %%
# %matplotlib inline
import time

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax import lax
from jax.experimental import pallas as pl
from jax.flatten_util import ravel_pytree

from surrofun import (
    antiderivative,
    escape,
    fit_alpha,
    flow,
    heaviside,
    make_spike,
    mix,
    scale,
    shapes,
    shift,
    sign,
    ternary,
)

plt.rcParams.update({"figure.dpi": 80, "axes.spines.top": False, "axes.spines.right": False})
BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe & Ito


def relative_error(got, wanted):
    return float(jnp.linalg.norm(got - wanted) / jnp.linalg.norm(wanted))


# %% [markdown]
# The neuron of the first two parts, with the three usual resets:

# %%
RESETS = {
    "soft": lambda v, z: v - z,
    "hard": lambda v, z: v * (1 - z),
    "detached": lambda v, z: v - lax.stop_gradient(z),
}


def neuron(spike, reset="soft", leak=0.9):
    """Return the step (v, current) -> (v, z) of a leaky integrate-and-fire neuron with threshold 1."""

    def step(v, current):
        v = leak * v + current
        z = spike(v - 1)
        return RESETS[reset](v, z), z

    return step


def scanned(step):
    """Return the spikes (time, neurons) for currents (time, neurons), one time after the other."""
    return lambda currents: lax.scan(step, jnp.zeros_like(currents[0]), currents)[1]


# %% [markdown]
# ## 1. A fused layer in Pallas
#
# A kernel that runs over all times can carry the potentials of its neurons in registers, and a scan carries them in
# memory. Forward the kernel compares, and backward it **calls the shape, not the spike**: the gradient of a spike marks
# what is kept (`checkpoint_name`), which has no lowering in a kernel, and on Triton neither has the spike itself
# (`custom_vjp`). A rule for the whole layer is written by hand anyway. Any expression of the package will do as `g`;
# only what holds arrays (a parameter for each neuron) has to be made an input of the kernel. For bfloat16 declare a
# function of your own with `@shape`, which computes it in float32: Triton does not divide in bfloat16.


# %%
def fused_lif(g, leak=0.9, block=128, **options):
    """Return a layer of neurons with a soft reset, from currents to spikes, both (time, neurons): two kernels."""

    def run(kernel, outputs, *arrays):
        steps, neurons = arrays[0].shape
        whole = pl.BlockSpec((steps, block), lambda i: (0, i))  # all times of some neurons
        like = (jax.ShapeDtypeStruct((steps, neurons), arrays[0].dtype),) * outputs
        specs = {"in_specs": (whole,) * len(arrays), "out_specs": (whole,) * outputs}
        return pl.pallas_call(kernel, out_shape=like, grid=neurons // block, **specs, **options)(*arrays)

    def forward(current, potential, spikes):
        def step(t, v):
            now = pl.ds(t, 1), slice(None)
            v = leak * v + current[now]
            z = (v >= 1).astype(v.dtype)
            potential[now], spikes[now] = v - 1, z
            return v - z

        lax.fori_loop(0, current.shape[0], step, jnp.zeros((1, block), current.dtype))

    def backward(potential, by_spikes, by_current):
        last = potential.shape[0] - 1

        def step(i, by_v):
            now = pl.ds(last - i, 1), slice(None)
            by_v = by_v + (by_spikes[now] - by_v) * g(potential[now])  # the reset subtracts the spike
            by_current[now] = by_v
            return leak * by_v

        lax.fori_loop(0, last + 1, step, jnp.zeros((1, block), potential.dtype))

    layer = jax.custom_vjp(lambda current: run(forward, 2, current)[1])
    layer.defvjp(
        lambda current: run(forward, 2, current)[::-1],
        lambda potential, by_spikes: tuple(run(backward, 1, potential, by_spikes)),
    )
    return layer


# %% [markdown]
# On this machine, which has no accelerator, Pallas interprets the kernels (`interpret=True`). Spikes and gradients are
# those of the scan to the last bit. (Where XLA makes one instruction of a product and a sum, which rounds once, the
# last digits may differ.) The tests lower both kernels for TPU and for Triton (GPU), and every shape and combinator
# of the package by itself. (JAX 0.12 calls its Triton lowering deprecated. Mosaic GPU, its successor, lacks
# `log1p`, `pow` and `stop_gradient` as yet, and with them some of the shapes.)


# %%
def pulled(layer, currents, cotangents):
    """Return spikes, and the gradient of sum(cotangents * spikes) by the currents."""
    spikes, pull = jax.vjp(layer, currents)
    return spikes, pull(cotangents)[0]


pulled = jax.jit(pulled, static_argnums=0)
currents = jax.random.uniform(jax.random.key(0), (200, 256))
cotangents = jax.random.normal(jax.random.key(1), currents.shape)
for g in (shapes.superspike, shapes.triangle, mix(shapes.sigmoid, shift(scale(shapes.rectangle, 2.0), 0.25))):
    fused = pulled(fused_lif(g, interpret=True), currents, cotangents)
    plain = pulled(scanned(neuron(make_spike(g))), currents, cotangents)
    same = [bool((one == other).all()) for one, other in zip(fused, plain, strict=True)]
    print(f"{g.__name__:55} spikes equal: {same[0]}, gradients equal: {same[1]}")
    assert all(same)

# %% [markdown]
# ## 2. All times at once
#
# Backward through time, a neuron with one state is a linear recursion: by_v[t] = source[t] + decay[t] * by_v[t + 1].
# Once the states are known, one `jax.vjp` of the step gives `source` and `decay` at all times. And a linear recursion
# is an associative scan, which takes about log2(T) rounds instead of T. No formula of the neuron is needed: this holds
# for any elementwise step and any reset, if the step closes over nothing that is learned, and draws no random numbers,
# since it is evaluated again, at all times at once.


# %%
def parallel(step):
    """Return `scanned(step)` with a backward pass over all times at once."""

    def with_state(v, current):
        after, z = step(v, current)
        return after, (v, z)

    def forward(currents):
        states, spikes = lax.scan(with_state, jnp.zeros_like(currents[0]), currents)[1]
        return spikes, (states, currents)

    def join(later, earlier):
        return earlier[0] * later[0], earlier[1] + earlier[0] * later[1]

    def backward(kept, by_spikes):
        _, pull = jax.vjp(step, *kept)  # at every time, as if it were one more axis of neurons
        zeros = jnp.zeros_like(by_spikes)
        decay, source = pull((zeros + 1, zeros))[0], pull((zeros, by_spikes))[0]
        by_v = lax.associative_scan(join, (decay, source), reverse=True)[1]
        by_after = jnp.concatenate([by_v[1:], zeros[:1]])
        return pull((by_after, by_spikes))[1:]

    layer = jax.custom_vjp(lambda currents: forward(currents)[0])
    layer.defvjp(forward, backward)
    return layer


# %% [markdown]
# It is exact, but on a CPU it does not pay: with few cores the elements of a round are not computed at the same time,
# and the rounds move more memory than the scan does. It is meant for an accelerator that a small batch does not fill.
# The times are the best of three on the machine that ran this notebook.


# %%
def milliseconds(layer, *arguments):
    jax.block_until_ready(pulled(layer, *arguments))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        jax.block_until_ready(pulled(layer, *arguments))
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


print(f"{'reset':10} {'steps':>6}  error of the gradient  scan (ms)  all at once (ms)")
for reset, steps in (("soft", 1_000), ("hard", 1_000), ("detached", 1_000), ("soft", 10_000)):
    step = neuron(make_spike(shapes.superspike), reset)
    both = scanned(step), parallel(step)
    given = [jax.random.uniform(jax.random.key(0), (steps, 64)), jax.random.normal(jax.random.key(1), (steps, 64))]
    (_, wanted), (_, got) = (pulled(layer, *given) for layer in both)
    spent = [milliseconds(layer, *given) for layer in both]
    print(f"{reset:10} {steps:6}  {relative_error(got, wanted):21.0e}  {spent[0]:9.1f}  {spent[1]:16.1f}")
    assert relative_error(got, wanted) < 1e-6

# %% [markdown]
# A neuron that is not reset (a readout, or a layer that trains without reset) is linear forward, too, and needs no step
# at all:


# %%
def without_reset(currents, leak=0.9):
    """Return the potentials v[t] = leak * v[t - 1] + currents[t], at all times at once."""
    decay = jnp.full_like(currents, leak)
    return lax.associative_scan(lambda one, two: (one[0] * two[0], two[1] + two[0] * one[1]), (decay, currents))[1]


potentials = lax.scan(lambda v, x: (0.9 * v + x,) * 2, jnp.zeros(256), currents)[1]
print(f"difference from the scan: {relative_error(jax.jit(without_reset)(currents), potentials):.0e}")

# %% [markdown]
# With a reset, some libraries guess all spikes, take the reset from the guess, and repeat. After k rounds the spikes of
# the first k steps are right, so T rounds are exact; the promise is that a few rounds are enough. For the spikes that
# can be checked. The gradient through k rounds is another matter: it is that of another network. Here are both errors
# for 200 steps.


# %%
def iterated(spike, rounds, leak=0.9):
    """Return the spikes of neurons with a soft reset after some rounds of guessing."""

    def run(currents):
        later = jnp.subtract(*jnp.indices((len(currents),) * 2))  # time from the column to the row
        decay = jnp.where(later < 0, 0.0, leak ** later.astype(currents.dtype))
        without_reset = decay @ currents

        def again(spikes, _):
            return spike(without_reset - jnp.where(later > 0, decay, 0.0) @ spikes - 1), None

        return lax.scan(again, jnp.zeros_like(currents), length=rounds)[0]

    return run


exact = [pulled(scanned(neuron(make_spike(g))), currents, cotangents) for g in (shapes.superspike, shapes.sigmoid)]
print("rounds  wrong spikes  error of the gradient: superspike  sigmoid")
for rounds in (1, 12, 50):
    guesses = [iterated(make_spike(g), rounds) for g in (shapes.superspike, shapes.sigmoid)]
    guessed = [pulled(guess, currents, cotangents) for guess in guesses]
    errors = [relative_error(got[1], wanted[1]) for got, wanted in zip(guessed, exact, strict=True)]
    print(f"{rounds:6}  {(guessed[0][0] != exact[0][0]).mean():12.0%}  {errors[0]:33.2f}  {errors[1]:7.2g}")

# %% [markdown]
# After 50 rounds 28 % of the spikes are still wrong. With a narrow shape little gradient passes from round to round,
# and most of it is missing. With a shape of area 1 the gradient grows with each round, though the true one is bounded.
# So with a reset, take the scan forward and all times at once backward.
#
# ## 3. Rules that learn online
#
# BPTT waits for the end of the sequence. Online rules carry a trace forward instead, the derivative dv / dw of the
# potential by each weight, and at each time add (learning signal) * psi * trace, where psi is the surrogate slope
# g(v - threshold). For any neuron, one `jax.jvp` gives psi and the factor of the trace by the reset. With the whole
# trace it is e-prop, as Bellec et al. 2020 define it for any neuron. OTTT leaves the reset out of the trace, which then
# is the same for all neurons; so do the formulas of Bellec et al. for a LIF neuron.
#
# Here the learning signal is given, c[t], as if the loss were sum(c * spikes).


# %%
def network(step, weights, inputs):
    """Return the spikes of a layer whose spikes come back to it as inputs, through the last rows of the weights."""

    def at_one_time(state, x):
        v, z = step(state[0], jnp.concatenate([x, state[1]]) @ weights)
        return (v, z), z

    silent = jnp.zeros(weights.shape[1])
    return lax.scan(at_one_time, (silent, silent), inputs)[1]


def online(spike, weights, inputs, signals, reset="soft", trace_the_reset=True, leak=0.9):
    """Return the gradient by the weights of that network forward in time: e-prop, or OTTT, without the reset."""

    def fire(v):
        z = spike(v - 1)
        return RESETS[reset](v, z), z

    def at_one_time(state, now):
        v, z, trace, gradient = state
        inputs, signal = jnp.concatenate([now[0], z]), now[1]
        v, trace = leak * v + inputs @ weights, leak * trace + inputs[:, None]  # the trace is dv / dw
        (v, z), (left, psi) = jax.jvp(fire, (v,), (jnp.ones_like(v),))  # psi is g(v - 1)
        return (v, z, (left if trace_the_reset else 1.0) * trace, gradient + signal * psi * trace), None

    silent, nothing = jnp.zeros(weights.shape[1]), jnp.zeros_like(weights)
    return lax.scan(at_one_time, (silent, silent, nothing, nothing), (inputs, signals))[0][3]


# %% [markdown]
# Without recurrent weights e-prop with the whole trace is BPTT, for each reset. It leaves out what a spike does later
# through recurrent weights, so with them it is an approximation. OTTT is exact if the reset is detached and there are
# no recurrent weights; else it depends on the shape how close it comes. The numbers are cosines between the gradient of
# the rule and that of BPTT: 20 inputs, 30 neurons, 100 steps. (`escape_exponential` is not there: its slope has no
# bound. Where the gradient of BPTT is infinite, the cosine is `nan`.)

# %%
keys = jax.random.split(jax.random.key(0), 4)
spike_trains = (jax.random.uniform(keys[0], (100, 20)) < 0.3).astype(jnp.float32)
signals = jax.random.normal(keys[1], (100, 30))
feedforward = jnp.concatenate([0.1 + jax.random.normal(keys[2], (20, 30)) / jnp.sqrt(20.0), jnp.zeros((30, 30))])
recurrent = feedforward.at[20:].set(jax.random.normal(keys[3], (30, 30)) / jnp.sqrt(30.0))
NAMES = [name for name in shapes.__all__ if name != "escape_exponential"]
cases = [*((feedforward, reset) for reset in RESETS), (recurrent, "soft"), (recurrent, "hard")]


def cosine(one, other):
    one, other = one / jnp.abs(one).max(), other / jnp.abs(other).max()
    return (one * other).sum() / jnp.linalg.norm(one) / jnp.linalg.norm(other)


def cosines(i):
    """Return the cosines of one shape of the catalogue; its number may be traced, so that all are one program."""
    spike = make_spike(lambda x: lax.switch(i, [getattr(shapes, name) for name in NAMES], x), forward_mode=True)

    def compared(weights, reset):
        def loss(weights):
            return (signals * network(neuron(spike, reset), weights, spike_trains)).sum()

        rules = (online(spike, weights, spike_trains, signals, reset, whole) for whole in (True, False))
        exact = jax.grad(loss)(weights)
        return [cosine(rule, exact) for rule in rules]

    return [compared(weights, reset) for weights, reset in cases]


found = np.array(jax.jit(lambda numbers: lax.map(cosines, numbers))(jnp.arange(len(NAMES))))
print(f"{'':20}{'one layer':^54}{'with recurrent weights':^36}")
print(f"{'':20}" + "".join(f"{reset + ' reset':^18}" for reset in (*RESETS, "soft", "hard")))
print(f"{'':20}" + len(cases) * f"{'e-prop':>9}{'OTTT':>9}")
for i in np.argsort(-found[0, 1]):
    print(f"{NAMES[i]:20}" + "".join(f"{value:9.3f}" for value in found[:, :, i].ravel()))
assert found[:3, 0].min() > 0.999999

# %% [markdown]
# Real-time recurrent learning (RTRL) leaves nothing out: it carries the derivative of the whole state by each weight,
# (state x weights) numbers, and updates it by `jax.linearize` of one step. It works for any step, if the spike is made
# with `forward_mode=True`, and the network is small.


# %%
def rtrl(step, weights, state, inputs, signals):
    """Return the gradient by the weights of sum(signals * outputs), for step(weights, state, x) -> (state, output)."""
    flat, unflatten = ravel_pytree(weights)
    start, unravel = ravel_pytree(state)

    def flat_step(flat, state, x):
        state, output = step(unflatten(flat), unravel(state), x)
        return ravel_pytree(state)[0], output

    def at_one_time(carry, now):
        state, influence, gradient = carry
        x, signal = now
        (state, _), push = jax.linearize(lambda flat, state: flat_step(flat, state, x), flat, state)
        influence, by_weight = jax.vmap(push)(jnp.eye(flat.size), influence)
        return (state, influence, gradient + by_weight @ signal), None

    nothing = jnp.zeros((flat.size, start.size)), jnp.zeros(flat.size)
    return unflatten(lax.scan(at_one_time, (start, *nothing), (inputs, signals))[0][2])


small = jnp.concatenate([recurrent[:20, :8], recurrent[20:28, :8]])
lif = neuron(make_spike(shapes.superspike, forward_mode=True))


def recurrent_step(weights, state, x):
    v, z = lif(state[0], jnp.concatenate([x, state[1]]) @ weights)
    return (v, z), z


through_time = jax.grad(lambda w: (signals[:, :8] * network(lif, w, spike_trains)).sum())(small)
forward = jax.jit(rtrl, static_argnums=0)(
    recurrent_step, small, (jnp.zeros(8), jnp.zeros(8)), spike_trains, signals[:, :8]
)
print(f"recurrent layer, error of RTRL against BPTT: {relative_error(forward, through_time):.0e}")
assert relative_error(forward, through_time) < 1e-5

# %% [markdown]
# ## 4. Outside of spiking networks
#
# Wherever a network holds a step, `make_spike` gives it a gradient. Each of these is one line, and equal to the rule
# that papers and libraries write by hand.

# %%
LINES = {
    "binary weights, identity where |w| <= 1": make_spike(
        scale(shapes.rectangle(width=2.0, closed=True), height=2.0), step=sign
    ),
    "ternary weights, straight through": make_spike(shapes.straight_through, step=ternary(threshold=0.5)),
    "quantiser, straight through": make_spike(shapes.straight_through, step=jnp.round),
    "int4, no gradient where it clips": make_spike(
        shift(scale(shapes.rectangle(width=16.0), height=16.0), -0.5), step=lambda x: jnp.clip(jnp.round(x), -8, 7)
    ),
    "gate with the slope of a hard sigmoid": make_spike(shapes.rectangle(width=6.0)),
    "hard sigmoid itself": antiderivative(shapes.rectangle(width=6.0)),
    "random bit, straight through": make_spike(
        shapes.sigmoid(alpha=1.0), step=escape(shapes.sigmoid(alpha=1.0), jax.random.key(0))
    ),
}
x = jnp.array([-9.0, -1.0, -0.25, 0.25, 1.0, 9.0])
print(f"{'x':41}", np.asarray(x))
for name, line in LINES.items():
    value, slope = jax.jvp(line, (x,), (jnp.ones_like(x),)) if name.startswith("hard") else pulled(line, x, 1 + 0 * x)
    print(f"{name:41}", np.asarray(value).round(3))
    print(f"{'  its slope':41}", np.asarray(slope).round(3))


# %% [markdown]
# With the int4 line as `quantise`, a quantiser with a learned step size s is `s * quantise(x / s)`. Its gradient by s
# follows by the chain rule: it is the rule of LSQ (arXiv:1902.08153), without the factor by which LSQ scales it.
#
# ### JumpReLU
#
# The features of a sparse autoencoder are x where x > threshold, else 0, and the threshold is learned. By the rules of
# arXiv:2407.14435 the gradient by x passes where the feature is on, and that by the threshold is -threshold / bandwidth
# where |x - threshold| < bandwidth / 2. With a gate that is a spike:


# %%
def gate(bandwidth):
    return make_spike(shapes.rectangle(width=bandwidth), step=heaviside(at_zero=0.0))


def jump_relu(x, threshold, bandwidth):
    """Return x where it is above the threshold, else 0, with the gradient by the threshold of arXiv:2407.14435."""
    on = gate(bandwidth)(lax.stop_gradient(x) - threshold)
    fixed = lax.stop_gradient(on)
    return fixed * x + lax.stop_gradient(threshold) * (on - fixed)


def sparsity(x, threshold, bandwidth):
    """Return the mean number of features that are on, the other term of the loss."""
    return gate(bandwidth)(lax.stop_gradient(x) - threshold).sum(-1).mean()


# %% [markdown]
# There are two traps. The first: `x * gate(x - threshold)` looks the same, and in the forward pass it is. Backward it
# has x where the rule has the threshold, and passes a gradient of the gate to x, which the rule does not.

# %%
features = 0.3 * jax.random.normal(jax.random.key(3), (64, 512))
thresholds = jnp.full(512, 0.3)
weight = jax.random.normal(jax.random.key(4), features.shape)


def gradients(activation):
    return jax.grad(lambda x, t: (weight * activation(x, t)).sum(), (0, 1))(features, thresholds)


right = gradients(lambda x, t: jump_relu(x, t, 0.05))
plain = gradients(lambda x, t: x * gate(0.05)(x - t))
print(f"error of x * gate(x - threshold): by the threshold {relative_error(plain[1], right[1]):.1%},", end=" ")
print(f"by x {relative_error(plain[0], right[0]):.1f} times the gradient itself")

# %% [markdown]
# The second: the bandwidth. The threshold of a feature learns only from those examples of the batch that are within
# half a bandwidth of it. `flow` says how many features have none, and `fit_alpha` which bandwidth lets a given share of
# all examples through.

# %%
potentials = features - thresholds
bandwidths = np.geomspace(1e-4, 1, 30)
dead = [float(flow(shapes.rectangle, potentials, width=float(b))["dead"]) for b in bandwidths]
fitted = 1 / float(fit_alpha(shapes.rectangle, potentials, 0.05))
for b in (1e-3, 1e-2, fitted):
    through = flow(shapes.rectangle, potentials, width=b)
    inside, without = float(through["inside"]), float(through["dead"])
    print(f"bandwidth {b:.3f} lets {inside:.2%} of the examples through; {without:.0%} of the features have none")

figure, axis = plt.subplots(figsize=(5, 2.6), layout="constrained")
axis.semilogx(bandwidths, dead, color=BLUE)
axis.axvline(fitted, color=ORANGE, linestyle="--")
axis.annotate("5 % of the examples", (fitted, 0.5), (4, 0), textcoords="offset points", color=ORANGE)
axis.set(xlabel="bandwidth", ylabel="features without a gradient", ylim=(-0.02, 1.02))
axis.yaxis.set_major_formatter("{x:.0%}")
plt.show()
