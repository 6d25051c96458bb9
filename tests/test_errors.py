"""Bad input: who complains, what was expected, what came."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import sample
from reference import gradient, hat, mirror, power  # noqa: F401, by name
from test_trees import Bell  # noqa: F401, by name
from transcript import NAMES, assert_raises, rows

from surrofun import make_spike, mix, normalize, scale, shapes, shift


def plain(x, width=1.0):
    return jnp.exp(-jnp.abs(x / width))


def ported(input_, grad_input, spikes):
    return grad_input / (1 + jnp.abs(input_)) ** 2


class Neuron:
    @make_spike
    def fire(x):
        return jnp.exp(-x * x)


def too_many(x):
    return jnp.ones((2, 4))


def too_few(x):
    return x[:2]


HERE = {
    **globals(),
    **{"key": jax.random.key(0), "x": jnp.ones(4), "spike": make_spike(shapes.triangle)},
    "deep": functools.reduce(lambda g, _: shift(g, 1.0), range(51), shapes.atan),
}

# What takes a shape, and what a shape is not

TAKE_A_SHAPE = [
    *("scale(g, 2.0)", "scale(g)", "shift(g, 2.0)", "mix(atan, g)", "asym(g, atan)", "asym(atan, g)", "mirror(g)"),
    *("normalize(g, area=1.0)", "normalize(g, peak=1.0)", "power(g)", "make_spike(g)", "antiderivative(g)"),
    *("derivative(g)", "area(g)", "bounds(g)", "around(g)", "escape(g, key)", "flow(g, x)", "fit_alpha(g, x)"),
    *("register('a_name', g)", "shape(g)", "describe(g)"),
]
NO_SHAPES = {
    "2.0": "float 2.0",
    "'atan'": "str 'atan'; shapes.atan, if the catalogue has it, or parse('atan') reads a shape from text",
    "None": "NoneType None",
    "(triangle, atan)": "tuple (triangle, atan); give them one by one",
    "jnp.ones(3)": "an array of shape (3,); a shape with a parameter is written by keyword, as in sigmoid(alpha=4.0)",
    "sigmoid(4.0)": f"ArrayImpl {shapes.sigmoid(4.0)!r}; a shape with a parameter is written by keyword, as in "
    "sigmoid(alpha=4.0)",
    "scale": "...",
    "heaviside": "the step heaviside; it goes forward, make_spike(g, step=heaviside)",
    "staircase(3)": "the step staircase(n=3); it goes forward, make_spike(g, step=staircase(n=3))",
    "ternary(threshold=0.5)": "the step ternary(threshold=0.5); it goes forward, ...",
    "escape(atan, jax.random.key(0))": "the step escape(atan, ...); it goes forward, ...",
    "jax.custom_vjp(plain)": "plain, a jax.custom_vjp, as a finished spike is; if it is a shape, ...",
    "make_spike(atan)": "the spike function of atan; give the shape itself",
    "make_spike(lambda x: x)": "the spike function of <lambda>; give the shape itself",
    "make_spike(jnp.cos, step=jnp.sin)": "the spike function of cos; give the shape itself",
    "partial(sigmoid, 4.0)": "sigmoid(4.0), which gives 4.0 to x, ...; give it by keyword, alpha=4.0, or if x is ...",
    "partial(plain, 2.0)": "plain(2.0), which gives 2.0 to x, the place of the potential; give it by keyword, "
    "width=2.0, or if x is no potential, write lambda x: plain(2.0, x)",
    "partial(plain, jnp.ones(3))": "plain(<float32[3]>), which gives <float32[3]> to x, ...",
}


@pytest.mark.parametrize("call", TAKE_A_SHAPE)
def test_what_is_no_shape(call):
    who = call.partition("(")[0]
    spikes = tuple(g for g, came in NO_SHAPES.items() if came.startswith("the spike function"))
    as_decorator = {"make_spike": "None", "shape": "None", "register": ("None", "scale")}
    allowed = {**as_decorator, "describe": spikes}.get(who, ())
    for g, came in NO_SHAPES.items():
        text = f"TypeError: {who}: expected a shape, that is a function g(x, *params), got {came}"
        if g not in allowed:
            assert_raises(call, text, **HERE, g=eval(g, NAMES | HERE))


TAKE_A_NUMBER = {
    **{"scale(atan, p)": "alpha", "scale(atan, height=p)": "height", "shift(atan, p)": "by", "power(atan, p)": "p"},
    **{"mix(atan, circ, weights=(1.0, p))": "weights", "mix(atan, weights=(p,))": "weights"},
    **{"normalize(atan, area=p)": "area", "normalize(atan, peak=p)": "peak"},
}


@pytest.mark.parametrize("call", TAKE_A_NUMBER)
def test_what_is_no_number(call):
    who, name = call.partition("(")[0], TAKE_A_NUMBER[call]
    text = f"TypeError: {who}: expected as {name} a number or an array that broadcasts against x, got "
    for p, came in (("2", "str '2'"), ([1.0], "list [1.0]"), (1j, "complex 1j"), ({}, "dict {}"), (shapes.atan, "...")):
        assert_raises(call, text + came, **HERE, p=p)
    if who != "normalize":  # None is the default of both its parameters
        assert_raises(call, text + "NoneType None", **HERE, p=None)


NO_FUNCTIONS = {"soft": "float 1.0", "bounds": "tuple (0.0, 1.0)", "around": "list [(0.0, 1.0)]"}


@pytest.mark.parametrize("fact", NO_FUNCTIONS)
@pytest.mark.parametrize(("who", "of"), [("shape", "the parameters"), ("combinator", "x and parts")])
def test_a_fact_that_is_no_function(who, of, fact):
    _, given = NO_FUNCTIONS[fact].split(" ", 1)
    text = f"TypeError: {who}: expected a function of {of} as {fact}, got {NO_FUNCTIONS[fact]}"
    for call in (f"{who}(hat, {fact}={given})", f"{who}({fact}={given})(hat)"):
        assert_raises(call, text, **HERE)


# Of one function each

ERRORS = """
>>> make_spike(sigmoid, step=3.0)
>>> make_spike(step=3.0)
TypeError: make_spike: expected a function as step, got float 3.0
>>> make_spike(sigmoid, step=heaviside(0.0))
TypeError: make_spike: expected a function as step, got ... by keyword, heaviside(at_zero=0.0)
>>> make_spike(sigmoid, step=None)
TypeError: make_spike: expected a function as step, got NoneType None
>>> make_spike(sigmoid, step=staircase)
TypeError: make_spike: expected a step, got staircase, which makes one: step=staircase(5)
>>> make_spike(step=escape)
TypeError: make_spike: expected a step, got escape, which makes one: step=escape(g, key)
>>> make_spike(staircase)
>>> scale(escape)
TypeError: ...: expected a shape, that is a function g(x, *params), got the step ...; it goes forward, ...
>>> register('nothing', lambda: 0)
TypeError: register: expected a function of the potential, g(x, *params), got <lambda>()
>>> report({'runs': {}})
TypeError: report: expected what check returned, as in report(check(g)), got dict {'runs': {}}
>>> make_spike(hat, forward_mode=3)
TypeError: make_spike: expected True or False as forward_mode, got int 3
>>> make_spike(sigmoid, learnable='alpha')
>>> make_spike(learnable='alpha')
TypeError: make_spike: expected True or False as learnable, for all parameters together, got str 'alpha'
>>> make_spike(alpha=4.0)
>>> make_spike(sigmoid, alpha=4.0)
TypeError: make_spike: has no option alpha; a parameter belongs to the shape: sigmoid(alpha=4.0)
>>> make_spike(plain, width=4.0)
TypeError: ... to the shape: functools.partial(plain, width=4.0), or with @shape plain(width=4.0)
>>> make_spike(hat, width=4.0)
TypeError: make_spike: has no option width; neither has hat, which takes x alone
>>> make_spike(superspike, alpha=4.0)
TypeError: make_spike: has no option alpha; neither has superspike, which takes beta
>>> make_spike(hat, learnabel=True)
TypeError: make_spike: has no option learnabel; did you mean learnable?
>>> shape(ported)
TypeError: shape: ported takes grad_input, the gradient that comes in; return only the factor on it, ...
>>> make_spike(ported)
TypeError: make_spike: ported takes grad_input, the gradient that comes in; return only the factor on it, ...
>>> make_spike(hat, residual=sampled)
TypeError: make_spike: expected a residual, got sampled, which makes one: residual=sampled(key)
>>> make_spike(sigmoid, residual='byte')
TypeError: ...: expected as residual None, a float dtype, uint8, 'bit', sampled(key), a pair ... got str 'byte'
>>> make_spike(sigmoid, residual=spike)
>>> make_spike(sigmoid, residual=key)
>>> make_spike(sigmoid, residual=hat)
>>> make_spike(sigmoid, residual=lambda: 1)
>>> make_spike(sigmoid, residual=('f4', 'f8'))
>>> make_spike(sigmoid, residual=(None, None))
>>> make_spike(sigmoid, residual=jnp.zeros(3))
>>> make_spike(sigmoid, residual='float4_e2m1fn')
>>> make_spike(sigmoid, residual=np.longdouble)
>>> make_spike(sigmoid, residual='f4,,')
>>> make_spike(sigmoid, residual='float8_e8m0fnu')
>>> make_spike(sigmoid, residual=jnp.int16)
TypeError: ...: expected as residual ..., got ...
>>> make_spike(sigmoid, residual=jnp.uint8, forward_mode=True)
ValueError: ... does not go with forward_mode=True...
>>> spike()
TypeError: triangle: expected the potential as x, got nothing
>>> spike(alpha=2.0)
TypeError: triangle: expected the potential as x, got alpha
>>> make_spike(lambda v: v)(x=2.0)
TypeError: <lambda>: expected the potential as v, got x
>>> spike(None)
TypeError: triangle: expected a real floating point potential, got NoneType None...
>>> spike('0.5')
TypeError: triangle: expected a real floating point potential, got str '0.5'...
>>> triangle(0.25 + 1j)
TypeError: triangle: expected a real potential, got dtype complex64
>>> sign(0.25 + 1j)
TypeError: sign: expected a real potential, got dtype complex64
>>> staircase(3)(1j)
TypeError: staircase: expected a real potential, got dtype complex64
>>> escape(sigmoid, key)(1j)
TypeError: escape: expected a real potential, got dtype complex64
>>> antiderivative(sigmoid)(1j)
TypeError: antiderivative: expected a real potential, got dtype complex64
>>> derivative(jnp.tanh)(1j)
TypeError: derivative: expected a real potential, got dtype complex64
>>> Neuron().fire(x)
TypeError: fire: expected a real floating point potential, got Neuron ...; as an attribute of a class, it has to be...
>>> spike(1.0, steepness=2.0)
TypeError: ...steepness...
>>> jax.grad(make_spike(shape(lambda x: jax.lax.complex(x, x))))(0.3)
TypeError: <lambda>: expected a result that is one real array, got dtype complex64
>>> scale(lambda x: jax.lax.complex(x, x), 2.0)(0.3)
TypeError: scale: expected a result that is one real array, got dtype complex64
>>> antiderivative(lambda x: jax.lax.complex(x, x))(0.3)
TypeError: <lambda>: expected a slope that is one real array, got dtype complex64
>>> combinator(lambda x, g: g)(sigmoid)(0.3)
TypeError: <lambda>: expected a result that is one real array, got Partial sigmoid
>>> sigmoid(object())
TypeError: sigmoid: expected a real floating point potential, got object <object object at ...>
>>> sigmoid(Neuron())
TypeError: sigmoid: expected a real floating point potential, got Neuron ...; as an attribute of a class, it has to...
>>> make_spike(sigmoid)(2**70)
>>> sigmoid(2**70)
TypeError: sigmoid: expected a real floating point potential, got int 1180591620717411303424
>>> sigmoid(np.ma.array([0.5, 2.0]))
>>> make_spike(sigmoid)(np.ma.array([0.5, 2.0]))
TypeError: sigmoid: expected a real floating point potential, got a masked array of shape (2,)
>>> make_spike(sigmoid)(plain)
TypeError: sigmoid: expected a real floating point potential, got function plain; to decorate a function, write
@make_spike, without a shape
>>> scale()
TypeError: scale: takes (g, alpha=1.0, *, height=1.0), missing a required argument: 'g'
>>> mirror(atan, 2.0)
TypeError: mirror: takes (g), too many positional arguments
>>> power(atan, q=2.0)
TypeError: power: takes (g, p=2.0), got an unexpected keyword argument 'q'
>>> scale(triangle, 0.0)
ValueError: scale: expected a positive alpha, got 0.0; height= may be of either sign
>>> scale(triangle, float('nan'))
ValueError: scale: expected a positive alpha, got nan; height= may be of either sign
>>> scale(triangle, np.float32(-2))
ValueError: scale: expected a positive alpha, got -2.0; height= may be of either sign
>>> scale(triangle, jnp.array([1.0, 0.0]))
ValueError: scale: expected a positive alpha, got <float32[2]>; height= may be of either sign
>>> mix()
ValueError: mix: expected at least one shape, got none
>>> mix(triangle, atan, weights=(0.5,))
>>> mix(triangle, atan, weights=jnp.ones((1, 2)))
>>> mix(triangle, atan, weights=0.5)
>>> mix(triangle, atan, weights=jnp.float32(0.5))
ValueError: mix: expected one weight for each of 2 shapes, got 1 weight...
>>> mix(triangle, atan, weights=np.ones(3))
>>> jax.jit(lambda w: mix(triangle, atan, weights=w)(1.0))(jnp.ones(3))
ValueError: mix: expected one weight for each of 2 shapes, got 3 weights
>>> mix(triangle, atan, weights=())
>>> mix(triangle, atan, weights=jnp.zeros(0))
ValueError: mix: expected one or more numbers as weights, got none
>>> normalize(triangle)
TypeError: normalize: expected exactly one of area= and peak=, got none
>>> normalize(triangle, area=1.0, peak=1.0)
TypeError: normalize: expected exactly one of area= and peak=, got both
>>> normalize(triangle, area=0.0)
ValueError: normalize: expected a positive area, got 0.0
>>> normalize(triangle, peak=jnp.array([1.0, -1.0]))
ValueError: normalize: expected a positive peak, got <float32[2]>
>>> jax.grad(lambda alpha: normalize(scale(reciprocal, alpha), area=1.0)(0.5))(2.0)
ValueError: normalize: expected a shape of finite, positive area, got inf; of a soft step S, take derivative(S)...
>>> combinator(3.0)
TypeError: combinator: expected a function of x and parts as formula, got float 3.0
>>> combinator(lambda: 1.0)
TypeError: combinator: expected a formula of x, and of parts by name or as *gs, got <lambda>()
>>> shape(Bell(2.0))
TypeError: shape: expected a function, got Bell(alpha=2.0), whose numbers would never learn; write a function of it,
shape(lambda x, bell: bell(x), soft=...)(bell=...)
>>> shape(scale(atan, 2.0), bounds=lambda: (0.0, 9.0))
TypeError: shape: expected a function, got scale(atan, 2.0), whose numbers would never learn; write a function of it,
shape(lambda x, bell: bell(x), soft=...)(bell=...)
>>> combinator(max)
TypeError: combinator: expected a formula of x, and of parts by name or as *gs, got max
>>> combinator(lambda g: g)
TypeError: combinator: expected a formula of x, and of parts by name or as *gs, got <lambda>(g)
>>> combinator(Bell(2.0))
TypeError: combinator: expected a function, got Bell(alpha=2.0), whose numbers would never learn; make it a parameter
of the formula
>>> shape(plain, bounds=lambda height: (0.0, 1.0))
TypeError: plain: expected of bounds= the parameters (width=1.0), got (height)
>>> shape(plain, around=lambda height=1.0: [(0.0, height)])
TypeError: plain: expected of around= the parameters (width=1.0), got (height=1.0)
>>> shape(lambda: 1.0)
TypeError: shape: expected a function of the potential, g(x, *params), got <lambda>()
>>> make_spike(lambda: 1.0)
TypeError: make_spike: expected a function of the potential, g(x, *params), got <lambda>()
>>> shape(plain, soft=lambda: 0.0)
TypeError: <lambda>: expected as soft= a function of x, and of parameters, got <lambda>()
>>> shape(plain, soft=lambda width: width)
TypeError: plain: expected as soft= a function of x first, and of parameters, got width first
>>> shape(plain, soft=lambda x, width, height: x)
TypeError: plain: expected of soft= the parameters (width=1.0), got (width, height)
>>> combinator(lambda x, g, *, a=1.0: g(x), soft=lambda x, g: x)
TypeError: <lambda>: expected of soft= the parameters (g, *, a=1.0), got (g)
>>> combinator(lambda x, g, a=1.0, b=2.0: a * g(x) + b, bounds=lambda g, b, a: (b, a))
TypeError: <lambda>: expected of bounds= the parameters (g, a=1.0, b=2.0), got (g, b, a)
>>> combinator(lambda x, *gs, a=1.0: gs[0](x), bounds=lambda a=1.0: (0.0, 1.0))
TypeError: <lambda>: expected of bounds= the parameters (*gs, a=1.0), got (a=1.0)
>>> combinator(lambda x, *gs: gs[0](x), bounds=lambda gs: (0.0, 1.0))
TypeError: <lambda>: expected of bounds= the parameters (*gs), got (gs)
>>> bounds(shape(hat, bounds=lambda: 3))
TypeError: hat: expected of bounds= a pair (lowest, highest), got int 3
>>> around(shape(hat, around=lambda: (0.0, 1.0)))
TypeError: hat: expected of around= a list of pairs (centre, width), got (0.0, 1.0)
>>> sampled(0)
TypeError: sampled: expected a random key, ...int 0
>>> sampled(jnp.ones(2))
TypeError: sampled: expected a random key, ...an array of shape (2,)
>>> sampled(jax.random.split(key, 3))
TypeError: sampled: expected one random key, got an array of keys of shape (3,)
>>> escape(hat, 0)
TypeError: escape: expected a random key, ...int 0
>>> escape(reciprocal, key)(jnp.ones(3))
ValueError: escape: expected a shape of finite area, got reciprocal...
>>> make_spike(superspike, step=escape(sigmoid, key))(x, 25.0)
>>> make_spike(superspike, step=escape(sigmoid, key))(x, beta=25.0)
>>> jax.jit(make_spike(superspike, step=escape(sigmoid, key)))(x, 25.0)
TypeError: escape: the parameters of the call may belong to the surrogate superspike or to the noise sigmoid; give
each shape its own before, as in sigmoid(alpha=4.0)
>>> staircase(0)
ValueError: staircase: expected as n a whole number of at least 1, got 0
>>> staircase(2.0)
ValueError: staircase: expected as n a whole number of at least 1, got 2.0
>>> staircase(True)
ValueError: staircase: expected as n a whole number of at least 1, got True
>>> epanechnikov(n=0)(x)
>>> bounds(epanechnikov, n=0)
>>> antiderivative(epanechnikov(n=0))(x)
ValueError: epanechnikov: expected as n a whole number of at least 1, got 0
>>> p_norm(n=1)(x)
>>> bounds(p_norm, n=1)
>>> antiderivative(p_norm(n=1))(x)
ValueError: p_norm: expected as n a whole number of at least 2, got 1
>>> squarewave_fourier(n=2.5)(x)
>>> bounds(squarewave_fourier, n=2.5)
>>> antiderivative(squarewave_fourier(n=2.5))(x)
ValueError: squarewave_fourier: expected as n a whole number of at least 1, got 2.5
>>> sigmoid(beta=3.0)
>>> bounds(sigmoid, beta=3.0)
>>> antiderivative(sigmoid)(beta=3.0)
>>> antiderivative(sigmoid)(x, beta=3.0)
>>> area(mix(sigmoid, atan), beta=3.0)
TypeError: sigmoid: takes (alpha=4.0), got an unexpected keyword argument 'beta'
>>> superspike(beta=10.0)(x, 1.0)
>>> make_spike(superspike(beta=10.0))(x, 1.0)
>>> jax.jit(make_spike(scale(superspike(beta=10.0), 2.0)))(x, 1.0)
TypeError: superspike: takes (beta=10.0), multiple values for argument 'beta'; a threshold is subtracted from x
>>> make_spike(superspike)(x, threshold=1.0)
TypeError: superspike: takes (beta=10.0), got an unexpected keyword argument 'threshold'; a threshold is subtracted...
>>> superspike(beta=jnp.array(4 + 1j))
>>> make_spike(superspike)(x, jnp.array(4 + 1j))
TypeError: superspike: expected real numbers as beta, got dtype complex64
>>> superspike(beta=np.array(['a']))
TypeError: superspike: expected real numbers as beta, got dtype <U1
>>> make_spike(jax.tree.map(lambda beta: np.full(1, 2, "m8[s]"), superspike(beta=2.0)))(x)
TypeError: superspike: expected real numbers as beta, got dtype timedelta64[s]
>>> scale(superspike, np.timedelta64(2, "ns"))
TypeError: scale: expected real numbers as alpha, got dtype timedelta64[ns]
>>> superspike(x, np.timedelta64(2, "ns"))
TypeError: superspike: expected a number or an array as beta, got timedelta64 np.timedelta64(2,'ns')
>>> superspike(beta=np.ma.ones(3))
TypeError: superspike: expected real numbers as beta, got a masked array
>>> scale(superspike, key)
TypeError: scale: expected real numbers as alpha, got dtype key<fry>
>>> scale(superspike, np.complex64(1j))
TypeError: scale: expected real numbers as alpha, got dtype complex64
>>> flow(sigmoid, x, axis=1)
ValueError: flow: expected as axis one or several of an array of shape (4,), got 1
>>> flow(sigmoid, x, axis=(0, -1))
ValueError: flow: expected as axis one or several of an array of shape (4,), got (0, -1)
>>> flow(sigmoid, x, axis='time')
ValueError: flow: expected as axis one or several of an array of shape (4,), got 'time'
>>> flow(sigmoid, jnp.zeros((0, 3)))
ValueError: flow: expected at least one potential, got an array of shape (0, 3)
>>> fit_alpha(sigmoid, jnp.zeros((0, 3)))
ValueError: fit_alpha: expected at least one potential, got an array of shape (0, 3)
>>> flow(hat, jnp.arange(3))
TypeError: hat: expected a real floating point potential, got dtype int32...
>>> flow(jnp.ravel, jnp.ones((2, 3)))
TypeError: ravel: expected a slope that broadcasts to the shape of x, (2, 3), got...
>>> fit_alpha(hat, x, 0)
ValueError: fit_alpha: expected a coverage in (0, 1], got int 0
>>> fit_alpha(hat, x, 1.5)
ValueError: fit_alpha: expected a coverage in (0, 1], got float 1.5
>>> fit_alpha(hat, x, float('nan'))
ValueError: fit_alpha: expected a coverage in (0, 1], got float nan
>>> fit_alpha(hat, x, None)
TypeError: fit_alpha: expected a coverage in (0, 1], got ...None
>>> fit_alpha(hat, x, np.full(2, 0.5))
TypeError: fit_alpha: expected a coverage in (0, 1], got ...shape (2,)
>>> report(check)
TypeError: report: expected what check returned, as in report(check(g)), got function check
>>> report({})
TypeError: report: expected what check returned, as in report(check(g)), got dict {}
>>> report({'loss': 2.0})
TypeError: report: expected what check returned, as in report(check(g)), got dict {'loss': 2.0}
>>> parse('sigmod')
>>> lookup('sigmod')
ValueError: ...no shape is registered as 'sigmod'; did you mean sigmoid?
>>> lookup([])
TypeError: lookup: expected the name of a shape, got list []
>>> describe(lambda x: x)
ValueError: describe: <lambda> is not registered; register('my_shape', g) gives a shape a name...
>>> describe(scale(jnp.cos, 2.0))
ValueError: describe: cos is not registered; register(...
>>> describe(partial(pow, 2.0, 3.0))
TypeError: describe: ...give it by keyword...
>>> describe(partial(sigmoid, beta=2.0))
ValueError: describe: ...sigmoid takes alpha=4.0; got an unexpected keyword...
>>> describe(scale(sigmoid, np.ones(5_000)))
ValueError: describe: ...expected a text of at most 10000 characters, got ...
>>> describe(deep)
ValueError: describe: ...expected at most 50 brackets in one another...
>>> jax.jit(lambda alpha: describe(scale(sigmoid, alpha)))(2.0)
ValueError: describe: a parameter is traced, <float32[]>, ... leave jit or grad first...
"""


@pytest.mark.parametrize(("call", "error"), rows(ERRORS))
def test_what_is_called_wrongly(call, error):
    assert_raises(call, error, **HERE)


# Of a spike, by both rules

OF_A_SPIKE = """
>>> make(hat)(1)
>>> make(hat)([1, 2])
>>> jax.jit(make(hat))(1)
>>> jax.vmap(make(hat))(np.ones(2, np.int32))
TypeError: hat: expected a real floating point potential, got dtype int32; subtract the threshold first, or cast with
x.astype(jnp.float32)
>>> make(hat)(True)
>>> jax.jit(make(hat))(True)
>>> make(hat)(jnp.arange(3) > 1)
TypeError: hat: expected a real floating point potential, got dtype bool; ...
>>> make(hat)(1j)
>>> jax.vmap(make(hat))(jnp.ones((2, 3), jnp.complex64))
TypeError: hat: expected a real floating point potential, got dtype complex64; take x.real or x.imag
>>> make(hat)(np.ones(3, np.uint8))
TypeError: hat: expected a real floating point potential, got dtype uint8; ...
>>> make(too_many)(x)
>>> jax.grad(lambda x: make(too_many)(x).sum())(x)
TypeError: too_many: expected a slope that broadcasts to the shape of x, (4,), got shape (2, 4)
>>> make(too_few)(x)
>>> jax.grad(lambda x: make(too_few)(x).sum())(x)
TypeError: too_few: expected a slope that broadcasts to the shape of x, (4,), got shape (2,)
>>> make(lambda x: x[None])(x)
TypeError: <lambda>: expected a slope that broadcasts to the shape of x, (4,), got shape (1, 4)
>>> make(scale(too_few))(x)
>>> jax.grad(lambda x: make(scale(too_few))(x).sum())(x)
TypeError: scale(too_few): expected a slope that broadcasts to the shape of x, (4,), got shape (2,)
>>> make(hat, step=too_many)(x)
TypeError: too_many: expected a step that broadcasts to the shape of x, (4,), got shape (2, 4)
>>> make(hat, step=too_few)(x)
TypeError: too_few: expected a step that broadcasts to the shape of x, (4,), got shape (2,)
"""
RULES = pytest.mark.parametrize("make", [make_spike, functools.partial(make_spike, forward_mode=True)])


@RULES
@pytest.mark.parametrize(("call", "error"), rows(OF_A_SPIKE))
def test_a_spike_that_is_called_wrongly(call, error, make):
    assert_raises(call, error, **HERE, make=make)


RETURNED = {
    "tuple": lambda x: (x, x),
    "list": lambda x: [x],
    "dict": lambda x: {"slope": x},
    "NoneType": lambda x: None,
    "str": lambda x: "slope",
    "complex64": lambda x: jax.lax.complex(x, x),
    "function": lambda x: jnp.sin,
}


@RULES
@pytest.mark.parametrize("came", RETURNED)
def test_what_comes_back_is_no_real_array(came, make):
    for what, spike in (("slope", make(RETURNED[came])), ("step", make(shapes.triangle, step=RETURNED[came]))):
        with pytest.raises(TypeError, match=rf"^<lambda>: expected a .*{what}.*, got .*{came}"):
            spike(jnp.ones(()))


# Where the values decide: an error where they are concrete, NaN where they are traced

HALF, ONE_OF_TWO = jnp.full(2, 0.5), scale(shapes.triangle, height=jnp.array([1.0, -1.0]))
UNFIT = {
    "area, got inf": normalize(shapes.straight_through, area=1.0),
    "area, got 0.0": normalize(mix(shapes.triangle, shapes.triangle, weights=(1.0, -1.0)), area=1.0),
    "area, got -1.0": normalize(scale(shapes.triangle, height=-1.0), area=1.0),
    "peak, got inf": normalize(shapes.escape_exponential, peak=1.0),
    "peak, got 0.0": normalize(scale(shapes.triangle, height=-1.0), peak=1.0),
    **{f"{measure}, got <float32[2]>": normalize(ONE_OF_TWO, **{measure: 1.0}) for measure in ("area", "peak")},
}


@sample
@pytest.mark.parametrize("came", UNFIT)
def test_normalize_of_no_finite_positive_measure(came):
    hint = "; of a soft step S, take derivative(S)" if came == "area, got inf" else ""
    text = re.escape(f"normalize: expected a shape of finite, positive {came}{hint}")
    with pytest.raises(ValueError, match=f"^{text}$"):
        UNFIT[came](HALF)
    for _ in range(2):  # the numbers of a spike are operands of a compiled program, where nothing can be raised
        if came.endswith("inf"):
            with pytest.raises(ValueError, match=f"^{text}"):  # jax adds notes to it
                gradient(make_spike(UNFIT[came]), HALF)
        else:
            assert jnp.isnan(gradient(make_spike(UNFIT[came]), HALF)[1])


@pytest.mark.parametrize("measure", ["area", "peak"])
def test_normalize_of_no_finite_positive_measure_under_a_trace(measure):
    """Neither a slope of zero nor an infinite one."""

    @jax.jit
    def run(height):
        bases = (scale(shapes.triangle, height=height), scale(shapes.escape_exponential, height=height))
        made = [normalize(g, **{measure: 1.0}) for g in bases]
        return [f(0.5) for g in made for f in (g, jax.grad(make_spike(g)))]

    assert run(2.0)[:2] == [0.5, 0.5]
    assert np.isnan([*run(2.0)[2:], *run(0.0), *run(-1.0)]).all()
