"""What the tests compare with: formulas in NumPy, in float64, and the ways to give a shape its parameter.

Nothing here takes a slope from surrofun. For each shape g(x; a): `slope` is g, `dx` and `da` are its derivatives and
`soft_da` is the derivative by a of its integral from minus infinity.
"""

import contextlib
import functools
import gc
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

import surrofun
from surrofun import antiderivative, combinator, make_spike, scale, shape, shapes, sign


def f64(*values):
    return (np.asarray(v, np.float64) for v in values)


def elementwise(**formulas):
    return SimpleNamespace(**{k: (lambda x, a, f=f: f(*f64(x, a))) for k, f in formulas.items()})


FAST = elementwise(  # 1 / (1 + a |x|)^2, the derivative of x / (1 + a |x|) + 1 / a
    slope=lambda x, a: (1 + a * np.abs(x)) ** -2,
    dx=lambda x, a: -2 * a * np.sign(x) * (1 + a * np.abs(x)) ** -3,
    da=lambda x, a: -2 * np.abs(x) * (1 + a * np.abs(x)) ** -3,
    soft_da=lambda x, a: -x * np.abs(x) * (1 + a * np.abs(x)) ** -2 - a**-2,
)
TRIANGLE = elementwise(  # a max(0, 1 - a |x|)
    slope=lambda x, a: a * np.maximum(0, 1 - a * np.abs(x)),
    dx=lambda x, a: -(a**2) * np.sign(x) * (a * np.abs(x) < 1),
    da=lambda x, a: (1 - 2 * a * np.abs(x)) * (a * np.abs(x) < 1),
    soft_da=lambda x, a: x * np.maximum(0, 1 - a * np.abs(x)),
)
LAPLACE = elementwise(  # exp(-a |x|); its soft step is exp(a x) / a below the threshold, (2 - exp(-a x)) / a above it
    slope=lambda x, a: np.exp(-a * np.abs(x)),
    soft=lambda x, a: np.where(x < 0, np.exp(-a * np.abs(x)), 2 - np.exp(-a * np.abs(x))) / a,
    soft_da=lambda x, a: (
        np.exp(-a * np.abs(x)) * (x / a - np.where(x < 0, 1, -1) / a**2) - np.where(x < 0, 0, 2) / a**2
    ),
)


def fast(x, a):
    """A user's shape: a plain function that knows nothing of surrofun."""
    return 1 / jnp.square(1 + a * jnp.abs(x))


def hat(x):
    return jnp.maximum(0, 1 - jnp.abs(x))


def laplace(x, a):
    """Like `fast`; `shapes.laplace` declares its facts."""
    return jnp.exp(-a * jnp.abs(x))


def tent(x, alpha=1.0):
    return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))


def fixed(x):
    """`fast` without a parameter."""
    return fast(x, 2.0)


@shape
def picky(x, alpha=1.0):
    """A shape that asks for the value of its parameter: it is traced, and then evaluated directly."""
    return tent(x, alpha) if alpha > 0 else jnp.zeros_like(x)


@make_spike
def decorated(x, a=2.0):
    """A spike at module level."""
    return fast(x, a)


@shape
def declared(x, a=2.0):
    """A shape at module level."""
    return fast(x, a)


# Combinators of a user's, which declare nothing, and which declare what they can.


@combinator
def mirror(x, g):
    return g(-x)


@combinator
def power(x, g, p=2.0):
    return g(x) ** p


@combinator(
    soft=lambda x, g: -antiderivative(g)(-x),
    bounds=lambda g: surrofun.bounds(g),
    around=lambda g: [(-c, w) for c, w in surrofun.around(g)],
)
def told_mirror(x, g):
    return g(-x)


@combinator(bounds=lambda g, p=2.0: [end**p for end in surrofun.bounds(g)], around=lambda g, p=2.0: surrofun.around(g))
def told_power(x, g, p=2.0):
    return g(x) ** p


def at_call_time(make, a):
    spike = make(fast)
    return lambda x: spike(x, a)


# How the shape gets its parameter a: `build(make, a)` is a spike function of x alone.
KINDS = {
    "none": SimpleNamespace(
        build=lambda make, a: make(fixed), **{k: (lambda x, a, f=f: f(x, 2.0)) for k, f in vars(FAST).items()}
    ),
    "call": SimpleNamespace(build=at_call_time, **vars(FAST)),
    "closed": SimpleNamespace(build=lambda make, a: make(lambda x: fast(x, a)), **vars(FAST)),
    "composed": SimpleNamespace(build=lambda make, a: make(scale(shapes.triangle, a)), **vars(TRIANGLE)),
}
KINDS["none"].da = KINDS["none"].soft_da = lambda x, a: np.zeros(np.broadcast_shapes(np.shape(x), np.shape(a)))

# How the spike is made, with the step it then takes.
MAKERS = {
    "bare": SimpleNamespace(make=make_spike, step=lambda x: 1.0 * (x >= 0)),
    "options": SimpleNamespace(make=make_spike(step=sign), step=lambda x: np.where(x >= 0, 1.0, -1.0)),
    "forward_mode": SimpleNamespace(make=make_spike(forward_mode=True), step=lambda x: 1.0 * (x >= 0)),
}

# A tracer that is closed over is what the makers may treat differently, forward mode one at call time, too.
PAIRS = [
    *((kind, "bare") for kind in KINDS),
    ("closed", "options"),
    ("closed", "forward_mode"),
    ("call", "forward_mode"),
]
CASES = {f"{kind}-{maker}": (KINDS[kind], MAKERS[maker]) for kind, maker in PAIRS}

X = np.array([[-1.5, -0.25, 0.0], [0.125, -0.0, 2.0], [-0.375, 0.3, 0.45], [0.05, -0.6, 0.9]], np.float32)
C = np.array([[1.0, -2.0, 0.5], [3.0, 1.0, 2.0], [-1.0, 0.25, 1.5], [2.0, -0.5, 1.0]], np.float32)  # the cotangent
A = np.float32(1.75)

close = functools.partial(np.testing.assert_allclose, rtol=2e-5, atol=2e-6)


def gradient(spike, x, *args, **kwargs):
    return jax.grad(lambda x: spike(x, *args, **kwargs).sum())(jnp.asarray(x))


def logistic(x):
    return 1 / (1 + np.exp(-x))


def lif(step, slope, w, xs, cs, alphas, leak=0.9):
    """Spikes of v = leak v + w x - z and, by hand, the gradient by w of sum(c z), through time."""
    w, xs, cs = f64(w, xs, cs)
    v = z = np.zeros_like(xs[0])
    us, zs = [], []
    for x in xs:
        v = leak * v + w * x - z
        z = step(v - 1)
        us.append(v - 1)
        zs.append(z)
    dv, dw = np.zeros_like(v), np.zeros_like(w)
    for u, x, c, a in zip(us[::-1], xs[::-1], cs[::-1], alphas[::-1], strict=True):
        dv = (c - dv) * slope(u, a) + leak * dv
        dw = dw + (dv * x).sum(0)
    return np.array(zs), dw


def equations(jaxpr):
    """Count the equations of a program, with those of the programs inside."""
    inner = [v for eqn in jaxpr.eqns for p in eqn.params.values() for v in (p if isinstance(p, tuple | list) else [p])]
    return len(jaxpr.eqns) + sum(
        equations(getattr(v, "jaxpr", v)) for v in inner if hasattr(v, "eqns") or hasattr(v, "jaxpr")
    )


@contextlib.contextmanager
def checking_leaks():
    """Make an error of a tracer that is left behind; all objects are looked through, so what is there is put aside."""
    gc.collect()
    gc.freeze()
    with jax.checking_leaks():
        yield


@contextlib.contextmanager
def noted_events():
    """Note what JAX traces, lowers and compiles, in turn, by the names of its events."""
    seen = []

    def note(event, seconds, **_):
        seen.append(event.rpartition("/")[2])

    jax.monitoring.register_event_duration_secs_listener(note)
    yield seen
    jax.monitoring.unregister_event_duration_listener(note)
