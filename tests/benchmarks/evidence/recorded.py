"""Real recordings, spoken digits and a wrist watch: which network learns them, what a residual costs there."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from surrofun import make_spike, sampled, scale, shapes
from surrofun.cli import demo

from . import recordings
from .sequences import GAIN, frames_of, gated, gates, spiking
from .training import recurrent, row, sweep

SUPERSPIKE, RECTANGLE = shapes.superspike(beta=10.0), shapes.rectangle(width=1.0)
NARROW = scale(shapes.rectangle(width=0.4), height=0.4)  # twice the area of the superspike, the same height
FRAMES = 40  # of a clip, of 92 at most: 20 clips of 3,000 are longer and lose their end
EVERY = 4  # samples of the watch are averaged, which leaves 654 steps of 80 ms at most
GIB = 2**30
WATCH_SIZE = {"steps": None, "batch": 28, "hidden": 64, "seeds": 5, "epochs": 30}


def clips(key, size):
    """Return training set and held-out set of spoken digits: of each digit four clips of five, split by clip."""
    x, y = recordings.spoken_digits(FRAMES)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    folds = np.concatenate([rng.permutation(np.flatnonzero(y == digit)).reshape(5, -1) for digit in range(10)], axis=1)
    chosen = rng.permutation(folds[:4].ravel())[: size["clips"]], folds[4]
    return tuple((jnp.asarray(x[some]), jnp.asarray(y[some])) for some in chosen)


def subjects(key, size):
    """Return training set and held-out set of the watch: two subjects of ten are held out."""
    x, y, subject = recordings.watch(size.get("every", EVERY))
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    held_out = np.isin(subject, rng.permutation(np.unique(subject))[:2])
    return tuple((jnp.asarray(x[some, : size["steps"]]), jnp.asarray(y[some])) for some in (~held_out, held_out))


def fixed(g, residual=None):
    """Return the `spike_of` of a shape that stays as it is."""
    spike = make_spike(g, residual=residual)
    return lambda weights: lambda step: spike


def drawn(weights):
    """Return the spikes of `sampled`; the network has no key, so the weights of the moment make one for each update."""
    now = lax.bitcast_convert_type(weights["out"].sum(), jnp.uint32)
    key = jax.random.fold_in(jax.random.key(0), now)
    return lambda step: make_spike(SUPERSPIKE, residual=sampled(jax.random.fold_in(key, step)))


SPIKES = {
    "superspike(10)": fixed(SUPERSPIKE),
    "superspike(10), uint8": fixed(SUPERSPIKE, jnp.uint8),
    "superspike(10), sampled": drawn,
    "rectangle(1), bit": fixed(RECTANGLE, "bit"),
    "rectangle(0.4) of height 1, bit": fixed(NARROW, "bit"),
}


def ridge(sets, penalty=10.0):
    """Return the accuracy of ridge regression on mean and spread of each third of a recording."""

    def features(x):
        out = []
        for sequence in np.asarray(x):
            thirds = np.array_split(sequence[sequence[:, -1] > 0, :-1], 3)
            out.append(np.concatenate([f(third, axis=0) for third in thirds for f in (np.mean, np.std)]))
        return np.array(out)

    ((x, y), (others, wanted)) = sets
    x, others = features(x), features(others)
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    x, others = ((np.c_[(a - centre) / spread, np.ones(len(a))]).astype(np.float64) for a in (x, others))
    w = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (np.eye(int(y.max()) + 1)[np.asarray(y)] - 0.1))
    return ((others @ w).argmax(axis=1) == np.asarray(wanted)).mean()


def trained(experiment, name, network, start, data, size, rate):
    """Yield the rows of a network: accuracy, activity, cost."""
    (result,) = sweep(lambda _: network, [{"rate": rate}], size, data=data, start=start)
    yield row(experiment, result["accuracy"], network=name)
    if start is not gates:
        yield row(experiment, result["hertz"] / 1000, measure="spikes a step", network=name)
    yield row(experiment, [result["cpu"]], measure="CPU seconds a training", network=name)


def networks(experiment, inputs_of, data, size, rates, quick):
    """Yield the accuracy of each network, at the better of the rates."""
    cases = {f"recurrent, {name}": (spiking(inputs_of, spike_of), recurrent) for name, spike_of in SPIKES.items()}
    cases["feed-forward, superspike(10)"] = spiking(inputs_of, SPIKES["superspike(10)"]), None
    cases["no spikes: GRU"] = gated(inputs_of), gates
    for name in [*cases][:1] if quick else cases:
        network, start = cases[name]
        rate = rates["GRU" if "GRU" in name else "spikes"]
        yield from trained(experiment, name, network, start, data, size, rate)
    keys = [jax.random.split(jax.random.fold_in(jax.random.key(0), n), 3)[0] for n in range(size["seeds"])]
    yield row(experiment, [ridge(data(key, size)) for key in keys], network="no network: ridge regression")


SPEECH_SIZE = {"clips": 2400, "hidden": 128}


def longer(task, size, quick):
    """Accuracy with the slope kept and with one bit a spike where training takes longer."""
    speech = task == "speech"
    if quick or recordings.missing(task, recordings.SPEECH if speech else recordings.WATCH):
        return
    size = size | (SPEECH_SIZE | {"epochs": 40} if speech else WATCH_SIZE | {"every": 1})
    inputs_of, data, why = (frames_of(2), clips, "40 epochs") if speech else (frames_of(1), subjects, "50 Hz")
    for name in ("superspike(10)", "superspike(10), sampled"):
        network = spiking(inputs_of, SPIKES[name])
        yield from trained(task, f"recurrent, {name}, {why}", network, recurrent, data, size, 0.005)


def speech(size, quick):
    """Accuracy on spoken digits."""
    if not recordings.missing("speech", recordings.SPEECH):
        size = size | ({"clips": 600} if quick else SPEECH_SIZE)
        yield from networks("speech", frames_of(2), clips, size, {"spikes": 0.005, "GRU": 0.003}, quick)


def watch(size, quick):
    """Accuracy on the recordings of the watch, and what a long sequence needs."""
    if recordings.missing("watch", recordings.WATCH):
        return
    other = {"steps": 100, "batch": 28} if quick else WATCH_SIZE
    yield from networks("watch", frames_of(1), subjects, size | other, {"spikes": 0.005, "GRU": 0.003}, quick)
    yield from memory(quick)


def needed(steps, spike_of, recurring, segments=1, batch=28, hidden=64):
    """Return the bytes that a gradient needs beside its inputs and its result, for that many steps of the watch."""
    weights = demo.initial(jax.random.key(0), units=7, hidden=hidden, classes=7)
    weights = recurrent(weights, jax.random.key(0), {}) if recurring else weights

    def loss(weights, x):
        spike = spike_of(weights)

        def step(state, now):
            (current, v, z, out, total), (t, x) = state, now
            current = demo.SYNAPSE * current + GAIN * x @ weights["in"] + (z @ weights["recurrent"] if recurring else 0)
            v = (demo.MEMBRANE * v + current) * (1 - lax.stop_gradient(z))
            z = spike(t)(v - 1)
            out = demo.READOUT * out + z @ weights["out"]
            return (current, v, z, out, total + out), None

        silent, zero = jnp.zeros((batch, hidden)), jnp.zeros((batch, 7))
        state, every = (silent, silent, silent, zero, zero), (jnp.arange(steps), x)
        if segments == 1:
            return lax.scan(step, state, every)[0][-1].sum()
        every = jax.tree.map(lambda a: a.reshape(segments, -1, *a.shape[1:]), every)
        return lax.scan(jax.checkpoint(lambda s, part: lax.scan(step, s, part)), state, every)[0][-1].sum()

    x = jax.ShapeDtypeStruct((steps, batch, 7), jnp.float32)
    return jax.jit(jax.grad(loss)).lower(weights, x).compile().memory_analysis().temp_size_in_bytes


def memory(quick):
    """Bytes a spike, and the largest number of steps whose gradient fits 1 GiB, with and without checkpoints."""
    for recurring in (True,) if quick else (False, True):
        for name, spike_of in [*SPIKES.items()][: 1 if quick else 4]:
            at = {"layer": "recurrent" if recurring else "feed-forward", "kept": name}
            sizes = [needed(steps, spike_of, recurring) for steps in (1000, 3000)]
            growth = (sizes[1] - sizes[0]) / 2000
            longest = (GIB - sizes[0]) / growth + 1000
            yield row("memory", [growth / 28 / 64], measure="bytes a spike", **at)
            yield row("memory", [longest], measure="steps in 1 GiB", **at)
            roots = [needed(k * k, spike_of, recurring, k) for k in (32, 64)]
            growth = (roots[1] - roots[0]) / 32
            longest = ((GIB - roots[0]) / growth + 32) ** 2
            yield row("memory", [longest], measure="steps in 1 GiB, checkpoints", **at)
