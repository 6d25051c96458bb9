# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your own surrogate gradients, as functions
#
# A spiking neuron fires when its membrane potential crosses a threshold. That step has no useful derivative, so
# training replaces the derivative, and only the derivative, by a bump: the *surrogate gradient*. In surrofun a
# surrogate gradient is a plain function `g(x)` of x = potential minus threshold, and `make_spike(g)` is the spike
# function: a step forward, `g` backward. `shape` declares what is known of `g`, and `combinator` makes shapes from
# shapes.
#
# This notebook rebuilds, in that style, the systems of the class-based braintools tutorial on custom surrogates:
# triangular, asymmetric, multi-scale, functional, annealed, sparse, and an event camera; then the checklist, and a
# combinator of your own. One appendix names three results of that tutorial that are not what it says they are, and
# another looks closer at one of ours.

# %%
# %matplotlib inline
import pickle
from functools import partial

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from surrofun import (
    antiderivative,
    area,
    asym,
    check,
    combinator,
    describe,
    flow,
    heaviside,
    make_spike,
    mix,
    parse,
    plot,
    register,
    report,
    scale,
    shape,
    shapes,
    shift,
    ternary,
)

plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})
BLUE, ORANGE, GREEN = plot.COLORS[:3]  # Okabe & Ito
GREY = plot.GREY


def draw(gs):
    """Draw soft steps on the left and surrogate gradients on the right, for a dict of shapes by name."""
    x = jnp.linspace(-3, 3, 601)
    _, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.2), layout="constrained")
    left.plot(x, heaviside(x), color=GREY, linestyle=":", label="step")
    for (name, g), color, style in zip(gs.items(), plot.COLORS, ("-", "--", "-.", ":"), strict=False):
        left.plot(x, antiderivative(g)(x), color=color, linestyle=style, label=name)
        right.plot(x, g(x), color=color, linestyle=style, label=name)
    left.set(title="soft step", xlabel="potential minus threshold")
    right.set(title="surrogate gradient", xlabel="potential minus threshold")
    left.legend(loc="upper left", frameon=False)
    right.axvline(0, color=GREY, linestyle=":", linewidth=1)


# %% [markdown]
# ## A triangle
#
# The whole surrogate is the one line that is its formula.


# %%
@make_spike
def spike(x, alpha=2.0):
    return alpha * jnp.maximum(0.0, 1.0 - alpha * jnp.abs(x))


x = jnp.array([0.0, 0.5, 1.0])
print("spikes              ", spike(x))
print("gradient, alpha = 2 ", jax.grad(lambda x: spike(x).sum())(x))
print("gradient, alpha = 4 ", jax.grad(lambda x: spike(x, alpha=4.0).sum())(x))

# %% [markdown]
# The slope is 0 from 1 / alpha on. Parameters of the shape are arguments of the spike, Python numbers or traced.
#
# The integral of the shape is its *soft step*, the smooth step whose derivative is the shape. Training the weights does
# not need it; learning a parameter of the shape and `escape` do. `antiderivative` returns it: in closed form for the
# shapes of the field and for `scale`, `shift`, `mix`, `asym` and `normalize` of them, by quadrature for a function of
# your own. Where quadrature is not accurate enough, it raises an error. If you know the closed form, declare it above
# the shape, with `@shape(soft=...)`. Here are the two parabolas of the triangle, and quadrature agrees:


# %%
def parabolas(x, alpha=2.0):
    inner = jnp.maximum(0.0, 1.0 - alpha * jnp.abs(x)) ** 2 / 2
    return jnp.where(x < 0, inner, 1 - inner)


@shape(soft=parabolas)
def triangle(x, alpha=2.0):
    return alpha * jnp.maximum(0.0, 1.0 - alpha * jnp.abs(x))


x = jnp.linspace(-0.8, 0.8, 401)
quadrature = jax.jit(antiderivative(lambda x: triangle(x)))(x)
print(f"largest difference between quadrature and parabolas: {jnp.abs(quadrature - parabolas(x)).max():.1e}")
plot.shape(triangle)

# %% [markdown]
# A declared shape is also compiled once, for all values of alpha, where a plain function is evaluated afresh at every
# call. Declaring it promises what `jax.jit` asks for: the function is pure.
#
# ## Asymmetric
#
# `asym(below, above)` takes one shape below the threshold and another from the threshold on. A shape that is called
# with a parameter by keyword, and without x, is the shape with that parameter.

# %%
symmetric = shapes.sigmoid(alpha=3.0)
asymmetric = asym(below=shapes.sigmoid(alpha=2.0), above=shapes.sigmoid(alpha=5.0))
draw({"symmetric": symmetric, "asymmetric": asymmetric})
print("slope just below and just above the threshold:", asymmetric(jnp.array([-1e-6, 1e-6])))

# %% [markdown]
# The slope jumps at the threshold. A silent neuron, below it, is moved by the gentle side, which reaches further; a
# neuron that fires is moved by the steep one. Each side sees only its own inputs, so that a singularity of one side
# never becomes a NaN of the other.
#
# ## Several scales
#
# A sharp bump is precise near the threshold and blind elsewhere; a wide one reaches far. `mix` is their weighted sum.

# %%
narrow, wide = shapes.sigmoid(alpha=8.0), shapes.sigmoid(alpha=2.0)
multi_scale = mix(narrow, wide, weights=(0.6, 0.4))
draw({"single, alpha 4": shapes.sigmoid, "multi-scale": multi_scale, "narrow, alpha 8": narrow, "wide, alpha 2": wide})
for place in (0.0, 2.0):
    print(f"slope at {place}: single {shapes.sigmoid(place):.4f}, multi-scale {multi_scale(place):.4f}")

# %% [markdown]
# Two units from the threshold the mixture passes on many times the gradient of the single bump, and at the threshold
# it passes on more, too.
#
# ## One line instead of a recipe
#
# The textbook way to such a function in JAX is `jax.custom_vjp` with a backward rule that closes over the gradient
# function. It works, until that function uses a traced value inside of a loop.


# %%
def textbook_spike(g):
    @jax.custom_vjp
    def spike(x):
        return jnp.where(x >= 0, 1.0, 0.0)

    spike.defvjp(lambda x: (spike(x), x), lambda x, cotangent: (cotangent * g(x),))
    return spike


def mean_spikes(potential, width, make):
    """Return the mean of ten spikes, each in one step of a scan, with a cosine of the given width as the surrogate."""

    def step(total, _):
        return total + make(shapes.cosine(width=width))(potential), None

    return jax.lax.scan(step, 0.0, length=10)[0] / 10


for make in (textbook_spike, make_spike):
    try:
        slope = jax.jit(jax.grad(partial(mean_spikes, make=make)))(0.5, 2.0)
        print(f"{make.__name__:15} slope {slope:.4f}")
    except Exception as error:
        print(f"{make.__name__:15} {type(error).__name__}")

# %%
plot.shape(shapes.cosine)

# %% [markdown]
# `make_spike` takes a traced parameter, wherever it comes from: learned, annealed, one for each neuron, or mapped over
# with `vmap`.
#
# ## Annealing the temperature
#
# A temperature T widens the logistic bump: alpha / T instead of alpha. In a class it would be an attribute that the
# training loop sets. Compiled code does not notice a new value: it read the attribute once, when it was traced. Here is
# the same with a dictionary.

# %%
settings = {"T": 2.0}


@jax.jit
def slope_now(x):
    return jax.grad(make_spike(scale(shapes.sigmoid, 1 / settings["T"])))(x)


before = slope_now(0.0)
settings["T"] = 0.25
print("slope at T = 2:", before, " after the change to T = 0.25:", slope_now(0.0))

# %%
temperatures = (2.0, 1.0, 0.5, 0.25)
draw({f"T = {T}": scale(shapes.sigmoid, 1 / T) for T in temperatures})

# %% [markdown]
# As a function, the shape is built anew at every update out of the temperature of that update, inside the compiled
# program. The network below has 50 leaky neurons and a leaky readout, which is to follow a given curve; T is one of the
# inputs of the training, an array with one entry an update.

# %%
STEPS, INPUTS, HIDDEN = 100, 20, 50
spikes_in = jax.random.bernoulli(jax.random.key(0), 0.1, (STEPS, INPUTS)).astype(float)
phase = 2 * jnp.pi * jnp.arange(STEPS) / STEPS
target = jnp.sin(phase) * jnp.sin(3 * phase)


def initial(key):
    first, second = jax.random.split(key)
    return {"in": 0.6 * jax.random.normal(first, (INPUTS, HIDDEN)), "out": 0.1 * jax.random.normal(second, (HIDDEN,))}


def network(weights, g):
    """Return readout (steps,), spikes (steps, hidden) and potentials minus threshold, likewise."""
    spike = make_spike(g)

    def step(state, x):
        v, out = state
        v = 0.9 * v + x @ weights["in"]
        z = spike(v - 1.0)
        out = 0.9 * out + z @ weights["out"]
        return (v - z, out), (out, z, v - 1.0)

    return jax.lax.scan(step, (jnp.zeros(HIDDEN), jnp.zeros(())), spikes_in)[1]


def loss(weights, g, price):
    out, z, _ = network(weights, g)
    error, rate = jnp.mean((out - target) ** 2), z.mean()
    return error + price * rate, {"error": error, "rate": rate}


optimizer, compilations = optax.adam(0.02), 0


@jax.jit
def train(weights, temperatures, shifted, price):
    """Return error and firing rate at each update, shape (seeds, updates)."""
    global compilations
    compilations += 1  # Python runs this line only when JAX traces

    def update(state, T):
        weights, moments = state
        g = shift(scale(shapes.sigmoid, 1 / T), shifted)
        gradient, measured = jax.grad(loss, has_aux=True)(weights, g, price)
        changes, moments = optimizer.update(gradient, moments)
        return (optax.apply_updates(weights, changes), moments), measured

    return jax.vmap(lambda w: jax.lax.scan(update, (w, optimizer.init(w)), temperatures)[1])(weights)


UPDATES, BEGIN = 200, jax.vmap(initial)(jax.random.split(jax.random.key(1), 5))
schedules = {  # from and to
    "T = 2": (2.0, 2.0),
    "T = 1": (1.0, 1.0),
    "T = 0.25": (0.25, 0.25),
    "2 to 0.25": (2.0, 0.25),
}
_, axis = plt.subplots(figsize=(7, 3), layout="constrained")
for (name, ends), color, style in zip(schedules.items(), plot.COLORS, ("-", "--", "-.", ":"), strict=False):
    error = train(BEGIN, jnp.geomspace(*ends, UPDATES), 0.0, 0.0)["error"]
    axis.semilogy(error.mean(0), color=color, linestyle=style, label=name)
    print(f"{name:10} error, mean of the last 20 updates: {error[:, -20:].mean():.4f}")
axis.set(xlabel="update", ylabel="squared error, mean of 5 seeds")
axis.legend(frameon=False)
print(f"compiled {compilations} time for {len(schedules)} schedules of {UPDATES} temperatures each")

# %% [markdown]
# One compilation serves all schedules. Whether annealing helps depends on the task: here the four final errors are
# close together. Compare a schedule with the best constant temperature before you believe in it.
#
# ## Sparse spiking
#
# The tutorial shifts the logistic bump so that training leads to fewer spikes: sigmoid(alpha (x + bias)) with bias =
# -0.3, which is `shift(shapes.sigmoid, 0.3)`. The peak of the slope lies above the threshold then.

# %%
sparse = shift(shapes.sigmoid, 0.3)
x = jnp.linspace(-3, 3, 601)
print(f"peak of the slope at {x[sparse(x).argmax()]:+.2f}")
print(f"slope at -0.5: {sparse(-0.5):.3f}, and without the shift {shapes.sigmoid(-0.5):.3f}")
draw({"normal": shapes.sigmoid, "shifted by +0.3": sparse})

# %% [markdown]
# Forward nothing changes: the neuron still fires at its threshold, and for the same weights it fires as often. What
# changes is learning. A neuron below the threshold is reached by less gradient, so that fewer silent neurons are drawn
# into firing. How much sparser the trained network is has to be measured, with the same network as above:

# %%
for shifted, price in ((-0.3, 0.0), (0.0, 0.0), (0.3, 0.0), (0.0, 0.1)):
    measured = train(BEGIN, jnp.ones(UPDATES), shifted, price)
    rate, error = measured["rate"], measured["error"][:, -20:].mean()
    begin, end = rate[:, 0].mean(), rate[:, -1].mean()
    print(f"shift {shifted:+.1f}, price {price}: rate {begin:.3f} -> {end:.3f}, error {error:.4f}")

# %% [markdown]
# Rates are spikes a step. The network starts with the same rate whatever the shift, and ends with fewer spikes the
# further the bump lies above the threshold. A price on the rate in the loss, in the last line, asks for the same thing
# directly.
#
# `flow` tells how much gradient gets through the spikes of a layer, from its potentials:

# %%
_, _, potentials = network(jax.tree.map(lambda w: w[0], BEGIN), shapes.sigmoid)
for g in (shapes.sigmoid, sparse):
    print(f"{g.__name__:20}", {name: round(float(m), 3) for name, m in jax.jit(partial(flow, g))(potentials).items()})

# %% [markdown]
# ## An event camera
#
# An event camera reports changes of brightness: an ON event where it rises by a threshold, an OFF event where it falls.
# A detector with polarity answers +1, -1 or 0: the forward step `ternary`. It has two thresholds, so its surrogate
# gradient has two bumps. As the camera does, it compares the brightness with the one at its last event, and not with
# the last sample, so that a slow change is seen as well. The brightness it has reported so far is what can be rebuilt
# from its events.

# %%
t = jnp.linspace(0, 10, 200)
brightness = jnp.sin(t) + 0.3 * jnp.sin(3 * t)
_, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
two_bumps = mix(shift(shapes.triangle, 1.0), shift(shapes.triangle, -1.0), weights=(1.0, 1.0))
polarity = make_spike(two_bumps, step=ternary)
plot.compare(two_bumps, ax=axis)
axis.set_xlabel("change since the last event, in thresholds")


def camera(threshold, brightness):
    """Return events (+1, 0, -1) and the brightness that they report."""

    def step(reported, now):
        event = polarity((now - reported) / threshold)
        reported += threshold * event
        return reported, (event, reported)

    return jax.lax.scan(step, brightness[0], brightness)[1]


# %% [markdown]
# Now train its threshold end to end: the brightness is to be rebuilt well out of few events. A low threshold needs many
# events, a high one loses the signal. The loss is the squared error plus a price for each event, and its gradient goes
# through every event of the sequence. The threshold is learned by its logarithm, which keeps it positive.


# %%
def cost(log_threshold):
    events, reported = camera(jnp.exp(log_threshold), brightness)
    return jnp.mean((reported - brightness) ** 2) + 0.02 * jnp.mean(jnp.abs(events))


@jax.jit
def learn(threshold):
    """Return thresholds and costs over 300 steps of gradient descent."""

    def update(log_threshold, _):
        value, gradient = jax.value_and_grad(cost)(log_threshold)
        return log_threshold - 0.3 * gradient, (jnp.exp(log_threshold), value)

    return jax.lax.scan(update, jnp.log(threshold), length=300)[1]


grid = jnp.geomspace(0.03, 1.2, 400)
costs = jax.jit(jax.vmap(cost))(jnp.log(grid))
_, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
axis.loglog(grid, costs, color=GREY, linewidth=1, label="cost of every threshold")
axis.set(xlabel="threshold", ylabel="cost")
for begin, color in ((0.05, BLUE), (0.8, ORANGE)):
    thresholds, values = learn(begin)
    axis.loglog(thresholds, values, ".", color=color, markersize=4, label=f"training from {begin}")
    print(f"from {begin}: threshold {thresholds[-1]:.3f}, cost {values[0]:.4f} -> {values[-1]:.4f}")
axis.legend(frameon=False)
print(f"best of the grid: threshold {grid[costs.argmin()]:.3f}, cost {costs.min():.4f}")
# %% [markdown]
# From both sides training comes close to the threshold that is best on the grid. It does not follow the derivative of
# the cost: that curve is full of jumps and local minima, and the surrogate gradient carries training over them. The
# last appendix has more on where it ends.
#
# The detector with the threshold learned from 0.8 in 300 steps:

# %%
threshold = float(thresholds[-1])
events, reported = camera(threshold, brightness)
on, off = t[events > 0], t[events < 0]
_, (top, bottom) = plt.subplots(2, 1, figsize=(8, 4), sharex=True, height_ratios=(3, 1), layout="constrained")
top.plot(t, brightness, color=GREY, label="brightness")
top.step(t, reported, where="post", color=GREEN, label="rebuilt from the events")
top.legend(frameon=False)
bottom.eventplot([on, off], lineoffsets=[1, 0], linelengths=0.7, colors=[BLUE, ORANGE])
bottom.set(yticks=[0, 1], yticklabels=[f"OFF ({len(off)})", f"ON ({len(on)})"], xlabel="time")
print(f"{len(on)} ON and {len(off)} OFF events, in sum a change of {threshold * (len(on) - len(off)):+.3f}")
print(f"brightness at the end minus brightness at the beginning: {brightness[-1] - brightness[0]:+.3f}")

# %% [markdown]
# ## The checklist, as data
#
# The tutorial ends with a list of boxes to tick. `check` measures such properties, and `report` returns them as a
# table.

# %%
print(report(check(triangle)))

# %% [markdown]
# For a fault, the table also says what to do about it:


# %%
def careless(x):
    bump = jnp.exp(8.0 * x) / (1 + jnp.exp(8.0 * x)) ** 2  # overflows
    return bump - 0.01


print(report(check(careless)))

# %% [markdown]
# ## A combinator of your own
#
# `scale`, `shift`, `mix`, `asym` and `normalize` are formulas under the decorator `combinator`, and you can write your
# own in the same way. In the formula a parameter without a default is a shape, and one with a default is a number. This
# one raises a shape to a power, which makes its tails lighter:


# %%
@register("power")  # so that `parse` knows it
@combinator
def power(x, g, p=2.0):
    return g(x) ** p


def by_hand(x, p):
    """Return the soft step of 1 / (1 + 4 |x|)^(2 p) for x <= 0."""
    return (1 - 4 * x) ** (1 - 2 * p) / (8 * p - 4)


wide = shapes.superspike(beta=4.0)
light = power(wide, 1.5)
x = jnp.array([-0.5, -0.25, 0.0])
print("name     ", light.__name__)
print("slope    ", light(x))
print("soft step", antiderivative(light)(x), "by hand", by_hand(x, 1.5))
print("area     ", area(light), "by hand", 2 * by_hand(0.0, 1.5))
print("read from text: ", parse(describe(light)) == light)
print("out of a pickle:", describe(pickle.loads(pickle.dumps(light))))
plot.compare(wide, light)

# %% [markdown]
# `power` declares nothing but its formula; its soft step was found by quadrature. A pickle holds the names of the
# functions and the numbers, so `power` has to be defined at the top level of a module that can be imported where the
# pickle is read.
#
# The number may be traced, and learned:


# %%
def spike(x, p):
    return make_spike(power(wide, p), learnable=True)(x)


for name, f in {"learned": spike, "by hand": by_hand}.items():
    print(f"gradient of p, {name}: {jax.grad(f, argnums=1)(-0.5, 1.5):.6f}")

# %% [markdown]
# What you know of the result, such as its soft step, you declare beside the formula, as a function with the same
# parameters. There, as in the formula, a shape such as g holds its own parameters already: call it with x alone.


# %%
@combinator(soft=lambda x, g: -antiderivative(g)(-x))
def mirror(x, g):
    return g(-x)


both = mix(mirror(shapes.leaky_step(leak=0.0)), shapes.leaky_step(leak=0.3), weights=(1.0, 1.0))
print(both.__name__)
print("slope    ", both(jnp.array([-1.0, 1.0])))
print("soft step", antiderivative(both)(jnp.array([-1.0, 1.0])))

# %% [markdown]
# ## Quick reference
#
# | you want | you write |
# |---|---|
# | a surrogate of your own | `@make_spike` above `def spike(x, alpha=1.0): return ...` |
# | a shape of your own | `@shape`, or `@shape(soft=..., bounds=..., around=...)`, above the function |
# | a combinator of your own | `@combinator` above `def power(x, g, p=2.0): return g(x) ** p` |
# | one of the field | `make_spike(shapes.sigmoid)` |
# | its parameter | `spike(x, alpha=8.0)`, or `make_spike(shapes.sigmoid(alpha=8.0))` |
# | sharper, or higher | `scale(g, 2.0)`, `scale(g, height=0.5)`, `normalize(g, peak=1.0)` |
# | the bump elsewhere | `shift(g, 0.3)`, above the threshold for a positive number |
# | different sides | `asym(below, above)` |
# | several scales | `mix(g, h, weights=(0.6, 0.4))` |
# | annealing | build the shape in the loop, out of a traced temperature: `scale(g, 1 / T)` |
# | learned parameters | `make_spike(g, learnable=True)` (notebook 03) |
# | another forward step | `make_spike(g, step=ternary)`, `step=sign`, `step=staircase(5)`, `step=escape(g, key)` |
# | the soft step | `antiderivative(g)` |
# | the checklist, the flow of gradient | `report(check(g))`, `flow(g, x)`, `fit_alpha(g, x)` |
# | less memory, forward mode | `make_spike(g, residual=jnp.uint8)` (notebook 06), `make_spike(g, forward_mode=True)` |
# | a shape as text | `describe(g)`, `parse("scale(sigmoid, 2.0)")` |
# | a picture | `plot.shape(g)`, `plot.compare(g, h)` |

# %% [markdown]
# ## Appendix: three results of the tutorial
#
# **The soft step.** The tutorial draws clip(0.5 + alpha x / 2, 0, 1) as the soft step of its triangle, a straight ramp.
# The derivative of that is a rectangle, not the triangle.

# %%
x = jnp.linspace(-0.8, 0.8, 401)
ramp = jnp.clip(0.5 + 2.0 * x / 2, 0.0, 1.0)
_, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3), layout="constrained")
for y, name, color, style in ((parabolas(x), "parabolas", BLUE, "-"), (ramp, "ramp of the tutorial", ORANGE, "--")):
    left.plot(x, y, color=color, linestyle=style, label=name)
    right.plot(x, np.gradient(y, x), color=color, linestyle=style)
left.set(title="soft step", xlabel="potential minus threshold")
right.set(title="its derivative", xlabel="potential minus threshold")
left.legend(loc="upper left", frameon=False)
print(f"largest difference of the ramp from the soft step: {jnp.abs(ramp - parabolas(x)).max():.3f}")

# %% [markdown]
# **The sign of the shift.** The tutorial marks the peak of its sparse gradient at -0.3 and says that it lies below the
# threshold. It is at +0.3, above it.
#
# **The 94 events.** The tutorial gives the spike of its event camera a threshold of 0.1 and counts 94 events in the
# signal above. But its forward step is the step at zero, whatever the threshold of the surrogate, so it counts the
# changes that are not negative. No change in this signal exceeds 0.1.

# %%
changes = jnp.diff(brightness, prepend=brightness[0])
print("events of the step at zero: ", int(heaviside(changes).sum()))
print("changes that are >= 0:      ", int((changes >= 0).sum()))
print(f"largest change:              {abs(changes).max():.4f}")
print("events of |change| >= 0.1:  ", int(abs(ternary(changes, 0.1)).sum()))

# %% [markdown]
# ## Appendix: where the training of the threshold ends
#
# From below, training stops at 0.102 and not at 0.125. There are two reasons, and they can be measured. First, the cost
# is a plateau there: it jumps up and down with every event that comes or goes, and which threshold has the lowest cost
# is a matter of chance. Second, the surrogate gradient is not the slope of that curve, not even of its average.

# %%
near = jnp.geomspace(0.08, 0.16, 2000)
near_costs, near_gradients = jax.jit(jax.vmap(jax.value_and_grad(cost)))(jnp.log(near))
window = int(0.2 / jnp.log(near[1] / near[0]))  # thresholds within 20 % of one another
mean_cost, mean_gradient = (
    jnp.convolve(y, jnp.ones(window) / window, mode="valid") for y in (near_costs, near_gradients)
)
middle = near[window // 2 :][: len(mean_cost)]

figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 4.2), sharex=True, layout="constrained")
for axis, y, mean in ((top, near_costs, mean_cost), (bottom, near_gradients, mean_gradient)):
    axis.plot(near, y, color=GREY, linewidth=1, label="each threshold")
    axis.plot(middle, mean, color=GREEN, label="mean of thresholds within 20 %")
    axis.axvline(0.102, color=BLUE, linestyle=":", label="0.102")
    axis.axvline(0.125, color=ORANGE, linestyle=":", label="0.125")
top.set_ylabel("cost")
figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False, fontsize=9)
bottom.set(xlabel="threshold", ylabel="surrogate gradient")
bottom.axhline(0, color="black", linewidth=0.5)

plateau = near_costs[(near > 0.09) & (near < 0.13)]
print(f"cost between 0.09 and 0.13: {plateau.min():.4f} to {plateau.max():.4f}")
best = near_costs.argmin()
print(f"lowest cost at {near[best]:.3f}, where the surrogate gradient is {near_gradients[best]:+.4f}")
print(f"surrogate gradient 0 at {near[jnp.argmax(near_gradients > 0)]:.3f}, coming from below")
print(f"mean of the cost lowest at {middle[mean_cost.argmin()]:.3f}")
print(f"mean of the surrogate gradient 0 at {middle[jnp.argmax(mean_gradient > 0)]:.3f}")
for begin in (0.05, 0.8):
    end = begin
    for _ in range(10):
        end = learn(end)[0][-1]
    print(f"from {begin}, ten times as many steps: threshold {end:.3f}, cost {cost(jnp.log(end)):.4f}")

# %% [markdown]
# Training stops where the surrogate gradient is 0. Coming from below, that is first at 0.102. At 0.125 the surrogate
# gradient still says that the threshold should fall, and training from above goes on to 0.109 if it has the time. The
# mean of the cost is lowest at 0.116, and the mean of the surrogate gradient is 0 at 0.105: its bias is a tenth of the
# threshold here. It costs little. All over the plateau the cost is within 0.002 of the lowest, and it began at 0.084.
