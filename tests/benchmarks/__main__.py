"""What a spike costs: `python -m tests.benchmarks`, the same work for every library, interleaved in one run.

Backpropagation through T steps of B x N leaky integrate-and-fire neurons with one surrogate of the same formula,
1 / (1 + 10 |x|)^2. Times are medians over rounds in which every variant has one turn; "compile" is tracing and
compiling the loop, "eager" a call on 1024 potentials. Free of noise: bytes of temporary memory a spike, equations of
the jaxpr, instructions of the compiled program, and how often a spike that is built ten times is traced. spyx and
braintools are measured where they are installed.
"""

import argparse
import importlib
import importlib.metadata
import math
import os
import platform
import statistics
import time

import jax
import jax.numpy as jnp

from surrofun import make_spike, mix, scale, shapes, shift

BETA = 10.0


def slope(x):
    return 1 / jnp.square(1 + BETA * jnp.abs(x))


def hand_written():
    """A rule written out for this one shape; keeps the slope."""

    @jax.custom_vjp
    def spike(x):
        return jnp.where(x >= 0, 1.0, 0.0)

    spike.defvjp(lambda x: (spike(x), slope(x)), lambda kept, g: (g * kept,))
    return spike


def tutorial():
    """The recipe of the braintools tutorial; keeps the potential and computes the slope in the backward pass."""

    @jax.custom_vjp
    def spike(x):
        return jnp.where(x >= 0, 1.0, 0.0)

    spike.defvjp(lambda x: (spike(x), x), lambda x, g: (g * slope(x),))
    return spike


def eight_by_hand():
    alphas, offsets = [1.0 + k / 4 for k in range(8)], [k / 20 - 0.2 for k in range(8)]

    def mixed(x):
        return sum(a * shapes.superspike(a * (x - b)) for a, b in zip(alphas, offsets, strict=True)) / 8

    return make_spike(mixed)


def eight_composed():
    parts = [shift(scale(shapes.superspike, 1.0 + k / 4), k / 20 - 0.2) for k in range(8)]
    return make_spike(mix(*parts))


VARIANTS = {
    "hand-written custom_vjp": hand_written,
    "the tutorial's recipe": tutorial,
    "spyx superspike": lambda: importlib.import_module("spyx").axn.superspike(k=BETA),
    "braintools InvSquareGrad": lambda: importlib.import_module("braintools.surrogate").InvSquareGrad(alpha=BETA),
    "surrofun": lambda: make_spike(shapes.superspike),
    "surrofun forward_mode": lambda: make_spike(shapes.superspike, forward_mode=True),
    "surrofun learnable": lambda: make_spike(shapes.superspike, learnable=True),
    "surrofun bfloat16": lambda: make_spike(shapes.superspike, residual=jnp.bfloat16),
    "surrofun uint8": lambda: make_spike(shapes.superspike, residual=jnp.uint8),
    "surrofun bit (rectangle)": lambda: make_spike(shapes.rectangle, residual="bit"),
    "surrofun plain function": lambda: make_spike(slope),
    "surrofun plain function, uint8": lambda: make_spike(slope, residual=jnp.uint8),
    "mix of 8, by hand": eight_by_hand,
    "mix of 8, composed": eight_composed,
}
LEARNED = {"surrofun learnable": (jnp.float32(BETA),)}  # parameters that are differentiated, too


def bptt(spike, steps, batch, neurons, hard, segments=1, learned=()):
    """Return the gradient function of the loop, which checkpoints segments if there are several, and its arguments."""

    def loss(weights, drive):
        w, learned = weights

        def step(v, x):
            v = 0.9 * v + x * w
            z = spike(v - 1.0, *learned)
            return (v * (1 - z) if hard else v - z), z

        def run(v, xs):
            return jax.lax.scan(step, v, xs)

        if segments > 1:
            drive = drive.reshape(segments, -1, *drive.shape[1:])
            return jax.lax.scan(jax.checkpoint(run), jnp.zeros((batch, neurons)), drive)[1].mean()
        return run(jnp.zeros((batch, neurons)), drive)[1].mean()

    drive = jax.random.uniform(jax.random.key(0), (steps, batch, 1))
    return jax.jit(jax.grad(loss)), ((jnp.linspace(0.1, 0.6, neurons), learned), drive)


def seconds(run, repeats=1):
    start = time.perf_counter()
    for _ in range(repeats):
        jax.block_until_ready(run())
    return (time.perf_counter() - start) / repeats


def measure(makers, sizes, hard, rounds):
    """Return a row of figures for each variant."""
    rows, runs, x = {}, {}, jnp.linspace(-1.0, 1.0, 1024)
    for name, make in makers.items():
        spike, learned = make(), LEARNED.get(name, ())
        gradient, arguments = bptt(spike, *sizes, hard, learned=learned)
        compiled = gradient.lower(*arguments).compile()
        rows[name] = {
            "bytes/spike": compiled.memory_analysis().temp_size_in_bytes / (sizes[0] * sizes[1] * sizes[2]),
            "equations": sum(1 for _ in equations(jax.make_jaxpr(gradient)(*arguments).jaxpr)),
            "instructions": sum(" = " in line for line in compiled.as_text().splitlines()),
            "traces": traces(make),
        }
        by_weights = jax.grad(lambda weights, f=spike: f(weights[0], *weights[1]).sum())
        runs[name] = {
            "compile ms": (lambda m=make, a=arguments: bptt(m(), *sizes, hard)[0].lower(*a).compile(), 1, 1e3),
            "loop ms": (lambda c=compiled, a=arguments: c(*a), 1, 1e3),
            "eager us": (lambda f=spike, p=learned: f(x, *p), 50, 1e6),
            "eager grad us": (lambda f=by_weights, p=learned: f((x, p)), 5, 1e6),
        }
    for figure in ("compile ms", "loop ms", "eager us", "eager grad us"):
        times = {name: [] for name in runs}
        for _ in range(rounds if figure != "compile ms" else min(rounds, 9)):
            for name, run in runs.items():
                times[name].append(seconds(*run[figure][:2]) * run[figure][2])
        for name, values in times.items():
            rows[name][figure] = statistics.median(values[1:] or values)
    return rows


def traces(make, times=10):
    """How often a jitted function that takes the spike as a static argument is traced when the spike is rebuilt."""
    traced = []

    def called(spike, x):
        traced.append(spike)
        return spike(x)

    jitted = jax.jit(called, static_argnums=0)
    for _ in range(times):
        jitted(make(), 0.5)
    return len(traced)


def equations(jaxpr):
    """Every equation of a jaxpr and of those inside it."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from equations(inner)


def growth(rounds, batch=16, neurons=256):
    """Time and bytes of the loop for 100 to 10,000 steps, plain and in checkpointed segments of sqrt(T) steps."""
    spike = make_spike(shapes.superspike)
    print(f"\nlonger sequences, surrofun, batch, neurons = ({batch}, {neurons})\n")
    print("| T | us/step | bytes/spike | checkpointed us/step | bytes/spike |\n|---:|---:|---:|---:|---:|")
    for steps in (100, 1_024, 10_000):
        cells = []
        for segments in (1, math.isqrt(steps)):
            gradient, arguments = bptt(spike, segments * (steps // segments), batch, neurons, False, segments)
            compiled = gradient.lower(*arguments).compile()
            times = [seconds(lambda c=compiled, a=arguments: c(*a)) for _ in range(rounds)]
            cells.append(f"{statistics.median(times) / steps * 1e6:.1f}")
            cells.append(f"{compiled.memory_analysis().temp_size_in_bytes / (steps * batch * neurons):.2f}")
        print(f"| {steps} | {' | '.join(cells)} |")


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
    options = parser.parse_args()
    makers = {name: VARIANTS[name] for name in available(VARIANTS)}
    versions = [
        f"{p} {importlib.metadata.version(p)}"
        for p in ("jax", *(p for p in ("spyx", "braintools") if any(p in m for m in makers)))
    ]
    device = jax.devices()[0]
    print(f"Python {platform.python_version()}, {', '.join(versions)}; {device.device_kind}, {os.cpu_count()} cores")
    for hard in (False, True):
        rows = measure(makers, tuple(options.sizes), hard, options.rounds)
        first = rows["hand-written custom_vjp"]
        print(f"\n{'hard' if hard else 'soft'} reset, T, batch, neurons = {tuple(options.sizes)}\n")
        columns = list(first)
        print("| variant | " + " | ".join(columns) + " | loop ratio |")
        print("|---|" + "---:|" * (len(columns) + 1))
        for name, row in rows.items():
            cells = [f"{row[c]:.2f}" if c in ("bytes/spike", "loop ms") else f"{row[c]:.0f}" for c in columns]
            print(f"| {name} | {' | '.join(cells)} | {row['loop ms'] / first['loop ms']:.2f} |")
    growth(min(options.rounds, 9))


if __name__ == "__main__":
    main()
