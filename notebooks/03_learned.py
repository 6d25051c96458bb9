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
# # Learned surrogates
#
# The steepness of a surrogate gradient need not be chosen by hand: with `learnable=True` the parameters of a shape get
# a gradient of their own. (Where it matters, and whether learning it pays, is measured in notebooks 8 and 9.) This
# notebook shows which gradient that is, five ways to hand over a parameter, a network that trains its steepness
# together with its weights, a surrogate as a field of a module of equinox and of flax, learned and annealed, and the
# other way to learn a surrogate, a meta-gradient.

# %%
import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import optax
from flax import nnx

from surrofun import antiderivative, describe, make_spike, mix, scale, shapes

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"  # Okabe & Ito

# %% [markdown]
# ## Which gradient
#
# A spike is 0 or 1 whatever the steepness, so its true derivative by the steepness is zero. With a surrogate, the
# backward pass treats the spike as if it were the soft step S, whose slope is the shape g. Then the derivative by the
# steepness alpha is that of the *soft step*, dS/dalpha, and this is what `learnable=True` returns.
#
# It is not dg/dalpha, the change of the slope. For a symmetric g, dg/dalpha is even in x, and dS/dalpha is odd: a
# steeper soft step is higher above the threshold and lower below it.

# %%
x, alpha = jnp.linspace(-1.5, 1.5, 301), 4.0
learned = make_spike(shapes.sigmoid, learnable=True)
by_alpha = jax.vmap(jax.grad(learned, argnums=1), (0, None))(x, alpha)

h = 1e-2
soft, g = antiderivative(shapes.sigmoid), shapes.sigmoid
dS = (soft(x, alpha + h) - soft(x, alpha - h)) / (2 * h)
dg = (g(x, alpha + h) - g(x, alpha - h)) / (2 * h)
print(f"largest distance of the gradient from dS/dalpha {jnp.abs(by_alpha - dS).max():.0e}")
print(f"largest distance of the gradient from dg/dalpha {jnp.abs(by_alpha - dg).max():.0e}")

figure, axis = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
axis.axhline(0, color=GREY, linewidth=0.8)
axis.plot(x, by_alpha, color=BLUE, linewidth=3, label="gradient of the spike by alpha")
axis.plot(x, dS, color="black", linestyle="--", linewidth=1, label="dS/dalpha, by finite differences")
axis.plot(x, dg, color=ORANGE, linestyle=":", label="dg/dalpha, by finite differences")
axis.set(xlabel="potential minus threshold", xlim=(-1.5, 1.5))
axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
plt.show()

# %% [markdown]
# The same holds for a whole network. Use the soft step in the forward pass, too, `step=antiderivative(g)`, and the
# network is differentiable: finite differences of its loss approximate its true gradient, and the surrogate gradient
# agrees with them.


# %%
def network_loss(alpha, w, drive, hard):
    shape = shapes.sigmoid(alpha=alpha)
    step = {} if hard else {"step": antiderivative(shape)}
    spike = make_spike(shape, learnable=True, **step)

    def advance(v, i):
        v = 0.9 * v + i @ w
        z = spike(v - 1.0)
        return v - z, z

    return jnp.square(jax.lax.scan(advance, jnp.zeros(3), drive)[1].mean(0) - 0.5).sum()


drive = jax.random.uniform(jax.random.key(0), (50, 4))
w = jax.random.uniform(jax.random.key(1), (4, 3), minval=-0.1, maxval=0.5)
for hard in (False, True):
    loss = jax.jit(functools.partial(network_loss, w=w, drive=drive, hard=hard))
    difference = (loss(alpha + h) - loss(alpha - h)) / (2 * h)
    print(f"{'hard' if hard else 'soft'}: gradient {jax.grad(loss)(alpha):8.5f}, finite difference {difference:8.5f}")

# %% [markdown]
# For the hard network the finite difference is zero: its spikes do not depend on alpha. Its gradient is a surrogate in
# the same sense as the gradient of the weights: it differentiates soft steps in place of the spikes, at the potentials
# of the hard network.
#
# ## Five ways to hand over a parameter
#
# At call time, by keyword, closed over, one for each neuron, or as the weights of a mixture: where the tracer enters is
# up to you.

# %%
make = functools.partial(make_spike, learnable=True)
at_call_time = make(shapes.sigmoid)
x = jnp.array([[-0.5, 0.1, 0.4], [0.2, -0.3, 0.0]])  # two samples of three neurons
weights = jnp.array([0.7, 0.3])

ways = {
    "at call time": (lambda a: at_call_time(x, a), 4.0),
    "by keyword": (lambda a: make(shapes.sigmoid(alpha=a))(x), 4.0),
    "closed over": (lambda a: make(lambda x: shapes.sigmoid(x, a))(x), 4.0),
    "one a neuron": (lambda a: at_call_time(x, a), jnp.array([4.0, 4.0, 4.0])),
    "mixture": (lambda w: make(mix(shapes.sigmoid, shapes.triangle, weights=w))(x), weights),
}
for name, (spikes, parameter) in ways.items():
    print(f"{name:12}", jax.jit(jax.grad(lambda p, f=spikes: f(p).sum()))(parameter))
print(f"{'by hand':12}", (x * g(x, 4.0) / 4.0).sum(0), "(x S (1 - S), each neuron)")

# %% [markdown]
# The gradients of the neurons add up to the one of a common alpha.
#
# ## A network that trains its steepness
#
# Random manifolds (Zenke & Vogels 2021) as in notebook 1: each class is a curve in the space of spike times. A layer of
# hidden neurons learns to tell them apart; every neuron has a steepness of its own, trained by the same optimizer as
# the weights. The logarithm is trained, which keeps the steepness positive.

# %%
STEPS, UNITS, CLASSES, HIDDEN, EPOCHS, BATCH = 50, 10, 4, 32, 16, 80
keys = jax.random.split(jax.random.key(0), 5)


def randman(key, samples=200, waves=50):
    """Return spikes (CLASSES * samples, STEPS, UNITS) and labels."""
    *of_waves, of_places = jax.random.split(key, 4)
    a, b, c = (jax.random.uniform(k, (waves, CLASSES, 1, UNITS)) for k in of_waves)
    place = jax.random.uniform(of_places, (CLASSES, samples, 1))
    k = jnp.arange(1.0, waves + 1)[:, None, None, None]
    curve = (a / k * jnp.sin(2 * jnp.pi * (k * b * place + c))).sum(0)
    low, high = curve.min(1, keepdims=True), curve.max(1, keepdims=True)
    times = jnp.round((curve - low) / (high - low) * (STEPS - 1)).astype(int)
    return jax.nn.one_hot(times, STEPS, axis=2).reshape(-1, STEPS, UNITS), jnp.arange(CLASSES).repeat(samples)


order = jax.random.permutation(keys[4], CLASSES * 200)
inputs, labels = (data[order] for data in randman(keys[0]))
training, validation = (inputs[:640], labels[:640]), (inputs[640:], labels[640:])
start = {
    "in": 2 * jax.random.normal(keys[1], (UNITS, HIDDEN)) / UNITS**0.5,
    "out": jax.random.normal(keys[2], (HIDDEN, CLASSES)) / HIDDEN**0.5,
}
optimizer = optax.adam(0.02)


def network(weights, inputs, spike):
    """Return a score for each class, from the number of spikes of each hidden neuron."""

    def step(v, x):
        v = 0.9 * v + x @ weights["in"]
        z = spike(v - 1.0)
        return v - jax.lax.stop_gradient(z), z

    z = jax.lax.scan(step, jnp.zeros((len(inputs), HIDDEN)), inputs.swapaxes(0, 1))[1]
    return z.sum(0) @ weights["out"]


def loss(scores, labels):
    return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()


def scores_of(parameters, inputs):
    return network(parameters["weights"], inputs, lambda x: learned(x, jnp.exp(parameters["log_alpha"])))


def update(state, batch):
    (parameters, moments), (inputs, labels) = state, batch
    value, gradients = jax.value_and_grad(lambda p: loss(scores_of(p, inputs), labels))(parameters)
    changes, moments = optimizer.update(gradients, moments)
    return (optax.apply_updates(parameters, changes), moments), value


@jax.jit
def train(parameters):
    def epoch(state, key):
        order = jax.random.permutation(key, len(training[1])).reshape(-1, BATCH)
        state, losses = jax.lax.scan(lambda s, chosen: update(s, [d[chosen] for d in training]), state, order)
        accuracy = (scores_of(state[0], validation[0]).argmax(1) == validation[1]).mean()
        return state, (losses.mean(), accuracy, jnp.exp(state[0]["log_alpha"]))

    return jax.lax.scan(epoch, (parameters, optimizer.init(parameters)), jax.random.split(keys[3], EPOCHS))[1]


alpha_0 = 4.0
losses, accuracies, alphas = train({"weights": start, "log_alpha": jnp.full(HIDDEN, jnp.log(alpha_0))})
print(f"validation accuracy {accuracies[0]:.0%} after the first epoch, {accuracies[-1]:.0%} after the last")
print(f"steepness {alpha_0:g} at the start, between {alphas[-1].min():.1f} and {alphas[-1].max():.1f} at the end")

epochs = jnp.arange(1, EPOCHS + 1)
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained")
left.plot(epochs, losses, color=ORANGE, marker="o", markersize=4)
left.set(xlabel="epoch", ylabel="training loss", ylim=(0, None), xticks=range(0, 17, 4))
right.plot(jnp.arange(EPOCHS + 1), jnp.concatenate([jnp.full((1, HIDDEN), alpha_0), alphas]), color=BLUE, alpha=0.4)
right.set(xlabel="epoch", ylabel="steepness of each neuron", xticks=range(0, 17, 4))
plt.show()

# %% [markdown]
# ## A surrogate as a field
#
# A shape with parameters is a pytree. Its leaves are the floats and arrays that it was given; whole numbers, and the
# functions that it is made of, are its structure. So whatever is done to the weights of a network can be done to its
# surrogate.

# %%
surrogate = scale(shapes.superspike(beta=jnp.float32(10.0)), height=jnp.float32(0.5))
for path, leaf in jax.tree.leaves_with_path(surrogate):
    print(f"{jax.tree_util.keystr(path):40} {leaf}")
print(describe(jax.tree.map(lambda leaf: 2 * leaf, surrogate)))

# %% [markdown]
# In equinox it is a field of a module. The numbers are arrays, since equinox learns arrays and takes a Python float for
# a constant. A spike with `learnable=True` may be the field instead: it has the leaves of its shape. A spike without it
# has none, so that no optimizer and no weight decay ever moves it.


# %%
class Network(eqx.Module):
    weights: dict[str, jax.Array]
    surrogate: Any

    def __call__(self, inputs):
        return network(self.weights, inputs, make_spike(self.surrogate, learnable=True))


def loss_of(model, inputs, labels):
    return loss(model(inputs), labels)


@eqx.filter_jit
def train_equinox(model, moments, batch):
    value, gradients = eqx.filter_value_and_grad(loss_of)(model, *batch)
    changes, moments = optimizer.update(gradients, moments)
    return eqx.apply_updates(model, changes), moments, value


batches = [[d[k::8] for d in training] for k in range(8)]
model = Network(start, surrogate)
moments = optimizer.init(eqx.filter(model, eqx.is_array))
for step in range(40):
    model, moments, value = train_equinox(model, moments, batches[step % 8])
print(f"equinox: loss {value:.3f}, surrogate {describe(model.surrogate)}")

# %% [markdown]
# A module of flax.nnx knows its parameters by their type: make each leaf an `nnx.Param`, and mark the shape as data by
# `nnx.data`.


# %%
class FlaxNetwork(nnx.Module):
    def __init__(self):
        self.weights = nnx.data(jax.tree.map(nnx.Param, start))
        self.surrogate = nnx.data(jax.tree.map(nnx.Param, surrogate))

    def __call__(self, inputs):
        weights = {name: w[...] for name, w in self.weights.items()}
        return network(weights, inputs, make_spike(self.surrogate, learnable=True))


@nnx.jit
def train_flax(model, optimizer, batch):
    value, gradients = nnx.value_and_grad(loss_of)(model, *batch)
    optimizer.update(model, gradients)
    return value


flax_network = FlaxNetwork()
flax_optimizer = nnx.Optimizer(flax_network, optimizer, wrt=nnx.Param)
for step in range(40):
    value = train_flax(flax_network, flax_optimizer, batches[step % 8])
print(f"flax: loss {value:.3f}, surrogate {describe(flax_network.surrogate)}")

# %% [markdown]
# To anneal a surrogate instead of learning it, put another one into the field: other numbers are not traced again.

# %%
traces = 0


@eqx.filter_jit
def train_weights(model, moments, batch):
    global traces
    traces += 1
    frozen = eqx.filter_value_and_grad(lambda weights: loss_of(Network(weights, model.surrogate), *batch))
    value, gradients = frozen(model.weights)
    changes, moments = optimizer.update(gradients, moments)
    return Network(eqx.apply_updates(model.weights, changes), model.surrogate), moments, value


model = Network(start, surrogate)
moments = optimizer.init(model.weights)
for step in range(40):
    steeper = scale(shapes.superspike(beta=jnp.float32(2.0 * 1.06**step)), height=jnp.float32(0.5))
    model = Network(model.weights, steeper)
    model, moments, value = train_weights(model, moments, batches[step % 8])
print(f"annealed: loss {value:.3f}, surrogate {describe(model.surrogate)}, traced {traces} time")

# %% [markdown]
# ## The meta-gradient
#
# The gradient above asks for a better soft network. One may ask something else of a surrogate: that an update of the
# weights with it lowers the loss. That is a gradient through the update, d/dalpha of L(w - rate * dL/dw), where dL/dw
# depends on alpha. Leave `learnable=True` out: with it, the spikes inside dL/dw would move with alpha as well, as S
# does. The chain rule by hand agrees, with a finite difference for the update alone.

# %%
plain = make_spike(shapes.sigmoid)


def target_loss(w, alpha):
    def advance(v, i):
        v = 0.9 * v + i @ w
        z = plain(v - 1.0, alpha)
        return v - z, z

    return jnp.square(jax.lax.scan(advance, jnp.zeros(3), drive)[1].mean(0) - 0.5).sum()


@jax.jit
def updated(alpha):
    return w - 5.0 * jax.grad(target_loss)(w, alpha)


def loss_after(alpha):
    return target_loss(updated(alpha), 4.0)  # one fixed surrogate judges them all


meta = jax.jit(jax.grad(loss_after))(alpha)
change = (updated(alpha + h) - updated(alpha - h)) / (2 * h)
by_weights = jax.jit(jax.grad(target_loss))(updated(alpha), 4.0)
print(f"meta-gradient {meta:.3e}, by hand {(by_weights * change).sum():.3e}")
