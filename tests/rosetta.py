"""The Rosetta table: the surrogate gradients of the field's libraries, each as one surrofun expression.

A row is (library, call, parameters, expression, formula, at_zero):

* call: how the library is called at the potential minus threshold `x`; it returns spikes, or the slope itself if it
  takes (potential, threshold);
* parameters: the library's own names, each with a tuple of values, the default first (if there is one);
* expression: the same slope as a surrofun shape, in terms of those parameters, which are given by keyword;
* formula: the slope in NumPy, written from its definition and not from the code of either side;
* at_zero: what the library's step returns at x = 0, None if its forward function is not one step.

Single points where a slope jumps are left out: which side they belong to differs even within one library.
"""

import numpy as np


def box(x, half_width):
    return np.where(abs(x) < half_width, 1, 0)


def hat(x, half_width):
    return np.maximum(0, 1 - abs(x) / half_width)


def logistic(x, a):
    return a * np.exp(-abs(a * x)) / (1 + np.exp(-abs(a * x))) ** 2


def bell(x, mu, sigma):
    return np.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))


def three_bells(x, h, s, sigma, mu):
    return (1 + h) * bell(x, mu, sigma) - h * (bell(x, sigma, s * sigma) + bell(x, -sigma, s * sigma))


def waves(x, n, period):
    return 4 / period * sum(np.cos((2 * i - 1) * 2 * np.pi * x / period) for i in range(1, n + 1))


FORMULA_NAMES = {**vars(np), **{f.__name__: f for f in (box, hat, logistic, bell, three_bells, waves)}}

ROWS = [
    # Constants and steps
    ("snntorch", "straight_through_estimator()(x)", {}, "straight_through", "ones_like(x)", 0),
    ("spikingjelly", "DeterministicPass()(x)", {}, "straight_through", "ones_like(x)", 1),
    ("braincog", "straight_through_estimator.apply(x)", {}, "straight_through", "ones_like(x)", 1),
    ("sinabs", "Quantize.apply(x)", {}, "straight_through", "ones_like(x)", None),
    ("lava-dl", "quantize(x)", {}, "straight_through", "ones_like(x)", None),
    ("rockpool", "make_backward_passthrough(f)(x)", {}, "straight_through", "ones_like(x)", None),
    ("snntorch", "heaviside()(x)", {}, "leaky_step(leak=0.0)", "where(x > 0, 1, 0)", 0),
    ("braincog", "STDPGrad.apply(x)", {}, "leaky_step(leak=0.0)", "where(x > 0, 1, 0)", 0),
    ("braincog", "ReLUGrad(alpha)(x)", {"alpha": (2.0, 0.7)}, "leaky_step(leak=0.0, slope=alpha)",
     "where(x > 0, alpha, 0)", 1),
    ("sinabs", "Heaviside(window)(x + threshold, threshold)", {"window": (1.0, 0.3), "threshold": (1.0, 0.8)},
     "shift(leaky_step(leak=0.0, slope=1 / threshold), -window)",
     "where(x > -window, 1 / threshold, 0)", 1),
    ("rockpool", "lif_torch.StepPWL.apply(x + threshold, threshold, window)",
     {"threshold": (1.0, 0.8), "window": (0.5, 0.3)},
     "shift(leaky_step(leak=0.0, slope=1 / threshold), -window)",
     "where(x > -window, 1 / threshold, 0)", 1),
    ("rockpool", "lif_jax.step_pwl(x + threshold, threshold, window)", {"threshold": (1.0, 0.8), "window": (0.5, 0.3)},
     "shift(leaky_step(leak=0.0, slope=1 / threshold), -window)",
     "where(x > -window, 1 / threshold, 0)", 1),
    ("rockpool", "lif_sinabs.StepPWL(window)(x)", {"window": (0.5, 0.3)},
     "shift(leaky_step(leak=0.0), -window)", "where(x > -window, 1, 0)", 1),
    ("rockpool", "updown.StepPWL.apply(x)", {}, "shift(leaky_step(leak=0.0), 0.5)", "where(x > 0.5, 1, 0)", 0),
    ("rockpool", "dynapse.step_pwl(imem, Ireset)", {}, "leaky_step(leak=0.0)", "where(x > 0, 1, 0)", 0),
    ("spikingjelly", "ReLU of the CIFAR10 example", {}, "leaky_step(leak=0.0)", "where(x > 0, 1, 0)", None),
    ("braintools", "LeakyRelu(alpha, beta)(x)", {"alpha": (0.1, 0.3), "beta": (1.0, 0.8)},
     "leaky_step(leak=alpha, slope=beta)", "where(x < 0, alpha, beta)", 1),
    ("spikingjelly", "LeakyKReLU(leak=leak, k=k)(x)", {"leak": (0.0, 0.3), "k": (1.0, 0.8)},
     "leaky_step(leak=leak, slope=k)", "where(x < 0, leak, k)", 1),
    ("braintools", "LogTailedRelu(alpha)(x)", {"alpha": (0.0, 0.2)}, "log_tailed_step(leak=alpha)",
     "where(x > 0, 1 / maximum(1, x), alpha)", 1),
    ("spikingjelly", "LogTailedReLU(alpha)(x)", {"alpha": (0.0, 0.2)}, "log_tailed_step(leak=alpha)",
     "where(x > 0, 1 / maximum(1, x), alpha)", 1),
    ("braintools", "S2NN(alpha, beta)(x)", {"alpha": (4.0, 1.7), "beta": (1.0, 0.6)},
     "s2nn(alpha=alpha, beta=beta)",
     "where(x < 0, logistic(x, alpha), beta / (1 + abs(x)))", 1),
    ("spikingjelly", "S2NN(alpha, beta)(x)", {"alpha": (4.0, 1.7), "beta": (1.0, 0.6)},
     "s2nn(alpha=alpha, beta=beta)",
     "where(x < 0, logistic(x, alpha), beta / (1 + abs(x)))", 1),
    # Rectangles
    ("spikingjelly", "Rect(alpha)(x)", {"alpha": (1.0, 1.7)}, "rectangle(width=1 / alpha)",
     "alpha * box(x, 0.5 / alpha)", 1),
    ("spyx", "boxcar(width, height)(x)", {"width": (2.0, 1.4), "height": (0.5, 0.8)},
     "scale(rectangle(width=width), height=width * height)", "height * box(x, width / 2)", 0),
    ("snnax", "piecewise_surrogate(beta)(x)", {"beta": (0.5, 1.3)},
     "scale(rectangle(width=2 * beta), height=2 * beta)", "box(x, beta)", 1),
    ("braincog", "GateGrad(alpha)(x)", {"alpha": (2.0, 0.7)},
     "scale(rectangle(width=2 / alpha), height=2 / alpha)", "box(x, 1 / alpha)", 0),
    ("braincog", "BackEIGateGrad.apply(x)", {}, "rectangle", "box(x, 0.5)", 0),
    ("braincog", "EIGrad.apply(x)", {}, "rectangle", "box(x, 0.5)", 0),
    ("decolle", "SmoothStep.apply(x)", {}, "rectangle", "box(x, 0.5)", 1),
    ("sparch", "SpikeFunctionBoxcar.apply(x)", {}, "rectangle", "box(x, 0.5)", 0),
    ("spikingjelly", "MultiLevelSpikeCount(n)(x)", {"n": (4, 7)},
     "shift(scale(rectangle(width=n), height=n), n / 2)", "where((x > 0) & (x < n), 1, 0)", 0),
    ("braincog", "RoundGrad.apply(x)", {}, "shift(scale(rectangle(width=5.0), height=5.0), 2.0)",
     "where((x > -0.5) & (x < 4.5), 1, 0)", None),
    ("braintools", "PiecewiseLeakyRelu(c=c, w=w)(x)", {"c": (0.01, 0.03), "w": (1.0, 0.7)},
     "leaky_rectangle(width=2 * w, leak=c)", "where(abs(x) < w, 0.5 / w, c)", 1),
    ("spikingjelly", "PiecewiseLeakyReLU(w=w, c=c)(x)", {"c": (0.01, 0.03), "w": (1.0, 0.7)},
     "leaky_rectangle(width=2 * w, leak=c)", "where(abs(x) < w, 0.5 / w, c)", 1),
    # Triangles
    ("braintools", "PiecewiseQuadratic(alpha)(x)", {"alpha": (1.0, 1.7)}, "triangle(alpha=alpha)",
     "alpha * hat(x, 1 / alpha)", 1),
    ("spikingjelly", "PiecewiseQuadratic(alpha)(x)", {"alpha": (1.0, 1.7)}, "triangle(alpha=alpha)",
     "alpha * hat(x, 1 / alpha)", 1),
    ("braincog", "QGateGrad(alpha)(x)", {"alpha": (2.0, 1.7)}, "triangle(alpha=alpha)",
     "alpha * hat(x, 1 / alpha)", 0),
    ("spyx", "triangular(k)(x)", {"k": (2.0, 0.7)}, "scale(triangle, k, height=1 / k)", "hat(x, 1 / k)", 0),
    ("stork", "EsserSpike.apply(x)", {"beta": (1.0, 3.0)}, "scale(triangle, beta, height=1 / beta)",
     "hat(x, 1 / beta)", 0),
    ("braintools", "ReluGrad(alpha, width)(x)", {"alpha": (0.3, 0.7), "width": (1.0, 1.3)},
     "scale(triangle, 1 / width, height=alpha * width**2)", "alpha * width * hat(x, width)", 1),
    ("norse", "triangle_fn(x, alpha)", {"alpha": (0.3, 0.8)}, "scale(triangle, height=alpha)",
     "alpha * hat(x, 1)", 0),
    ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'linear'", {}, "scale(triangle, height=0.5)",
     "0.5 * hat(x, 1)", 0),
    ("ml_genn", "e-prop compiler, x = V - Vth", {"Vth": (1.0, 0.6)}, "scale(triangle, 1 / Vth, height=0.3)",
     "0.3 / Vth * hat(x, Vth)", None),
    # Exponentials
    ("braintools", "PiecewiseExp(alpha)(x)", {"alpha": (1.0, 1.7)}, "laplace(alpha=alpha)",
     "alpha / 2 * exp(-alpha * abs(x))", 1),
    ("spikingjelly", "PiecewiseExp(alpha)(x)", {"alpha": (1.0, 1.7)}, "laplace(alpha=alpha)",
     "alpha / 2 * exp(-alpha * abs(x))", 1),
    ("lava-dl", "Spike.apply(v, threshold, tau_rho, scale_rho, False, 0, 1)",
     {"tau_rho": (1.0, 0.7), "scale_rho": (1.0, 1.3)},
     "scale(laplace, 1 / tau_rho, height=scale_rho)", "scale_rho / (2 * tau_rho) * exp(-abs(x) / tau_rho)", 1),
    ("braintools", "SlayerGrad(alpha)(x)", {"alpha": (1.0, 1.7)}, "scale(laplace, alpha, height=2 / alpha)",
     "exp(-alpha * abs(x))", 1),
    ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'slayer'", {}, "scale(laplace, 5.0, height=0.2)",
     "0.5 * exp(-5 * abs(x))", 0),
    ("sinabs", "SingleExponential(grad_width, grad_scale)(x + threshold, threshold)",
     {"grad_width": (0.5, 0.7), "grad_scale": (1.0, 1.3), "threshold": (1.0, 0.8)},
     "scale(laplace, 1 / (grad_width * threshold), height=2 * grad_scale)",
     "grad_scale / (grad_width * threshold) * exp(-abs(x) / (grad_width * threshold))", 1),
    ("snntorch", "spike_rate_escape(beta, slope)(x)", {"beta": (1.0, 2.0), "slope": (25.0, 3.0)},
     "shift(scale(laplace, beta, height=2 * slope / beta), 1.0)", "slope * exp(-beta * abs(x - 1))", 0),
    ("lava-dl", "Spike.apply(v, threshold, tau_rho, scale_rho, True, 0, 1)",
     {"tau_rho": (1.0, 0.7), "scale_rho": (1.0, 1.3)},
     "scale(exp_saturating(tau=tau_rho), height=scale_rho)",
     "scale_rho * exp(minimum(x, 0) / tau_rho)", None),
    ("stork", "CustomSpike.apply(x), surrogate_type = 'exponential'", {"p0": (0.01, 0.03), "delta_u": (0.133, 0.4)},
     "escape_exponential(p0=p0, delta=delta_u)", "p0 / delta_u * exp(x / delta_u)", 0),
    ("sinabs", "PeriodicExponential(grad_width, grad_scale)(x + threshold, threshold)",
     {"grad_width": (0.5, 0.3), "grad_scale": (1.0, 1.3), "threshold": (1.0, 0.8)},
     "scale(asym(scale(laplace, 1 / grad_width, height=2 * grad_width), "
     "periodic_laplace(alpha=2 / grad_width, period=threshold)), height=grad_scale)",
     "grad_scale * exp(-where(x < 0, -x, abs(2 * (x - threshold * round(x / threshold)))) / grad_width)", 1),
    ("rockpool", "lif_torch.PeriodicExponential.apply(x + threshold, threshold, window, max_spikes)",
     {"threshold": (1.0, 0.8), "window": (0.5, 0.3)},
     "scale(periodic_laplace(alpha=1 / window, period=threshold), height=1 / threshold)",
     "exp(-where(x < 0, -x, abs(x - threshold * round(x / threshold))) / window) / threshold", 1),
    ("rockpool", "lif_sinabs.PeriodicExponential(threshold, window)(x)",
     {"threshold": (1.0, 0.8), "window": (0.5, 0.3)},
     "scale(periodic_laplace(alpha=1 / window, period=threshold), height=1 / threshold)",
     "exp(-where(x < 0, -x, abs(x - threshold * round(x / threshold))) / window) / threshold", 1),
    # Logistic
    ("braintools", "Sigmoid(alpha)(x)", {"alpha": (4.0, 1.7)}, "sigmoid(alpha=alpha)",
     "logistic(x, alpha)", 1),
    ("spikingjelly", "Sigmoid(alpha)(x)", {"alpha": (4.0, 1.7)}, "sigmoid(alpha=alpha)",
     "logistic(x, alpha)", 1),
    ("snntorch", "sigmoid(slope)(x)", {"slope": (25.0, 1.7)}, "sigmoid(alpha=slope)",
     "logistic(x, slope)", 0),
    ("braincog", "SigmoidGrad(alpha)(x)", {"alpha": (1.0, 1.7)}, "sigmoid(alpha=alpha)",
     "logistic(x, alpha)", 1),
    ("stork", "CustomSpike.apply(x), surrogate_type = 'sigmoid'", {"beta": (10.0, 3.0)}, "sigmoid(alpha=beta)",
     "logistic(x, beta)", 0),
    ("decolle", "SigmoidStep.apply(x)", {}, "sigmoid(alpha=1.0)", "logistic(x, 1)", 1),
    ("spyx", "tanh(k)(x)", {"k": (1.0, 1.7)}, "scale(sigmoid, k / 2, height=2 / k)",
     "2 / k * logistic(x, 2 * k)", 0),
    ("norse", "heavi_tanh_fn(x, k)", {"k": (100.0, 1.7)}, "scale(sigmoid, k / 2, height=2 / k)",
     "2 / k * logistic(x, 2 * k)", 0),
    ("norse", "logistic_fn(x, k)", {"k": (100.0, 1.7)}, "scale(sigmoid, k / 2, height=2 / k)",
     "2 / k * logistic(x, 2 * k)", None),
    # Gaussian
    ("braintools", "ERF(alpha)(x)", {"alpha": (1.0, 1.7)}, "gaussian(sigma=1 / (sqrt(2) * alpha))",
     "alpha / sqrt(pi) * exp(-(alpha * x)**2)", 1),
    ("spikingjelly", "Erf(alpha)(x)", {"alpha": (2.0, 1.7)}, "gaussian(sigma=1 / (sqrt(2) * alpha))",
     "alpha / sqrt(pi) * exp(-(alpha * x)**2)", 1),
    ("norse", "heavi_erfc_fn(x, k)", {"k": (100.0, 1.7)},
     "scale(gaussian(sigma=1 / (sqrt(2) * k)), height=2 / k)", "2 / sqrt(pi) * exp(-(k * x)**2)", 0),
    ("braintools", "GaussianGrad(sigma, alpha)(x)", {"sigma": (0.5, 0.8), "alpha": (0.5, 1.3)},
     "scale(gaussian(sigma=sigma), height=alpha)", "alpha * bell(x, 0, sigma)", 1),
    ("sinabs", "Gaussian(mu, sigma, grad_scale)(x + threshold, threshold)",
     {"mu": (0.0, 0.2), "sigma": (0.5, 0.8), "grad_scale": (1.0, 1.3), "threshold": (1.0, 0.8)},
     "scale(shift(gaussian(sigma=sigma), mu), height=grad_scale)",
     "grad_scale * bell(x, mu, sigma)", 1),
    ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'G'", {}, "scale(gaussian, height=0.5)",
     "0.5 * bell(x, 0, 0.5)", 0),
    ("braintools", "MultiGaussianGrad(h=h, s=s, sigma=sigma, scale=c)(x)",
     {"h": (0.15, 0.2), "s": (6.0, 3.0), "sigma": (0.5, 0.4), "c": (0.5, 1.1)},
     "scale(multi_gaussian(h=h, s=s, sigma=sigma), height=c)",
     "c * three_bells(x, h, s, sigma, 0)", 1),
    ("sinabs", "MultiGaussian(mu, sigma, h, s, grad_scale)(x + threshold, threshold)",
     {"mu": (0.0, 0.2), "sigma": (0.5, 0.4), "h": (0.15, 0.2), "s": (6.0, 3.0), "grad_scale": (1.0, 1.1),
      "threshold": (1.0, 0.8)},
     "scale(mix(shift(gaussian(sigma=sigma), mu), shift(gaussian(sigma=s * sigma), sigma), "
     "shift(gaussian(sigma=s * sigma), -sigma), weights=(1 + h, -h, -h)), height=grad_scale)",
     "grad_scale * three_bells(x, h, s, sigma, mu)", 1),
    ("slax", "multi_gauss(gamma=gamma, lens=lens, scale=s, height=h)(x)",
     {"gamma": (0.5, 1.1), "lens": (0.3, 0.4), "s": (6.0, 3.0), "h": (0.15, 0.2)},
     "scale(multi_gaussian(h=h, s=s, sigma=lens), height=gamma)",
     "gamma * three_bells(x, h, s, lens, 0)", 1),
    ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'MG'", {}, "scale(multi_gaussian, height=0.5)",
     "0.5 * three_bells(x, 0.15, 6, 0.5, 0)", 0),
    # Fast sigmoid
    ("braintools", "InvSquareGrad(alpha)(x)", {"alpha": (100.0, 7.0)}, "superspike(beta=alpha)",
     "1 / (1 + alpha * abs(x))**2", 1),
    ("spyx", "superspike(k)(x)", {"k": (25.0, 7.0)}, "superspike(beta=k)", "1 / (1 + k * abs(x))**2", 0),
    ("snntorch", "fast_sigmoid(slope)(x)", {"slope": (25.0, 7.0)}, "superspike(beta=slope)",
     "1 / (1 + slope * abs(x))**2", 0),
    ("norse-head", "super_fn(x, alpha)", {"alpha": (100.0, 7.0)}, "superspike(beta=alpha)",
     "1 / (1 + alpha * abs(x))**2", 0),
    ("norse", "super_fn(x, alpha)", {"alpha": (100.0, 7.0)}, "superspike(beta=1.0)",
     "1 / (1 + abs(x))**2", 0),  # release 1.1.0 ignores alpha
    ("jaxsnn", "superspike(x, alpha)", {"alpha": (80.0, 7.0)}, "superspike(beta=alpha)",
     "1 / (1 + alpha * abs(x))**2", 0.5),
    ("slax", "fast_sigmoid(slope)(x)", {"slope": (25.0, 7.0)}, "superspike(beta=slope)",
     "1 / (1 + slope * abs(x))**2", 1),
    ("stork", "SuperSpike.apply(x)", {"beta": (20.0, 7.0)}, "superspike(beta=beta)",
     "1 / (1 + beta * abs(x))**2", 0),
    ("stork", "CustomSpike.apply(x), surrogate_type = 'SuperSpike'", {"beta": (10.0, 7.0)},
     "superspike(beta=beta)", "1 / (1 + beta * abs(x))**2", 0),
    ("hxtorch", "threshold(x, 'superspike', alpha)", {"alpha": (50.0, 7.0)}, "superspike(beta=alpha)",
     "1 / (1 + alpha * abs(x))**2", 0),
    ("decolle", "FastSigmoid.apply(x)", {}, "superspike", "1 / (1 + 10 * abs(x))**2", 0),
    ("tudelft", "FastSigmoid.apply(x, height, slope)", {"height": (0.7, 1.3), "slope": (3.0, 7.0)},
     "scale(superspike(beta=slope), height=height)", "height / (1 + slope * abs(x))**2", 0),
    ("braintools", "SoftSign(alpha)(x)", {"alpha": (1.0, 1.7)},
     "scale(superspike(beta=alpha), height=alpha / 2)",
     "alpha / 2 / (1 + alpha * abs(x))**2", 1),
    ("spikingjelly", "SoftSign(alpha)(x)", {"alpha": (2.0, 1.7)},
     "scale(superspike(beta=alpha), height=alpha / 2)", "alpha / 2 / (1 + alpha * abs(x))**2", 1),
    ("stork", "SuperSpike_asymptote.apply(x)", {"beta": (100.0, 7.0)},
     "scale(superspike(beta=beta), height=beta)", "beta / (1 + beta * abs(x))**2", 0),
    ("stork", "SuperSpike_rescaled.apply(x)", {"beta": (20.0, 7.0)},
     "scale(superspike(beta=beta), height=(beta + 1)**2)", "((1 + beta) / (1 + beta * abs(x)))**2", 0),
    ("spikingjelly", "SuperSpike(alpha)(x)", {"alpha": (1.0, 1.7)},
     "scale(superspike(beta=1.0), height=alpha)", "alpha / (1 + 1 * abs(x))**2", 1),
    ("stork", "SuperSpike_MemClamp.apply(x)", {"beta": (20.0, 7.0)},
     "asym(superspike(beta=beta), straight_through)", "where(x < 0, (1 + beta * abs(x))**-2.0, 1)", 0),
    ("snntorch", "SFS(slope, B)(x)", {"slope": (25.0, 7.0), "B": (1.0, 0.3)},
     "shift(asym(scale(straight_through, height=0.0), shift(superspike(beta=slope), -B)), B)",
     "where(x > B, (1 + slope * abs(x))**-2.0, 0)", 0),
    # Other powers
    ("spikingjelly", "QPseudoSpike(alpha)(x)", {"alpha": (2.0, 3.3)}, "q_pseudo_spike(q=alpha)",
     "(1 + 2 * abs(x) / (alpha - 1))**-alpha", 1),
    ("braintools", "QPseudoSpike(alpha)(x)", {"alpha": (2.0, 3.3, 0.5)},
     "power_law(alpha=2 / (alpha + 1), q=alpha)", "(1 + 2 * abs(x) / (alpha + 1))**-alpha", 1),
    ("braintools", "NonzeroSignLog(alpha)(x)", {"alpha": (1.0, 1.7)}, "reciprocal(alpha=alpha)",
     "1 / (1 / alpha + abs(x))", 1),
    ("spikingjelly", "NonzeroSignLogAbs(alpha)(x)", {"alpha": (1.0, 1.7)}, "reciprocal(alpha=alpha)",
     "1 / (1 / alpha + abs(x))", 1),
    ("snnax", "superspike_surrogate(beta)(x)", {"beta": (10.0, 3.0)},
     "scale(reciprocal(alpha=beta), height=1 / beta)", "1 / (1 + beta * abs(x))", 1),
    ("spikingjelly", "FakeNumericalGradient(alpha)(x)", {"alpha": (0.3, 1.7)},
     "clipped_reciprocal(alpha=alpha)", "minimum(alpha, 1 / abs(x))", 1),
    ("braintools", "Arctan(alpha)(x)", {"alpha": (1.0, 1.7)}, "atan(alpha=alpha)",
     "alpha / 2 / (1 + (pi * alpha / 2 * x)**2)", 1),
    ("spikingjelly", "ATan(alpha)(x)", {"alpha": (2.0, 1.7)}, "atan(alpha=alpha)",
     "alpha / 2 / (1 + (pi * alpha / 2 * x)**2)", 1),
    ("snntorch", "atan(alpha)(x)", {"alpha": (2.0, 1.7)}, "atan(alpha=alpha)",
     "alpha / 2 / (1 + (pi * alpha / 2 * x)**2)", 0),
    ("slax", "atan(alpha)(x)", {"alpha": (2.0, 1.7)}, "atan(alpha=alpha)",
     "alpha / 2 / (1 + (pi * alpha / 2 * x)**2)", 1),
    ("braincog", "AtanGrad(alpha)(x)", {"alpha": (2.0, 1.7)}, "atan(alpha=alpha)",
     "alpha / 2 / (1 + (pi * alpha / 2 * x)**2)", 0),
    ("spyx", "arctan(k)(x)", {"k": (2.0, 0.7)}, "scale(atan(alpha=2 * k), height=1 / (pi * k))",
     "1 / pi / (1 + (pi * k * x)**2)", 0),
    ("tudelft", "ArcTan.apply(x, height, slope)", {"height": (0.7, 1.3), "slope": (3.0, 7.0)},
     "scale(atan(alpha=2 * sqrt(slope) / pi), height=pi * height / sqrt(slope))",
     "height / (1 + slope * x**2)", 0),
    ("norse", "heavi_circ_fn(x, k)", {"k": (100.0, 0.6)}, "circ(alpha=k)", "k**3 * (k**2 + x**2)**-1.5", 0),
    ("norse", "circ_dist_fn(x, k)", {"k": (100.0, 0.6)}, "circ(alpha=k)", "k**3 * (k**2 + x**2)**-1.5", None),
    # Periodic
    ("braintools", "SquarewaveFourierSeries(n, t_period)(x)", {"n": (2, 4), "t_period": (8.0, 5.0)},
     "squarewave_fourier(n=n, period=t_period)", "waves(x, n, t_period)", 1),
    ("spikingjelly", "SquarewaveFourierSeries(n, T_period)(x)", {"n": (2, 4), "T_period": (8, 5)},
     "squarewave_fourier(n=n - 1, period=T_period)", "waves(x, n - 1, T_period)", 1),
]  # fmt: skip

# What has no place in a table of surrogate gradients, and why.
DEFECTS = [
    ("snntorch", "triangular()", "the sign function: gradients of neurons above threshold are reversed"),
    ("snntorch", "LSO()", "raises TypeError when called; the leaky step was meant"),
    ("spyx", "custom()", "its default multiplies the incoming gradient by x; the straight-through estimator was meant"),
    ("snnax", "sigmoid_surrogate()", "raises TypeError when differentiated; the sigmoid was meant"),
    ("stork", "MultilayerSpiker", "multiplies by the saved potential; the saved spike was meant"),
    ("stork", "TanhSpike", "a constant 1 is added to the derivative of tanh"),
    ("stork", "HardTanhSpike", "1 plus the hard tanh itself, not its derivative"),
    ("stork", "SuperSpike_norm", "divides by the norm over the batch: no function of the potential"),
    ("snntorch", "SSO()", "the slope below threshold is drawn at random"),
]

# Sound, but not one expression over the catalogue.
INEXPRESSIBLE = [("stork", "MultiSpike", "superspike around every whole number from 0 on, without an end")]
