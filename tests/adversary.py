"""Random compositions against SciPy: each is right, or refused in a sentence, or NaN where it would be refused.

    python -m tests.adversary --seconds 600      # in the root of a checkout; --seed N begins with seed N

A composition is made as a text: `parse` makes a shape of it, and `curves.curve` the oracle. What is learned is compared
with differences of the quadrature, along a random direction of all numbers at once. No potential is closer than
2e-3 (1 + |m|) to a kink or a jump m, which moves by less than that where differences are taken.
"""

import argparse
import collections
import functools
import os
import pathlib
import sys
import time
import traceback

os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # most of the time is compilation
sys.path.insert(0, str(pathlib.Path(__file__).parent))  # `python -m` looks in the root only

import curves
import jax
import jax.numpy as jnp
import numpy as np
from curves import INF, NEURONS, SHARED, size, slope, soft, unit
from jax.tree_util import Partial
from reference import told_mirror

import surrofun
from surrofun import antiderivative, area, bounds, combinator, make_spike, parse, register, sampled, shape


@shape
def hump(x, alpha=1.0):
    return alpha * jnp.exp(-(jnp.abs(alpha * x) ** 1.5))


@shape  # 1 / inf far out
def sech_squared(x, alpha=1.0):
    return alpha / jnp.cosh(alpha * x) ** 2


@shape
def cubic(x, alpha=1.0):
    return alpha / (1 + jnp.abs(alpha * x)) ** 3


@combinator  # a user's that declares nothing; `told_mirror` declares all
def product(x, g, h, factor=1.0):
    return factor * g(x) * h(x)


OURS = {f.__name__: f for f in (hump, sech_squared, cubic, product)} | {"mirror": told_mirror}


def own_code(g, x):
    """A user's code: 60,000 steps between the bounds."""
    low, high = (jnp.asarray(end, jnp.float64 if x.dtype == jnp.float64 else jnp.float32) for end in bounds(g))
    return (
        lambda slope, low, span: jnp.rint((slope.astype(low.dtype) - low) / span * 60000).astype(jnp.uint16),
        lambda kept, like, low, span: (kept.astype(low.dtype) / 60000 * span + low).astype(like.dtype),
        (low, jnp.where(high > low, high - low, 1.0)),
    )


DRAWS = 4000  # of a random bit, or of a spike
HALF = {"float16": 11, "bfloat16": 8}  # binary digits
DTYPES = ("float32", "float32", "float64", "float64", "float64", *HALF)
FLOATS = {name: jnp.finfo(name) for name in ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")}
CODES = {  # a value of `residual=`; by how much a slope may be off, of itself and of the range; the largest
    "none": (None, 0, 0, INF),
    "uint8": (jnp.uint8, 0, 1 / 500, INF),
    "bit": ("bit", 0, 0, INF),
    "sampled": (sampled(jax.random.key(0)), 0, 5.5 / 2 / DRAWS**0.5, INF),
    "pair": ((jnp.bfloat16, jnp.float32), 1 / 128, 0, INF),
    "own": (own_code, 0, 1 / 50000, INF),
    **{name: (name, float(digits.eps), 0, float(digits.max)) for name, digits in FLOATS.items()},
}
STEPS = {
    "heaviside": (surrofun.heaviside, lambda x: x >= 0),
    "sign": (surrofun.sign, lambda x: np.where(x >= 0, 1, -1)),
    "ternary": (surrofun.ternary(threshold=0.503), lambda x: 1.0 * (x >= 0.503) - (x <= -0.503)),
    "staircase": (surrofun.staircase(3), lambda x: np.clip(np.floor(x) + 1, 0, 3)),
    "escape": None,  # of the shape itself
}
WAYS = {"eager": lambda f: f, "jit": jax.jit, "vmap": jax.vmap, "map": lambda f: lambda x: jax.lax.map(f, x)}


@np.errstate(all="ignore")
def attempt(seed):
    """Return what is wrong with the composition of a seed, as texts, and what was refused."""
    rng, numbers, wrong, refused = np.random.default_rng(seed), [], [], []
    shared, dtype = rng.random() < 0.3, str(rng.choice(DTYPES))
    template = curves.composed(rng, rng.integers(1, 4), numbers, shared)
    numbers = np.array([*numbers, np.full(NEURONS, round(rng.uniform(0.5, 4.0), 4))])  # the last is that of the call
    options = {"way": WAYS, "residual": CODES, "step": STEPS}
    options = {name: str(rng.choice([*values])) for name, values in options.items()}
    options["plain"] = bool(rng.random() < 0.3)  # hidden in a function that nothing is known of
    options["forward_mode"] = bool(options["residual"] == "none" and rng.random() < 0.5)
    text = template.format(*(v.tolist() if np.ptp(v) else float(v[0]) for v in numbers), call="")
    call = {SHARED: float(numbers[-1, 0])} if shared else {}
    about, wide = f"seed {seed} {dtype}: {text} {call or ''} {options}", dtype == "float64"
    with jax.enable_x64(wide) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64(wide):
        for what, get, wanted, off, *may_be_nan in checks(rng, template, numbers, text, call, dtype, **options):
            if fault := judged(get, wanted, off, refused, *may_be_nan):
                wrong.append(f"{about}\n    {what}: {fault}")
    return wrong, refused


def judged(get, wanted, off, refused, may_be_nan=False):
    """Return what is wrong with a result, if anything is; a refusal is noted. After one, NaN has a reason."""
    if np.isnan(off).any():
        return None  # the oracle does not know
    try:
        got = np.asarray(get(), np.float64)
    except Exception as error:
        known = isinstance(error, TypeError | ValueError | NotImplementedError)
        if known and (": expected" in str(error) or str(error).startswith("make_spike: ")):
            return refused.append(str(error).partition(": ")[2][:45])
        return traceback.format_exc(limit=-4)
    wanted, off = (np.broadcast_to(v, got.shape) for v in (wanted, off))
    near = (abs(got - wanted) <= off) | (got == wanted) | ((abs(wanted) > 1e37) & (abs(got) > 1e37))
    wrong = ~near & ~(np.isnan(got) & (may_be_nan | bool(refused) | np.isinf(wanted)))  # float8_e4m3fn has no inf
    return f"got {got.tolist()}\n    wanted {wanted.tolist()}\n    within {off.tolist()}" if wrong.any() else None


def checks(rng, template, numbers, text, call, dtype, way, residual, step, forward_mode, plain):
    """What is asked of a composition: its name, a function that returns it, what it should be, the tolerance.

    And whether it may be NaN without a refusal, where it may.
    """
    each = functools.partial(curves.each, template)
    xs = each(numbers, lambda g: curves.potentials(rng, g, HALF.get(dtype, 24)))
    close, at = {"float64": 2e-5}.get(dtype, 2e-4), f" at {xs.tolist()}"
    digit, least, most = (float(getattr(jnp.finfo(dtype), name)) for name in ("eps", "smallest_normal", "max"))

    def rounding(values):  # of a result in half precision
        return np.where(abs(values) > 0.99 * most, INF, digit * size(values) + least) if dtype in HALF else 0.0

    x, tree = jnp.asarray(xs, dtype), parse(text)
    tree = tree if isinstance(tree, Partial) else Partial(tree)
    g = tree(**call) if call else tree

    # Rounding may move a slope twenty times as far as one digit of x, or of a number, does. What cannot be normalized
    # has NaN as its slope here: no number is right.
    slopes, moves = each(numbers, slope, xs), curves.sensitivity(template, numbers, xs)
    digits = 1e-37 + np.nan_to_num(close / 2 * abs(slopes) + 20 * min(digit, 1.2e-7) * moves)
    digits += rounding(slopes)
    yield "slope" + at, lambda: g(x), slopes, digits
    low, high = each(numbers, curves.extremes)
    off = 1e-9 + 10 * close * (size(high - low) + size(low) + size(high))
    if text.count("periodic") + text.count("fourier") > 1:
        off = np.nan  # the highest of two periods may be anywhere
    yield "bounds", lambda: [jnp.ravel(v + jnp.zeros(NEURONS)) for v in bounds(g)], [low, high], off
    whole, soft_steps = each(numbers, lambda g: soft(g, [INF])[0]), each(numbers, soft, xs)
    yield "area", lambda: abs(area(g)) + jnp.zeros(NEURONS), abs(whole), close * size(whole)
    off = close * abs(soft_steps).max(0) + rounding(soft_steps)
    yield "soft step" + at, lambda: antiderivative(g)(x), soft_steps, off
    if plain:  # without numbers that are learned it is refused in a sentence, not by NaN
        yield "hidden soft step" + at, lambda: antiderivative(lambda x: g(x))(x), soft_steps, off

    # What is learned, along a random direction of all numbers: by the soft step, and by the slope in an update step.
    weights, along = rng.choice([-2.0, -1.0, 0.5, 1.0, 3.0], xs.shape), rng.uniform(-1, 1, len(numbers))
    steps = {str(v.tolist()): a * unit(v) for v, a in zip(numbers, along, strict=True)}

    def total(g, call, by_slope):
        hidden = (lambda x, **call: g(x, **call)) if plain else g
        spike = make_spike(hidden, learnable=True, forward_mode=forward_mode)
        fire = WAYS[way](lambda x: spike(x, **call))
        return (jnp.asarray(weights, dtype) * (jax.grad(lambda x: fire(x).sum())(x) if by_slope else fire(x))).sum()

    def learned(by_slope):
        leaves, gradients = map(jax.tree.leaves, ((tree, call), jax.grad(total, (0, 1))(tree, call, by_slope)))
        step = [steps[str(np.broadcast_to(np.asarray(v, float), NEURONS).tolist())] for v in leaves]
        return sum(np.sum(np.asarray(d) * s[: np.size(d)]) for d, s in zip(gradients, step, strict=True))

    ends = [numbers + s * 1e-5 * along[:, None] * unit(numbers) for s in (1, -1)]
    jumps = any((np.isinf(each(end, lambda g: soft(g, [INF])[0])) != np.isinf(whole)).any() for end in ends)
    for what, f, now in (("learned", soft, soft_steps), ("learned, by the slope", slope, slopes)):
        moved = curves.difference(template, numbers, xs, f, 1e-5, along)
        off = close * np.sum(abs(weights) * (abs(moved) + abs(now).max(0)))
        # Which leaf is which is not known where two are equal. Where a weight of 0 is that of an infinite area, the
        # constant of S jumps as it moves.
        off = off if len(steps) == len(numbers) and not (jumps and f is soft) else np.nan
        # JAX finds no derivative of 1 / inf.
        endless = "escape_exponential" in text and "peak" in text
        in_a_sum = "product" in text or (plain and ("mix" in text or "asym" in text))  # which is searched as a whole
        no_number = "sech_squared" in text and (in_a_sum if f is soft else dtype != "float64")
        # Nor which number of an array in a closure moves which jump.
        hides_arrays = plain and bool(np.ptp(numbers, axis=1).any())
        jumping = "rectangle", "step", "saturating", "s2nn", "asym", "half"
        # And a jump of weight 0 does not show.
        has_none = plain and bool((numbers == 0).any())
        no_number |= (hides_arrays or has_none) and any(name in text for name in jumping)
        # Within a program the search for S takes fewer rounds, which in float64 may not do for a wave.
        is_wave = "product" in text and ("fourier" in text or "periodic" in text)
        no_number |= f is soft and dtype == "float64" and is_wave
        off = np.nan if endless else off
        yield what + at, functools.partial(learned, f is slope), np.sum(weights * moved), off, no_number

    has_bounds = ~np.isnan(high).any() and (residual != "own" or np.isfinite([low, high]).all())
    code, of_slope, of_range, largest = CODES[residual if has_bounds or not CODES[residual][2] else "none"]
    noise = surrofun.escape(g, jax.random.key(int(rng.integers(1000)))) if step == "escape" else None
    spike = make_spike(g, step=noise or STEPS[step][0], residual=code, forward_mode=forward_mode)
    if noise:
        fired = np.where(np.isinf(whole), INF, np.clip(soft_steps, 0.0, 1.0))
        spikes = functools.partial(jax.jit(spike), jnp.tile(x, (DRAWS, 1)))
        off = close * (1 + abs(soft_steps).max(0)) + 5.5 / 2 / DRAWS**0.5
        yield "rate" + at, lambda: spikes().reshape(DRAWS, *x.shape).mean(0, jnp.float32), fired, off
    else:
        yield "spikes", lambda: WAYS[way](spike)(x), STEPS[step][1](xs), 0.0
    draws, loop = (DRAWS, "jit") if residual == "sampled" else (1, way)  # each row needs another key

    def by_x():
        of_many = jax.grad(lambda x: WAYS[loop](spike)(x).sum())(jnp.tile(x, (draws, 1)))
        return of_many.reshape(draws, *x.shape).mean(0)

    kept = np.where(abs(slopes) > largest, INF, slopes)
    off = digits + 1 / largest + np.nan_to_num(size(of_slope * kept)) + np.nan_to_num(of_range * size(high - low))
    yield "by x" + at, by_x, kept, off


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    jax.config.update("jax_numpy_dtype_promotion", "strict")
    for name, f in OURS.items():
        register(name, f)
    seed, end, tally, failed = options.seed, time.monotonic() + options.seconds, collections.Counter(), 0
    while time.monotonic() < end:
        wrong, refused = attempt(seed)
        print(*wrong, sep="\n", end="\n" * bool(wrong), flush=True)
        seed, failed = seed + 1, failed + bool(wrong)
        tally.update(refused)
        if seed % 8 == 0:  # else the programs fill the memory, or the maps that a process may have
            jax.clear_caches()
    print(f"{seed - options.seed} compositions, {failed} of them wrong; refused:", *tally.most_common(), sep="\n")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
