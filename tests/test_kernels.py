"""Shapes inside of Pallas kernels: equal to plain JAX where they are interpreted, and lowered for TPU and for GPU."""

import contextlib
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import recipes
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from needs import sample
from reference import declared, power

import surrofun
from surrofun import asym, make_spike, mix, normalize, scale, shapes, shift

pytestmark = [pytest.mark.filterwarnings("ignore:The Pallas Triton backend is deprecated:DeprecationWarning"), sample]


COMPOSED = {
    "area of a default": normalize(shapes.superspike, area=1.0),
    "area of a number": normalize(shapes.superspike(beta=5.0), area=1.0),
    "area that is found": normalize(declared, area=1.0),
    "peak": normalize(scale(shapes.atan(alpha=3.0), 2.0), peak=0.5),
    "peak that is found": normalize(power(shapes.gaussian), peak=1.0),
    "parts of parts": mix(
        scale(normalize(shapes.cosine, area=1.0), 2.0, height=0.5),
        asym(shapes.superspike, shift(normalize(mix(shapes.triangle, shapes.gaussian), peak=1.0), 0.25)),
        weights=(0.5, 0.3),
    ),
    "a user's shape": declared,
    "a user's combinator": power(shapes.triangle, 1.5),
    "derivative": surrofun.derivative(jnp.tanh),
    "soft step": surrofun.antiderivative(shapes.sigmoid),
}
EVERY = {**{name: getattr(shapes, name) for name in shapes.__all__}, **COMPOSED}
each = pytest.mark.parametrize("name", EVERY)
X = jnp.array([-jnp.inf, -300.0, -1.3, -0.5, -0.0, 0.0, 0.1, 0.25, 0.5, 0.98, 7.0, jnp.inf, *np.linspace(-3, 3, 116)])


def kernel(g, **options):
    """Return g evaluated inside of a kernel."""

    def body(x, slope):
        slope[...] = g(x[...])

    return lambda x: pl.pallas_call(body, out_shape=jax.ShapeDtypeStruct(x.shape, x.dtype), **options)(x)


@each
def test_in_a_kernel_it_is_what_it_is_outside(name):
    g, xs = EVERY[name], [X.astype(dtype).reshape(8, 16) for dtype in (jnp.float32, jnp.bfloat16)]
    found = jax.jit(lambda xs: [(kernel(g, interpret=True)(x), g(x)) for x in xs])(xs)
    for x, (got, want), off in zip(xs, found, (2e-7, 0), strict=True):
        assert got.dtype == x.dtype
        np.testing.assert_allclose(got.astype(float), want.astype(float), rtol=off)


def lower(f, platform, *arguments):
    """Lower f for a platform that this machine lacks; newer versions of JAX ask which model it is."""
    context = contextlib.nullcontext()
    if jax.__version_info__ >= (0, 11):
        model = ("TPU v5 lite", 1, "tpu") if platform == "tpu" else ("NVIDIA H100 80GB HBM3", None, "gpu")
        device = jax.sharding.AbstractDevice(*model)
        context = jax.sharding.use_abstract_mesh(jax.sharding.AbstractMesh((), (), abstract_device=device))
    with context:
        return jax.jit(f).trace(*arguments).lower(lowering_platforms=(platform,)).as_text()


PLATFORMS = {"tpu": ({}, "tpu_custom_call"), "cuda": ({"compiler_params": triton.CompilerParams()}, "triton")}
each_platform = pytest.mark.parametrize("platform", PLATFORMS)


def skip_a_bitcast_of_scalars(platform):
    """Of `triangle`, whose digits next to the edge come from the bits of its steepness."""
    if platform == "tpu" and jax.__version_info__ < (0, 9):
        pytest.skip("jax 0.8 does not lower `bitcast_convert_type` of a number for TPU")


@each
@each_platform
def test_it_lowers(name, platform):
    options, call = PLATFORMS[platform]
    if "triangle" in EVERY[name].__name__:
        skip_a_bitcast_of_scalars(platform)
    for dtype in (jnp.float32, jnp.bfloat16):
        assert call in lower(kernel(EVERY[name], **options), platform, jax.ShapeDtypeStruct((16, 128), dtype))


EXPRESSIONS = {
    "superspike": shapes.superspike(beta=25.0),
    "triangle": shapes.triangle,
    "composed": mix(normalize(shapes.sigmoid, peak=1.0), shift(scale(shapes.rectangle, 2.0), 0.25)),
}


@pytest.mark.usefixtures("optimized")
@pytest.mark.parametrize("name", ["superspike", "composed"])
def test_the_fused_layer_is_the_scan_to_the_last_bit(name):
    """From jax 0.12.1, to five digits: XLA makes one instruction of some products and sums, which rounds once."""
    g, rng = EXPRESSIONS[name], np.random.default_rng(0)
    currents, cotangents = np.float32([rng.uniform(size=(50, 32)), rng.normal(size=(50, 32))])
    fused = recipes.fused_lif(g, block=16, interpret=True)
    plain = recipes.scanned(recipes.neuron(make_spike(g)))
    pulled = functools.partial(jax.jit(recipes.pulled, static_argnums=0), currents=currents, cotangents=cotangents)
    (spikes, gradient), (wanted, by_scan) = pulled(fused), pulled(plain)
    np.testing.assert_array_equal(spikes, wanted)
    off = 0.0 if jax.__version_info__ < (0, 12, 1) else 1e-5 * abs(by_scan).max()
    np.testing.assert_allclose(gradient, by_scan, rtol=0, atol=off)
    assert 0.2 < spikes.mean() < 0.8
    assert (gradient != 0).mean() > 0.9


@each_platform
def test_the_fused_layer_lowers(platform):
    skip_a_bitcast_of_scalars(platform)
    options, call = PLATFORMS[platform]
    for g in EXPRESSIONS.values():
        layer, x = recipes.fused_lif(g, **options), jax.ShapeDtypeStruct((100, 256), np.float32)
        text = lower(jax.grad(lambda x, layer=layer: layer(x).sum()), platform, x)
        assert text.count(call) == 2  # forward and backward


SPIKES = {
    "plain": make_spike(shapes.triangle),
    "at_zero": make_spike(shapes.periodic_laplace, step=surrofun.heaviside(at_zero=0.0)),
    "forward mode": make_spike(shapes.atan, forward_mode=True),
    "learned": make_spike(scale(shapes.superspike(beta=5.0), 2.0), learnable=True),
    "learned, found": make_spike(power(shapes.gaussian), learnable=True),
    "bit": make_spike(shapes.rectangle, residual="bit"),
    "uint8": make_spike(shapes.sigmoid, residual=jnp.uint8),
    "sampled": make_spike(shapes.sigmoid, residual=surrofun.sampled(jax.random.key(0))),
}


@pytest.mark.parametrize("name", SPIKES)
@each_platform
def test_a_spike_lowers_outside_of_kernels(name, platform):
    def loss(spike, x):
        return jax.lax.scan(lambda v, x: (0.9 * v + x - spike(v - 1), spike(v - 1)), jnp.zeros(64), x)[1].sum()

    lower(jax.grad(loss, (0, 1), allow_int=True), platform, SPIKES[name], jnp.ones((10, 64)))
