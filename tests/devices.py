"""What the tests of many devices run in processes of their own; each prints its results as JSON.

`python devices.py` has eight devices, simulated; `python devices.py 1 2 localhost:1234` is process 1 of 2, with four.
"""

import functools
import json
import re
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from reference import CASES, A, C, X

from surrofun import make_spike, mix, sampled, scale, shapes

X8, C8 = np.concatenate([X, X + 0.1]), np.concatenate([C, C[::-1]])
STEPS, BATCH, INPUTS, NEURONS, CLASSES = 16, 16, 5, 8, 2
COLLECTIVE = r"= (.*?) (all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter)(?:-start)?\("


def mesh(name, kind=AxisType.Auto):
    return jax.make_mesh((8,), (name,), axis_types=(kind,))


def collectives(compiled):
    """List what devices exchange: [operation, numbers in it, whether within a loop]."""
    found, entry = [], False
    for line in compiled.as_text().splitlines():
        if line.endswith("{"):
            entry = line.startswith("ENTRY")
        for types, name in re.findall(COLLECTIVE, line):
            sizes = [np.prod([int(n) for n in dims.split(",") if n]) for dims in re.findall(r"\[([\d,]*)\]", types)]
            found.append([name, int(sum(sizes)), not entry])
    return found


# Every kind of spike, with its batch divided.


def slopes(x, c, a):
    pulled = {}
    for name, (kind, maker) in CASES.items():
        z, pull = jax.vjp(kind.build(maker.make, a), x)
        pulled[name] = z, pull(c)[0]
    return pulled


def sharded_jit(kind=AxisType.Auto):
    across = NamedSharding(mesh("batch", kind), P("batch"))
    x, c = jax.device_put((X8, C8), across)
    compiled = jax.jit(slopes).lower(x, c, A).compile()
    pulled = compiled(x, c, A)
    split = all(v.sharding.is_equivalent_to(across, 2) for v in jax.tree.leaves(pulled))
    split &= "num_partitions=8" in compiled.as_text()
    return {"spikes": pulled, "moved": collectives(compiled), "split": split}


def sharding_in_types():
    return sharded_jit(AxisType.Explicit)


def shard_map():
    specs = {"in_specs": (P("batch"), P("batch"), P()), "out_specs": P("batch")}
    return {"spikes": jax.jit(jax.shard_map(slopes, mesh=mesh("batch"), **specs))(X8, C8, A)}


def pmap():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*pmap.*", DeprecationWarning)
        return {"spikes": jax.pmap(slopes, in_axes=(0, 0, None))(X8, C8, A)}


def slope_of(spike):
    return lambda x: jax.vjp(spike, x)[1](jnp.ones_like(x))[0]


def codes_of_a_divided_batch():
    """What devices exchange for the gradient by potentials of a batch of 256, and the bytes of each for it."""
    x = np.linspace(-2, 2, 256 * 40, dtype=np.float32).reshape(256, 40)
    x = jax.device_put(x, NamedSharding(mesh("batch"), P("batch")))
    found = {}
    for name, residual in {"bit": "bit", "uint8": jnp.uint8, "sampled": sampled(jax.random.key(0))}.items():
        spike = make_spike(shapes.rectangle, residual=residual)
        _, pull = jax.vjp(jax.jit(spike), x)
        kept = [v.nbytes for v in jax.tree.leaves(pull) if v.size > 2]  # without the bounds
        compiled = jax.jit(slope_of(spike)).lower(x).compile()
        found[name] = {"exchanged": collectives(compiled), "kept": sum(kept), "slope": np.unique(compiled(x))}
    return found


def bits_of_divided_neurons():
    """The slopes of few potentials, kept as bits, where the only axis, or the last one, is divided and says so."""
    found = []
    for size, spec in (((16,), P("neurons")), ((4, 16), P(None, "neurons"))):
        x = jnp.linspace(-2, 2, np.prod(size)).reshape(size)
        x = jax.device_put(x, NamedSharding(mesh("neurons", AxisType.Explicit), spec))
        for residual in ("bit", sampled(jax.random.key(0))):
            found.append([x, jax.jit(slope_of(make_spike(shapes.rectangle, residual=residual)))(x)])
    return {"found": found}


# A training step of a recurrent network, its shape learned: a steepness for each neuron and two weights of a mixture.


def parameters(recurrent=True):
    rng = np.random.default_rng(0)
    shapes = {"in": (INPUTS, NEURONS), "alpha": (NEURONS,), "weights": (2, NEURONS), "out": (NEURONS, CLASSES)}
    shapes |= {"recurrent": (NEURONS, NEURONS)} if recurrent else {}
    return {name: rng.uniform(0.2, 0.6, shape).astype(np.float32) for name, shape in shapes.items()}


def data():
    rng = np.random.default_rng(1)
    xs = rng.uniform(-0.5, 1.0, (BATCH, STEPS, INPUTS)).astype(np.float32)
    return xs, rng.uniform(-1, 1, (BATCH, CLASSES)).astype(np.float32)


def loss(p, xs, ys):
    shape = mix(scale(shapes.sigmoid, p["alpha"]), shapes.triangle, weights=p["weights"])
    spike = make_spike(shape, learnable=True)

    def step(state, x):
        v, z = state
        v = 0.9 * v + x @ p["in"] - z
        if "recurrent" in p:
            v += z @ p["recurrent"] / NEURONS
        z = spike(v - 1.0)
        return (v, z), z

    silent = jnp.zeros((xs.shape[0], NEURONS))
    _, spikes = jax.lax.scan(step, (silent, silent), xs.swapaxes(0, 1))
    return jnp.square(spikes.mean(0) @ p["out"] - ys).mean()


def descend(p, grads):
    return jax.tree.map(lambda w, g: w - 0.1 * g, p, grads)


def update(p, *batch, loss=loss):
    value, grads = jax.value_and_grad(loss)(p, *batch)
    return value, descend(p, grads)


def update_by_shares(p, xs, ys):
    """The same of a batch of (devices, share, ...): every device finishes its own gradient, then they are averaged."""
    values, grads = jax.vmap(jax.value_and_grad(loss), (None, 0, 0))(p, xs, ys)
    return values.mean(), descend(p, jax.tree.map(lambda g: g.mean(0), grads))


def compared(f, arguments, expected, before):
    """Run `f` on its devices: how far from the step on one device, how far each parameter moved, what was exchanged."""
    compiled = jax.jit(f).lower(*arguments).compile()
    value, after = compiled(*arguments)
    (one_value, one), after = expected, jax.tree.map(np.asarray, after)
    apart = jax.tree.map(lambda a, b: abs(np.asarray(a) - np.asarray(b)).max(), (one_value, one), (value, after))
    moved = jax.tree.map(lambda a, b: abs(a - b).max(), before, after)
    return {"apart": max(jax.tree.leaves(apart)), "moved": min(moved.values()), "exchanged": collectives(compiled)}


def across_the_batch():
    """The parameters and a batch, the step on one device, and two shardings: everywhere, and across the batch."""
    p, batch = parameters(), data()
    return p, batch, jax.jit(update)(p, *batch), *(NamedSharding(mesh("batch"), spec) for spec in (P(), P("batch")))


def batch_divided():
    p, batch, expected, everywhere, across = across_the_batch()
    return compared(update, jax.device_put((p, *batch), (everywhere, across, across)), expected, p)


def batch_in_shares():
    p, batch, expected, everywhere, across = across_the_batch()
    shares = [v.reshape(8, -1, *v.shape[1:]) for v in batch]
    part = np.array_split(np.arange(8), jax.process_count())[jax.process_index()]
    arguments = [jax.make_array_from_process_local_data(across, v[part]) for v in shares]
    replicated = jax.tree.map(functools.partial(jax.make_array_from_process_local_data, everywhere), p)
    return compared(update_by_shares, (replicated, *arguments), expected, p)


def neurons_divided():
    p, batch = parameters(recurrent=False), data()
    specs = {"in": P(None, "neurons"), "alpha": P("neurons"), "weights": P(None, "neurons"), "out": P("neurons")}
    by_neuron, everywhere = (jax.tree.map(lambda s: NamedSharding(mesh("neurons"), s), s) for s in (specs, P()))
    arguments = jax.device_put((p, *batch), (by_neuron, everywhere, everywhere))
    return compared(update, arguments, jax.jit(update)(p, *batch), p)


# A deep network with a layer on each device: while one works on step t, the next works on what it sent at step t - 1.


def tick(spike, p, state, x):
    v, z = state
    v = v / 2 + x @ p["w"] - z  # with weights of few digits every potential is exact, and no rounding moves a spike
    z = spike(v - 1.0, p["beta"])
    return (v, z), z


def layers_in_turn(p, xs, silent):
    spike = make_spike(shapes.superspike, learnable=True)
    for k in range(8):
        layer = functools.partial(tick, spike, {"w": p["w"][k], "beta": p["beta"][k]})
        xs = jax.lax.scan(layer, (silent, silent), xs)[1]
    return jnp.square(xs - 0.3).mean()


def layers_at_once(p, xs, silent):
    spike = make_spike(shapes.superspike, learnable=True)
    layer, mine = jax.lax.axis_index("layers"), jax.tree.map(lambda w: w[0], p)

    def send(state, inputs):
        t, x = inputs
        sent = jax.lax.ppermute(state[1], "layers", [(k, k + 1) for k in range(7)])
        # The reset is learned from too: before its first step a layer is at rest by decree, not because it was silent.
        state = jax.tree.map(lambda s: jnp.where(t > layer, s, 0.0), state)
        return tick(spike, mine, state, jnp.where(layer == 0, x, sent))

    ticks = jnp.arange(STEPS + 7), jnp.concatenate([xs, jnp.zeros((7, *xs.shape[1:]))])
    zs = jax.lax.scan(send, (silent[0], silent[0]), ticks)[1][7:]
    return jax.lax.psum(jnp.where(layer == 7, jnp.square(zs - 0.3).mean(), 0.0), "layers")


def layer_on_each_device():
    rng = np.random.default_rng(2)
    p = {"w": rng.integers(-1, 6, (8, NEURONS, NEURONS)) / 8, "beta": rng.uniform(1, 5, (8, NEURONS))}
    p = {name: value.astype(np.float32) for name, value in p.items()}
    xs = rng.integers(0, 2, (STEPS, BATCH, NEURONS)).astype(np.float32)
    silent = np.zeros((8, BATCH, NEURONS), np.float32)
    specs = {"in_specs": (P("layers"), P(), P("layers")), "out_specs": P()}
    pipeline = jax.shard_map(layers_at_once, mesh=mesh("layers"), **specs)
    expected = jax.jit(functools.partial(update, loss=layers_in_turn))(p, xs, silent[0])
    across, everywhere = (NamedSharding(mesh("layers"), spec) for spec in (P("layers"), P()))
    arguments = jax.device_put((p, xs, silent), (across, everywhere, across))
    return compared(functools.partial(update, loss=pipeline), arguments, expected, p)


# What is learned by a spike whose batch and neurons are divided, of parameters that are not.


def learned_of_a_divided_layer():
    across = jax.make_mesh((4, 2), ("batch", "neurons"), axis_types=(AxisType.Explicit,) * 2)
    spike, found = make_spike(shapes.superspike, learnable=True), []
    with jax.set_mesh(across):
        x = jax.device_put(X8[:, :2], NamedSharding(across, P("batch", "neurons")))
        for shape in ((), (2,), (1, 2), (8, 1)):
            gradient = jax.grad(lambda beta: spike(x, beta).sum())
            found.append([f(jnp.full(shape, 4.0)) for f in (gradient, jax.jit(gradient))])
    return {"found": found}


def learned_inside_shard_map():
    """Of a parameter that every device has, by reverse and by forward mode, and of one that is divided."""
    found = []
    for forward_mode in (False, True):
        spike = make_spike(shapes.superspike, learnable=True, forward_mode=forward_mode)
        for x, beta, specs in (
            (X8[:, :2], jnp.float32(4.0), (P("batch"), P())),
            (X8[:1, :2], jnp.full((8, 1), 4.0), (P(), P("batch"))),
        ):
            spikes = jax.shard_map(spike, mesh=mesh("batch"), in_specs=specs, out_specs=P("batch"))
            found.append(jax.jit(jax.grad(lambda x, beta, s=spikes: s(x, beta).sum(), (0, 1)))(x, beta))
    return {"found": found}


SPIKES = (sharded_jit, sharding_in_types, shard_map, pmap)
STEP = (batch_divided, batch_in_shares, neurons_divided, layer_on_each_device)
OTHER = (codes_of_a_divided_batch, bits_of_divided_neurons, learned_of_a_divided_layer, learned_inside_shard_map)


def attempt(row):
    try:
        return row()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main(process=None, processes=None, address=None):
    warnings.simplefilter("error")
    jax.config.update("jax_numpy_dtype_promotion", "strict")
    jax.config.update("jax_num_cpu_devices", 8 if process is None else 4)
    rows = SPIKES + STEP + OTHER
    if process is not None:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(address, int(processes), int(process))
        rows = (batch_in_shares,)
    results = {"devices": jax.device_count()} | {row.__name__: attempt(row) for row in rows}
    print(json.dumps(results, default=lambda v: np.asarray(v).tolist()))


if __name__ == "__main__":
    main(*sys.argv[1:])
