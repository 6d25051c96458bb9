"""The Randman task of Zenke & Vogels 2021 and a spiking network that learns it: `python -m surrofun demo`.

Every piece stands alone, so that an experiment may swap one: the data, the network, the shape.
Reference: Zenke & Vogels 2021, Neural Computation 33(4):899-925, doi:10.1162/neco_a_01367.
"""

import functools
import math
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..core.text import show
from ..spike import make_spike

Weights: TypeAlias = dict[str, Array]
Network: TypeAlias = Callable[[Weights, Array], tuple[Array, Array]]  # weights, spike times -> readout, hidden spikes
Sets: TypeAlias = tuple[tuple[Array, Array], ...]  # (times, labels) for training, validation and test
Function: TypeAlias = Callable[..., Any]

STEPS, WINDOW = 100, 50  # steps of 1 ms of a trial, and those in which an input may spike
MEMBRANE, SYNAPSE, READOUT = (math.exp(-1 / tau) for tau in (10, 5, 20))  # decay in 1 ms; time constants tau in ms


def manifold(z: Array, a: Array, b: Array, c: Array, alpha: float = 1.0) -> Array:
    """Return m(z) = sum_k a_k k^-alpha sin(2 pi (k z b_k + c_k)), of shape (classes, samples, units).

    Args:
        z: positions on the curves, in [0, 1), shape (classes, samples).
        a, b, c: amplitude, frequency and phase of the waves k = 1, 2, ..., each of shape (waves, classes, units).
        alpha: smoothness, larger is smoother.

    >>> one = jnp.ones((1, 1, 1))
    >>> manifold(jnp.array([[0.0, 0.25]]), one, one, 0 * one).ravel()
    Array([0., 1.], dtype=float32)
    """

    def add_wave(total: Array, wave: tuple[Array, ...]) -> tuple[Array, None]:
        k, a, b, c = wave
        turns = k * z[:, :, None] * b[:, None] + c[:, None]
        return total + a[:, None] * k**-alpha * jnp.sin(2 * jnp.pi * (turns - jnp.floor(turns))), None

    k = jnp.arange(1, a.shape[0] + 1, dtype=z.dtype)
    return lax.scan(add_wave, jnp.zeros((*z.shape, a.shape[-1]), z.dtype), (k, a, b, c))[0]


@functools.partial(jax.jit, static_argnames=("classes", "units", "samples", "waves"))
def randman(
    key: Array, *, classes: int = 10, units: int = 20, samples: int = 1000, waves: int = 1000, alpha: float = 1.0
) -> Array:
    """Return the spike times of random manifolds, one spike for each unit and sample.

    Args:
        key: random key.
        classes, units, samples, waves: how many; samples per class, at least 2, as they are scaled to [0, 1] together.
        alpha: smoothness of the manifolds, larger is smoother.

    Returns:
        Time of the spike, in steps of 1 ms, 0 to WINDOW - 1, int32 of shape (classes, samples, units).

    >>> randman(jax.random.key(0), classes=2, units=3, samples=4).shape
    (2, 4, 3)
    """
    *waved, placed = jax.random.split(key, 4)
    a, b, c = (jax.random.uniform(k, (waves, classes, units), jnp.float32) for k in waved)
    m = manifold(jax.random.uniform(placed, (classes, samples), jnp.float32), a, b, c, alpha)
    low, high = m.min(axis=1, keepdims=True), m.max(axis=1, keepdims=True)
    return jnp.minimum((m - low) / (high - low) * WINDOW, WINDOW - 1).astype(jnp.int32)


def split(times: Array) -> Sets:
    """Return (times, labels) for training, validation and test: 80, 10 and 10 % of the samples of each class.

    >>> [labels.size for _, labels in split(jnp.zeros((10, 1000, 20), jnp.int32))]
    [8000, 1000, 1000]
    """
    classes, samples, units = times.shape
    parts = jnp.split(times, [samples * 8 // 10, samples * 9 // 10], axis=1)
    return tuple((p.reshape(-1, units), jnp.repeat(jnp.arange(classes), p.shape[1])) for p in parts)


def initial(key: Array, *, units: int = 20, hidden: int = 100, classes: int = 10) -> Weights:
    """Return normal weights of variance 1 / fan-in: "in" (units, hidden) and "out" (hidden, classes).

    >>> {name: w.shape for name, w in initial(jax.random.key(0)).items()}
    {'in': (20, 100), 'out': (100, 10)}
    """
    first, second = jax.random.split(key)
    w_in = jax.random.normal(first, (units, hidden), jnp.float32) / units**0.5
    return {"in": w_in, "out": jax.random.normal(second, (hidden, classes), jnp.float32) / hidden**0.5}


def forward(weights: Weights, times: Array, *, spike: Function, detached: bool = True) -> tuple[Array, Array]:
    """Run a layer of leaky integrate-and-fire units (threshold 1, reset to 0) and a leaky readout over a trial.

    Args:
        weights: "in" (units, hidden), "out" (hidden, classes) and, for a recurrent layer, "recurrent" (hidden, hidden).
        times: time of the spike of every input, in steps, shape (batch, units).
        spike: the spike function, applied to the potential minus the threshold.
        detached: hide the reset from the gradient, as the paper recommends.

    Returns:
        Readout (steps, batch, classes) and hidden spikes (steps, batch, hidden).

    >>> readout, spikes = forward(initial(jax.random.key(0)), jnp.zeros((2, 20), jnp.int32), spike=make_spike(abs))
    >>> readout.shape, spikes.shape
    ((100, 2, 10), (100, 2, 100))
    """

    def step(state: Any, inputs: Array) -> Any:
        current, v, z, out = state
        current = SYNAPSE * current + inputs @ weights["in"]
        if "recurrent" in weights:
            current += z @ weights["recurrent"]
        v = (MEMBRANE * v + current) * (1 - (lax.stop_gradient(z) if detached else z))
        z = spike(v - 1)
        out = READOUT * out + z @ weights["out"]
        return (current, v, z, out), (out, z)

    (hidden, classes), dtype = weights["out"].shape, weights["out"].dtype
    silent, zero = jnp.zeros((times.shape[0], hidden), dtype), jnp.zeros((times.shape[0], classes), dtype)
    inputs = jax.nn.one_hot(times, STEPS, axis=0, dtype=dtype)
    _, (readout, spikes) = lax.scan(step, (silent, silent, silent, zero), inputs)
    return readout, spikes


def loss(weights: Weights, times: Array, labels: Array, *, network: Network) -> tuple[Array, dict[str, Array]]:
    """Return the cross-entropy of the readout's maximum over time, with accuracy (0 to 1) and hidden rate (Hz)."""
    readout, spikes = network(weights, times)
    peak = readout.max(axis=0)
    entropy = -jnp.take_along_axis(jax.nn.log_softmax(peak), labels[:, None], axis=1).mean()
    accuracy = (peak.argmax(axis=1) == labels).mean(dtype=peak.dtype)
    return entropy, {"loss": entropy, "accuracy": accuracy, "rate": spikes.mean() * 1000}


def start(weights: Weights) -> Any:
    """Return the state of a training: the weights and the moments of Adam, all zero."""
    nothing = jax.tree.map(jnp.zeros_like, weights)
    return weights, (jnp.zeros((), jnp.float32), nothing, nothing)


def adam(state: Any, grads: Weights, learning_rate: float) -> Any:
    """Return weights and moments after a step of Adam (Kingma & Ba 2015, arXiv:1412.6980)."""
    weights, (count, first, second) = state
    count += 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
    second = jax.tree.map(lambda m, g: 0.999 * m + 0.001 * g * g, second, grads)
    rate = learning_rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    weights = jax.tree.map(lambda w, m, s: w - rate * m / (jnp.sqrt(s) + 1e-8), weights, first, second)
    return weights, (count, first, second)


def train_epoch(
    state: Any, key: Array, data: Sets, *, network: Network, batch: int = 250, learning_rate: float = 0.01
) -> tuple[Any, dict[str, Array]]:
    """Go once through the training set in a random order; pure, to be jitted or mapped over seeds and parameters.

    Args:
        state: weights and the moments of Adam, as from `start`.
        key: random key, for the order. Samples that do not fill a batch are left out.
        data: training set and validation set, each (times, labels), as from `split`.
        network: function of weights and spike times, such as `functools.partial(forward, spike=spike)`.

    Returns:
        The new state, and means over the epoch of loss and rate (Hz) with the accuracy in validation after it.
    """
    (times, labels), validation = data[:2]

    def update(state: Any, chosen: Array) -> Any:
        grads, measured = jax.grad(loss, has_aux=True)(state[0], times[chosen], labels[chosen], network=network)
        return adam(state, grads, learning_rate), measured

    used = labels.size // batch * batch
    state, measured = lax.scan(update, state, jax.random.permutation(key, labels.size)[:used].reshape(-1, batch))
    accuracy = loss(state[0], *validation, network=network)[1]["accuracy"]
    return state, {name: m.mean() for name, m in measured.items()} | {"accuracy": accuracy}


def train(key: Array, weights: Weights, data: Sets, *, epochs: int = 10, **options: Any) -> Iterator[Any]:
    """Yield the weights and the means of `train_epoch`, as floats, after each epoch; the options are for it."""
    epoch, state = jax.jit(functools.partial(train_epoch, **options)), start(weights)
    for n in range(epochs):
        state, record = epoch(state, jax.random.fold_in(key, n), data)
        yield state[0], {name: float(m) for name, m in record.items()}


def run(grad_fn: Function, *, epochs: int = 10, seed: int = 0, out: str = "surrofun-demo.png") -> None:
    """Train on Randman with `grad_fn` as the surrogate gradient; print progress and test accuracy, draw a figure."""
    print(f"training on Randman, surrogate gradient {show(grad_fn)}", flush=True)
    keys, records = jax.random.split(jax.random.key(seed), 3), []
    data, network = split(randman(keys[0])), functools.partial(forward, spike=make_spike(grad_fn))
    _progress("compiling", 0, epochs)
    for weights, record in train(keys[1], initial(keys[2]), data, epochs=epochs, network=network):  # noqa: B007
        records.append(record)
        text = "loss {loss:.3f}  validation {accuracy:5.1%}  hidden {rate:4.1f} Hz".format(**record)
        _progress(text, len(records), epochs)
    measured = jax.jit(functools.partial(loss, network=network))(weights, *data[2])[1]
    try:
        draw(grad_fn, network(weights, data[2][0][:1])[1][:, 0], records).savefig(out, dpi=150)
        note = f"figure: {out}"
    except ImportError:
        note = "no figure drawn: it needs matplotlib, pip install matplotlib"
    print(f"{note}\ntest accuracy: {measured['accuracy']:.3f}")


def _progress(text: str, done: int, epochs: int) -> None:
    """Rewrite the line of a terminal; elsewhere print a line for each epoch that is done."""
    text = f"{done:{len(str(epochs))}}/{epochs}  {text}"
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        width = min(20, columns - len(text) - 5)
        bar = f"[{'#' * (width * done // epochs):.<{width}}]  " if width > 0 else ""
        print(f"\r{bar}{text}"[:columns], end="" if done < epochs else "\n", flush=True)
    elif done:
        print(f"epoch {text}", flush=True)


def draw(grad_fn: Function, spikes: Array, records: list[dict[str, float]]) -> Any:
    """Return a matplotlib figure of the shape, the hidden spikes (steps, hidden) of a sample and the learning curve."""
    from matplotlib.figure import Figure

    from .. import plot

    figure = Figure(figsize=(12, 4), layout="constrained")
    axes: Any = figure.subplot_mosaic([["shape", "raster", name] for name in records[0]])
    plot.compare(grad_fn, ax=axes["shape"])
    raster, accuracy = axes["raster"], axes["accuracy"]
    plot.raster(spikes, dt=1.0, ax=raster)
    raster.axvline(WINDOW, color=plot.GREY, linestyle="--", linewidth=1)
    raster.set(title="hidden spikes of a test sample", xlabel=f"time (ms), inputs end at {WINDOW}")
    plot.learning_curve(records, ax=[axes[name] for name in records[0]])
    accuracy.set_ylabel("accuracy\n(validation)")
    accuracy.axhline(0.1, color=plot.GREY, linestyle="--", linewidth=1)
    accuracy.text(1, 0.1, "chance", transform=accuracy.get_yaxis_transform(), ha="right", va="bottom", color=plot.GREY)
    figure.suptitle("Randman: ten random curves in a space of 20 spike times are told apart")
    return figure
