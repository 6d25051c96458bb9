"""Control: does a spiking policy want another steepness than a classifier? Cart-pole, by two ways to its gradient.

"Adaptive surrogate gradients for sequential reinforcement learning" (Van den Berghe et al. 2025, arXiv:2510.24461)
finds 2.1 times the return with shallow or scheduled slopes. Here the policy gradient (REINFORCE) and backpropagation
through the simulator train the same policy on the same reward; all environments of all seeds run in one program.
"""

import functools
import itertools

import jax
import jax.numpy as jnp
from jax import lax

from surrofun import fit_alpha, make_spike, sampled, shapes
from surrofun.cli import demo

from .alignment import pair
from .learned import steepness
from .training import row

LENGTH, DECAY, READOUT = 200, 0.8, 0.8  # steps of 20 ms of an episode; what membrane and readout keep of a step
FAR, TILTED = 2.4, 0.2095  # a cart this far from the middle (m) or a pole this much (rad) ends the episode
SEEN = ((1 / FAR, 1 / 3, 1 / TILTED, 1 / 3),)  # the scale of position, speed, angle and its speed for the network
NOISE, DISCOUNT, BETAS = 0.5, 0.98, (1.0, 3.0, 10.0, 30.0, 100.0)
FADE = 0.92  # of the gradient through the cart in a step; a falling pole multiplies it by exp(0.02 sqrt(g / l)) = 1.09
HEIGHT_1 = shapes.superspike(beta=1.0)


def pushed(state, force):
    """Return position, speed, angle and its speed after 20 ms (Barto et al. 1983, with the numbers of Gym)."""
    _, speed, angle, turning = state.T
    sin, cos = jnp.sin(angle), jnp.cos(angle)
    push = (force + 0.05 * turning**2 * sin) / 1.1
    twist = (9.8 * sin - cos * push) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
    drift = push - 0.05 * twist * cos / 1.1
    return state + 0.02 * jnp.stack([speed, drift, turning, twist], axis=-1)


def initial(key, hidden=64):
    """Return the weights of two layers of spiking units and of a readout, one force."""
    keys = jax.random.split(key, 3)
    sizes = {"first": (5, hidden), "second": (hidden, hidden), "out": (hidden, 1)}
    return {name: jax.random.normal(k, s) / s[0] ** 0.5 for k, (name, s) in zip(keys, sizes.items(), strict=True)}


def act(weights, spike, memory, seen):
    """Return the memory of the policy after a step, and the potentials minus threshold; its last part is the action."""
    first, second, fired, out = memory
    z = jnp.concatenate([seen, jnp.ones((len(seen), 1))], axis=1)
    potentials, spikes = [], []
    for v, before, name in zip((first, second), fired, ("first", "second"), strict=True):
        potentials.append(DECAY * v * (1 - lax.stop_gradient(before)) + z @ weights[name])
        spikes.append(z := spike(potentials[-1] - 1))
    out = READOUT * out + z @ weights["out"]
    return (*potentials, tuple(spikes), out), jnp.stack(potentials) - 1


def faded(state):
    """The same state, through which less gradient comes back."""
    return FADE * state + (1 - FADE) * lax.stop_gradient(state)


def episodes(weights, key, spike_of, environments, *, through=False, noise=NOISE, warm=0):
    """Run the policy; `through` says whether what it sees has a gradient, `warm` how many steps it sees before it acts.

    Returns:
        reward, score (the log-probability of the action, of which the policy gradient is made), acting (each steps,
        environments), and the potentials of the first 20 environments.
    """
    started, drawn = jax.random.split(key)
    state = jax.random.uniform(started, (environments, 4), minval=-1.0) * jnp.array(((1.0, 0.5, 0.1, 0.5),))
    silent = jnp.zeros((environments, len(weights["second"])))

    def step(carry, now):
        (state, alive, memory), (t, draw) = carry, now
        seen = state if through else lax.stop_gradient(state)
        memory, potentials = act(weights, spike_of(t), memory, 3 * jnp.array(SEEN) * seen)
        mean = memory[-1][:, 0]
        action = mean + noise * draw
        score = -((lax.stop_gradient(action) - mean) ** 2) / (2 * NOISE**2)
        acting = jnp.where(t >= warm, alive, 0.0)
        after = jnp.where(acting[:, None] > 0, pushed(faded(state), 10 * jnp.tanh(action)), lax.stop_gradient(state))
        x, angle = after[:, 0] / FAR, after[:, 2] / TILTED
        going = jnp.where(jnp.maximum(abs(x), abs(angle)) < 1, alive, 0.0)  # a comparison has no gradient
        reward = going * acting * (1 - (jnp.clip(x, -1, 1) ** 2 + jnp.clip(angle, -1, 1) ** 2) / 2)
        return (after, going, memory), (reward, score, acting, potentials[:, :20])

    start = state, jnp.ones(environments), (silent, silent, (silent, silent), jnp.zeros((environments, 1)))
    draws = jax.random.normal(drawn, (LENGTH + warm, environments))
    return lax.scan(step, start, (jnp.arange(LENGTH + warm), draws))[1]


def by_score(reward, score, acting):
    """The loss whose gradient is the policy gradient, with the mean of the running environments as baseline."""

    def back(total, r):
        total = r + DISCOUNT * total
        return total, total

    to_go = lax.scan(back, jnp.zeros_like(reward[0]), reward, reverse=True)[1]
    baseline = (to_go * acting).sum(axis=1, keepdims=True) / jnp.maximum(1, acting.sum(axis=1, keepdims=True))
    advantage = lax.stop_gradient((to_go - baseline) * acting)
    return -(score * advantage).sum() / acting.sum() / (advantage.std() + 1e-6)


def by_simulator(reward, score, acting):
    """The loss whose gradient goes through cart and pole."""
    return -reward.sum() / reward.shape[1] / LENGTH


LEARNERS = {"policy gradient": by_score, "through the simulator": by_simulator}


def loss(weights, key, spike_of, environments, learner, warm=0):
    """Return what a learner descends, and the mean return with some potentials."""
    through = learner == "through the simulator"
    reward, score, acting, x = episodes(weights, key, spike_of, environments, through=through, warm=warm)
    return LEARNERS[learner](reward, score, acting), (reward.sum(axis=0).mean(), x)


def plain(weights, beta, key):
    spike = make_spike(shapes.superspike(beta=beta))
    return lambda step: spike


def learned(weights, beta, key):
    spike = make_spike(shapes.superspike(beta=steepness(weights, "log beta")), learnable=True)
    return lambda step: spike


def drawn(weights, beta, key):
    g = shapes.superspike(beta=beta)
    return lambda step: make_spike(g, residual=sampled(jax.random.fold_in(key, step)))


def rule_of_the_paper(returns):
    """k = mean over the last ten of (r + r') / 2: return and its change, here in hundredths of the largest."""
    r = 100 * returns / LENGTH
    return jnp.clip((2 * r[1:] - r[:-1]).mean() / 2, 1.0, 100.0)


def train(setting, key, *, kind, learner, updates, environments, warm=0):
    """Return the return of each update with its beta, that of the trained policy without noise, and the weights."""
    keys = jax.random.split(key, 3)
    weights = initial(keys[0])
    if kind is learned:
        weights |= {"log beta": jnp.log(setting["beta"][0]) / 3}

    def update(state, now):
        (trained, returns, fitted), (n, beta) = state, now
        weights, (key, coin) = trained[0], jax.random.split(jax.random.fold_in(keys[1], n))
        rules = [setting["by rule"] > 0, (setting["fit"] > 0) & (n > 0)]
        beta = jnp.select(rules, [rule_of_the_paper(returns), fitted], default=beta)
        gradient = jax.grad(lambda w: loss(w, key, kind(w, beta, coin), environments, learner, warm), has_aux=True)
        grads, (reached, x) = gradient(weights)
        norm = jnp.sqrt(sum((g**2).sum() for g in jax.tree.leaves(grads)))
        grads = jax.tree.map(lambda g: jnp.where(jnp.isfinite(norm), g / jnp.maximum(1.0, norm), 0.0), grads)
        if kind is plain:
            fitted = jnp.where((setting["fit"] > 1) | (n == 0), fit_alpha(HEIGHT_1, x, 0.5), fitted)
        beta = steepness(weights, "log beta") if kind is learned else beta
        trained = demo.adam(trained, grads, setting["rate"])
        return (trained, jnp.append(returns[1:], reached), fitted), (reached, beta)

    start = demo.start(weights), jnp.zeros(11), jnp.float32(10.0)
    (trained, *_), (returns, betas) = lax.scan(update, start, (jnp.arange(updates), setting["beta"]))
    quiet = episodes(trained[0], keys[2], plain(None, 1.0, None), 500, noise=0.0, warm=warm)[0].sum(axis=0).mean()
    return {"returns": returns, "betas": betas, "accuracy": quiet, "weights": trained[0]}


def settings(updates):
    """Return what is tried, by name: the kind of spike and the numbers of the setting."""
    at = jnp.linspace(0.0, 1.0, updates)
    fixed = {"by rule": 0.0, "fit": 0.0}
    return {
        **{f"fixed {b:g}": (plain, fixed | {"beta": b + 0 * at}) for b in BETAS},
        "annealed 1 to 100": (plain, fixed | {"beta": 100.0**at}),
        "annealed 100 to 1": (plain, fixed | {"beta": 100.0 ** (1 - at)}),
        "rule of the paper": (plain, fixed | {"beta": 1 + 0 * at, "by rule": 1.0}),
        "fit_alpha, once": (plain, fixed | {"beta": 10 + 0 * at, "fit": 1.0}),
        "fit_alpha, each update": (plain, fixed | {"beta": 10 + 0 * at, "fit": 2.0}),
        **{f"learned from {b:g}": (learned, fixed | {"beta": b + 0 * at}) for b in (1.0, 10.0)},
        **{f"sampled {b:g}": (drawn, fixed | {"beta": b + 0 * at}) for b in (1.0, 10.0, 100.0)},
    }


def seeds(size):
    return jnp.stack([jax.random.fold_in(jax.random.key(0), n) for n in range(size["control seeds"])])


def control(learner, size, quick, rates, warm=0):
    """Return of a policy in training and after it, by surrogate and learning rate, and less that of beta 10."""
    updates, keys, compiled, reference = size["updates"], seeds(size), {}, {}
    tried = settings(updates)
    names = ["fixed 10", *(name for name in tried if name != "fixed 10" and (name.startswith("fixed") or not warm))]
    for name in names[:1] if quick else names:
        kind, numbers = tried[name]
        if kind not in compiled:
            part = functools.partial(train, kind=kind, learner=learner, warm=warm)
            part = functools.partial(part, updates=updates, environments=size["environments"])
            compiled[kind] = jax.jit(jax.vmap(part, (None, 0)), compiler_options=size["compile"])
        for rate in rates if name.startswith("fixed") and not quick else rates[:1]:
            result = jax.device_get(compiled[kind](numbers | {"rate": rate}, keys))
            at = {"learner": learner, "surrogate": name, "rate": rate} | ({"warm": warm} if warm else {})
            early, late = result["returns"][:, : updates // 4].mean(axis=1), result["returns"].mean(axis=1)
            base = reference.setdefault(rate, (early, late))
            yield row("control", late, measure="return in training", **at)
            yield row("control", late - base[1], measure="return in training, less beta 10", **at)
            yield row("control", early, measure="return, first quarter", **at)
            yield row("control", early - base[0], measure="return, first quarter, less beta 10", **at)
            yield row("control", result["accuracy"], measure="return without noise", **at)
            if not name.startswith(("fixed", "sampled", "annealed")):
                for when, n in (("half", updates // 2), ("end", updates - 1)):
                    yield row("control", result["betas"][:, n], measure=f"beta, {when}", **at)


def flat(tree):
    return jnp.concatenate([tree[name].ravel() for name in ("first", "second", "out")])


def by_pairs(weights, key, pairs, environments):
    """Return the gradient of the reward by pairs of losses, twice, each from half of the pairs."""

    def one(key):
        played, apart = jax.random.split(key)

        def lost(w):  # both of a pair play the same episodes
            return by_simulator(*episodes(w, played, plain(None, 1.0, None), environments)[:3])

        return flat(pair(lost, weights, apart))

    def total(key):
        keys = jax.random.split(key, pairs // 2)
        return lax.map(lambda k: jax.vmap(one)(k).sum(axis=0), keys.reshape(-1, 5)).sum(axis=0) / keys.size

    return jax.vmap(total)(jax.random.split(key))


def gradients(weights, key, beta, *, learner, kind, batches, environments):
    """Return the gradients of many batches of episodes, each of as many as an update has."""

    def one(key):
        return flat(jax.grad(lambda w: loss(w, key, kind(w, beta, key), environments, learner)[0])(weights))

    return lax.map(one, jax.random.split(key, batches))


def gradient_noise(size, quick):
    """How the gradient of one batch of episodes differs from that of many, and where the mean of many points."""
    batches, environments, keys = size["noise batches"], size["environments"], seeds(size)
    compiled = functools.partial(jax.jit, compiler_options=size["compile"])
    policies = {"before training": jax.vmap(lambda k: initial(jax.random.split(k, 3)[0]))(keys)}
    if not quick:
        numbers = settings(20)["fixed 10"][1] | {"rate": 0.003}
        part = functools.partial(train, kind=plain, learner="policy gradient", updates=20, environments=environments)
        policies["after 20 updates"] = compiled(jax.vmap(part, (None, 0)))(numbers, keys)["weights"]
    measured = functools.partial(by_pairs, pairs=size["noise pairs"], environments=environments)
    measured = compiled(jax.vmap(measured))
    cases = [*itertools.product([*LEARNERS][: 1 if quick else 2], {plain: "kept", drawn: "sampled"}.items())]
    parts = [functools.partial(gradients, learner=learner, kind=kind) for learner, (kind, _) in cases]
    parts = [functools.partial(part, batches=batches, environments=environments) for part in parts]
    parts = [compiled(jax.vmap(part, (0, 0, None))) for part in parts]
    for when, weights in policies.items():
        first, second = jnp.moveaxis(measured(weights, keys), 1, 0)
        dots = (first * second).sum(axis=1)
        halves = dots / jnp.linalg.norm(first, axis=1) / jnp.linalg.norm(second, axis=1)
        yield row("control noise", halves, measure="cosine of two halves", policy=when)
        for (learner, (_, slope)), part in zip(cases, parts, strict=True):
            for beta in BETAS[2:3] if quick else BETAS if slope == "kept" else BETAS[::2]:
                g = part(weights, keys, beta)
                mean = g.mean(axis=1)
                variance = ((g - mean[:, None]) ** 2).sum(axis=(1, 2)) / (batches - 1)
                square = jnp.maximum((mean**2).sum(axis=1) - variance / batches, 0.0)  # without what is noise of it
                at = {"policy": when, "learner": learner, "slope": slope, "beta": beta}
                yield row("control noise", jnp.sqrt(square), measure="norm of the mean", **at)
                typical = jnp.sqrt(square / (square + variance))
                yield row("control noise", typical, measure="cosine of a batch with the mean", **at)
                along = (mean * (first + second) / 2).sum(axis=1) / jnp.linalg.norm(mean, axis=1)
                cosine = along / jnp.sqrt(jnp.maximum(dots, 1e-12))
                yield row("control noise", cosine, measure="cosine with the measured gradient", **at)
