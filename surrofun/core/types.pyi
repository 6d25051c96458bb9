"""How a declared shape looks to an editor and a type checker: called with x, a slope; with keywords alone, a shape."""

from typing import Any, ParamSpec, Protocol, overload

import jax

P = ParamSpec("P")

class Declared(Protocol[P]):
    __name__: str
    __doc__: str | None
    @overload
    def __call__(self, x: Any, /, *args: P.args, **kwargs: P.kwargs) -> jax.Array: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Declared[P]: ...
