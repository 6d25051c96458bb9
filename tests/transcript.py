"""Errors as transcripts: calls, and below them the error that each of them raises, in which `...` is any text."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surrofun
from surrofun import shapes

NAMES = {**vars(shapes), **vars(surrofun), "jax": jax, "jnp": jnp, "np": np, "partial": functools.partial}


def rows(transcript):
    """A test for each call, with the error that it raises; the text may go on in the next line."""
    blocks = re.findall(r"((?:^>>> .*\n)+)((?:^(?!>>>).+\n)+)", transcript, re.MULTILINE)
    calls = [(call[4:], error.replace("\n", " ").strip()) for calls, error in blocks for call in calls.splitlines()]
    return [pytest.param(call, error, id=call) for call, error in calls]


def assert_raises(call, error, **names):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        eval(call, NAMES | names)
    came = f"{type(caught.value).__name__}: {caught.value}"
    assert re.fullmatch(re.escape(error).replace(r"\.\.\.", ".*"), came, re.DOTALL), came
