"""Figures of shapes, spikes and training; needs matplotlib.

Every function draws into `ax`, one Axes or a sequence of them, or else into
a new figure, and returns it. None shows it or leaves global state:
`.savefig(path)` writes it, a notebook shows it after `%matplotlib inline`.
"""

import functools
import itertools
import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .core.dtype import is_real
from .core.shape import Shape, as_shape, given, is_spike, shape_behind
from .core.text import describe_value, show, without_types
from .registry import lookup, names
from .tools.curves import curves_of, places, summary, top, values, window
from .tools.flow import flow as measured
from .tools.probes import Array, floats_in, numbers

# Of Okabe & Ito 2008, told apart by the colour blind; with the line styles, 28 pairs.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")
GREY = "#777777"
_POTENTIAL, _SLOPE = "potential minus threshold", "surrogate gradient"
_ROUND = [1, 2, 5, 10]  # steps between ticks
_MARKED = 50  # epochs, at most, that are marked one by one


def shape(
    g: Shape, *, ax: Sequence[Axes] | None = None, xlim: tuple[float, float] | None = None, **parameters: Any
) -> Figure:
    """Draw step, soft step and surrogate gradient of a shape, side by side.

    Args:
        g: a shape; or a spike function, whose own step is drawn. Of arrays
            every neuron gets a curve; of more than 7 the legend names the
            first and the last.
        ax: three Axes.
        xlim: from where to where; by default where the slope is above 1 %
            of its peak, without the ends of long tails.
        parameters: of the shape, as in `shape(superspike, beta=5.0)`.

    >>> from surrofun import scale, shapes
    >>> figure = shape(scale(shapes.sigmoid, 2.0))
    >>> [axes.get_title() for axes in figure.axes]
    ['step', 'soft step', 'surrogate gradient\\narea 1, peak 2 at 0']
    """
    spike = functools.partial(g, **parameters) if is_spike(g) else None
    (g,) = _shapes("shape", g, **parameters)
    xlim = _ordered("shape", xlim)
    figure, axes = _axes("shape", ax, 3, (10, 3.2))
    x, drawn = curves_of(g, spike, xlim)
    slope = drawn[_SLOPE]
    count = slope.shape[1]
    colors = _colors(count)
    for panel, (title, y) in zip(axes, drawn.items(), strict=True):
        _cross(panel)
        panel.set_prop_cycle(color=colors if y.shape[1] == count else _palette()[-1:])
        panel.plot(x, y)
        panel.set(title=title, xlim=(x[0], x[-1]), xlabel=_POTENTIAL, ymargin=0.1)
    facts = text if len(text := summary(g)) <= 36 else text.replace(", ", ",\n")
    axes[2].set_title(f"{_SLOPE}\n{facts}")
    if count <= len(COLORS):
        for column, color in zip(slope.T, colors, strict=True):
            axes[2].fill_between(x, column, color=color, alpha=0.15, linewidth=0)
    if count > 1:
        for line, label in zip(axes[2].lines[-count:], _neurons(g, count), strict=True):
            line.set_label(_wrapped(label, 24))
        _legend(axes[2], ax is None)
    where, highest = top(x, slope)
    if x[0] < where < x[-1]:
        axes[2].plot(where, highest, "o", color=_palette()[1 if count == 1 else -1])
    if ax is None:
        figure.suptitle(_wrapped(show(g), 100))
    return figure


def _ordered(who: str, xlim: Any) -> tuple[float, float] | None:
    if xlim is None:
        return None
    if not (_are_numbers(xlim, (2,)) and -np.inf < xlim[0] < xlim[1] < np.inf):
        raise ValueError(f"plot.{who}: expected xlim from a smaller to a larger potential, got {xlim}")
    return float(xlim[0]), float(xlim[1])


def _are_numbers(value: Any, shape: tuple[int, ...]) -> bool:
    array = _as_array(value)
    return array.shape == shape and is_real(array)


def _as_array(value: Any) -> Array:
    try:
        return np.asarray(value)
    except ValueError:  # rows of different lengths
        return np.asarray(value, object)


def compare(*gs: Shape, ax: Axes | None = None, xlim: tuple[float, float] | None = None) -> Figure:
    """Draw shapes over one another; of an array, a curve for each neuron.

    `xlim` is that of `plot.shape`; by default there is room for all.

    >>> from surrofun import scale, shapes
    >>> g = scale(shapes.atan, np.array([1.0, 2.0]))
    >>> figure = compare(shapes.sigmoid, g)
    >>> [line.get_label() for line in figure.axes[0].lines[2:]]
    ['sigmoid', 'scale(atan, 1.0)', 'scale(atan, 2.0)']
    """
    if not gs:
        raise ValueError("plot.compare: expected at least one shape, got none")
    gs = _shapes("compare", *gs)
    xlim = _ordered("compare", xlim)
    windows = np.array([window(g) for g in gs])
    low, high = xlim or (windows[:, 0].min(), windows[:, 1].max())
    figure, (axes,) = _axes("compare", ax, 1, (7.5, 3.8))
    _cross(axes)
    looks = zip(itertools.cycle(_palette()), itertools.cycle(STYLES))
    heights = [0.0]  # of every shape in its own window: it may grow without bound in that of another
    for g, (start, end) in zip(gs, windows, strict=True):
        x = places(g, low, high)
        slope = values(g, x)
        own, count = slope[(start <= x) & (x <= end)], slope.shape[1]
        heights += [np.nanmin(own), np.nanmax(own)]
        own_looks = looks if count <= len(COLORS) else zip(_colors(count), itertools.repeat("-"))
        for y, label, (color, style) in zip(slope.T, _neurons(g, count), own_looks, strict=False):
            axes.plot(x, y, color=color, linestyle=style, linewidth=1.8, label=_wrapped(label, 36))
    margin = 0.05 * np.ptp(heights) or 1.0
    axes.set(xlim=(low, high), ylim=(min(heights) - margin, max(heights) + margin), xlabel=_POTENTIAL, ylabel=_SLOPE)
    _, labels = axes.get_legend_handles_labels()
    if ax is None:
        figure.set_figheight(max(3.8, 0.5 + 0.22 * len("\n".join(labels).splitlines())))
    if len(gs) == 1:
        axes.set_title(_wrapped(show(gs[0]), 48))
    if len(labels) > 1:
        _legend(axes, ax is None)
    return figure


def gallery(*gs: Shape, ax: Sequence[Axes] | None = None) -> Figure:
    """Draw shapes as small multiples, by default the whole catalogue.

    >>> from surrofun import shapes
    >>> len(gallery(shapes.sigmoid, shapes.atan).axes)
    2
    """
    gs = _shapes("gallery", *gs) or tuple(map(lookup, names()))
    rows = math.ceil(len(gs) / 6)
    figure, axes = _axes("gallery", ax, len(gs), (min(len(gs), 6) * 2, rows * 1.7), rows)
    for panel, g in zip(axes, gs, strict=True):
        x = places(g, *window(g))
        _cross(panel)
        panel.plot(x, values(g, x), color=COLORS[0])
        panel.set(xlim=(x[0], x[-1]), ymargin=0.1)
        panel.set_title(_wrapped(show(g), 22), fontsize="small")
        panel.tick_params(labelsize="x-small")
        panel.locator_params(nbins=4)
    if ax is None:
        lines = max(len(panel.get_title().splitlines()) for panel in axes)
        figure.set_figheight(rows * (1.55 + 0.15 * lines))
        figure.supxlabel(_POTENTIAL, fontsize="small")
        figure.supylabel(_SLOPE, fontsize="small")
    return figure


def flow(g: Shape, x: Any, *, ax: Axes | None = None, **parameters: Any) -> Figure:
    """Draw potentials as a histogram, the slope, and `flow` as the title.

    The few potentials outside of the picture are in the end bars.

    Args:
        g: a shape; of arrays, every neuron gets a curve, as in `shape`.
        x: potentials minus threshold, as for `surrofun.flow`.
        ax: one Axes.
        parameters: of the shape, by keyword.

    >>> from surrofun import shapes
    >>> x = np.array([-0.5, 0.25, 9.0, 7.0])
    >>> flow(shapes.triangle, x).axes[0].get_title()
    'inside 50 %, mean slope 0.312, rate 0.75'
    """
    (g,) = _shapes("flow", g, **parameters)
    figure, (axes,) = _axes("flow", ax, 1, (7.5, 3.8))
    found = numbers(**measured(g, x))
    potentials = np.asarray(x, float).ravel()
    finite = potentials[np.isfinite(potentials)]
    if not finite.size:
        raise ValueError("plot.flow: expected potentials of which one at least is finite, got none")
    low, high = np.percentile(finite, [0.5, 99.5])
    start, end = window(g)
    at = places(g, min(low, start), max(high, end))
    ends = at[0], at[-1]
    _cross(axes)
    slope = values(g, at)
    count = slope.shape[1]
    for y, color, label in zip(slope.T, _colors(count) if count > 1 else COLORS[1:2], _neurons(g, count), strict=True):
        axes.plot(at, y, color=color, label=label)
    if count > 1:
        _legend(axes, False)
    axes.set(xlim=ends, ylim=(min(0.0, 1.2 * np.nanmin(slope)), None), xlabel=_POTENTIAL, ylabel=_SLOPE)
    axes.set_title("inside {inside:.0%}, mean slope {mean:.3g}, rate {rate:.3g}".format(**found).replace("%", " %"))
    shares = axes.twinx()
    potentials, weights = potentials.clip(*ends), np.full(potentials.size, 1 / potentials.size)  # far off: at the ends
    shares.hist(potentials, 80, range=ends, weights=weights, histtype="stepfilled", color=COLORS[5], alpha=0.5)
    shares.set_ylabel("share of the potentials")
    axes.set_zorder(shares.get_zorder() + 1)  # the slope in front
    axes.patch.set_visible(False)
    return figure


def raster(spikes: Any, *, dt: float | None = None, ax: Axes | None = None) -> Figure:
    """Draw a mark wherever a unit fires, time to the right.

    Args:
        spikes: what a spike function returned, of shape (steps, units);
            whatever is not 0 is a spike.
        dt: the length of a step in ms, or None for an axis of steps.
        ax: one Axes.

    Raises:
        ValueError: `spikes` has another number of dimensions, or `dt` is
            not above 0.

    >>> figure = raster(np.eye(3), dt=0.5)
    >>> figure.axes[0].get_xlabel()
    'time (ms)'
    """
    spikes = _as_array(spikes)
    if spikes.ndim != 2:
        raise ValueError(
            f"plot.raster: expected spikes of shape (steps, units), got {spikes.shape}; pick one sample of a batch"
        )
    if dt is not None and not (_are_numbers(dt, ()) and 0 < dt < math.inf):
        raise ValueError(f"plot.raster: expected as dt the length of a step in ms, above 0, got {dt}")
    figure, (axes,) = _axes("raster", ax, 1, (7.5, 3.8))
    (steps, units), unit = spikes.shape, 1.0 if dt is None else dt
    step, fired = np.nonzero(spikes)
    axes.vlines(step * unit, fired - 0.4, fired + 0.4, color=_palette()[-1], linewidth=1, snap=False)
    axes.set(xlim=(-unit / 2, (max(steps, 1) - 0.5) * unit), ylim=(-0.5, max(units, 1) - 0.5), ylabel="unit")
    axes.set_xlabel("time step" if dt is None else "time (ms)")
    axes.xaxis.set_major_locator(MaxNLocator(steps=_ROUND, integer=dt is None))
    axes.yaxis.set_major_locator(MaxNLocator(steps=_ROUND, integer=True, min_n_ticks=1))
    if not len(step):
        axes.text(0.5, 0.5, "no spikes", transform=axes.transAxes, ha="center", va="center", color=GREY)
    return figure


def learning_curve(records: Iterable[dict[str, float]], *, ax: Sequence[Axes] | None = None) -> Figure:
    """Draw what was measured after each epoch, one quantity a panel.

    Args:
        records: for each epoch a dict with the same keys, such as loss,
            accuracy (0 to 1) and rate (Hz).
        ax: one Axes for each key.

    Raises:
        TypeError: `records` are no dicts of the same keys, or a value is no
            number.
        ValueError: there are no records.

    >>> records = {"loss": 2.0, "rate": 10.0}, {"loss": 1.0, "rate": 8.0}
    >>> [axes.get_ylabel() for axes in learning_curve(records).axes]
    ['loss', 'rate (Hz)']
    """
    epochs: list[Any] = list(records) if isinstance(records, Iterable) else [records]
    if any(not isinstance(epoch, dict) or set(epoch) != set(epochs[0]) for epoch in epochs):
        raise TypeError(
            "plot.learning_curve: expected for each epoch a dict with the same keys, as in "
            f"[{{'loss': 2.0}}, {{'loss': 1.0}}], got {describe_value(records)}"
        )
    if not epochs or not epochs[0]:
        raise ValueError("plot.learning_curve: expected one record an epoch, got none")
    for key, value in (item for epoch in epochs for item in epoch.items()):
        if not _are_numbers(value, ()):
            raise TypeError(f"plot.learning_curve: expected a number as {key}, got {describe_value(value)}")
    figure, axes = _axes("learning_curve", ax, len(epochs[0]), (6, 1.6 * len(epochs[0])), len(epochs[0]))
    for i, (panel, key) in enumerate(zip(axes, epochs[0], strict=True)):
        panel.axhline(0, color=GREY, linewidth=0.5)
        y = [epoch[key] for epoch in epochs]
        markers = "o-" if len(epochs) <= _MARKED else "-"
        panel.plot(range(1, len(epochs) + 1), y, markers, color=_palette()[i % len(COLORS)], markersize=4)
        panel.set(ylabel="rate (Hz)" if key == "rate" else key, xlim=(0.5, len(epochs) + 0.5), ymargin=0.15)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panel.tick_params(labelbottom=panel is axes[-1])
    axes[-1].set_xlabel("epoch")
    figure.align_ylabels(axes)
    return figure


def _shapes(who: str, *gs: Any, **parameters: Any) -> tuple[Shape, ...]:
    """Return the shapes that a figure is asked for, with parameters; of a spike function its own."""
    return tuple(given(as_shape(shape_behind(g), f"plot.{who}"), **parameters) for g in gs)


def _axes(who: str, ax: Any, count: int, size: tuple[float, float], rows: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure and `count` Axes of it: those given, or else new ones in that many rows."""
    if ax is None:
        figure, columns = Figure(figsize=size, layout="constrained"), math.ceil(count / rows)
        return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    axes = list(np.ravel(ax))
    if len(axes) != count or not all(isinstance(a, Axes) for a in axes):
        got = f"{len(axes)} of {', '.join({type(a).__name__ for a in axes})}" if axes else "none"
        raise TypeError(f"plot.{who}: expected {count} matplotlib Axes as ax, got {got}")
    return axes[0].figure, axes


def _cross(axes: Axes) -> None:
    """Mark the threshold and the slope 0, which then is in the picture."""
    axes.axvline(0, color=GREY, linestyle=":", linewidth=1)
    axes.axhline(0, color=GREY, linewidth=0.5)


def _legend(axes: Axes, has_room: bool) -> None:
    """Draw the legend beside the Axes, or inside, since a figure of the user's may have no room there."""
    beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if has_room else {}
    axes.legend(frameon=False, fontsize="small", **beside)


def _palette() -> tuple[Any, ...]:
    """Return `COLORS` on the ground of the style: the last, black, is white in a dark one."""
    return (*COLORS[:-1], matplotlib.rcParams["text.color"])


def _colors(count: int) -> Sequence[Any]:
    """Return a colour for each of the neurons of a shape."""
    if count <= len(COLORS):
        return _palette()[:count]
    return [matplotlib.colormaps["viridis"](i / count) for i in range(count)]


def _neurons(g: Shape, count: int) -> list[str]:
    """Return what tells the neurons of a shape apart: the shape of each, or else a number; of many, the ends alone."""
    _, floats, rebuilt = floats_in(g)

    def of_neuron(i: int) -> str:
        return show(rebuilt([float(f"{np.ravel(v)[i]:.4g}") if np.size(v) == count else v for v in floats]))

    labels = [of_neuron(i) for i in range(count)] if count > 1 else [show(g)]
    labels = labels if len({*labels}) == count else [f"neuron {i}" for i in range(count)]
    return [label if count <= len(COLORS) or i in (0, count - 1) else "_" for i, label in enumerate(labels)]


def _wrapped(name: str, width: int) -> str:
    lines = textwrap.wrap(name.replace("(", "( "), width, max_lines=4, placeholder=" ...")  # also behind a bracket
    return "\n".join(lines).replace("( ", "(")


without_types(shape, compare, gallery, flow, raster, learning_curve)
