"""What is drawn, against hand-worked numbers; nothing is shown and no global state is touched."""

import math
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from needs import reason
from transcript import assert_raises, rows

from surrofun import asym, lookup, make_spike, mix, names, scale, shape, shapes, shift, sign, ternary
from surrofun.tools import curves

pytest.importorskip("matplotlib", reason=reason("matplotlib"))
from matplotlib import style
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from surrofun import plot


@shape(around=lambda: [(-300.0, 0.1)])
def bell_far_off(x):
    return jnp.exp(-jnp.square((x + 300) / 0.1) / 2)


def hole(x):
    return jnp.full_like(x, jnp.nan)


def curve(axes):
    """The potentials and values of the first curve, after the lines at zero."""
    return axes.lines[2].get_xydata().T


def legend_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def looks(axes):
    return {(line.get_color(), line.get_linestyle()) for line in axes.lines[2:]}


@pytest.mark.parametrize(
    ("g", "below", "last", "above"),
    [
        (shapes.triangle, 0.99, 0, 0.99),
        (scale(shapes.triangle, 1e3), 0.99e-3, 0, 0.99e-3),
        (scale(shapes.triangle, 1e-3), 990, 0, 990),
        (shift(shapes.triangle, 5.0), 0.99 / 4, 5, 0.99),  # from the threshold on, and a quarter beyond it
        (shapes.gaussian, math.sqrt(math.log(100) / 2), 0, math.sqrt(math.log(100) / 2)),
        (shapes.reciprocal, 9, 0, 9),  # three times where 1 / (1 + x) is 1 / 4
        (asym(shapes.triangle, scale(shapes.triangle, 10.0)), 0.9, 0, 0.9 / 4),  # heights 1 and 10
        (asym(shapes.straight_through, jnp.zeros_like), 1, 0, 1 / 4),
        (jnp.exp, math.log(100) - 1, 0, 1),
        (scale(shapes.triangle, jnp.array([2.0, 100.0])), 0.99 / 2, 0, 0.99 / 2),  # of the widest, though it is low
        (shift(scale(shapes.triangle, 10.0), 300.0), 0.099 - 300 / 1.2, 300, 0.099),  # the threshold is left out
        (bell_far_off, math.sqrt(math.log(1e4)) / 10 + 300 / 1.2, -300, math.sqrt(math.log(1e4)) / 10),
        (shapes.periodic_laplace, 3 * math.log(4) / 2, 1, 8 * math.log(2) / 2),
    ],
)
def test_window_is_where_the_slope_is(g, below, last, above):
    """As far as 1 % of the peak, and 20 % further."""
    low, high = curves.window(g)
    np.testing.assert_allclose((-low, high - last), (1.2 * below, 1.2 * above), rtol=2e-4)


@pytest.mark.parametrize(
    ("g", "expected"),
    [
        (shift(shapes.triangle, 0.125), "area 1, peak 1 at 0.125"),
        (scale(shapes.triangle, jnp.array([1.0, 4.0]), height=2.0), "area 2, peak 2 to 8 at 0"),
        (shapes.multi_gaussian, "area 0.85, peak 0.8782 at 0"),
        (shapes.escape_exponential, "area not finite, no peak near 0"),
        (scale(shapes.straight_through, height=-1.0), "area not finite, peak -1 at 0"),
        (lambda x: jnp.exp(-jnp.square(x)), f"area {math.sqrt(math.pi):.4g}, peak 1 at 0"),
    ],
)
def test_summary_has_area_and_peak(g, expected):
    assert curves.summary(g) == expected


def test_shape_shows_step_soft_step_and_gradient():
    figure = plot.shape(scale(shapes.triangle, 2.0))
    (x, step), (_, soft), (_, slope) = map(curve, figure.axes)
    u = np.clip(2 * x, -1, 1)
    np.testing.assert_array_equal(step, x >= 0)
    np.testing.assert_allclose(soft, np.where(u < 0, (1 + u) ** 2 / 2, 1 - (1 - u) ** 2 / 2), atol=1e-6)
    np.testing.assert_allclose(slope, 2 * (1 - np.abs(u)), atol=1e-5)
    np.testing.assert_array_equal(figure.axes[2].lines[-1].get_xydata(), [[0, 2]])  # the mark at the peak
    assert figure.get_suptitle() == "scale(triangle, 2.0)"


TWO = jnp.array([1.0, 3.0])


@pytest.mark.parametrize(
    ("g", "labels"),
    [
        (shapes.triangle(alpha=TWO), ["triangle(alpha=1.0)", "triangle(alpha=3.0)"]),
        (scale(shapes.triangle, TWO, height=2.0), [f"scale(triangle, {a},\nheight=2.0)" for a in (1.0, 3.0)]),
        (shift(shapes.sigmoid, -TWO / 3), ["shift(sigmoid, -0.3333)", "shift(sigmoid, -1.0)"]),
        (shapes.triangle(alpha=jnp.ones(2)), ["neuron 0", "neuron 1"]),  # which are equal
        (scale(shapes.sigmoid, jnp.linspace(1.0, 4.0, 7)), [f"scale(sigmoid, {1 + i / 2})" for i in range(7)]),
        (scale(shapes.sigmoid, jnp.linspace(1.0, 4.0, 8)), ["scale(sigmoid, 1.0)", "scale(sigmoid, 4.0)"]),
    ],
)
def test_a_legend_says_which_neuron_a_curve_is_of(g, labels):
    step, soft, slope = plot.shape(g).axes
    assert legend_of(slope) == labels
    count = g(jnp.zeros(1)).size
    colors = [line.get_color() for line in slope.lines[2 : 2 + count]]
    assert len(set(colors)) == count
    assert [line.get_color() for line in soft.lines[2:]] == colors
    shown = [handle.get_color() for handle in slope.get_legend().get_lines()]
    assert shown == (colors if count <= 7 else [colors[0], colors[-1]])
    assert len(step.lines) == 3  # one step for all
    compared = plot.compare(g, shapes.atan).axes[0]
    assert " | ".join(legend_of(compared)).replace("\n", " ") == " | ".join([*labels, "atan"]).replace("\n", " ")
    assert len(looks(compared)) == count + 1


@pytest.mark.parametrize("forward_mode", [False, True])
def test_the_step_of_a_spike_is_drawn(forward_mode):
    """As `ternary` says: -1 below -threshold, 1 from threshold on."""
    spike = make_spike(shapes.rectangle(width=2.0), step=ternary(threshold=0.5), forward_mode=forward_mode)
    x, step = curve(plot.shape(spike).axes[0])
    np.testing.assert_array_equal(step, np.where(x >= 0.5, 1.0, np.where(x <= -0.5, -1.0, 0.0)))
    narrow = make_spike(shapes.superspike(beta=5.0), step=ternary, forward_mode=forward_mode)  # seen within 0.72
    x, step = curve(plot.shape(narrow).axes[0])
    assert sorted(set(step)) == [-1, 0, 1]
    assert -2 < x[0] < -1 < 1 < x[-1] < 2
    for width in (3.0, jnp.array([1.0, 3.0])):  # of one neuron, or of two
        x, step = curve(plot.shape(make_spike(shapes.rectangle, step=sign), width=width).axes[0])
        np.testing.assert_array_equal(step, np.where(x >= 0, 1.0, -1.0))


def test_a_shape_has_parameters_and_limits():
    assert plot.compare(shapes.superspike, shapes.triangle, xlim=(-3.0, 1.0)).axes[0].get_xlim() == (-3.0, 1.0)
    figure = plot.shape(shapes.superspike, beta=2.0, xlim=jnp.array([-3.0, 1.0]))
    assert figure.get_suptitle() == "superspike(beta=2.0)"
    assert [axes.get_xlim() for axes in figure.axes] == [(-3.0, 1.0)] * 3
    x, slope = curve(figure.axes[2])
    assert (x[0], x[-1]) == (-3.0, 1.0)
    np.testing.assert_allclose(slope, 1 / (1 + 2 * np.abs(x)) ** 2, rtol=1e-6)


def test_flow_draws_where_the_potentials_are():
    """Of a rectangle of width 2, 3 of 4 potentials are inside, 2 fire, and the mean slope is 3 / 4 of 1 / 2."""
    potentials = np.array([-0.5, -0.25, 0.75, 1.5], np.float32)
    slope, shares = plot.flow(shapes.rectangle, potentials, width=2.0).axes
    assert slope.get_title() == "inside 75 %, mean slope 0.375, rate 0.5"
    (outline,) = shares.patches
    x, y = outline.get_xy().T
    bars = [(left, right) for left, right, one, other in zip(x, x[1:], y, y[1:], strict=False) if one == other == 0.25]
    assert [left <= v <= right for v, (left, right) in zip(potentials, bars, strict=True)] == [True] * 3 + [False]
    assert bars[-1][1] == pytest.approx(slope.get_xlim()[1])  # what is far off is at the edge
    assert slope.get_zorder() > shares.get_zorder()


def test_flow_draws_negative_slopes():
    axes = plot.flow(scale(shapes.triangle, height=-2.0), np.array([-0.5, 0.25])).axes[0]
    assert axes.get_ylim()[0] <= -2.0


def test_every_neuron_has_its_curve_and_one_needs_no_legend():
    axes = plot.compare(scale(shapes.triangle, jnp.array([1.0, 3.0]))).axes[0]
    assert [line.get_ydata().max() for line in axes.lines[2:]] == [1.0, 3.0]
    assert all(axes.get_legend() is None for axes in plot.shape(scale(shapes.triangle, jnp.array(2.0))).axes)
    potentials = np.zeros((5, 2), np.float32)
    axes = plot.flow(scale(shapes.triangle, np.array([1.0, 3.0], np.float32)), potentials).axes[0]
    assert len(looks(axes)) == 2
    assert legend_of(axes) == ["scale(triangle, 1.0)", "scale(triangle, 3.0)"]
    assert plot.flow(shapes.triangle, potentials).axes[0].get_legend() is None


def test_a_shape_that_grows_does_not_hide_the_others():
    axes = plot.compare(shapes.triangle, shapes.escape_exponential).axes[0]
    low, high = axes.get_ylim()
    assert -0.2 < low < 0
    assert 1 < high < 1.2


def test_no_sharp_peak_is_missed():
    peaks = [0.301, 0.602, 0.903]
    axes = plot.compare(mix(*[shift(scale(shapes.triangle, 1e4), by) for by in peaks])).axes[0]
    x, slope = curve(axes)
    np.testing.assert_allclose([slope[abs(x - by) < 0.1].max() for by in peaks], 1e4 / 3, rtol=1e-3)


def test_what_one_shape_has_compiled_serves_for_another(events):
    """Which is drawn at more places."""
    plot.compare(shapes.triangle)
    events.clear()
    plot.compare(mix(shapes.triangle, shift(shapes.triangle, 0.3)))
    assert events.count("backend_compile_duration") <= 5


def test_compared_shapes_are_told_apart():
    gs = [lookup(name) for name in names()]
    axes = plot.compare(*gs).axes[0]
    assert len(looks(axes)) == len(gs)
    assert legend_of(axes) == list(names())


def test_gallery_has_every_shape_of_the_catalogue():
    figure = plot.gallery()
    assert [axes.get_title() for axes in figure.axes] == list(names())
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert not [(a, b) for a in boxes for b in boxes if a is not b and a.overlaps(b)]


def test_gallery_names_its_axes_once():
    figure = plot.gallery(shapes.sigmoid, shapes.atan)
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("potential minus threshold", "surrogate gradient")
    given = Figure()
    plot.gallery(shapes.sigmoid, shapes.atan, ax=given.subplots(2))
    assert given.get_supxlabel() == ""  # a figure of the user's


def test_long_names_stay_inside_the_figure():
    long = shape(lambda x: 1 / jnp.square(jnp.cosh(x)), soft=jnp.tanh)
    long.__name__ = "mix(" + ", ".join(f"scale(gaussian, {i}.0)" for i in range(40)) + ")"
    for figure in (plot.shape(long), plot.compare(long, shapes.atan), plot.gallery(long)):
        figure.draw_without_rendering()
        inside = figure.get_tightbbox().get_points() * figure.dpi
        assert (inside >= -1).all()
        assert (inside[1] <= np.array(figure.bbox.size) + 1).all()


def test_raster_marks_every_spike():
    spikes = np.zeros((50, 4))
    spikes[[10, 30, 30], [0, 0, 3]] = 1, 1, -2
    for dt, unit, label in ((None, 1.0, "time step"), (0.5, 0.5, "time (ms)")):
        axes = plot.raster(jnp.asarray(spikes, jnp.float32), dt=dt).axes[0]
        marks = [np.mean(mark, axis=0) for mark in axes.collections[0].get_segments()]
        np.testing.assert_allclose(marks, [[10 * unit, 0], [30 * unit, 0], [30 * unit, 3]])
        assert (axes.get_xlabel(), axes.get_ylabel()) == (label, "unit")
        assert axes.get_xlim() == (-unit / 2, 49.5 * unit)
        assert not axes.texts


def test_a_raster_without_spikes_says_so():
    axes = plot.raster(np.zeros((30, 7))).axes[0]
    assert [text.get_text() for text in axes.texts] == ["no spikes"]
    assert [tick for tick in axes.get_yticks() if 0 <= tick < 7] == [0, 1, 2, 3, 4, 5, 6]
    axes = plot.raster(np.zeros((76, 7))).axes[0]
    assert [tick for tick in axes.get_xticks() if 0 <= tick < 76] == [*range(0, 76, 10)]


def test_nothing_is_drawn_in_the_colour_of_the_ground():
    """In a dark style black would be it."""
    steep = shapes.superspike(beta=np.array([1.0, 5.0]))
    compared = "superspike", "triangle", "atan", "sigmoid", "gaussian", "rectangle", "laplace"
    records = [{f"loss {i}": 1.0 for i in range(7)}] * 2
    with style.context("dark_background"):
        figures = plot.shape(steep), plot.compare(*map(lookup, compared)), plot.raster(np.eye(3))
        figures += (plot.learning_curve(records), plot.compare(shapes.atan(alpha=np.arange(1.0, 8.0))))
    for axes in (axes for figure in figures for axes in figure.axes):
        colors = [line.get_color() for line in axes.lines]
        colors += [color for lines in axes.collections for color in lines.get_edgecolor()]
        assert not [color for color in colors if same_color(color, axes.get_facecolor())]


def test_the_axis_of_one_unit_has_one_tick():
    axes = plot.raster(np.eye(30)[:, :1]).axes[0]
    assert [tick for tick in axes.get_yticks() if -0.5 <= tick <= 0.5] == [0]


def test_a_long_learning_curve_is_a_line():
    lines = [plot.learning_curve([{"loss": 1.0}] * epochs).axes[0].lines[-1] for epochs in (20, 300)]
    assert [line.get_marker() for line in lines] == ["o", "None"]


def test_learning_curve_has_a_panel_for_each_quantity():
    records = [{"loss": 2.0, "rate": 9.0, "accuracy": 0.5}, {"loss": 1.0, "rate": 8.0, "accuracy": 0.9}]
    figure = plot.learning_curve(iter(records))
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "rate (Hz)", "accuracy"]
    curves = [axes.lines[-1].get_xydata().tolist() for axes in figure.axes]
    assert curves == [[[1, 2.0], [2, 1.0]], [[1, 9.0], [2, 8.0]], [[1, 0.5], [2, 0.9]]]


def test_figures_draw_into_given_axes_and_leave_no_trace():
    figure = Figure()
    axes = figure.subplots(2, 3)
    assert plot.shape(shapes.triangle, ax=axes[0]) is figure
    assert plot.compare(shapes.triangle, ax=axes[1, 0]) is figure
    assert plot.raster(np.eye(3), ax=axes[1, 1]) is figure
    assert plot.learning_curve([{"loss": 1.0}], ax=axes[1, 2]) is figure
    assert len(figure.axes) == 6
    narrow = Figure(figsize=(6, 3)).subplots(1, 2)
    figure = plot.compare(shapes.triangle, scale(shapes.sigmoid, np.array([1.0, 2.0])), ax=narrow[0])
    figure.draw_without_rendering()
    inside, panel = narrow[0].get_legend().get_window_extent(), narrow[0].get_window_extent()
    assert panel.x0 < inside.x0 < inside.x1 < panel.x1
    assert "matplotlib.pyplot" not in sys.modules


MISTAKES = """
>>> plot.compare()
ValueError: plot.compare: expected at least one shape, got none
>>> plot.learning_curve([])
>>> plot.learning_curve([{}])
ValueError: plot.learning_curve: expected one record an epoch, got none
>>> plot.learning_curve({'loss': [2.0, 1.0]})
>>> plot.learning_curve(3)
>>> plot.learning_curve([{'loss': 2.0}, {'rate': 1.0}])
TypeError: plot.learning_curve: expected for each epoch a dict with the same keys, as in
[{'loss': 2.0}, {'loss': 1.0}], got ...
>>> plot.learning_curve([{'loss': 2.0}, {'loss': '1'}])
>>> plot.learning_curve([{'loss': [2.0, 1.0]}, {'loss': [1.0]}])
TypeError: plot.learning_curve: expected a number as loss, got ...
>>> plot.raster([[0, 1], [1]])
ValueError: plot.raster: expected spikes of shape (steps, units), got (2,); pick one sample of a batch
>>> plot.raster(np.eye(3), dt=0.0)
ValueError: plot.raster: expected as dt the length of a step in ms, above 0, got 0.0
>>> plot.raster(np.eye(3), dt='1')
ValueError: plot.raster: expected as dt the length of a step in ms, above 0, got 1
>>> plot.raster(np.zeros((5, 2, 3)))
ValueError: plot.raster: expected spikes of shape (steps, units), got (5, 2, 3); pick one sample of a batch...
>>> plot.shape(atan, ax=Figure().subplots())
TypeError: plot.shape: expected 3 matplotlib Axes as ax, got 1 of Axes
>>> plot.shape(atan, ax=[])
TypeError: plot.shape: expected 3 matplotlib Axes as ax, got none
>>> plot.shape(atan, xlim=(1, -1))
ValueError: plot.shape: expected xlim from a smaller to a larger potential, got (1, -1)
>>> plot.compare(atan, xlim=(-np.inf, 1.0))
ValueError: plot.compare: expected xlim from a smaller to a larger potential, got (-inf, 1.0)
>>> plot.shape(atan, xlim=(1, 2, 3))
ValueError: plot.shape: expected xlim from a smaller to a larger potential, got (1, 2, 3)
>>> plot.shape(atan, xlim=5)
ValueError: plot.shape: expected xlim from a smaller to a larger potential, got 5
>>> plot.shape(atan, xlim=((1, 2), 3))
ValueError: plot.shape: expected xlim from a smaller to a larger potential, got ((1, 2), 3)
>>> plot.compare(atan, xlim=('a', 'b'))
ValueError: plot.compare: expected xlim from a smaller to a larger potential, got ('a', 'b')
>>> plot.flow(atan, np.array([np.nan]))
ValueError: plot.flow: expected potentials of which one at least is finite, got none
>>> plot.raster(np.eye(2), ax=[1])
TypeError: plot.raster: expected 1 matplotlib Axes as ax, got 1 of int...
>>> plot.shape(4.0)
TypeError: plot.shape: expected a shape, that is a function g(x, *params), got float 4.0
>>> plot.shape('sigmoid')
TypeError: plot.shape: expected a shape, that is a function g(x, *params), got str 'sigmoid'; shapes.sigmoid, if...
>>> plot.compare('sigmoid(2)')
TypeError: plot.compare: expected a shape, that is a function g(x, *params), got str 'sigmoid(2)';
parse('sigmoid(2)') reads a shape from text
>>> plot.compare([sigmoid, atan])
TypeError: plot.compare: expected a shape, that is a function g(x, *params), got list [...]; give them one by one
>>> plot.compare({'a': sigmoid})
TypeError: plot.compare: expected a shape, that is a function g(x, *params), got dict {...}; give them one by one
>>> plot.shape(hole)
ValueError: hole: the slope is not finite around the threshold...
"""


@pytest.mark.parametrize(("call", "error"), rows(MISTAKES))
def test_mistakes_are_told(call, error):
    assert_raises(call, error, plot=plot, Figure=Figure, hole=hole)
