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
# # A first network
#
# A spiking network that learns, in a hundred lines to copy: data, a layer of leaky integrate-and-fire neurons in
# `jax.lax.scan`, training with optax, the learning curve and the spikes. Then the same layer in equinox and in
# flax.nnx, where the surrogate gradient is a field that is learned or annealed. At the end: what to look at when a
# network does not learn, and what to change.
#
# A neuron fires when its membrane potential crosses the threshold. That step has no useful derivative, so
# backpropagation takes another function in its place, the surrogate gradient; the forward pass keeps the step. In the
# network, the spike function is the only thing that comes from surrofun.

# %%
# %matplotlib inline
import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import optax
from flax import nnx
from jax import lax, random

from surrofun import describe, fit_alpha, flow, make_spike, plot, shapes

plt.rcParams["figure.dpi"] = 80
spike = make_spike(shapes.superspike(beta=10.0))

# %% [markdown]
# ## Data
#
# Random manifolds (Zenke & Vogels 2021, doi:10.1162/neco_a_01367). Each class is a smooth curve in the space of spike
# times: every input unit fires once in a sample, and when it fires depends on the place of the sample on the curve. All
# classes have the same spike counts, so that only a network that reads times can tell them apart.

# %%
STEPS, UNITS, CLASSES, HIDDEN, EPOCHS = 50, 20, 5, 64, 12  # steps of 1 ms


def randman(key, samples=400, waves=100):
    """Return spikes (samples * CLASSES, STEPS, UNITS) and labels."""
    *of_waves, of_places = random.split(key, 4)
    a, b, c = (random.uniform(k, (waves, CLASSES, 1, UNITS)) for k in of_waves)
    place = random.uniform(of_places, (CLASSES, samples, 1))
    k = jnp.arange(1.0, waves + 1)[:, None, None, None]
    curve = (a / k * jnp.sin(2 * jnp.pi * (k * b * place + c))).sum(0)
    low, high = curve.min(1, keepdims=True), curve.max(1, keepdims=True)
    times = jnp.round((curve - low) / (high - low) * (STEPS - 1)).astype(int)
    return jax.nn.one_hot(times, STEPS, axis=2).reshape(-1, STEPS, UNITS), jnp.repeat(jnp.arange(CLASSES), samples)


def shuffled(key, inputs, labels):
    order = random.permutation(key, len(labels))
    return inputs[order], labels[order]


keys = random.split(random.key(0), 3)
inputs, labels = shuffled(keys[1], *randman(keys[0]))
training, validation = (inputs[:1600], labels[:1600]), (inputs[1600:], labels[1600:])

# %% [markdown]
# ## A layer, and a network
#
# The potential `v` leaks, sums up its input and loses 1 with each spike, 1 being the threshold. The spike function gets
# the potential minus the threshold. `stop_gradient` hides the reset from the gradient, which makes training steadier.


# %%
def lif(w, inputs, spike):
    """Return spikes and potentials minus threshold, both (steps, batch, neurons), of inputs (steps, batch, units)."""

    def step(v, x):
        v = 0.9 * v + x @ w
        z = spike(v - 1.0)
        return v - lax.stop_gradient(z), (z, v - 1.0)

    return lax.scan(step, jnp.zeros((inputs.shape[1], w.shape[1])), inputs)[1]


def initial(key):
    first, second = random.split(key)
    return {
        "in": 2 * random.normal(first, (UNITS, HIDDEN)) / UNITS**0.5,
        "out": random.normal(second, (HIDDEN, CLASSES)) / HIDDEN**0.5,
    }


def network(weights, inputs, spike=spike):
    """Return a score for each class, from the number of spikes of each hidden neuron."""
    z, _ = lif(weights["in"], inputs.swapaxes(0, 1), spike)
    return z.sum(0) @ weights["out"]


# %% [markdown]
# ## Training


# %%
def loss(scores, labels):
    return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()


def batches(epoch, size=100):
    """Yield the training set in an order of its own in each epoch."""
    inputs, labels = shuffled(random.fold_in(keys[2], epoch), *training)
    for i in range(0, len(labels), size):
        yield inputs[i : i + size], labels[i : i + size]


optimizer = optax.adam(0.01)


@jax.jit
def update(weights, moments, inputs, labels):
    gradients = jax.grad(lambda weights: loss(network(weights, inputs), labels))(weights)
    changes, moments = optimizer.update(gradients, moments)
    return optax.apply_updates(weights, changes), moments


@jax.jit
def validate(weights):
    scores = network(weights, validation[0])
    return {"loss": loss(scores, validation[1]), "accuracy": (scores.argmax(1) == validation[1]).mean()}


weights, records = initial(random.key(1)), []
moments = optimizer.init(weights)
for epoch in range(EPOCHS):
    for batch in batches(epoch):
        weights, moments = update(weights, moments, *batch)
    records.append({name: float(value) for name, value in validate(weights).items()})
for epoch in (0, EPOCHS - 1):
    print(f"after epoch {epoch + 1}: accuracy in validation {records[epoch]['accuracy']:.0%}")

z, _ = lif(weights["in"], validation[0][:1].swapaxes(0, 1), spike)
figure = plt.figure(figsize=(9, 3.4), layout="constrained")
grid = figure.add_gridspec(2, 2)
plot.learning_curve(records, ax=[figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])])
plot.raster(z[:, 0], dt=1.0, ax=figure.add_subplot(grid[:, 1]))
figure.axes[-1].set_title("hidden spikes of one sample")
plt.show()

# %% [markdown]
# That is all. What follows puts the same layer into a module, and the surrogate with it.
#
# ## In equinox, learned
#
# A shape is a pytree: the floats and arrays that it was given are its leaves, as the weights are those of a module. So
# it may be a field of the module. With `learnable=True` its leaves get a gradient, and the optimizer moves them. They
# are arrays here, since equinox takes a Python float for a constant.


# %%
class LIF(eqx.Module):
    w: jax.Array
    surrogate: jax.tree_util.Partial
    learnable: bool = eqx.field(static=True, default=True)

    def __call__(self, inputs):
        return lif(self.w, inputs, make_spike(self.surrogate, learnable=self.learnable))


class Network(eqx.Module):
    hidden: LIF
    out: jax.Array

    def __call__(self, inputs):
        return self.hidden(inputs.swapaxes(0, 1))[0].sum(0) @ self.out


traces = 0


@eqx.filter_jit
def update_module(model, moments, inputs, labels):
    global traces
    traces += 1  # Python runs this line only when JAX traces
    gradients = eqx.filter_grad(lambda model: loss(model(inputs), labels))(model)
    changes, moments = optimizer.update(gradients, moments)
    return eqx.apply_updates(model, changes), moments


def train(model, before=lambda model, epoch: model):
    moments = optimizer.init(eqx.filter(model, eqx.is_array))
    for epoch in range(EPOCHS):
        model = before(model, epoch)
        for batch in batches(epoch):
            model, moments = update_module(model, moments, *batch)
    return model


def accuracy(model):
    return (model(validation[0]).argmax(1) == validation[1]).mean()


start, surrogate = initial(random.key(1)), shapes.superspike(beta=jnp.float32(10.0))
model = train(Network(LIF(start["in"], surrogate), start["out"]))
print(f"accuracy {accuracy(model):.0%}, surrogate {describe(model.hidden.surrogate)}")

# %% [markdown]
# ## Annealed
#
# Instead of being learned, the shape in the field may be replaced before each epoch. A new beta is not traced again.

# %%
betas, traces = jnp.linspace(2.0, 24.0, EPOCHS), 0


def anneal(model, epoch):
    return eqx.tree_at(lambda model: model.hidden.surrogate, model, shapes.superspike(beta=betas[epoch]))


model = train(Network(LIF(start["in"], surrogate, learnable=False), start["out"]), anneal)
print(f"accuracy {accuracy(model):.0%}, surrogate {describe(model.hidden.surrogate)}, traced {traces} time")

# %% [markdown]
# ## In flax.nnx
#
# A module of flax.nnx knows what to learn by its type: make each number of the shape an `nnx.Param`, and mark the shape
# as data by `nnx.data`. To anneal it, make each number a plain `nnx.Variable`, which the optimizer leaves alone, and
# assign a new shape to the field.


# %%
class FlaxLIF(nnx.Module):
    def __init__(self, w, surrogate, kind):
        self.w = nnx.Param(w)
        self.surrogate = nnx.data(jax.tree.map(kind, surrogate))

    def __call__(self, inputs):
        return lif(self.w[...], inputs, make_spike(self.surrogate, learnable=True))


class FlaxNetwork(nnx.Module):
    def __init__(self, kind):
        self.hidden = FlaxLIF(start["in"], surrogate, kind)
        self.out = nnx.Param(start["out"])

    def __call__(self, inputs):
        return self.hidden(inputs.swapaxes(0, 1))[0].sum(0) @ self.out[...]


@nnx.jit
def update_flax(model, optimizer, inputs, labels):
    gradients = nnx.grad(lambda model: loss(model(inputs), labels))(model)
    optimizer.update(model, gradients)


for kind in (nnx.Param, nnx.Variable):
    model = FlaxNetwork(kind)
    flax_optimizer = nnx.Optimizer(model, optimizer, wrt=nnx.Param)
    for epoch in range(EPOCHS):
        if kind is nnx.Variable:
            model.hidden.surrogate = nnx.data(jax.tree.map(kind, shapes.superspike(beta=betas[epoch])))
        for batch in batches(epoch):
            update_flax(model, flax_optimizer, *batch)
    print(f"{kind.__name__:8} accuracy {accuracy(model):.0%}, surrogate {describe(model.hidden.surrogate)}")

# %% [markdown]
# ## When a network does not learn
#
# Here the surrogate is a narrow triangle, and the initial weights of the layer are ten times too small. Nothing fires,
# nothing is learned, and the accuracy stays near chance, 20 %. `flow` looks at the potentials of the layer and says
# why. *rate* is the share of the potentials that reach the threshold, *inside* the share at which the surrogate is
# above 1 % of its peak, *mean* and *rms* are those of its slope, and *dead* is the share of the neurons that were never
# inside.

# %%
weak = {"in": start["in"] / 10, "out": start["out"]}
narrow = shapes.triangle(alpha=10.0)


def shown(g, x):
    return {name: round(float(value), 3) for name, value in flow(g, x, axis=(0, 1)).items()}


_, x = lif(weak["in"], validation[0].swapaxes(0, 1), make_spike(narrow))
print("narrow triangle", shown(narrow, x))

# %% [markdown]
# Either bring the potentials to the threshold, by larger weights, or the surrogate to the potentials, by a steepness
# that fits them: `fit_alpha(g, x, 0.5)` finds the one at which half of the potentials are inside.

# %%
fitted = shapes.superspike(beta=fit_alpha(shapes.superspike(beta=1.0), x, 0.5))
print(describe(fitted), shown(fitted, x))

for g, first in ((narrow, weak), (narrow, start), (fitted, weak)):
    model = train(Network(LIF(first["in"], g, learnable=False), first["out"]))
    print(f"{'small' if first is weak else 'larger':6} weights, {describe(g):20} accuracy {accuracy(model):.0%}")

# %% [markdown]
# ## What to change
#
# | you want | you write |
# |---|---|
# | another surrogate | `make_spike(shapes.atan(alpha=2.0))`, or a function of your own, `make_spike(lambda x: ...)` |
# | a reset to zero | `return v * (1 - lax.stop_gradient(z)), (z, v - 1.0)` |
# | recurrent weights | carry `z` along with `v`, and add `z @ recurrent` to the potential |
# | more layers | `lif(w2, lif(w1, inputs, spike)[0], spike)` |
# | a steepness for each neuron | `superspike(beta=jnp.full(HIDDEN, 10.0))` |
# | fewer spikes | add `0.1 * z.mean()` to the loss |
# | longer sequences | `make_spike(g, residual=jnp.uint8)`, and notebook 6 |
# | other spikes | `make_spike(g, step=...)`, and notebook 5 |
#
# Which surrogate to take: `superspike(beta=10.0)`, as above, if potentials are of the order of the threshold. Notebooks
# 8 and 9 have the measurements behind this.
