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
# # Coming from another library
#
# The same surrogate there and here, for snnTorch, braintools, spyx, snnax, spikingjelly, norse and sinabs. None of them
# has to be installed: their code is shown as text, ours runs, and every slope is compared with the formula of the
# library, written down in NumPy. Then `check` measures spike functions, those of the libraries too, where they are
# installed. The last section compares the neurons of the libraries, which reset at different places of a step.
#
# Two things differ from library to library and are easily overlooked:
#
# * **the normalization**: the same name may stand for area 1, for peak 1 or for neither;
# * **H(0)**: whether a neuron fires whose potential is exactly at the threshold. Here it does; for the other convention
#   there is `step=heaviside(at_zero=0.0)`.
#
# In all of them, and here, x is the membrane potential minus the threshold.

# %%
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np

from surrofun import check, escape, heaviside, make_spike, parse, report, scale, shapes, staircase

x = np.concatenate([np.linspace(-3.03, 3.07, 400), [-30.0, 30.0]])


def compare(*rows):
    """Check each row (there, here, formula, H(0)) and print it with the largest difference of the slopes."""

    @jax.jit
    def spikes(x):
        found = []
        for _, here, _, at_zero in rows:
            spike = make_spike(parse(here), step=heaviside(at_zero=at_zero))
            found.append((jax.grad(lambda x, spike=spike: spike(x).sum())(x), spike(jnp.zeros(()))))
        return found

    print(f"{'there':29} {'here':54} H(0)  difference")
    for (there, here, formula, at_zero), (slope, fired) in zip(rows, spikes(jnp.asarray(x)), strict=True):
        wanted = formula(np.float64(np.float32(x)))
        difference = np.max(np.abs(slope - wanted) / np.maximum(1, wanted))
        print(f"{there:29} {here:55} {fired:2.0f}   {difference:.0e}")
        assert difference < 1e-6
        assert fired == at_zero


def logistic_density(x, a):
    return a * np.exp(-a * abs(x)) / (1 + np.exp(-a * abs(x))) ** 2


# %% [markdown]
# `parse` reads the text in the column *here*. In a program, after `from surrofun.shapes import superspike`, the same
# text is an expression of Python: `make_spike(superspike(beta=25.0))`.
#
# ## snnTorch
#
# ```python
# layer = snntorch.Leaky(beta=0.9, spike_grad=snntorch.surrogate.fast_sigmoid(slope=25))
# v = layer.init_leaky()
# for x in inputs:
#     z, v = layer(x @ w, v)
# ```
#
# A PyTorch layer cannot call a JAX function, so the layer is translated, too: it becomes a function, and the loop over
# time a scan:

# %%
fast_sigmoid = make_spike(shapes.superspike(beta=25.0), step=heaviside(at_zero=0.0))


def leaky(v, current):
    v = 0.9 * v + current - jax.lax.stop_gradient(fast_sigmoid(v - 1.0))  # the reset comes a step later
    return v, fast_sigmoid(v - 1.0)


inputs, w = jnp.ones((20, 2)), jnp.array([[0.1, 0.2], [0.1, 0.3]])  # 20 steps of 2 inputs, and 2 neurons
v, z = jax.lax.scan(leaky, jnp.zeros(2), inputs @ w)
print("spikes of the neurons:", z.sum(0))

# %% [markdown]
# What its surrogates are called here:

# %%
compare(
    ("fast_sigmoid(slope=25)", "superspike(beta=25.0)", lambda x: 1 / (1 + 25 * abs(x)) ** 2, 0),
    ("atan(alpha=2.0), the default", "atan(alpha=2.0)", lambda x: 1 / (1 + (np.pi * x) ** 2), 0),
    ("sigmoid(slope=25)", "sigmoid(alpha=25.0)", lambda x: logistic_density(x, 25), 0),
    ("straight_through_estimator()", "straight_through", np.ones_like, 0),
    ("spike_rate_escape(1, 25)", "shift(scale(laplace, height=50.0), 1.0)", lambda x: 25 * np.exp(-abs(x - 1)), 0),
    ("heaviside()", "leaky_step(leak=0.0)", lambda x: np.where(x > 0, 1.0, 0.0), 0),
)

# %% [markdown]
# snnTorch's `sigmoid` is NaN far below the threshold in float32 (release 1.0.0), ours is not. Its `triangular` is no
# triangle but a sign: it has no counterpart here, and our `triangle` is a triangle. Its `custom_surrogate` takes a
# function of (input, gradient, spikes) that multiplies the gradient by a slope; `make_spike` takes the slope alone, a
# function of the input.
#
# ## braintools
#
# ```python
# spike = braintools.surrogate.Sigmoid(alpha=4.0)                              # there
# spike = make_spike(shapes.sigmoid(alpha=4.0))                       # here
#
# z = spike(v - v_th)                                                          # both
# neuron = brainpy.state.LIF(100, spk_fun=spike)                               # both
# ```

# %%
compare(
    ("Sigmoid(4.0)", "sigmoid(alpha=4.0)", lambda x: logistic_density(x, 4), 1),
    ("Arctan(1.0)", "atan(alpha=1.0)", lambda x: 0.5 / (1 + (np.pi / 2 * x) ** 2), 1),
    ("ERF(1.0)", "gaussian(sigma=0.7071067811865476)", lambda x: np.exp(-(x**2)) / np.sqrt(np.pi), 1),
    (
        "GaussianGrad(0.5, 0.5)",
        "scale(gaussian(sigma=0.5), height=0.5)",
        lambda x: np.exp(-2 * x**2) / np.sqrt(2 * np.pi),
        1,
    ),
    ("PiecewiseQuadratic(1.0)", "triangle(alpha=1.0)", lambda x: np.maximum(0, 1 - abs(x)), 1),
    ("ReluGrad(0.3, 1.0)", "scale(triangle, height=0.3)", lambda x: 0.3 * np.maximum(0, 1 - abs(x)), 1),
    ("PiecewiseExp(1.0)", "laplace(alpha=1.0)", lambda x: np.exp(-abs(x)) / 2, 1),
    ("SlayerGrad(1.0)", "scale(laplace, height=2.0)", lambda x: np.exp(-abs(x)), 1),
    ("InvSquareGrad(100.0)", "superspike(beta=100.0)", lambda x: 1 / (1 + 100 * abs(x)) ** 2, 1),
    ("SoftSign(1.0)", "scale(superspike(beta=1.0), height=0.5)", lambda x: 0.5 / (1 + abs(x)) ** 2, 1),
    ("QPseudoSpike(2.0)", "power_law(alpha=0.6666666666666666, q=2.0)", lambda x: 1 / (1 + 2 / 3 * abs(x)) ** 2, 1),
    ("NonzeroSignLog(1.0)", "reciprocal(alpha=1.0)", lambda x: 1 / (1 + abs(x)), 1),
)

# %% [markdown]
# braintools' `QPseudoSpike` divides by alpha + 1 where the paper has alpha - 1, so its area is 3 at the default.
#
# ## spyx
#
# ```python
# spike = spyx.axn.superspike(k=25)                                            # there
# spike = make_spike(shapes.superspike(beta=25.0), step=heaviside(at_zero=0.0))  # here
#
# layer = spyx.nn.LIF((64,), activation=spike, rngs=nnx.Rngs(0))               # both
# ```

# %%
compare(
    ("superspike(k=25)", "superspike(beta=25.0)", lambda x: 1 / (1 + 25 * abs(x)) ** 2, 0),
    (
        "arctan(k=2)",
        f"scale(atan, 2.0, height={0.5 / np.pi:.10f})",
        lambda x: 1 / np.pi / (1 + (2 * np.pi * x) ** 2),
        0,
    ),
    ("tanh(k=1)", "scale(sigmoid, 0.5, height=2.0)", lambda x: 1 / np.cosh(x) ** 2, 0),
    ("triangular(k=2)", "scale(triangle, 2.0, height=0.5)", lambda x: np.maximum(0, 1 - 2 * abs(x)), 0),
    ("boxcar(width=2, height=0.5)", "rectangle(width=2.0)", lambda x: np.where(abs(x) < 1, 0.5, 0), 0),
)

# %% [markdown]
# The slopes of spyx that have a k have peak 1 or 1 / pi whatever k is, so that a larger k means less gradient in total;
# `scale` without `height` keeps the area instead.
#
# ## snnax
#
# ```python
# spike = superspike_surrogate(10.0)                                           # there
# spike = make_spike(scale(shapes.reciprocal(alpha=10.0), height=0.1))  # here
#
# layer = snnax.snn.LIF([0.95, 0.85], spike_fn=spike)                          # both
# ```

# %%
compare(
    ("superspike_surrogate(10.0)", "scale(reciprocal(alpha=10.0), height=0.1)", lambda x: 1 / (1 + 10 * abs(x)), 1),
    ("piecewise_surrogate(0.5)", "rectangle(width=1.0)", lambda x: np.where(abs(x) < 0.5, 1, 0), 1),
)

# %% [markdown]
# snnax' superspike is not squared: far from the threshold it passes on much more than what others call SuperSpike,
# which here is `superspike(beta=10.0)`. Its `sigmoid_surrogate` raises when differentiated (0.0.1); `shapes.sigmoid` is
# what was meant.
#
# ## spikingjelly
#
# ```python
# layer = neuron.LIFNode(tau=2.0, surrogate_function=surrogate.ATan(alpha=2.0))
# ```

# %%
compare(
    ("Sigmoid(4.0), the default", "sigmoid(alpha=4.0)", lambda x: logistic_density(x, 4), 1),
    ("ATan(2.0)", "atan(alpha=2.0)", lambda x: 1 / (1 + (np.pi * x) ** 2), 1),
    ("PiecewiseQuadratic(1.0)", "triangle(alpha=1.0)", lambda x: np.maximum(0, 1 - abs(x)), 1),
    ("PiecewiseExp(1.0)", "laplace(alpha=1.0)", lambda x: np.exp(-abs(x)) / 2, 1),
    ("Erf(2.0)", "gaussian(sigma=0.3535533905932738)", lambda x: 2 / np.sqrt(np.pi) * np.exp(-4 * x**2), 1),
    ("SoftSign(2.0)", "superspike(beta=2.0)", lambda x: 1 / (1 + 2 * abs(x)) ** 2, 1),
    ("SuperSpike(1.0)", "superspike(beta=1.0)", lambda x: 1 / (1 + abs(x)) ** 2, 1),
    ("QPseudoSpike(2.0)", "q_pseudo_spike(q=2.0)", lambda x: 1 / (1 + 2 * abs(x)) ** 2, 1),
    ("Rect(1.0)", "rectangle(width=1.0)", lambda x: np.where(abs(x) < 0.5, 1, 0), 1),
    ("LeakyKReLU(leak=0.0, k=1.0)", "leaky_step(leak=0.0)", lambda x: np.where(x < 0, 0.0, 1.0), 1),
    ("FakeNumericalGradient(0.3)", "clipped_reciprocal(alpha=0.3)", lambda x: np.minimum(0.3, 1 / abs(x)), 1),
)

# %% [markdown]
# The alpha of spikingjelly's `SuperSpike` is its height and not its steepness. `set_spiking_mode(net, False)`, the soft
# forward pass, is `make_spike(g, step=antiderivative(g))`.
#
# ## norse
#
# ```python
# z = norse.torch.functional.threshold.threshold(v - v_th, "super", 100.0)
# ```

# %%
compare(
    ("super, alpha 100, development", "superspike(beta=100.0)", lambda x: 1 / (1 + 100 * abs(x)) ** 2, 0),
    ("super, release 1.1.0", "superspike(beta=1.0)", lambda x: 1 / (1 + abs(x)) ** 2, 0),
    ("triangle, alpha 0.3", "scale(triangle, height=0.3)", lambda x: 0.3 * np.maximum(0, 1 - abs(x)), 0),
    ("heavi_tanh, k 2", "sigmoid(alpha=4.0)", lambda x: 1 / np.cosh(2 * x) ** 2, 0),
    ("heavi_erfc, k 2", "gaussian(sigma=0.3535533905932738)", lambda x: 2 / np.sqrt(np.pi) * np.exp(-4 * x**2), 0),
    ("heavi_circ, alpha 1", "circ(alpha=1.0)", lambda x: (1 + x**2) ** -1.5, 0),
)

# %% [markdown]
# Release 1.1.0 of norse ignores the alpha of `super`. Its `logistic` is a random step, with the probability
# 1 / 2 + tanh(k x) / 2. That is escape noise, and here it is a choice of the step:

# %%
k, place = 2.0, 0.2
keys = jax.random.split(jax.random.key(0), 4000)
rate = jax.vmap(lambda key: escape(shapes.sigmoid(alpha=2 * k), key)(jnp.full(20, place)))(keys).mean()
print(f"share of spikes {rate:.3f}, probability {0.5 + np.tanh(k * place) / 2:.3f}")

# %% [markdown]
# ## sinabs
#
# ```python
# layer = sinabs.layers.LIF(tau_mem=20.0, spike_fn=MultiSpike, surrogate_grad_fn=SingleExponential(0.5, 1.0))
# ```
#
# sinabs counts spikes, one for each whole threshold in the potential. Its functions take the potential itself; with
# threshold 1 and x = v - 1 that is the step `staircase`:

# %%
spike = make_spike(scale(shapes.laplace, 2.0, height=2.0), step=staircase(100))
v = jnp.array([-0.5, 0.9, 1.0, 2.7])
print("potential", v, "spikes", spike(v - 1.0), "trunc(v / threshold)", np.trunc(np.maximum(v, 0)))

# %%
compare(
    ("SingleExponential(0.5, 1.0)", "scale(laplace, 2.0, height=2.0)", lambda x: 2 * np.exp(-2 * abs(x)), 1),
    ("Gaussian(0.0, 0.5, 1.0)", "gaussian(sigma=0.5)", lambda x: np.exp(-2 * x**2) / (0.5 * np.sqrt(2 * np.pi)), 1),
    ("Heaviside(1.0)", "shift(leaky_step(leak=0.0), -1.0)", lambda x: np.where(x > -1, 1.0, 0.0), 1),
    (
        "PeriodicExponential(0.5, 1.0)",
        "asym(scale(laplace, 2.0), periodic_laplace(alpha=4.0))",
        lambda x: np.where(x < 0, np.exp(-2 * abs(x)), np.exp(-4 * abs(x - np.round(x)))),
        1,
    ),
)

# %% [markdown]
# With several spikes a step, use `PeriodicExponential`. At the second threshold `SingleExponential` and `Gaussian` have
# 14 % of their peak, and at the third 2 % or less; `Heaviside` has the same slope above all thresholds.

# %% [markdown]
# ## Any spike, checked
#
# `check` takes a spike function, whoever wrote it, and measures it; `report` returns what it found as a table. Here is
# one written by hand, with three mistakes that are easily made; the last is found twice, in the slope and in the second
# derivative:


# %%
@jax.custom_vjp
def careless(x):
    return jnp.where(x < 0, 0.0, 1.0)  # fires on NaN, and is float32 whatever x is


def careless_rule(x, g):
    return (g * jnp.exp(-25 * x) * 25 / (1 + jnp.exp(-25 * x)) ** 2,)  # inf / inf, far below the threshold


careless.defvjp(lambda x: (careless(x), x), careless_rule)
print(report(check(careless)))

# %% [markdown]
# Here the three mistakes are mended. The spike has no forward mode, as no `jax.custom_vjp` has: that is a limit, and no
# fault. `check` also says to which shape of the catalogue the slope is closest.


# %%
@jax.custom_vjp
def careful(x):
    return (x >= 0).astype(x.dtype)


def careful_rule(x, g):
    tail = jnp.exp(-25 * jnp.abs(x))
    return (g * 25 * tail / (1 + tail) ** 2,)


careful.defvjp(lambda x: (careful(x), x), careful_rule)
print(report(check(careful)))

# %% [markdown]
# Then the spikes of the libraries. `check` takes a function without parameters as a recipe that builds a spike, and
# calls it twice, to see whether a spike that is built again is compiled again. Where a library is not installed, its
# row is the one that the tests pin
# (spyx 1.0.0, braintools 0.4.0, slax 0.0.1, sparxml 0.1.1, jaxpike 0.1.4, softjax 0.1.1). In a shell it is
# `python -m surrofun check "spyx.axn:superspike(25)"`.

# %%
LIBRARIES = {  # module, function, parameters: (H(0), at NaN, forward mode, faults, closest shape)
    ("spyx.axn", "superspike", 25): (0, 0, "no", "", "superspike(beta=25.0)"),
    ("spyx.axn", "arctan", 2): (0, 0, "no", "", "scale(atan(alpha=4.0), height=0.159155)"),
    ("spyx.axn", "custom"): (0, 0, "no", "non-negative, peak at a threshold, finite", "none"),
    ("braintools.surrogate", "ReluGrad"): (1, 0, "yes", "", "scale(triangle, height=0.3)"),
    ("slax", "fast_sigmoid", 25): (1, 0, "yes", "", "superspike(beta=25.0)"),
    ("slax", "multi_gauss"): (1, 0, "yes", "non-negative", "scale(multi_gaussian(sigma=0.3), height=0.5)"),
    ("sparx.surrogate", "ATan", 2.0): (1, 0, "yes", "", "atan"),
    ("jaxpike.surrogate", "FastSigmoid", 25.0): (0, 0, "yes", "finite", "superspike(beta=25.0)"),
    ("jaxpike.surrogate", "ATan", 2.0): (0, 0, "yes", "", "atan"),
    ("softjax", "heaviside_st", "c1"): (0.5, 0.5, "yes", "silent at NaN, finite", "epanechnikov(width=0.5)"),
}


def found(module, name, *parameters):
    """Return the row of a library that is installed."""
    factory = getattr(importlib.import_module(module), name)
    softjax = module == "softjax"  # whose step takes x and a mode
    results = check(lambda x: factory(x, mode=parameters[0])) if softjax else check(lambda: factory(*parameters))
    value = {name: result["value"] for name, result in results.items()}
    forward = "no" if results["forward mode"]["limit"] else "yes"
    faults = ", ".join(name for name, result in results.items() if not result["ok"])
    return value["H(0)"], value["silent at NaN"], forward, faults, value["closest shape"].partition(" to ")[0]


print(f"{'there':24} H(0) NaN forward  {'closest shape':45} faults")
for (module, name, *parameters), pinned in LIBRARIES.items():
    installed = importlib.util.find_spec(module.partition(".")[0]) is not None
    row = found(module, name, *parameters) if installed else pinned
    assert row == pinned
    there = f"{module.partition('.')[0]} {name}"
    print(f"{there:24} {row[0]:4.2g} {row[1]:3.2g} {row[2]:7}  {row[4]:45} {row[3] or 'none'}")

# %% [markdown]
# `custom()` of spyx multiplies the cotangent by the potential, where the straight-through estimator was meant.
# `multi_gauss` has negative lobes on purpose. The slope of jaxpike's `FastSigmoid` is NaN at infinity, where it is the
# derivative of a quotient of infinities. softjax has no spikes, but straight-through steps: its `heaviside_st` gives
# half a spike at NaN in the modes "c1" and "c2", and NaN slopes from about 1e10 on.
#
# In a graph of NIR the surrogate of a neuron is metadata: `nir.LIF(..., metadata={"surrogate": describe(g)})`, and
# `parse(node.metadata["surrogate"])` is the shape again, bit for bit.
#
# ## The neuron around the spike
#
# The libraries also differ in when a spike resets the potential, and in whether the gradient goes through the reset.
# Their leaky neurons, with threshold 1, each as one step of a scan:

# %%
DECAY = 0.9
spike = make_spike(shapes.atan)
stop = jax.lax.stop_gradient


def brainpy_lif(v, i):  # resets before it integrates
    v = DECAY * (v - spike(v - 1)) + (1 - DECAY) * i
    return v, spike(v - 1)


def spyx_lif(v, i):  # reports the spike of the potential before this input
    z = spike(v - 1)
    return DECAY * v + i - z, z


def snnax_simple_lif(v, i):  # to zero, hidden from the gradient
    v = DECAY * v + (1 - DECAY) * i
    z = spike(v - 1)
    return v - stop(v * z), z


def snntorch_leaky(v, i):  # a step later, hidden from the gradient
    v = DECAY * v + i - stop(spike(v - 1))
    return v, spike(v - 1)


def spikingjelly_lif(v, i):  # to zero, with the gradient; tau = 1 / (1 - DECAY)
    v = v + (i - v) * (1 - DECAY)
    z = spike(v - 1)
    return v * (1 - z), z


def norse_lif_box(v, i):  # to zero, with the gradient; dt / tau = 1 - DECAY
    v = v + (1 - DECAY) * (i - v)
    z = spike(v - 1)
    return v - z * v, z


def sinabs_lif(v, i):  # subtracts as many thresholds as it sends spikes
    v = DECAY * v + (1 - DECAY) * i
    z = make_spike(shapes.atan, step=staircase(100))(v - 1)
    return v - z, z


# %% [markdown]
# A constant current drives all of them towards the potential 3.5, as v = 3.5 (1 - 0.9^t), so the first spike is due at
# the first t with 0.9^t <= 5 / 7.

# %%
due = int(np.ceil(np.log(5 / 7) / np.log(DECAY)))
print(f"first spike due at step {due}")
scaled = snnax_simple_lif, spikingjelly_lif, norse_lif_box, brainpy_lif, sinabs_lif  # they multiply by 1 - DECAY
for neuron in (*scaled, snntorch_leaky, spyx_lif):
    current = jnp.full(40, 3.5 if neuron in scaled else 3.5 * (1 - DECAY))
    _, z = jax.lax.scan(neuron, 0.0, current)
    print(f"{neuron.__name__:17} {int(z.sum())} spikes, at {1 + np.flatnonzero(z)[:7]} ...")
    assert 1 + np.argmax(z) == due + (neuron is spyx_lif)

# %% [markdown]
# Current and leak are the same, the spike times are not. A reset to zero (the first three) forgets what was above the
# threshold; one that subtracts (brainpy.state, sinabs) keeps it, and the neuron fires more often. snnTorch and spyx
# subtract the threshold from a potential that has leaked already, which takes more away, and spyx reports each spike a
# step later. None of this depends on the surrogate gradient: any spike function fits in any of these neurons.
