"""Does it help to learn the surrogate? alpha of the logistic a layer or a neuron, the weights of a mixture, ASGL.

ASGL (adaptive smoothing gradient learning, Wang et al. 2023): with probability p a unit passes its soft step instead
of its spike, and the width of the soft step is learned through it.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from surrofun import antiderivative, heaviside, make_spike, mix, scale, shapes
from surrofun.cli import demo

from .training import best, row, sweep

STARTS, RATE = (0.25, 1.0, 4.0, 16.0, 64.0), 0.01
WIDTHS = (1.0, 4.0, 16.0)


def fixed(setting):
    g = shapes.sigmoid(alpha=setting["alpha"])
    return functools.partial(demo.forward, spike=make_spike(g))


def steepness(weights, name="alpha"):
    """A positive alpha; Adam moves a weight by the learning rate a step, and thrice that crosses the range."""
    return jnp.exp(3 * weights[name])


def one_for_the_layer(weights, key, setting):
    return weights | {"alpha": jnp.log(setting["alpha"]) / 3}


def one_a_neuron(weights, key, setting):
    return weights | {"alpha": jnp.full(weights["out"].shape[0], jnp.log(setting["alpha"]) / 3)}


def by_the_soft_step(setting):
    """The network where alpha has the gradient of the soft step."""

    def network(weights, times):
        g = shapes.sigmoid(alpha=steepness(weights))
        return demo.forward(weights, times, spike=make_spike(g, learnable=True))

    return network


def mixed(setting):
    """Logistic bumps of three widths; their shares in the mixture are a softmax of learned numbers."""

    def network(weights, times):
        parts = [scale(shapes.sigmoid(alpha=1.0), width) for width in WIDTHS]
        g = mix(*parts, weights=jax.nn.softmax(3 * weights["mix"]))
        return demo.forward(weights, times, spike=make_spike(g, learnable=True))

    return network


def nearest_width_most(weights, key, setting):
    return weights | {"mix": -jnp.abs(jnp.log(jnp.array(WIDTHS) / setting["alpha"])) / 3}


def through_the_update(setting):
    """The network where alpha has no gradient of its own: `meta_epoch` takes it through a step of the weights."""

    def network(weights, times):
        g = shapes.sigmoid(alpha=steepness(weights))
        return demo.forward(weights, times, spike=make_spike(g))

    return network


def meta_epoch(state, key, data, *, network, batch, learning_rate, learned="alpha", lookahead=0.1):
    """As `demo.train_epoch`, but a number follows the loss of the next batch after a gradient step of the weights."""
    (times, labels), held_out = data
    loss = functools.partial(demo.loss, network=network)

    def update(state, chosen):
        (now, then), weights = chosen, state[0]

        def after(number):
            grads, measured = jax.grad(loss, has_aux=True)(weights | {learned: number}, times[now], labels[now])
            moved = jax.tree.map(lambda w, g: w - lookahead * g, weights, grads)
            return loss(moved, times[then], labels[then])[0], (grads, measured)

        meta, (grads, measured) = jax.grad(after, has_aux=True)(weights[learned])
        meta = jnp.where(jnp.isfinite(meta), meta, 0.0)  # where it exploded, the number stays
        return demo.adam(state, grads | {learned: meta}, learning_rate), measured

    order = jax.random.permutation(key, labels.size)[: labels.size // batch * batch].reshape(-1, batch)
    state, measured = lax.scan(update, state, (order, jnp.roll(order, -1, axis=0)))
    return state, {"rate": measured["rate"].mean(), "accuracy": loss(state[0], *held_out)[1]["accuracy"]}


def partly_soft(g, p):
    """Return the spike of ASGL as one composition: the step of a unit is soft with probability p, its slope always."""

    def step(x):
        # The network hands no key to its spikes: what the units do at this moment is as good a one.
        now = lax.bitcast_convert_type(x.sum(), jnp.uint32)
        soft = jax.random.bernoulli(jax.random.fold_in(jax.random.key(0), now), p, x.shape)
        return jnp.where(soft, antiderivative(g)(x), heaviside(x))

    return make_spike(g, step=step, learnable=True)


def asgl(setting, p=0.2):
    """The published rule."""

    def network(weights, times):
        return demo.forward(weights, times, spike=partly_soft(shapes.sigmoid(alpha=steepness(weights)), p))

    return network


def asgl_fading(setting):
    """The same, but the share of soft steps is halved each epoch, so that the network ends as one of spikes."""
    return asgl(setting, p=0.5 ** (1 + setting["epoch"]))


METHODS = {
    "fixed": (fixed, {}),
    "alpha a layer": (by_the_soft_step, {"start": one_for_the_layer}),
    "alpha a neuron": (by_the_soft_step, {"start": one_a_neuron}),
    "meta-gradient": (through_the_update, {"start": one_for_the_layer, "epoch": meta_epoch}),
    "ASGL, p 0.2": (asgl, {"start": one_for_the_layer, "judged": fixed}),
    "ASGL, p fading": (asgl_fading, {"start": one_for_the_layer, "judged": fixed}),
    "mixture of three": (mixed, {"start": nearest_width_most}),
}


def learning_the_shape(size, quick):
    """Accuracy by the initial alpha, where it goes, and what a training costs, for each way to learn it."""
    starts = (1.0, 16.0) if quick else STARTS
    for method in [*METHODS][2:5] if quick else METHODS:
        network, options = METHODS[method]
        settings = [{"alpha": alpha, "rate": RATE} for alpha in starts]
        results = sweep(network, settings, size, **options)
        for alpha, result in zip(starts, results, strict=True):
            yield row("learned", result["accuracy"], method=method, start=alpha)
            if "alpha" in result["weights"]:
                alphas = np.exp(3 * result["weights"]["alpha"]).reshape(size["seeds"], -1).mean(axis=1)
                yield row("learned", alphas, measure="alpha after training", method=method, start=alpha)
        yield row("learned", best(results)["accuracy"], method=method, start="best")
        yield row("learned", [min(r["cpu"] for r in results[1:])], measure="CPU seconds a training", method=method)
