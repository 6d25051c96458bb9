"""Charts and tables made of characters: Unicode where the stream can write it, colour where somebody looks at it."""

import math
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, TextIO, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

_BRAILLE = np.array([[1, 8], [2, 16], [4, 32], [64, 128]])  # the bits of the 4 x 2 dots of a character from U+2800
_ASCII = str.maketrans("│┤└─┴", "||+-+")


def chart(title: str, x: Array, y: Array, columns: int, rows: int, *, unicode: bool = True) -> list[str]:
    """Return the lines of a line chart, all of the same width, with the x axis, 0 if it is on it, and bounds of y.

    Args:
        title: the first line.
        x: increasing, shape (n,), with many more places than columns.
        y: one curve a column, shape (n, k).
        columns, rows: size of the whole, at least 12 and 5 characters.
        unicode: draw 2 x 4 dots in each character; else an asterisk.

    >>> x = np.linspace(-1, 1, 99)
    >>> for line in chart("square", x, (x**2)[:, None], 15, 6, unicode=False):
    ...     print(line.rstrip())
       square
    1 |*          *
      |****     ***
    0 |   *******
      +------+-----
       -1    0    1
    """
    low, high = min(np.nanmin(y), 0.0), max(np.nanmax(y), 0.0)
    labels = [f"{high:.2g}", *[""] * (rows - 5), f"{low:.2g}"]
    margin = max(map(len, labels)) + 2
    width, height = columns - margin, rows - 3
    heights = (np.nan_to_num(y, nan=low) - low) / (high - low or 1.0)
    dots = _drawn(x, heights, width, height, unicode)
    lines = [f"{label:>{margin - 2}} {'┤' if label else '│'}{line}" for label, line in zip(labels, dots, strict=True)]
    span = float(x[-1] - x[0])
    zero = min(int(-x[0] / span * width), width - 1) if x[0] <= 0 <= x[-1] else -1
    lines.append(" " * (margin - 1) + "└" + "".join("┴" if i == zero else "─" for i in range(width)))
    left, right = (f"{round(float(end), 1 - math.floor(math.log10(span))) + 0.0:.10g}" for end in (x[0], x[-1]))
    ticks = (left if len(left) + len(right) < width else "").ljust(width - len(right)) + right
    if len(left) < zero < width - len(right) - 1:
        ticks = f"{ticks[:zero]}0{ticks[zero + 1 :]}"
    text = [title.rjust(min(margin + len(title), columns))[:columns], *lines, " " * margin + ticks]
    return [line.ljust(columns) if unicode else line.ljust(columns).translate(_ASCII) for line in text]


def _drawn(x: Array, heights: Array, width: int, height: int, unicode: bool) -> list[str]:
    """Return the lines of curves of heights in [0, 1], drawn with 2 x 4 dots in each character, or with an asterisk."""
    columns, rows = (2 * width, 4 * height) if unicode else (width, height)
    column = np.minimum(((x - x[0]) / (x[-1] - x[0]) * columns).astype(int), columns - 1)
    row = np.round((1 - heights) * (rows - 1)).astype(int)
    dots = np.zeros((rows, columns), bool)
    for i in range(columns):
        (inside,) = np.nonzero(column == i)
        for passed in row[max(inside[0] - 1, 0) : inside[-1] + 1].T:  # from where the last column ended
            dots[passed.min() : passed.max() + 1, i] = True
    if not unicode:
        return ["".join(np.where(line, "*", " ")) for line in dots]
    codes = (dots.reshape(height, 4, width, 2) * _BRAILLE[:, None]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + code) if code else " " for code in line) for line in codes]


def entries(rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """Return the lines of a list: of each row the first cell and, beside it or else below it, the others.

    >>> for line in entries([("triangle", "alpha max(0, 1 - alpha |x|)", "area 1")], 34):
    ...     print(line)
    triangle  alpha max(0, 1 - alpha
              |x|)
              area 1
    """
    margin = max(len(row[0]) for row in rows) + 2
    narrow = columns <= 2 * margin
    indent = " " * (2 if narrow else margin)
    wrap = textwrap.TextWrapper(columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False).wrap
    lines = []
    for name, *cells in rows:
        below = [line for cell in cells for line in wrap(cell)]
        beside = below.pop(0) if below and not narrow else ""
        lines += [name + beside[len(name) :], *below]
    return lines


def wrapped(text: str, indent: int) -> str:
    """Return a text in lines of the width of the terminal; where there is none, it is one line.

    >>> wrapped("expected a shape, got float 2.0", 2)
    'expected a shape, got float 2.0'
    """
    columns = shutil.get_terminal_size((sys.maxsize, 0)).columns
    return textwrap.fill(text, columns, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def writes_unicode(stream: TextIO) -> bool:
    """Say whether a stream can write what `chart` draws with."""
    drawn, encoding = "⣿┤└─┴│", stream.encoding or "ascii"
    return drawn.encode(encoding, "ignore").decode(encoding) == drawn


def paint(text: str, color: int, stream: TextIO) -> str:
    """Return text in an ANSI colour, where the stream is a terminal and nobody asked for none (no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\x1b[{color}m{text}\x1b[0m"
