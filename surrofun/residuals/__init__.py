"""What is kept of the slope for the backward pass.

A code of your own is a function `code(g, x)` of a shape, whose parameters
are bound, and of the potential. It returns a tuple of three:

    encode(slope, *operands)         what is kept, arrays of any nesting
    decode(kept, like, *operands)    the slope; like: an array like it
    operands                         arrays that both take, in a tuple

The slope has the dtype of x, its bounds at least float32. Pass keys and
computed values, such as a bound, as operands. Clip the slope: a user may
have declared bounds that it exceeds. Where a parameter is differentiated,
x is kept instead, and what is encoded is dropped.

This code keeps four bits a spike and packs two neighbours on the last axis
into a byte. The axis has an even size; no slope of the shape is negative:

>>> import jax, jax.numpy as jnp
>>> from surrofun import bounds, make_spike, shapes
>>> def encode(slope, highest):
...     share = slope.astype(highest.dtype) / highest
...     level = jnp.rint(15 * share).astype(jnp.uint8)
...     return level[..., ::2] | level[..., 1::2] << 4
>>> def decode(kept, like, highest):
...     level = jnp.stack([kept & 15, kept >> 4], -1).reshape(like.shape)
...     share = level.astype(highest.dtype) / 15
...     return (highest * share).astype(like.dtype)
>>> def four_bits(g, x):
...     return encode, decode, (bounds(g)[1],)
>>> spike = make_spike(shapes.triangle, residual=four_bits)
>>> x = jnp.array([[-2.0, -0.2], [0.0, 0.6]])
>>> jax.grad(lambda x: spike(x).sum())(x).round(1)
Array([[0. , 0.8],
       [1. , 0.4]], dtype=float32)

Define encode and decode in a module, decorated with `jax.jit`; the code may
be any function. With an encode or a decode that is not known to be pure, a
spike is traced again at each call.
"""

from .codes import code_converted as code_converted
from .codes import code_of as code_of
from .codes import sampled as sampled
