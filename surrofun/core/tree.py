"""A shape is a pytree: its floats and arrays are the leaves, everything else is structure.

    superspike(beta=2.0)               Partial(superspike, beta=2.0)
    squarewave_fourier(n=3)            Partial(_bound, Partial(squarewave_fourier), {('NoneType', None): None},
                                               ((), {"n": {('int', 3): None}}))
    scale(superspike(beta=2.0), 3.0)   Partial(composed, Partial(scale), {"g": <the first>, "alpha": 3.0})

A whole number, a text or a function becomes structure as the key of a dictionary: JAX counts keys as structure. The
type beside it tells 1 from True.

How a shape comes by its parameters:

    given            by a user, `superspike(beta=2.0)`: they are checked, and the shape has a name (core.shape)
    with_parameters  the tree of that
    function_of_x    by a call, `g(x, 2.0)`, or as a part of a composition that is evaluated: a function of x alone
    unbound          the way back from each of these
    bind             what a function or a combinator is called with after x, arrays in the rank of x (core.combinator)

Only `function_of_x` records the dtype and rank of the potentials, the `like` of `unbound`. This distinguishes a part of
a composition that is being evaluated from a shape as a user wrote it (`is_part`).
"""

import functools
import weakref
from collections.abc import Callable
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any, TypeAlias, TypeVar

import jax
import numpy as np
from jax.extend.core import Jaxpr
from jax.tree_util import Partial

from .facts import facts_of

T = TypeVar("T")
Tree: TypeAlias = Any  # nested tuples, lists, dictionaries and Partials
Structure: TypeAlias = tuple[Any, ...]  # a treedef, and its leaves, None for those that are traced

ARRAYS = (jax.Array, np.ndarray)
_NOT_OPAQUE = (float, type(None), Jaxpr, jax.tree_util.PyTreeDef, *ARRAYS)
_PLAIN = int, bool, str  # of which a class of a user's, as an IntEnum, may hold more
_NOT_A_KEYWORD = "func", "klass"  # which are parameters of Partial itself
_interned: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()


def native(array: Any) -> Any:
    """Return what is of NumPy in a dtype that JAX takes: of the byte order of this machine, and of at most 64 bits.

    Anything else stays as it is.

    >>> native(np.ones(1, ">f4"))
    array([1.], dtype=float32)
    """
    if not isinstance(array, np.ndarray | np.longdouble):
        return array
    dtype = np.dtype(np.float64) if array.dtype == np.longdouble else array.dtype.newbyteorder("=")
    return array.astype(dtype, copy=False)


def plain(number: Any) -> Any:
    """Return a NumPy scalar as a Python number, the value of a variable of flax.nnx, and anything else as it is.

    A whole number that is too large for JAX becomes a float.

    >>> plain(np.float32(0.5)), plain(np.longdouble(2)), plain("2"), plain(2**31)
    (0.5, 2.0, '2', 2147483648.0)
    """
    if isinstance(number, np.longdouble):
        return float(number)  # it has no other item() than itself
    is_number = isinstance(number, np.generic) and number.dtype.kind not in "mM"  # a time, of which item() may be one
    number = number.item() if is_number else number
    if type(number) is int and abs(number) >= 2**31:
        return float(number)
    return number.__jax_array__() if is_variable(number) else number


def is_variable(value: Any) -> bool:
    """Say whether a value is no array, but stands for one, as a variable of flax.nnx does.

    >>> is_variable(2.0), is_variable(jax.numpy.ones(3))
    (False, False)
    """
    return hasattr(value, "__jax_array__") and not isinstance(value, (type, *ARRAYS))


def static(value: Any) -> Tree:
    """Return a hashable value as a pytree without leaves; `from_tree` is the way back.

    An unhashable value stays as it is, a leaf; but a callable one, as a step that is a dataclass, is held by a Partial,
    which hashes by identity. So is any module, or its method, whose own hash may ignore its numbers.

    >>> static(3), jax.tree.leaves(static(3))
    ({('int', 3): None}, [])
    """
    if is_module(getattr(value, "__self__", value)):
        return static(Partial(_held, value))
    try:
        return {(_kind(value), value): None}
    except TypeError:
        return static(Partial(_held, value)) if callable(value) else value


def _kind(value: Any) -> Any:
    """Return what tells 2 from True, and named tuples, which compare as tuples, from those of another class."""
    kind = type(value)
    return kind if isinstance(value, tuple) and kind is not tuple else kind.__name__


def _held(value: Any) -> Any:
    return value


def to_tree(value: Any) -> Tree:
    """Return a parameter as a pytree whose leaves are its floats and arrays; what JAX does not look into is structure.

    >>> jax.tree.leaves(to_tree((2.0, 3, "fast", True)))
    [2.0]
    """
    if _is_container(value) and not callable(value):
        return jax.tree.map(to_tree, value, is_leaf=lambda v: v is not value)
    value = _of_module(native(plain(value)))
    if _may_hide_numbers(value) and (own := unbound(value)).like is None:
        if _may_hide_numbers(f := own.f):  # with arguments by position
            value = Partial(_by_position, node(f.func), to_tree(f.args), to_tree({**f.keywords, **own.kwargs}))
        else:
            value = with_parameters(f, own.kwargs)
    is_tree = value is None or isinstance(value, (float, Partial, *ARRAYS)) or is_module(value)
    return value if is_tree else static(value)


def _may_hide_numbers(value: Any) -> bool:
    """Say whether a partial of a user's has numbers that are no leaves, or a whole number that is one."""
    if type(value) is not Partial:
        return type(value) is functools.partial
    if is_method(value) or "text" in facts_of(value.func):
        return False
    are_leaves = all(isinstance(leaf, (float, *ARRAYS)) for leaf in jax.tree.leaves(value))
    return not (are_leaves and isinstance(value.func, FunctionType))


def _by_position(f: Any, args: Tree, kwargs: Tree, /, *others: Any, **more: Any) -> Any:
    return f(*from_tree(args), *others, **{**from_tree(kwargs), **more})


def from_tree(tree: Tree) -> Any:
    """Return the parameter that `to_tree` was given.

    >>> from_tree(to_tree((2.0, 3, "fast", True)))
    (2.0, 3, 'fast', True)
    """
    if _is_static(tree):
        value = next(iter(tree))[1]
        return value() if isinstance(value, Partial) and value.func is _held else value
    if _is_container(tree) and not callable(tree):
        return jax.tree.map(from_tree, tree, is_leaf=lambda v: v is not tree)
    return tree


def _is_container(value: Any) -> bool:
    # A subclass that JAX does not know is none; to ask takes longer.
    is_one = isinstance(value, tuple | list | dict)
    return is_one and (type(value) in (tuple, list, dict) or not jax.tree_util.all_leaves([value]))


def _is_static(tree: Tree) -> bool:
    if type(tree) is not dict or len(tree) != 1:
        return False
    ((key, value),) = tree.items()
    return value is None and type(key) is tuple and len(key) == 2 and key[0] == _kind(key[1])


def _has_static(tree: Tree) -> bool:
    return any(map(_is_static, jax.tree.leaves(tree, is_leaf=_is_static)))


def node(f: Any) -> Tree:
    """Return a function as a pytree; a plain one has no leaves, and the method of a module has those of the module.

    >>> jax.tree.leaves(node(abs)), node(abs)(-2.0)
    ([], 2.0)
    """
    f = _of_module(f)
    return Partial(f) if jax.tree_util.all_leaves([f]) else f


def _of_module(f: Any) -> Any:
    """Return the method of a module as a tree, whose leaves are those of the module; anything else as it is."""
    is_one = isinstance(f, MethodType) and not jax.tree_util.all_leaves([f.__self__])
    return Partial(f.__func__, f.__self__) if is_one else f


def is_method(f: Any) -> bool:
    """Say whether a tree is that of a method: of a function whose first argument is a module or a named tuple.

    >>> is_method(Partial(abs, 2.0))
    False
    """
    if not isinstance(f, Partial) or len(f.args) != 1:
        return False
    (owner,) = f.args
    return is_module(owner) or (isinstance(owner, tuple) and type(owner) is not tuple)


def is_function(value: Any) -> bool:
    """Say whether a value is a function, and no variable, which can be called, too.

    >>> is_function(abs), is_function(2.0)
    (True, False)
    """
    return callable(value) and not is_variable(value)


def with_parameters(f: Any, params: dict[str, Any]) -> Partial:
    """Return a function with parameters: `Partial(f, alpha=2.0)`, if all are floats or arrays.

    >>> jax.tree.leaves(with_parameters(pow, {"n": 3, "alpha": 2.0}))
    [2.0]
    """
    # A variable of flax.nnx stays one: in the field of a module, it is what learns.
    trees = {name: value if is_variable(value) else to_tree(value) for name, value in params.items()}
    numbers = {name: v for name, v in trees.items() if not _has_static(v) and name not in _NOT_A_KEYWORD}
    settings = {name: v for name, v in trees.items() if name not in numbers}
    if not settings and jax.tree_util.all_leaves([f]):  # a plain function
        return Partial(f, **numbers)
    return Partial(_bound, node(f), static(None), ((), settings), **numbers)


def function_of_x(f: Any, like: Any, args: Any = (), kwargs: Any = None, any_constant: bool = False) -> Partial:
    """Return a shape with the parameters of a call, a function of x alone, as the parts of a composition are.

    `like` is an array of the dtype and rank of the potentials. Parameters of half precision become float32. With
    `any_constant`, its soft step may have any, since the composition as a whole gets its own.

    >>> function_of_x(pow, np.zeros(1), (2.0,))(3.0)
    9.0
    """
    dtype = "float64" if like.dtype == np.float64 else "float32"
    about = static((dtype, like.ndim, any_constant))
    return Partial(_bound, node(f), about, to_tree(widened((args, kwargs or {}))))


def _bound(f: Any, about: Tree, params: Tree, /, *x: Any, **numbers: Any) -> Any:
    args, kwargs = from_tree(params)
    return f(*x, *args, **{**kwargs, **numbers})


def unbound(g: Any) -> SimpleNamespace:
    """Return `f`, the function or composition that a shape is made of, and `args` and `kwargs`, all parameters given.

    What `function_of_x` made has `any_constant`, and `like`, zeros as the potentials; any other has False and None.

    >>> unbound(with_parameters(pow, {"n": 3, "alpha": 2.0}))
    namespace(f=<built-in function pow>, args=(), kwargs={'alpha': 2.0, 'n': 3}, like=None, any_constant=False)
    >>> unbound(function_of_x(pow, np.ones(3))).like
    array([0.])
    """
    args: Any = ()
    kwargs: dict[str, Any] = {}
    like, any_constant = None, False
    while isinstance(g, functools.partial) and (g.func is _bound or not g.args):
        kwargs = {**g.keywords, **kwargs}
        if g.func is _bound:
            g, about, (own_args, own_kwargs) = g.args
            args, kwargs = (*args, *own_args), {**own_kwargs, **kwargs}  # as `_bound` calls it
            if about := from_tree(about):
                dtype, ndim, own_any_constant = about
                like = np.zeros((1,) * ndim, dtype) if like is None else like
                any_constant = any_constant or own_any_constant
        else:
            g = g.func
    if isinstance(g, Partial) and g.func is _by_position:
        f, own_args, own_kwargs = g.args
        g = functools.partial(f, *from_tree(own_args), **from_tree(own_kwargs))
    f = _of_module(g)
    return SimpleNamespace(f=f, args=from_tree(args), kwargs=from_tree(kwargs), like=like, any_constant=any_constant)


def is_part(value: Any) -> bool:
    """Say whether a value is a part of a composition that is evaluated, as `function_of_x` makes it, and no parameter.

    >>> is_part(function_of_x(abs, np.ones(3))), is_part(abs)
    (True, False)
    """
    return unbound(value).like is not None


def opaque_in(tree: Tree) -> list[Any]:
    """Return what a tree holds, also as structure, that may compute with more than leaves: functions, and objects of a
    user's, modules among them.

    >>> opaque_in((Partial(abs, 2.0), static(pow)))
    [<built-in function pow>, <built-in function abs>]
    """
    found, rest = [], [tree]
    while rest:
        item = rest.pop()
        if type(item) in _PLAIN or isinstance(item, _NOT_OPAQUE):
            continue
        if isinstance(item, functools.partial):
            rest += (item.func, *item.args, *item.keywords.values())
        elif _is_container(item) and not callable(item):
            rest += (*item, *item.values()) if isinstance(item, dict) else item  # what is static is in a key
        else:
            found.append(item)
    return found


def widened(parameters: Any) -> Any:
    """Return nested parameters with every array of half precision in float32, as the potential is.

    >>> widened({"alpha": np.ones((), np.float16), "n": 2})
    {'alpha': array(1., dtype=float32), 'n': 2}
    """

    def widen(p: Any) -> Any:
        half = isinstance(p, ARRAYS) and jax.numpy.issubdtype(p.dtype, np.floating) and p.dtype.itemsize < 4
        return p.astype(np.float32) if half else p

    return jax.tree.map(widen, parameters)


def is_module(value: Any) -> bool:
    """Say whether a value is an object of a user's that holds leaves, as a module of equinox.

    >>> is_module(abs), is_module((Partial(abs, 2.0), None))
    (False, False)
    """
    if value is None or isinstance(value, functools.partial | FunctionType):
        return False
    return not jax.tree_util.all_leaves([value]) and (callable(value) or not _is_container(value))


def split(tree: Tree, is_leaf: Callable[[Any], bool] | None = None) -> tuple[Structure, list[Any]]:
    """Split a tree into its structure, which keeps the leaves that are concrete, and a list of its tracers.

    >>> jax.jit(lambda x: jax.numpy.stack(split((2.0, x, np.ones(())))[1]))(3.0)
    Array([3.], dtype=float32, weak_type=True)
    """
    leaves, treedef = jax.tree.flatten(tree, is_leaf)
    rest = tuple(None if isinstance(leaf, jax.core.Tracer) else leaf for leaf in leaves)
    return (treedef, rest), [leaf for leaf in leaves if isinstance(leaf, jax.core.Tracer)]


def join(structure: Structure, arrays: Any) -> Tree:
    """Return the tree of this structure with these arrays.

    >>> join(*split((2.0, 3.0)))
    (2.0, 3.0)
    """
    treedef, rest = structure
    left = iter(arrays)
    return treedef.unflatten(next(left) if leaf is None else leaf for leaf in rest)


def interned(tree: T) -> T:
    """Return the tree, or the equal one that is alive: equal shapes without arrays are the same object. Not of modules,
    whose numbers may be set later.

    >>> interned(Partial(abs, 2.0)) is interned(Partial(abs, 2.0)), interned(Partial(abs, 0.0)).args
    (True, (0.0,))
    """
    leaves, treedef = jax.tree.flatten(tree)
    if not all(type(leaf) is float for leaf in leaves):
        return tree
    opaque = opaque_in(tree)
    if any(map(is_module, opaque)):
        return tree
    # `repr` tells 0.0 from -0.0, `id` tells functions apart that have an == of their own.
    key = treedef, tuple(map(repr, leaves)), tuple(map(id, opaque))
    return _interned.setdefault(key, tree)  # type: ignore[no-any-return]
