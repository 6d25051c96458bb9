"""What a spike costs: `python -m tests.benchmarks`, the same work for every library, interleaved in one run.

Backpropagation through T steps of B x N leaky integrate-and-fire neurons with one surrogate of the same formula,
1 / (1 + 10 |x|)^2, with a soft reset, v - z, and with a hard one, v (1 - z). Times are medians over rounds in which
every variant has one turn. "Bytes" are those of temporary memory a spike, "CPU" is the time of all cores together,
"compile" is tracing and compiling the soft loop, "eager" a call on 1024 potentials and its gradient. Further tables are
of sequences, layers, compositions and devices that grow, and of shapes that keep all their digits. spyx and
braintools are measured where they are installed. `--readme` prints only the rows that the README has.
"""

import argparse
import functools
import importlib
import importlib.metadata
import math
import os
import platform
import statistics
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec as P

from surrofun import make_spike, mix, sampled, scale, shapes, shift

BETA = 10.0


def slope(x, beta=BETA):
    return 1 / jnp.square(1 + beta * jnp.abs(x))


def hand_written():
    """A rule written out for this one shape; keeps the slope."""

    @jax.custom_vjp
    def spike(x):
        return jnp.where(x >= 0, 1.0, 0.0)

    spike.defvjp(lambda x: (spike(x), slope(x)), lambda kept, g: (g * kept,))
    return spike


def textbook():
    """The recipe of the tutorials; keeps the potential and computes the slope in the backward pass."""

    @jax.custom_vjp
    def spike(x):
        return jnp.where(x >= 0, 1.0, 0.0)

    spike.defvjp(lambda x: (spike(x), x), lambda x, g: (g * slope(x),))
    return spike


def hand_written_learned():
    """A rule for this shape that learns beta; keeps the potential, and S = x / (1 + beta |x|) + 1 / beta."""

    @jax.custom_vjp
    def spike(x, beta):
        return jnp.where(x >= 0, 1.0, 0.0)

    def backward(kept, g):
        x, beta = kept
        by_beta = g * (-x * jnp.abs(x) * slope(x, beta) - 1 / jnp.square(beta))
        total = jnp.ones(len(x)) @ by_beta if x.ndim == 2 else by_beta
        return g * slope(x, beta), total.sum() if beta.ndim == 0 else total

    spike.defvjp(lambda x, beta: (spike(x, beta), (x, beta)), backward)
    return spike


def eight_by_hand():
    alphas, offsets = [1.0 + k / 4 for k in range(8)], [k / 20 - 0.2 for k in range(8)]

    def mixed(x):
        return sum(a * shapes.superspike(a * (x - b)) for a, b in zip(alphas, offsets, strict=True)) / 8

    return make_spike(mixed)


def eight_composed():
    parts = [shift(scale(shapes.superspike, 1.0 + k / 4), k / 20 - 0.2) for k in range(8)]
    return make_spike(mix(*parts))


def ours(**options):
    return lambda: make_spike(shapes.superspike, **options)


def drawn(x, key):
    return make_spike(shapes.superspike, residual=sampled(key))(x)


NUMBER, PER_NEURON, RECIPE = "a number learned", "one a neuron learned", "in one checkpoint"
SAMPLED = "... `residual=sampled(key)`, a key a step"
VARIANTS = {
    "hand-written `custom_vjp`": hand_written,
    f"... {RECIPE}": hand_written,
    "textbook recipe": textbook,
    "spyx": lambda: importlib.import_module("spyx").axn.superspike(k=BETA),
    "braintools": lambda: importlib.import_module("braintools.surrogate").InvSquareGrad(alpha=BETA),
    "**surrofun**": ours(),
    f"... spike and reset {RECIPE}": ours(),
    "... of a plain function": lambda: make_spike(slope),
    "... `forward_mode=True`": ours(forward_mode=True),
    "... `residual=bfloat16`": ours(residual=jnp.bfloat16),
    "... `residual=uint8`": ours(residual=jnp.uint8),
    "... `residual=uint8` of a plain function": lambda: make_spike(slope, residual=jnp.uint8),
    SAMPLED: lambda: drawn,
    '... `residual="bit"`, rectangle': lambda: make_spike(shapes.rectangle, residual="bit"),
    f"hand-written, {NUMBER}": hand_written_learned,
    f"`learnable=True`, {NUMBER}": ours(learnable=True),
    f"hand-written, {PER_NEURON}": hand_written_learned,
    f"`learnable=True`, {PER_NEURON}": ours(learnable=True),
    "mix of 8, by hand": eight_by_hand,
    "mix of 8, composed": eight_composed,
}


def parameters(name, neurons):
    """Return what the spike of a variant takes beside the potential, and learns."""
    if name.endswith(PER_NEURON):
        return (jnp.full(neurons, BETA),)
    return (jnp.float32(BETA),) if name.endswith(NUMBER) else ()


def bptt(spike, sizes, hard=False, learned=(), recipe=False, segments=1, keyed=False, product=False):
    """Return the gradient function of the loop and its arguments.

    Args:
        spike: the spike function of a potential and of what is learned.
        sizes: steps, batch and neurons.
        hard: the reset is v (1 - z), else v - z.
        learned: parameters that are differentiated, too.
        recipe: spike and reset are in one checkpoint.
        segments: so many parts of the sequence are checkpointed, if there are several.
        keyed: the spike takes a random key, of each step another.
        product: the input of a step is multiplied by a matrix.
    """
    steps, batch, neurons = sizes
    keys = jax.random.split(jax.random.key(1), steps) if keyed else None

    def loss(weights, drive):
        w, learned = weights

        def fire(v, key):
            z = spike(v - 1.0, *learned, *([key] if keyed else []))
            return (v * (1 - z) if hard else v - z), z

        def step(v, now):
            x, key = now
            current = x @ w if product else x * w
            return (jax.checkpoint(fire, prevent_cse=False) if recipe else fire)(0.9 * v + current, key)

        def run(v, xs):
            return jax.lax.scan(step, v, xs)

        if segments > 1:
            drive = jax.tree.map(lambda a: a.reshape(segments, -1, *a.shape[1:]), drive)
            return jax.lax.scan(jax.checkpoint(run), jnp.zeros((batch, neurons)), drive)[1].mean()
        return run(jnp.zeros((batch, neurons)), drive)[1].mean()

    drive = jax.random.uniform(jax.random.key(0), (steps, batch, neurons if product else 1))
    w = jnp.linspace(0.1, 0.6, neurons)
    return jax.jit(jax.grad(loss)), ((jnp.diag(w) if product else w, learned), (drive, keys))


def measured(run, repeats=1):
    """Return seconds of wall time and of CPU time."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        jax.block_until_ready(run())
    return (time.perf_counter() - wall) / repeats, (time.process_time() - cpu) / repeats


def interleaved(runs, rounds, repeats=1):
    """Return the medians of wall and CPU time of each run, every one having a turn in each round."""
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(measured(run, repeats))
    return {name: [statistics.median(t) for t in zip(*(v[1:] or v), strict=True)] for name, v in times.items()}


def table(makers, sizes, rounds):
    """Yield the lines of a table, a line a variant, the times of the first one being 1."""
    x = jnp.linspace(-1.0, 1.0, 1024)
    learned = {name: parameters(name, sizes[2]) for name in makers}
    few = {name: parameters(name, len(x)) for name in makers}
    spikes = {name: make() for name, make in makers.items()}

    keys = {name: (jax.random.key(1),) if name == SAMPLED else () for name in makers}

    def looped(name, spike, hard=False):
        return bptt(spike, sizes, hard, learned[name], recipe=name.endswith(RECIPE), keyed=name == SAMPLED)

    def compiled(name):
        gradient, arguments = looped(name, makers[name]())
        return gradient.lower(*arguments).compile()

    def gradient_of(name):
        by_all = jax.grad(lambda weights: spikes[name](weights[0], *weights[1], *keys[name]).sum())
        return lambda: by_all((x, few[name]))

    size, loops, bytes_of = math.prod(sizes), {}, {}
    for hard in (False, True):
        runs = {}
        for name in makers:
            gradient, arguments = looped(name, spikes[name], hard)
            program = gradient.lower(*arguments).compile()
            bytes_of[name, hard] = program.memory_analysis().temp_size_in_bytes / size
            runs[name] = functools.partial(program, *arguments)
        loops[hard] = interleaved(runs, rounds)
    compiling = interleaved({name: functools.partial(compiled, name) for name in makers}, min(rounds, 9))
    eager = interleaved(
        {name: functools.partial(spikes[name], x, *few[name], *keys[name]) for name in makers}, rounds, 50
    )
    gradient = interleaved({name: gradient_of(name) for name in makers}, rounds, 5)

    columns = "bytes | ms | ratio | CPU ms"
    yield f"| | soft reset: {columns} | hard reset: {columns} | compile ms | eager us | gradient us |"
    yield "|---|" + "---:|" * 11
    first = next(iter(makers))
    for name in makers:
        cells = []
        for hard in (False, True):
            wall, cpu = loops[hard][name]
            ratio = wall / loops[hard][first][0]
            cells += [f"{bytes_of[name, hard]:.2f}", f"{wall * 1e3:.2f}", f"{ratio:.2f}", f"{cpu * 1e3:.1f}"]
        cells += [f"{compiling[name][0] * 1e3:.0f}", f"{eager[name][0] * 1e6:.0f}", f"{gradient[name][0] * 1e6:.0f}"]
        yield f"| {name} | {' | '.join(cells)} |"


def in_the_readme(rounds, sizes=(200, 64, 256)):
    """Yield the table of the README, with the rule by hand, which is the ratio of 1, as its first row."""
    yield "| | bytes | ms | ratio | compile s |\n|---|---:|---:|---:|---:|"
    variants = {
        "by hand": (hand_written(), ()),
        "plain": (ours()(), ()),
        "smallest memory": (make_spike(shapes.rectangle, residual="bit"), ()),
        "learned, nothing declared": (make_spike(slope, learnable=True), (jnp.float32(BETA),)),
    }
    runs, kept, compiling = {}, {}, {}
    for name, (spike, learned) in variants.items():
        gradient, arguments = bptt(spike, sizes, learned=learned)
        start = time.perf_counter()
        program = gradient.lower(*arguments).compile()
        compiling[name] = time.perf_counter() - start
        kept[name] = program.memory_analysis().temp_size_in_bytes / math.prod(sizes)
        runs[name] = functools.partial(program, *arguments)
    times = interleaved(runs, rounds)
    for name, (wall, _) in times.items():
        ratio = wall / times["by hand"][0]
        yield f"| {name} | {kept[name]:.2f} | {wall * 1e3:.2f} | {ratio:.2f} | {compiling[name]:.2f} |"


def longer_sequences(rounds, batch=16, neurons=256):
    """Yield a table of time and bytes for 100 to 10,000 steps, plain and in checkpointed segments of sqrt(T) steps."""
    spike = make_spike(shapes.superspike)
    yield f"longer sequences, surrofun, batch, neurons = ({batch}, {neurons})\n"
    yield "| T | us/step | bytes/spike | checkpointed us/step | bytes/spike |\n|---:|---:|---:|---:|---:|"
    for steps in (100, 1_024, 10_000):
        cells = []
        for segments in (1, math.isqrt(steps)):
            sizes = segments * (steps // segments), batch, neurons
            gradient, arguments = bptt(spike, sizes, segments=segments)
            program = gradient.lower(*arguments).compile()
            wall, _ = interleaved({"": functools.partial(program, *arguments)}, rounds)[""]
            cells.append(f"{wall / steps * 1e6:.1f}")
            cells.append(f"{program.memory_analysis().temp_size_in_bytes / math.prod(sizes):.2f}")
        yield f"| {steps} | {' | '.join(cells)} |"


def with_a_product(rounds, sizes=(200, 64, 256)):
    """Yield a table of the loop in which the input of each step is multiplied by a matrix."""
    yield f"a product with a {sizes[2]} x {sizes[2]} matrix in each step, soft reset\n"
    yield "| | ms | ratio |\n|---|---:|---:|"
    runs = {}
    for name in ("hand-written `custom_vjp`", "**surrofun**", *(name for name in VARIANTS if "learned" in name)):
        gradient, arguments = bptt(VARIANTS[name](), sizes, learned=parameters(name, sizes[2]), product=True)
        runs[name] = functools.partial(gradient.lower(*arguments).compile(), *arguments)
    times = interleaved(runs, rounds)
    for name, (wall, _) in times.items():
        yield f"| {name} | {wall * 1e3:.1f} | {wall / next(iter(times.values()))[0]:.2f} |"


def more_layers(rounds):
    """Yield a table of seconds to trace and compile 1 to 64 layers, unrolled, with rules by hand and with ours."""
    rules = {
        "hand-written": (hand_written(), ()),
        "surrofun": (make_spike(shapes.superspike), ()),
        "hand-written, learned": (hand_written_learned(), (jnp.float32(BETA),)),
        "learnable=True": (make_spike(shapes.superspike, learnable=True), (jnp.float32(BETA),)),
    }
    yield "tracing and compiling the gradient of layers of 128 neurons, unrolled, ms\n"
    yield f"| layers | {' | '.join(rules)} |\n|---:|" + "---:|" * len(rules)

    def compiled(spike, learned, layers):
        def loss(parameters, x):
            for w, p in parameters:
                x = spike(x @ w - 1.0, *p)
            return x.mean()

        layer = jnp.zeros((128, 128)), learned
        return jax.jit(jax.grad(loss)).lower([layer] * layers, jnp.zeros((32, 128))).compile()

    for layers in (1, 4, 16, 64):
        runs = {name: functools.partial(compiled, *rule, layers) for name, rule in rules.items()}
        times = interleaved(runs, min(rounds, 5))
        yield f"| {layers} | {' | '.join(f'{wall * 1e3:.0f}' for wall, _ in times.values())} |"


def deeper_compositions(rounds):
    """Yield a table of what a composition costs in which 1 to 64 combinators are inside of each other."""
    yield "a shape inside of so many combinators, shift and scale in turn\n"
    yield "| depth | build us | eager us | gradient us | compile ms | loop ms |\n|---:|---:|---:|---:|---:|---:|"
    x, sizes = jnp.linspace(-1.0, 1.0, 1024), (200, 64, 256)

    def deep(depth):
        g = shapes.superspike
        for k in range(depth):
            g = scale(g, 1.01) if k % 2 else shift(g, 0.001)
        return make_spike(g)

    def times(depth):
        spike = deep(depth)
        gradient, arguments = bptt(spike, sizes)
        by_x = jax.grad(lambda x: spike(x).sum())
        calls = {
            "build": functools.partial(deep, depth),
            "eager": functools.partial(spike, x),
            "gradient": functools.partial(by_x, x),
        }
        programs = {
            "compile": lambda: bptt(deep(depth), sizes)[0].lower(*arguments).compile(),
            "loop": functools.partial(gradient.lower(*arguments).compile(), *arguments),
        }
        yield from (wall * 1e6 for wall, _ in interleaved(calls, rounds, 5).values())
        yield from (wall * 1e3 for wall, _ in interleaved(programs, min(rounds, 9)).values())

    for depth in (1, 4, 16, 64):
        yield f"| {depth} | {' | '.join(f'{t:.0f}' if t >= 10 else f'{t:.1f}' for t in times(depth))} |"


def more_devices(_):
    """Yield the table of `divided`, made by a process of its own, which has eight devices."""
    env = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    command = [sys.executable, __file__, "--divided"]
    yield subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.rstrip()


def divided():
    """Yield a table of a batch that is divided among 1 to 8 devices, which are simulated: what is free of noise."""
    yield "a batch divided among simulated devices, T, batch, neurons = (200, 64, 256)\n"
    yield "| devices | residual | bytes a device and spike of its own | collectives |\n|---:|---|---:|---:|"
    codes = {"None": ours()(), "uint8": ours(residual=jnp.uint8)(), "sampled": drawn}
    for count in (1, 2, 4, 8):
        mesh = jax.sharding.Mesh(np.array(jax.devices()[:count]), ("batch",))
        for name, spike in codes.items():
            gradient, (weights, (drive, keys)) = bptt(spike, (200, 64, 256), keyed=spike is drawn)
            whole, parts = (jax.sharding.NamedSharding(mesh, spec) for spec in (P(), P(None, "batch")))
            inputs = jax.device_put(drive, parts), jax.device_put(keys, whole)
            program = gradient.lower(jax.device_put(weights, whole), inputs).compile()
            kept = program.memory_analysis().temp_size_in_bytes / (200 * 64 * 256 / count)
            exchanges = sum(f" {what}(" in program.as_text() for what in COLLECTIVES)
            yield f"| {count} | {name} | {kept:.2f} | {exchanges} |"


COLLECTIVES = "all-reduce", "all-gather", "all-to-all", "collective-permute", "reduce-scatter"


def bell(x, mu, sigma):
    return jnp.exp(-jnp.square((x - mu) / sigma) / 2) / (sigma * math.sqrt(2 * math.pi))


PLAIN = {
    "gaussian": lambda x: bell(x, 0.0, 0.5),
    "multi_gaussian": lambda x: 1.15 * bell(x, 0, 0.5) - 0.15 * (bell(x, 0.5, 3.0) + bell(x, -0.5, 3.0)),
    "squarewave_fourier": lambda x: sum(jnp.cos(k * 2 * jnp.pi / 8 * x) for k in (1, 3)) / 2,
    "triangle": lambda x: jnp.maximum(0, 1 - jnp.abs(x)),
}


def digits(rounds):
    """Yield a table of the time of shapes that keep all digits, as a multiple of that of the plain formula."""
    yield "a million potentials, float32, time as a multiple of that of the plain formula\n"
    yield "| shape | slope | its derivative |\n|---|---:|---:|"
    x = jnp.linspace(-4, 4, 2**20)
    for name, plain in PLAIN.items():
        cells = []
        for of in (lambda f: f, lambda f: lambda x: jax.jvp(f, (x,), (jnp.ones_like(x),))[1]):
            pair = {kind: jax.jit(of(f)) for kind, f in (("ours", getattr(shapes, name)), ("plain", plain))}
            times = interleaved({kind: functools.partial(f, x) for kind, f in pair.items()}, rounds)
            cells.append(f"{times['ours'][1] / times['plain'][1]:.2f}")
        yield f"| {name} | {' | '.join(cells)} |"


def available(names):
    for name in names:
        try:
            VARIANTS[name]()
        except ImportError:
            print(f"{name}: not installed, skipped")
        else:
            yield name


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs=3, default=(200, 64, 256), metavar=("T", "BATCH", "NEURONS"))
    parser.add_argument("--rounds", type=int, default=31, help="turns of every variant (default 31)")
    parser.add_argument(
        "--divided", action="store_true", help="only the table of many devices, on those that there are"
    )
    parser.add_argument("--readme", action="store_true", help="only the table of the README")
    options = parser.parse_args()
    if options.divided:
        print(*divided(), sep="\n")
        return
    makers = {name: VARIANTS[name] for name in available([] if options.readme else VARIANTS)}
    versions = [
        f"{p} {importlib.metadata.version(p)}" for p in ("jax", *(p for p in ("spyx", "braintools") if p in makers))
    ]
    device = jax.devices()[0]
    print(f"Python {platform.python_version()}, {', '.join(versions)}; {device.device_kind}, {os.cpu_count()} cores")
    if options.readme:
        print(*in_the_readme(options.rounds), sep="\n")
        return
    print(f"T, batch, neurons = {tuple(options.sizes)}\n")
    print(*table(makers, tuple(options.sizes), options.rounds), sep="\n")
    for more in (with_a_product, longer_sequences, more_layers, deeper_compositions, more_devices, digits):
        print("", *more(min(options.rounds, 31)), sep="\n")


if __name__ == "__main__":
    main()
