"""Surrogates that set themselves, each by its published rule, against the best of nine fixed steepnesses.

The fixed ones are superspikes of height 1. A rule that sets a number each epoch keeps it among the weights, where its
gradient is zero, so that one compiled program trains with it.
"""

import functools
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from surrofun import antiderivative, area, fit_alpha, make_spike, normalize, scale, shapes
from surrofun.cli import demo

from . import alignment, recordings
from .digits import latencies
from .learned import meta_epoch, partly_soft, steepness
from .recorded import WATCH_SIZE, clips, subjects
from .sequences import frames_of, gated, gates, layer, spikes_of, spiking
from .training import best, randman, recurrent, row, sweep

BETAS = tuple(2.0**k for k in range(-1, 8))
DECAY, HEIGHT_1 = demo.MEMBRANE, shapes.superspike(beta=1.0)


def by_beta(weights):
    return make_spike(shapes.superspike(beta=weights["beta"]))


def by_height_and_beta(weights):
    return make_spike(scale(shapes.superspike(beta=weights["beta"]), height=weights["height"]))


def by_width(weights):
    return make_spike(shapes.rectangle(width=weights["width"]))


def by_log_beta(weights):
    return by_beta({"beta": steepness(weights, "log beta")})


def by_log_alpha(weights):
    return make_spike(shapes.sigmoid(alpha=steepness(weights, "log beta")))


def half_soft(weights):
    """ASGL (Wang et al. 2023): a unit passes its soft step with probability 0.2, through which it learns steepness."""
    return partly_soft(shapes.sigmoid(alpha=steepness(weights, "log beta")), 0.2)


def learned_beta(weights):
    return make_spike(shapes.superspike(beta=steepness(weights, "log beta")), learnable=True)


def learned_width(weights):
    """LSG (IJCAI 2023): a rectangle of width 2 theta sqrt(1 + b^2), b the sigmoid of a learned number of the layer."""
    width = 2 * jnp.sqrt(1 + jax.nn.sigmoid(weights["b"]) ** 2)
    return make_spike(shapes.rectangle(width=width), learnable=True)


def coverage(weights, x, current, inside):
    """The beta at which a share of the potentials sees a slope; a padded one is put where none does."""
    return {"beta": fit_alpha(HEIGHT_1, jnp.where(inside, x, jnp.inf), weights["coverage"] * inside.mean())}


def from_dynamics(weights, x, current, inside):
    """MPD-AGL (arXiv:2505.11863): width 2 sqrt(1 + tau^2) gamma theta; gamma theta is the spread of the current."""
    return {"width": 2 * jnp.sqrt(1 + DECAY**2) * current.std(where=inside)}


def from_weights(weights, x, current, inside, reach=2.0):
    """Condition IV of Herranz-Celotti & Rouat (arXiv:2202.00282) by bisection, for potentials within -2 and 2.

    decay^2 + ((n - 1) mean(w^2) + theta^2) E[g^2] = 1, for the superspike E[g^2] = h^2 (1 - (1 + b r)^-3) / (3 b r).
    """
    w = weights.get("recurrent", jnp.zeros((1, 1)))
    wanted = (1 - DECAY**2) / ((len(w) - 1) * (w**2).mean() + 1) / weights.get("height", 1.0) ** 2

    def halve(_, ends):
        middle = jnp.sqrt(ends[0] * ends[1])
        enough = (1 - (1 + middle * reach) ** -3) / (3 * middle * reach) > wanted
        return jnp.where(enough, middle, ends[0]), jnp.where(enough, ends[1], middle)

    return {"beta": lax.fori_loop(0, 40, halve, (jnp.float32(1e-3), jnp.float32(1e4)))[0]}


def stable(weights, *potentials):
    """Conditions III, the height w- (1 - decay) / (w+ (w- - theta)) of extreme weights, and IV, where they are on."""
    least, most = weights["recurrent"].min(), weights["recurrent"].max()
    height = jnp.where(weights["III"] > 0, least * (1 - DECAY) / (most * (least - 1)), 1.0)
    beta = from_weights(weights | {"height": height}, *potentials)["beta"]
    return {"height": height, "beta": jnp.where(weights["IV"] > 0, beta, 10.0)}


def balanced(inputs_of, data, size):
    """Conditions I and II: recurrent weights of mean (3 - 2 decay) theta / (n - 1), a current that varies as the input.

    Half of the units fire, if half of the potentials are above the threshold; then that current has the variance
    (n - 1) (Var w / 2 + m^2 / 4). The mean is divided by 1 / (1 - decay of the current), which adds up here.
    """
    power = (inputs_of(data(jax.random.key(0), size)[0][0])[0] ** 2).mean()

    def start(weights, key, setting):
        units, n = weights["in"].shape
        mean = (3 - 2 * DECAY) * (1 - demo.SYNAPSE) / (n - 1)
        spread = jnp.sqrt(jnp.maximum(0.0, 2 * units * weights["in"].var() * power / (n - 1) - mean**2 / 2))
        return weights | {"recurrent": mean + spread * jax.random.normal(jax.random.fold_in(key, 1), (n, n))}

    return start


def refitting(rule, spike):
    """Return what makes an epoch that first sets the surrogate: each time where the weight "each" is 1, else once."""

    def epoch(inputs_of, state, key, data, *, network, **options):
        weights, moments = state
        inputs, mask = inputs_of(data[0][0][:: max(1, len(data[0][0]) // 20)])
        _, _, x, current = layer(weights, inputs, lambda step: spike(weights))
        inside = jnp.broadcast_to(True if mask is None else mask > 0, x.shape)
        again = (weights["each"] > 0) | (moments[0] == 0)
        new = {n: jnp.where(again, value, weights[n]) for n, value in rule(weights, x, current, inside).items()}
        return demo.train_epoch((weights | new, moments), key, data, network=network, **options)

    return lambda inputs_of: functools.partial(epoch, inputs_of)


def aligned_epoch(state, key, data, *, network, pairs=100, **options):
    """Dspike (NeurIPS 2021): train an epoch with the beta whose gradient is nearest to a measured one, by its cosine.

    It is measured as in `alignment`, by pairs of losses of 100 samples, for all weights at once.
    """
    weights, moments = state
    chosen = jax.random.permutation(key, len(data[0][1]))[:100]
    some, beta = jax.tree.map(lambda v: v[chosen], data[0]), weights["beta"]
    own = {name: w for name, w in weights.items() if name != "beta"}

    def loss(own, beta=beta):
        return demo.loss(own | {"beta": beta}, *some, network=network)[0]

    estimates = lax.map(functools.partial(alignment.pair, loss, own), jax.random.split(key, pairs))
    measured = jax.tree.map(lambda g: g.mean(axis=0), estimates)

    def cosine(beta):
        gradient = jax.grad(loss)(own, beta)
        dots, squares = (sum((g * a[name]).sum() for name, g in gradient.items()) for a in (measured, gradient))
        return jnp.nan_to_num(dots / jnp.sqrt(squares), nan=-1.0)  # a gradient that exploded points nowhere

    betas = jnp.array(BETAS)
    best_beta = betas[jnp.argmax(lax.map(cosine, betas))]
    return demo.train_epoch((weights | {"beta": best_beta}, moments), key, data, network=network, **options)


def spikes(spike):
    """Return a function of `inputs_of` that makes the network of one kind of spikes; `spike(weights)` makes these."""
    return lambda inputs_of: spiking(inputs_of, lambda weights: lambda step: spike(weights))


def own_threshold(inputs_of):
    """TrSG (arXiv:2511.08708): theta spike(v / theta - 1) with a learned threshold theta of the layer."""

    def network(weights, x):
        theta, spike = jnp.exp(weights["log theta"]), by_beta({"beta": 10.0})
        louder = {name: theta * weights[name] for name in ("out", "recurrent") if name in weights}
        return spikes(lambda _: lambda x: spike((x + 1) / theta - 1))(inputs_of)(weights | louder, x)

    return network


def rate_coded(inputs_of):
    """The same network, of which a unit passes its soft step, a rate, instead of spikes."""
    return spikes(lambda _: antiderivative(shapes.sigmoid))(inputs_of)


TASKS = {  # inputs, data, recurrent, what of the size is other, learning rate, what it needs
    "Randman": (spikes_of, randman, False, {"seeds": 5}, 0.01, None),
    "Randman, recurrent": (spikes_of, randman, True, {"seeds": 5}, 0.003, None),
    "digits": (spikes_of, latencies, False, {"seeds": 5}, 0.01, "sklearn"),
    "speech, recurrent": (frames_of(2), clips, True, {"hidden": 64}, 0.005, recordings.SPEECH),
    "watch, recurrent": (frames_of(1), subjects, True, WATCH_SIZE, 0.005, recordings.WATCH),
}
LEARNED = [{"start": 1.0}, {"start": 10.0}]
RULES = {  # what `trained` takes
    "coverage": {
        "network": spikes(by_beta),
        "numbers": {"beta": 10.0, "coverage": 0.0, "each": 0.0},
        "settings": [{"coverage": share, "each": each} for each in (0.0, 1.0) for share in (0.5, 0.8)],
        "epoch": refitting(coverage, by_beta),
    },
    "MPD-AGL": {
        "network": spikes(by_width),
        "numbers": {"width": 1.0, "each": 1.0},
        "epoch": refitting(from_dynamics, by_width),
    },
    "condition IV": {
        "network": spikes(by_beta),
        "numbers": {"beta": 10.0, "each": 1.0},
        "epoch": refitting(from_weights, by_beta),
    },
    "conditions": {
        "network": spikes(by_height_and_beta),
        "numbers": {"beta": 10.0, "height": 1.0, "III": 0.0, "IV": 0.0, "each": 1.0},
        "settings": [{"III": three, "IV": four} for three in (0.0, 1.0) for four in (0.0, 1.0)],
        "epoch": refitting(stable, by_height_and_beta),
        "balance": balanced,
    },
    "Dspike": {"network": spikes(by_beta), "numbers": {"beta": 10.0}, "epoch": lambda _: aligned_epoch},
    "LSG": {"network": spikes(learned_width), "numbers": {"b": float(np.log(0.2 / 0.8))}},
    "learned, layer": {"network": spikes(learned_beta), "numbers": {"log beta": "layer"}, "settings": LEARNED},
    "learned, neuron": {"network": spikes(learned_beta), "numbers": {"log beta": "neuron"}, "settings": LEARNED},
    "meta-gradient": {
        "network": spikes(by_log_beta),
        "numbers": {"log beta": "layer"},
        "settings": LEARNED,
        "epoch": lambda _: functools.partial(meta_epoch, learned="log beta"),
    },
    "ASGL": {
        "network": spikes(half_soft),
        "numbers": {"log beta": "layer"},
        "settings": LEARNED,
        "judged": spikes(by_log_alpha),
    },
    "TrSG": {"network": own_threshold, "numbers": {"log theta": 0.0}},
    "no spikes: rate-coded": {"network": rate_coded},
}


def starts(recurring, numbers):
    """Return the start of `sweep`: what adds recurrent weights, if any, and the numbers that the surrogate is of."""

    def start(weights, key, setting):
        weights = recurring(weights, key, setting) if recurring else weights
        for name, value in numbers.items():
            if name == "log beta":
                value = jnp.full(len(weights["out"]) if value == "neuron" else (), jnp.log(setting["start"]) / 3)
            weights |= {name: jnp.asarray(setting.get(name, value), jnp.float32)}
        return weights

    return start


def named(rule, setting):
    if rule == "conditions":
        return ", ".join(["conditions I, II", *(name for name, on in setting.items() if on)])
    if rule == "coverage":
        return f"coverage {setting['coverage']}, {'each epoch' if setting['each'] else 'before training'}"
    return f"{rule}, from {setting['start']:g}" if setting else rule


def after(weights):
    """Return beta, the width or the threshold of each seed after training, mean of the neurons."""
    if "b" in weights:
        return 2 * np.sqrt(1 + 1 / (1 + np.exp(-weights["b"])) ** 2)
    if "log theta" in weights:
        return np.exp(weights["log theta"])
    number = np.exp(3 * weights["log beta"]) if "log beta" in weights else weights.get("beta", weights.get("width"))
    return number.reshape(len(number), -1).mean(axis=1)


def of_task(task, size, quick):
    """Return the size for a task, or None where its data is not there."""
    *_, other, _, needed = TASKS[task]
    if needed == "sklearn" and not importlib.util.find_spec("sklearn"):
        print(f"rules on {task} left out: it needs scikit-learn, pip install scikit-learn")
        return None
    if isinstance(needed, tuple) and recordings.missing(f"rules on {task}", needed):
        return None
    return size | ({"clips": 600, "steps": 100, "batch": 28} if quick else {"clips": 2400} | other)


def trained(task, size, network, numbers=(), settings=({},), epoch=None, judged=None, balance=None):
    """Return what `sweep` returns for a task; network, epoch and the network to be judged are made of its inputs."""
    inputs_of, data, recurring, _, rate, _ = TASKS[task]
    if recurring:
        recurring = balance(inputs_of, data, size) if balance else recurrent
    options = {"epoch": epoch(inputs_of)} if epoch else {}
    if judged:
        options["judged"] = lambda _: judged(inputs_of)
    settings, network = [setting | {"rate": rate} for setting in settings], network(inputs_of)
    return sweep(lambda _: network, settings, size, data=data, start=starts(recurring, dict(numbers)), **options)


def rules(task, size, quick):
    """Accuracy with each fixed beta and with each rule, and what the rule came to."""
    size, (inputs_of, data, *_) = of_task(task, size, quick), TASKS[task]
    if not size:
        return
    betas = BETAS[2:6:3] if quick else BETAS
    fixed = trained(task, size, spikes(by_beta), {"beta": 10.0}, [{"beta": beta} for beta in betas])
    for beta, result in zip(betas, fixed, strict=True):
        yield row("rules", result["accuracy"], task=task, rule="fixed", beta=beta)
        yield row("rules", result["hertz"], measure="spikes a second", task=task, rule="fixed", beta=beta)
    reference = best(fixed)["accuracy"]
    yield row("rules", reference, task=task, rule="best of the fixed")
    for name in [*RULES][:1] if quick else RULES:
        rule = {"settings": ({},)} | RULES[name]
        if "balance" in rule and not TASKS[task][2]:
            continue  # these conditions are about recurrent weights
        rule["settings"] = rule["settings"][-1:] if quick else rule["settings"]
        for setting, result in zip(rule["settings"], trained(task, size, **rule), strict=True):
            at = {"task": task, "rule": named(name, setting)}
            yield row("rules", result["accuracy"], **at)
            yield row("rules", result["accuracy"] - reference, measure="less the best of the fixed", **at)
            if "numbers" in rule:
                yield row("rules", after(result["weights"]), measure="number after training", **at)
            if "height" in result["weights"]:
                yield row("rules", result["weights"]["height"], measure="height after training", **at)
    if not quick:
        (result,) = sweep(lambda _: gated(inputs_of), [{"rate": 0.003}], size, data=data, start=gates)
        yield row("rules", result["accuracy"], task=task, rule="no spikes: GRU")


def shapes_by_coverage(size, quick):
    """Accuracy where half of the potentials before training see a slope, for three shapes of height 1."""
    peaks = {"superspike": shapes.superspike(beta=1.0), "sigmoid": shapes.sigmoid, "triangle": shapes.triangle}
    for task in ["Randman"] if quick else TASKS:
        at = of_task(task, size, quick)
        for name, g in [*peaks.items()][: (1 if quick else 3) if at else 0]:

            def spike(weights, g=g):
                return make_spike(normalize(scale(g, weights["alpha"]), peak=1.0))

            def covered(weights, x, current, inside, g=g):
                return {"alpha": fit_alpha(g, jnp.where(inside, x, jnp.inf), 0.5 * inside.mean())}

            epoch = refitting(covered, spike)
            (result,) = trained(task, at, spikes(spike), {"alpha": 1.0, "each": 0.0}, epoch=epoch)
            yield row("coverage", result["accuracy"], task=task, shape=name)
            yield row("coverage", result["weights"]["alpha"], measure="alpha", task=task, shape=name)


def shapes_of_one_area(size, quick):
    """Accuracy of four shapes of height 1 that have the area of superspike(10), 0.2."""
    peaks = {
        "superspike": shapes.superspike(beta=1.0),
        "sigmoid": shapes.sigmoid,
        "triangle": shapes.triangle,
        "rectangle": shapes.rectangle,
    }
    for task in ["Randman"] if quick else TASKS:
        at = of_task(task, size, quick)
        for name, g in [*peaks.items()][: (1 if quick else 4) if at else 0]:
            of_height_1 = normalize(g, peak=1.0)
            narrow = make_spike(scale(of_height_1, alpha := float(area(of_height_1)) / 0.2, height=1 / alpha))
            (result,) = trained(task, at, spikes(lambda weights, f=narrow: f))
            yield row("area", result["accuracy"], task=task, shape=name)
