"""Spikes in the neurons of other libraries, each skipped where its library is absent.

A network is asked three times: with the surrogate of its library, with the formula of that as a plain function, and
with the shape of the catalogue. Where a library brings no surrogate, the textbook's custom derivative takes its place.
"""

import functools
import importlib

import dropins
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from needs import needs

from surrofun import describe, heaviside, make_spike, parse, scale, shapes

optax = needs("optax")
pytestmark = pytest.mark.filterwarnings("ignore:.equinox.static_field. is deprecated:UserWarning")  # by snnax

X = jnp.asarray([0.0, -0.0, *dropins.RNG.normal(0, 1, 400), *dropins.RNG.normal(0, 1e-3, 100)], jnp.float32)


@jax.custom_jvp
def textbook(x):
    return (x >= 0).astype(x.dtype)


textbook.defjvps(lambda dx, z, x: dx / (1 + 10 * jnp.abs(x)) ** 2)


def fast_sigmoid(k):
    return lambda x: 1 / (1 + k * jnp.abs(x)) ** 2


def cauchy(x):
    return 1 / (1 + (jnp.pi * x) ** 2)


def logistic(x):
    s = jax.scipy.special.expit(4 * x)
    return 4 * s * (1 - s)


def three_bells(x):
    def bell(mu, sigma):
        return jnp.exp(-((x - mu) ** 2) / (2 * sigma**2)) / jnp.sqrt(2 * jnp.pi) / sigma

    return (bell(0.0, 0.3) * 1.15 - bell(0.3, 1.8) * 0.15 - bell(-0.3, 1.8) * 0.15) * 0.5


# network: the library's own surrogate, its formula, the shape of the catalogue, H(0)
ROWS = {
    "spyx LIF": (("spyx.axn", "superspike", 25), fast_sigmoid(25), "superspike(beta=25.0)", 0.0),
    "spyx ALIF": (("spyx.axn", "triangular", 2), lambda x: jnp.maximum(0, 1 - jnp.abs(2 * x)),
                  "scale(triangle, 2.0, height=0.5)", 0.0),
    "spyx CuBaLIF": (("spyx.axn", "arctan", 2), lambda x: 1 / ((1 + (2 * jnp.pi * x) ** 2) * jnp.pi),
                     "scale(atan, 2.0, height=0.15915494309189535)", 0.0),
    "spyx RLIF": (("spyx.axn", "boxcar", 2, 0.5), lambda x: jnp.where(jnp.abs(x) < 1, 0.5, 0.0),
                  "rectangle(width=2.0)", 0.0),
    "brainpy LIF": (("braintools.surrogate", "ReluGrad"), lambda x: jnp.maximum(0.3 - jnp.abs(x) * 0.3, 0),
                    "scale(triangle, height=0.3)", 1.0),
    "brainpy ALIF": (("braintools.surrogate", "Sigmoid", 4.0), logistic, "sigmoid(alpha=4.0)", 1.0),
    "brainpy Gif": (("braintools.surrogate", "Arctan", 2.0), cauchy, "atan(alpha=2.0)", 1.0),
    "slax LIF": (("slax", "fast_sigmoid", 25), fast_sigmoid(25), "superspike(beta=25.0)", 1.0),
    "slax LTC": (("slax", "multi_gauss"), three_bells, "scale(multi_gaussian(sigma=0.3), height=0.5)", 1.0),
    "snnax SimpleIAF": (("snnax.functional.surrogate", "superspike_surrogate", 10.0),
                        lambda x: 1 / (1 + 10 * jnp.abs(x)), "scale(reciprocal(alpha=10.0), height=0.1)", 1.0),
    "snnax LIF": (("snnax.functional.surrogate", "piecewise_surrogate", 0.5),
                  lambda x: jnp.where(jnp.abs(x) < 0.5, 1.0, 0.0), "rectangle", 1.0),
    "sparx LIF": (("sparx.surrogate", "ATan", 2.0), cauchy, "atan(alpha=2.0)", 1.0),
    "sparx ALIF": (("sparx.surrogate", "FastSigmoid", 25), fast_sigmoid(25), "superspike(beta=25.0)", 1.0),
    "jaxpike LIF": (("jaxpike.surrogate", "FastSigmoid", 25.0), fast_sigmoid(25), "superspike(beta=25.0)", 0.0),
    "jaxpike ALIF": (("jaxpike.surrogate", "ATan", 2.0), cauchy, "atan(alpha=2.0)", 0.0),
    "brainspike iaf_psc_delta": (("braintools.surrogate", "Sigmoid", 4.0), logistic, "sigmoid(alpha=4.0)", 1.0),
    "flax_cell": (None, fast_sigmoid(10), "superspike(beta=10.0)", 1.0),
    "equinox_cell": (None, fast_sigmoid(10), "superspike(beta=10.0)", 1.0),
    "haiku_cell": (None, fast_sigmoid(10), "superspike(beta=10.0)", 1.0),
}  # fmt: skip


def own_surrogate(module, name, *parameters):
    if module.startswith("snnax"):
        dropins.import_snnax()
    return getattr(needs(module), name)(*parameters)


def trained(loss, weights):
    """Return the errors of 40 steps of Adam, and the weights."""
    optimizer = optax.adam(0.05)

    def update(state, _):
        weights, moments = state
        (error, _), gradient = jax.value_and_grad(loss, has_aux=True)(weights)
        updates, moments = optimizer.update(gradient, moments)
        return (optax.apply_updates(weights, updates), moments), error

    run = jax.jit(lambda weights: jax.lax.scan(update, (weights, optimizer.init(weights)), length=40))
    with jax.numpy_dtype_promotion("standard"):  # optax raises a float to an integer power
        (weights, _), errors = run(weights)
    return errors, weights


def asked(loss, weights):
    """Return the spikes of a network and its gradient, in one vector."""
    (_, spikes), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(weights)
    return np.asarray(spikes), np.asarray(ravel_pytree(gradient)[0])


@pytest.mark.usefixtures("optimized")
@pytest.mark.parametrize("name", ROWS)
def test_same_spikes_and_gradients_and_it_trains(name):
    own, formula, expression, at_zero = ROWS[name]
    library, *neuron = name.split()
    network = functools.partial(getattr(dropins, library), *neuron)
    make = functools.partial(make_spike, step=heaviside(at_zero=at_zero))
    spikes = own_surrogate(*own) if own else textbook, make(formula), make(parse(expression))

    np.testing.assert_array_equal([s(X) for s in spikes[1:]], [spikes[0](X)] * 2)
    slope, same, ours = (jax.jit(jax.grad(lambda x, s=s: s(x).sum()))(X) for s in spikes)
    derived = library == "jaxpike"  # by automatic differentiation of a soft step
    np.testing.assert_allclose(same, slope, rtol=0, atol=1e-6 if derived else 0)
    np.testing.assert_allclose(ours, slope, rtol=1e-6, atol=1e-6)  # the same in another order of operations

    (raster, gradient), *others = (asked(*network(s)) for s in spikes)
    assert 0.02 < raster.mean() < 0.98
    np.testing.assert_array_equal([z for z, _ in others], [raster] * 2)
    scale = np.abs(gradient).max()
    # The other libraries compute the slope in a forward-mode rule, which the compiler joins to other operations.
    exact = library in ("spyx", "brainpy")
    np.testing.assert_allclose(others[0][1], gradient, rtol=0, atol=0 if exact else 1e-6 * scale)
    np.testing.assert_allclose(others[1][1], gradient, rtol=0, atol=1e-6 * scale)

    errors, _ = trained(*network(spikes[2]))
    assert errors[-1] < 0.7 * errors[0]


def learned_by_flax():
    nnx = needs("flax.nnx")
    spike = make_spike(shapes.sigmoid, learnable=True)

    class Learned(nnx.Module):
        def __init__(self):
            self.alpha = nnx.Param(jnp.float32(2.0))

        def __call__(self, x):
            return spike(x, self.alpha[...])

    return Learned()


LEARNED = {
    "spyx": (learned_by_flax, functools.partial(dropins.spyx, "LIF")),
    "flax": (learned_by_flax, dropins.flax_cell),
    "equinox": (lambda: make_spike(shapes.sigmoid(alpha=jnp.float32(2.0)), learnable=True), dropins.equinox_cell),
}


@pytest.mark.parametrize(("learned", "network"), LEARNED.values(), ids=LEARNED)
def test_a_learned_steepness_trains(learned, network):
    """The gradient by a parameter that a module holds is in test_trees.py."""
    errors, weights = trained(*network(learned()))
    (alpha,) = (leaf for path, leaf in jax.tree.leaves_with_path(weights) if "alpha" in jax.tree_util.keystr(path))
    assert errors[-1] < 0.7 * errors[0]
    assert abs(alpha - 2) > 0.1


@pytest.mark.filterwarnings("ignore:The `Fire` channel does not support surrogate gradients:UserWarning")
@pytest.mark.filterwarnings("ignore:The 'lsuffix' and 'rsuffix' keywords:DeprecationWarning")  # of pandas, by jaxley
def test_jaxley_fires_as_before_and_has_a_gradient():
    """The channel `Fire` has no place for a spike and a gradient of zero; a subclass of it gives it one."""
    jx = needs("jaxley")
    channels = importlib.import_module("jaxley.channels")
    spike = make_spike(parse("superspike(beta=1.0)"), step=heaviside(at_zero=0.0))

    class SurrogateFire(channels.Fire):
        def update_states(self, states, dt, v, params):
            z = spike(v - params["Fire_vth"])
            return {"v": v + z * (params["Fire_vreset"] - v), "Fire_spikes": z}

    def fired(channel):
        cell = jx.Compartment()
        cell.insert(channels.Leak())
        cell.insert(channel("Fire"))
        cell.set("Leak_gLeak", 1e-3)  # S/cm^2
        cell.record("Fire_spikes", verbose=False)

        def count(current):
            stimulus = cell.data_stimulate(current * jx.step_current(0.1, 4.0, 1.0, 0.025, 5.0))
            spikes = jx.integrate(cell, data_stimuli=stimulus, delta_t=0.025).astype(jnp.float32)
            return spikes.sum(), spikes

        return jax.jit(jax.value_and_grad(count, has_aux=True))(jnp.float32(0.02))

    with jax.numpy_dtype_promotion("standard"):  # jaxley adds integers to potentials
        ((_, theirs), none), ((count, ours), gradient) = fired(channels.Fire), fired(SurrogateFire)
    np.testing.assert_array_equal(ours, theirs)
    assert count == 3
    assert none == 0 != gradient
    assert np.isfinite(gradient)


def test_a_shape_travels_in_the_metadata_of_nir(tmp_path):
    """NIR 1.0 has no place for a surrogate gradient; a text in the metadata of a node is written and read with it."""
    nir = needs("nir")
    g = parse("mix(superspike(beta=25.0), shift(scale(triangle, 2.0), 0.1), weights=(0.7, 0.3))")
    ones = np.ones(3)
    node = nir.LIF(tau=ones, r=ones, v_leak=0 * ones, v_threshold=ones, metadata={"surrogate": describe(g)})
    nir.write(tmp_path / "graph.nir", nir.NIRGraph.from_list(nir.Input(np.array([3])), node))
    read = next(n for n in nir.read(tmp_path / "graph.nir").nodes.values() if "surrogate" in n.metadata)
    text = read.metadata["surrogate"]
    again = parse(text.decode() if isinstance(text, bytes) else str(text))
    assert describe(again) == describe(g)
    want, got = (jax.grad(lambda x, s=s: make_spike(s)(x).sum())(X) for s in (g, again))
    np.testing.assert_array_equal(got, want)


def test_a_neuron_of_ngc_learn_takes_the_slope_of_potential_and_threshold():
    """Its cells do not differentiate: a function d_spike_fx(v, thr) writes the slope into a compartment."""
    cells, compartment = needs("ngclearn.components.neurons.spiking.LIFCell"), needs("ngclearn").Compartment
    g = scale(shapes.atan(alpha=0.2), height=10 / np.pi)

    def run(slope=None):
        cell = cells.LIFCell("cell", 5, tau_m=10.0, thr=1.0, v_rest=0.0, v_reset=0.0, tau_theta=1e3, refract_time=0.0)
        cell.tau_m = compartment(jnp.float32(10.0))  # 3.2.3 asks for its value, and keeps a number
        cell.d_spike_fx = slope or cell.d_spike_fx
        seen = []
        for t in range(12):
            cell.j.set(jnp.linspace(1.0, 9.0, 5)[None])
            cell.advance_state(dt=1.0, t=float(t))
            seen.append([cell.s.get(), cell.surrogate.get()])
        return np.array(seen)

    with jax.numpy_dtype_promotion("standard"):  # it multiplies spikes by numbers
        theirs, ours = run(), run(lambda v, thr, alpha: g(v - thr))
    assert 0.1 < theirs[:, 0].mean() < 0.9
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    ("mode", "expression"),
    [("smooth", "sigmoid(alpha=10.0)"), ("c1", "epanechnikov(width=0.5)"), ("c2", "epanechnikov(width=0.5, n=2)")],
)
def test_a_straight_through_step_of_softjax_is_a_spike(mode, expression):
    """It takes no surrogate of another; in its place, a spike has the same loss and gradient, but H(0) = 1/2."""
    softjax, x = needs("softjax"), X[np.asarray(X) != 0]
    spike = make_spike(parse(expression))

    def loss(step, x):
        return (jnp.cos(x) * step(x - 0.3)).sum()

    with jax.numpy_dtype_promotion("standard"):
        theirs = jax.value_and_grad(functools.partial(loss, functools.partial(softjax.heaviside_st, mode=mode)))(x)
    value, gradient = jax.value_and_grad(functools.partial(loss, spike))(x)
    np.testing.assert_allclose(value, theirs[0], rtol=1e-6)
    np.testing.assert_allclose(gradient, theirs[1], rtol=1e-4, atol=1e-5)
