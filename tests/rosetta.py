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
from formulas import FACTS, bell, logistic, repeated, shares, three_bells, waves


def box(x, half_width):
    return np.where(abs(x) < half_width, 1, 0)


def hat(x, half_width):
    return np.maximum(0, 1 - abs(x) / half_width)


FORMULAS = (box, hat, logistic, bell, three_bells, repeated, waves, shares)
FORMULA_NAMES = {**vars(np), **{f.__name__: f for f in FORMULAS}}
FORMULA_NAMES |= {name: FACTS[name].slope for name in ("laplace", "s2nn")}
FORMULA_NAMES |= {"fast": FACTS["superspike"].slope, "cauchy": FACTS["atan"].slope}

SURROGATES = [  # parameters, expression, formula and, of each library that has it, (library, call, at_zero)
    # Constants and steps
    ({}, "straight_through", "ones_like(x)", ("snntorch", "straight_through_estimator()(x)", 0),
     ("spikingjelly", "DeterministicPass()(x)", 1), ("braincog", "straight_through_estimator.apply(x)", 1),
     ("sinabs", "Quantize.apply(x)", None), ("lava-dl", "quantize(x)", None),
     ("rockpool", "make_backward_passthrough(f)(x)", None), ("sparx", "StraightThrough()(x)", 1),
     ("ngc-learn", "straight_through_estimator()[1](x, 0.0)", None)),
    ({}, "leaky_step(leak=0.0)", "where(x > 0, 1, 0)", ("snntorch", "heaviside()(x)", 0),
     ("braincog", "STDPGrad.apply(x)", 0), ("rockpool", "dynapse.step_pwl(imem, Ireset)", 0),
     ("spikingjelly", "ReLU of the CIFAR10 example", None)),
    ({"alpha": (2.0, 0.7)}, "leaky_step(leak=0.0, slope=alpha)", "where(x > 0, alpha, 0)",
     ("braincog", "ReLUGrad(alpha)(x)", 1)),
    ({"window": (1.0, 0.3), "threshold": (1.0, 0.8)}, "shift(leaky_step(leak=0.0, slope=1 / threshold), -window)",
     "where(x > -window, 1 / threshold, 0)", ("sinabs", "Heaviside(window)(x + threshold, threshold)", 1)),
    ({"threshold": (1.0, 0.8), "window": (0.5, 0.3)}, "shift(leaky_step(leak=0.0, slope=1 / threshold), -window)",
     "where(x > -window, 1 / threshold, 0)",
     ("rockpool", "lif_torch.StepPWL.apply(x + threshold, threshold, window)", 1),
     ("rockpool", "lif_jax.step_pwl(x + threshold, threshold, window)", 1)),
    ({"window": (0.5, 0.3)}, "shift(leaky_step(leak=0.0), -window)", "where(x > -window, 1, 0)",
     ("rockpool", "lif_sinabs.StepPWL(window)(x)", 1)),
    ({}, "shift(leaky_step(leak=0.0), 0.5)", "where(x > 0.5, 1, 0)", ("rockpool", "updown.StepPWL.apply(x)", 0)),
    ({"alpha": (0.1, 0.3), "beta": (1.0, 0.8)}, "leaky_step(leak=alpha, slope=beta)", "where(x < 0, alpha, beta)",
     ("braintools", "LeakyRelu(alpha, beta)(x)", 1)),
    ({"leak": (0.0, 0.3), "k": (1.0, 0.8)}, "leaky_step(leak=leak, slope=k)", "where(x < 0, leak, k)",
     ("spikingjelly", "LeakyKReLU(leak=leak, k=k)(x)", 1)),
    ({"alpha": (0.0, 0.2)}, "log_tailed_step(leak=alpha)", "where(x > 0, 1 / maximum(1, x), alpha)",
     ("braintools", "LogTailedRelu(alpha)(x)", 1), ("spikingjelly", "LogTailedReLU(alpha)(x)", 1)),
    ({"alpha": (4.0, 1.7), "beta": (1.0, 0.6)}, "s2nn(alpha=alpha, beta=beta)", "s2nn(x, alpha, beta)",
     ("braintools", "S2NN(alpha, beta)(x)", 1), ("spikingjelly", "S2NN(alpha, beta)(x)", 1)),
    # Rectangles
    ({"alpha": (1.0, 1.7)}, "rectangle(width=1 / alpha)", "alpha * box(x, 0.5 / alpha)",
     ("spikingjelly", "Rect(alpha)(x)", 1)),
    ({"width": (1.0, 1.7)}, "rectangle(width=width)", "box(x, width / 2) / width", ("sparx", "Rectangle(width)(x)", 1),
     ("jaxpike", "Boxcar(width)(x)", 0)),
    ({"window": (5.0, 1.7)}, "scale(rectangle(width=2 * window, closed=True), height=2 * window)", "box(x, window)",
     ("ngc-learn", "boxcar_estimator()[1](x, 0.0, window)", None)),
    ({"softness": (0.1, 0.3)}, "rectangle(width=10 * softness)", "box(x, 5 * softness) / (10 * softness)",
     ("softjax", "sigmoidal(x, softness, 'c0')", None)),
    # Smooth kernels
    ({"softness": (0.1, 0.3)}, "epanechnikov(width=5 * softness)",
     "3 / 4 * maximum(0, 1 - (x / 5 / softness)**2) / (5 * softness)",
     ("softjax", "sigmoidal(x, softness, 'c1')", None)),
    ({"softness": (0.1, 0.3)}, "epanechnikov(width=5 * softness, n=2)",
     "15 / 16 * maximum(0, 1 - (x / 5 / softness)**2)**2 / (5 * softness)",
     ("softjax", "sigmoidal(x, softness, 'c2')", None)),
    ({"softness": (0.1, 0.3)}, "p_norm(width=5 * softness)", "shares(x, 5 * softness, 2)",
     ("softjax", "sigmoidal(x, softness, '_c1_pnorm')", None)),
    ({"softness": (0.1, 0.3)}, "p_norm(width=5 * softness, n=3)", "shares(x, 5 * softness, 3)",
     ("softjax", "sigmoidal(x, softness, '_c2_pnorm')", None)),
    ({"softness": (0.1, 0.3)}, "sigmoid(alpha=1 / softness)", "logistic(x, 1 / softness)",
     ("softjax", "sigmoidal(x, softness)", None), ("softjax", "heaviside_st(x, softness)", 0.5)),
    ({"width": (2.0, 1.4), "height": (0.5, 0.8)}, "scale(rectangle(width=width), height=width * height)",
     "height * box(x, width / 2)", ("spyx", "boxcar(width, height)(x)", 0)),
    ({"beta": (0.5, 1.3)}, "scale(rectangle(width=2 * beta), height=2 * beta)", "box(x, beta)",
     ("snnax", "piecewise_surrogate(beta)(x)", 1)),
    ({"alpha": (2.0, 0.7)}, "scale(rectangle(width=2 / alpha), height=2 / alpha)", "box(x, 1 / alpha)",
     ("braincog", "GateGrad(alpha)(x)", 0)),
    ({}, "rectangle", "box(x, 0.5)", ("braincog", "BackEIGateGrad.apply(x)", 0), ("braincog", "EIGrad.apply(x)", 0),
     ("decolle", "SmoothStep.apply(x)", 1), ("sparch", "SpikeFunctionBoxcar.apply(x)", 0)),
    ({"n": (4, 7)}, "shift(scale(rectangle(width=n), height=n), n / 2)", "where((x > 0) & (x < n), 1, 0)",
     ("spikingjelly", "MultiLevelSpikeCount(n)(x)", 0)),
    ({}, "shift(scale(rectangle(width=5.0), height=5.0), 2.0)", "where((x > -0.5) & (x < 4.5), 1, 0)",
     ("braincog", "RoundGrad.apply(x)", None)),
    ({"c": (0.01, 0.03), "w": (1.0, 0.7)}, "leaky_rectangle(width=2 * w, leak=c)", "where(abs(x) < w, 0.5 / w, c)",
     ("braintools", "PiecewiseLeakyRelu(c=c, w=w)(x)", 1), ("spikingjelly", "PiecewiseLeakyReLU(w=w, c=c)(x)", 1)),
    # Triangles
    ({"alpha": (1.0, 1.7)}, "triangle(alpha=alpha)", "alpha * hat(x, 1 / alpha)",
     ("braintools", "PiecewiseQuadratic(alpha)(x)", 1), ("spikingjelly", "PiecewiseQuadratic(alpha)(x)", 1)),
    ({"alpha": (2.0, 1.7)}, "triangle(alpha=alpha)", "alpha * hat(x, 1 / alpha)",
     ("braincog", "QGateGrad(alpha)(x)", 0)),
    ({"k": (2.0, 0.7)}, "scale(triangle, k, height=1 / k)", "hat(x, 1 / k)", ("spyx", "triangular(k)(x)", 0)),
    ({"beta": (1.0, 3.0)}, "scale(triangle, beta, height=1 / beta)", "hat(x, 1 / beta)",
     ("stork", "EsserSpike.apply(x)", 0)),
    ({"alpha": (0.3, 0.7), "width": (1.0, 1.3)}, "scale(triangle, 1 / width, height=alpha * width**2)",
     "alpha * width * hat(x, width)", ("braintools", "ReluGrad(alpha, width)(x)", 1)),
    ({"alpha": (0.3, 0.8)}, "scale(triangle, height=alpha)", "alpha * hat(x, 1)",
     ("norse", "triangle_fn(x, alpha)", 0)),
    ({}, "scale(triangle, height=0.5)", "0.5 * hat(x, 1)",
     ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'linear'", 0)),
    ({"Vth": (1.0, 0.6)}, "scale(triangle, 1 / Vth, height=0.3)", "0.3 / Vth * hat(x, Vth)",
     ("ml_genn", "e-prop compiler, x = V - Vth", None)),
    # Exponentials
    ({"alpha": (1.0, 1.7)}, "laplace(alpha=alpha)", "laplace(x, alpha)", ("braintools", "PiecewiseExp(alpha)(x)", 1),
     ("spikingjelly", "PiecewiseExp(alpha)(x)", 1)),
    ({"tau_rho": (1.0, 0.7), "scale_rho": (1.0, 1.3)}, "scale(laplace, 1 / tau_rho, height=scale_rho)",
     "scale_rho / (2 * tau_rho) * exp(-abs(x) / tau_rho)",
     ("lava-dl", "Spike.apply(v, threshold, tau_rho, scale_rho, False, 0, 1)", 1)),
    ({"alpha": (1.0, 1.7)}, "scale(laplace, alpha, height=2 / alpha)", "exp(-alpha * abs(x))",
     ("braintools", "SlayerGrad(alpha)(x)", 1)),
    ({}, "scale(laplace, 5.0, height=0.2)", "0.5 * exp(-5 * abs(x))",
     ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'slayer'", 0)),
    ({"grad_width": (0.5, 0.7), "grad_scale": (1.0, 1.3), "threshold": (1.0, 0.8)},
     "scale(laplace, 1 / (grad_width * threshold), height=2 * grad_scale)",
     "grad_scale / (grad_width * threshold) * exp(-abs(x) / (grad_width * threshold))",
     ("sinabs", "SingleExponential(grad_width, grad_scale)(x + threshold, threshold)", 1)),
    ({"beta": (1.0, 2.0), "slope": (25.0, 3.0)}, "shift(scale(laplace, beta, height=2 * slope / beta), 1.0)",
     "slope * exp(-beta * abs(x - 1))", ("snntorch", "spike_rate_escape(beta, slope)(x)", 0)),
    ({"tau_rho": (1.0, 0.7), "scale_rho": (1.0, 1.3)}, "scale(exp_saturating(tau=tau_rho), height=scale_rho)",
     "scale_rho * exp(minimum(x, 0) / tau_rho)",
     ("lava-dl", "Spike.apply(v, threshold, tau_rho, scale_rho, True, 0, 1)", None)),
    ({"p0": (0.01, 0.03), "delta_u": (0.133, 0.4)}, "escape_exponential(p0=p0, delta=delta_u)",
     "p0 / delta_u * exp(x / delta_u)", ("stork", "CustomSpike.apply(x), surrogate_type = 'exponential'", 0)),
    ({"grad_width": (0.5, 0.3), "grad_scale": (1.0, 1.3), "threshold": (1.0, 0.8)},
     "scale(asym(scale(laplace, 1 / grad_width, height=2 * grad_width), "
     "periodic_laplace(alpha=2 / grad_width, period=threshold)), height=grad_scale)",
     "grad_scale * exp(-where(x < 0, -x, 2 * repeated(x, threshold)) / grad_width)",
     ("sinabs", "PeriodicExponential(grad_width, grad_scale)(x + threshold, threshold)", 1)),
    ({"threshold": (1.0, 0.8), "window": (0.5, 0.3)},
     "scale(periodic_laplace(alpha=1 / window, period=threshold), height=1 / threshold)",
     "exp(-repeated(x, threshold) / window) / threshold",
     ("rockpool", "lif_torch.PeriodicExponential.apply(x + threshold, threshold, window, max_spikes)", 1),
     ("rockpool", "lif_sinabs.PeriodicExponential(threshold, window)(x)", 1)),
    # Logistic
    ({"alpha": (4.0, 1.7)}, "sigmoid(alpha=alpha)", "logistic(x, alpha)", ("braintools", "Sigmoid(alpha)(x)", 1),
     ("spikingjelly", "Sigmoid(alpha)(x)", 1), ("sparx", "Sigmoid(alpha)(x)", 1)),
    ({"slope": (25.0, 1.7)}, "sigmoid(alpha=slope)", "logistic(x, slope)", ("snntorch", "sigmoid(slope)(x)", 0)),
    ({"alpha": (1.0, 1.7)}, "sigmoid(alpha=alpha)", "logistic(x, alpha)", ("braincog", "SigmoidGrad(alpha)(x)", 1)),
    ({"beta": (10.0, 3.0)}, "sigmoid(alpha=beta)", "logistic(x, beta)",
     ("stork", "CustomSpike.apply(x), surrogate_type = 'sigmoid'", 0)),
    ({}, "sigmoid(alpha=1.0)", "logistic(x, 1)", ("decolle", "SigmoidStep.apply(x)", 1)),
    ({"k": (1.0, 1.7)}, "scale(sigmoid, k / 2, height=2 / k)", "2 / k * logistic(x, 2 * k)", ("spyx", "tanh(k)(x)", 0)),
    ({"k": (100.0, 1.7)}, "scale(sigmoid, k / 2, height=2 / k)", "2 / k * logistic(x, 2 * k)",
     ("norse", "heavi_tanh_fn(x, k)", 0), ("norse", "logistic_fn(x, k)", None)),
    # Gaussian
    ({"alpha": (1.0, 1.7)}, "gaussian(sigma=1 / (sqrt(2) * alpha))", "alpha / sqrt(pi) * exp(-(alpha * x)**2)",
     ("braintools", "ERF(alpha)(x)", 1)),
    ({"alpha": (2.0, 1.7)}, "gaussian(sigma=1 / (sqrt(2) * alpha))", "alpha / sqrt(pi) * exp(-(alpha * x)**2)",
     ("spikingjelly", "Erf(alpha)(x)", 1)),
    ({"k": (100.0, 1.7)}, "scale(gaussian(sigma=1 / (sqrt(2) * k)), height=2 / k)", "2 / sqrt(pi) * exp(-(k * x)**2)",
     ("norse", "heavi_erfc_fn(x, k)", 0)),
    ({"sigma": (0.5, 0.8), "alpha": (0.5, 1.3)}, "scale(gaussian(sigma=sigma), height=alpha)",
     "alpha * bell(x, 0, sigma)", ("braintools", "GaussianGrad(sigma, alpha)(x)", 1)),
    ({"mu": (0.0, 0.2), "sigma": (0.5, 0.8), "grad_scale": (1.0, 1.3), "threshold": (1.0, 0.8)},
     "scale(shift(gaussian(sigma=sigma), mu), height=grad_scale)", "grad_scale * bell(x, mu, sigma)",
     ("sinabs", "Gaussian(mu, sigma, grad_scale)(x + threshold, threshold)", 1)),
    ({}, "scale(gaussian, height=0.5)", "0.5 * bell(x, 0, 0.5)",
     ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'G'", 0)),
    ({"h": (0.15, 0.2), "s": (6.0, 3.0), "sigma": (0.5, 0.4), "c": (0.5, 1.1)},
     "scale(multi_gaussian(h=h, s=s, sigma=sigma), height=c)", "c * three_bells(x, h, s, sigma, 0)",
     ("braintools", "MultiGaussianGrad(h=h, s=s, sigma=sigma, scale=c)(x)", 1)),
    ({"mu": (0.0, 0.2), "sigma": (0.5, 0.4), "h": (0.15, 0.2), "s": (6.0, 3.0), "grad_scale": (1.0, 1.1),
      "threshold": (1.0, 0.8)}, "scale(mix(shift(gaussian(sigma=sigma), mu), shift(gaussian(sigma=s * sigma), sigma), "
     "shift(gaussian(sigma=s * sigma), -sigma), weights=(1 + h, -h, -h)), height=grad_scale)",
     "grad_scale * three_bells(x, h, s, sigma, mu)",
     ("sinabs", "MultiGaussian(mu, sigma, h, s, grad_scale)(x + threshold, threshold)", 1)),
    ({"gamma": (0.5, 1.1), "lens": (0.3, 0.4), "s": (6.0, 3.0), "h": (0.15, 0.2)},
     "scale(multi_gaussian(h=h, s=s, sigma=lens), height=gamma)", "gamma * three_bells(x, h, s, lens, 0)",
     ("slax", "multi_gauss(gamma=gamma, lens=lens, scale=s, height=h)(x)", 1)),
    ({}, "scale(multi_gaussian, height=0.5)", "0.5 * three_bells(x, 0.15, 6, 0.5, 0)",
     ("byin-cwi", "ActFun_adp.apply(x), gradient_type = 'MG'", 0)),
    # Fast sigmoid
    ({"alpha": (100.0, 7.0)}, "superspike(beta=alpha)", "fast(x, alpha)", ("braintools", "InvSquareGrad(alpha)(x)", 1),
     ("norse-head", "super_fn(x, alpha)", 0)),
    ({"k": (25.0, 7.0)}, "superspike(beta=k)", "fast(x, k)", ("spyx", "superspike(k)(x)", 0)),
    ({"slope": (25.0, 7.0)}, "superspike(beta=slope)", "fast(x, slope)", ("snntorch", "fast_sigmoid(slope)(x)", 0),
     ("slax", "fast_sigmoid(slope)(x)", 1), ("sparx", "FastSigmoid(slope)(x)", 1),
     ("jaxpike", "FastSigmoid(slope)(x)", 0)),
    # Release 1.1.0 of norse ignores alpha.
    ({"alpha": (100.0, 7.0)}, "superspike(beta=1.0)", "fast(x, 1)", ("norse", "super_fn(x, alpha)", 0)),
    ({"alpha": (80.0, 7.0)}, "superspike(beta=alpha)", "fast(x, alpha)", ("jaxsnn", "superspike(x, alpha)", 0.5)),
    ({"beta": (20.0, 7.0)}, "superspike(beta=beta)", "fast(x, beta)", ("stork", "SuperSpike.apply(x)", 0)),
    ({"beta": (10.0, 7.0)}, "superspike(beta=beta)", "fast(x, beta)",
     ("stork", "CustomSpike.apply(x), surrogate_type = 'SuperSpike'", 0)),
    ({"alpha": (50.0, 7.0)}, "superspike(beta=alpha)", "fast(x, alpha)",
     ("hxtorch", "threshold(x, 'superspike', alpha)", 0)),
    ({}, "superspike", "fast(x, 10)", ("decolle", "FastSigmoid.apply(x)", 0)),
    ({"height": (0.7, 1.3), "slope": (3.0, 7.0)}, "scale(superspike(beta=slope), height=height)",
     "height * fast(x, slope)", ("tudelft", "FastSigmoid.apply(x, height, slope)", 0)),
    ({"alpha": (1.0, 1.7)}, "scale(superspike(beta=alpha), height=alpha / 2)", "alpha / 2 * fast(x, alpha)",
     ("braintools", "SoftSign(alpha)(x)", 1)),
    ({"alpha": (2.0, 1.7)}, "scale(superspike(beta=alpha), height=alpha / 2)", "alpha / 2 * fast(x, alpha)",
     ("spikingjelly", "SoftSign(alpha)(x)", 1)),
    ({"beta": (100.0, 7.0)}, "scale(superspike(beta=beta), height=beta)", "beta * fast(x, beta)",
     ("stork", "SuperSpike_asymptote.apply(x)", 0)),
    ({"beta": (20.0, 7.0)}, "scale(superspike(beta=beta), height=(beta + 1)**2)",
     "((1 + beta) / (1 + beta * abs(x)))**2", ("stork", "SuperSpike_rescaled.apply(x)", 0)),
    ({"alpha": (1.0, 1.7)}, "scale(superspike(beta=1.0), height=alpha)", "alpha * fast(x, 1)",
     ("spikingjelly", "SuperSpike(alpha)(x)", 1)),
    ({"beta": (20.0, 7.0)}, "asym(superspike(beta=beta), straight_through)", "where(x < 0, fast(x, beta), 1)",
     ("stork", "SuperSpike_MemClamp.apply(x)", 0)),
    ({"slope": (25.0, 7.0), "B": (1.0, 0.3)},
     "shift(asym(scale(straight_through, height=0.0), shift(superspike(beta=slope), -B)), B)",
     "where(x > B, fast(x, slope), 0)", ("snntorch", "SFS(slope, B)(x)", 0)),
    ({"width": (1.0, 1.7), "height": (1.0, 0.3)}, "scale(triangle, 1 / width, height=height * width)",
     "height * hat(x, width)", ("sparx", "Triangle(width, height)(x)", 1)),
    ({"width": (1.0, 1.7)}, "triangle(alpha=1 / width)", "hat(x, width) / width",
     ("jaxpike", "Triangular(width)(x)", 0)),
    ({"alpha": (2.0, 0.7)}, "scale(triangle, alpha, height=1 / alpha)", "hat(x, 1 / alpha)",
     ("ngc-learn", "triangular_estimator()[1](x, 0.0, alpha)", None)),
    ({"window": (5.0, 1.7)}, "scale(triangle, 1 / window, height=window)", "hat(x, window)",
     ("ngc-learn", "explicit_triangular_estimator()[1](x, 0.0, window)", None)),
    ({"sigma": (0.5, 1.7)}, "gaussian(sigma=sigma)", "bell(x, 0, sigma)", ("sparx", "Gaussian(sigma)(x)", 1)),
    ({"c2": (0.08, 1.7)}, "half_sech(alpha=c2)", "where(x > 0, 2 * exp(-c2 * abs(x)) / (1 + exp(-2 * c2 * abs(x))), 0)",
     ("ngc-learn", "secant_lif_estimator()[1](x, 0.0, 0.82, c2)", None)),
    # Other powers
    ({"alpha": (2.0, 3.3)}, "q_pseudo_spike(q=alpha)", "(1 + 2 * abs(x) / (alpha - 1))**-alpha",
     ("spikingjelly", "QPseudoSpike(alpha)(x)", 1)),
    ({"alpha": (2.0, 3.3, 0.5)}, "power_law(alpha=2 / (alpha + 1), q=alpha)", "(1 + 2 * abs(x) / (alpha + 1))**-alpha",
     ("braintools", "QPseudoSpike(alpha)(x)", 1)),
    ({"alpha": (1.0, 1.7)}, "reciprocal(alpha=alpha)", "1 / (1 / alpha + abs(x))",
     ("braintools", "NonzeroSignLog(alpha)(x)", 1), ("spikingjelly", "NonzeroSignLogAbs(alpha)(x)", 1)),
    ({"beta": (10.0, 3.0)}, "scale(reciprocal(alpha=beta), height=1 / beta)", "1 / (1 + beta * abs(x))",
     ("snnax", "superspike_surrogate(beta)(x)", 1)),
    ({"alpha": (0.3, 1.7)}, "clipped_reciprocal(alpha=alpha)", "minimum(alpha, 1 / abs(x))",
     ("spikingjelly", "FakeNumericalGradient(alpha)(x)", 1)),
    ({"alpha": (1.0, 1.7)}, "atan(alpha=alpha)", "cauchy(x, alpha)", ("braintools", "Arctan(alpha)(x)", 1)),
    ({"alpha": (2.0, 1.7)}, "atan(alpha=alpha)", "cauchy(x, alpha)", ("spikingjelly", "ATan(alpha)(x)", 1),
     ("snntorch", "atan(alpha)(x)", 0), ("slax", "atan(alpha)(x)", 1), ("braincog", "AtanGrad(alpha)(x)", 0),
     ("sparx", "ATan(alpha)(x)", 1), ("jaxpike", "ATan(alpha)(x)", 0)),
    ({"alpha": (2.0, 1.7)}, "scale(atan(alpha=alpha), height=2 / (pi * alpha))",
     "1 / pi / (1 + (pi * alpha / 2 * x)**2)", ("ngc-learn", "arctan_estimator()[1](x, 0.0, alpha)", None)),
    ({"k": (2.0, 0.7)}, "scale(atan(alpha=2 * k), height=1 / (pi * k))", "1 / pi / (1 + (pi * k * x)**2)",
     ("spyx", "arctan(k)(x)", 0)),
    ({"height": (0.7, 1.3), "slope": (3.0, 7.0)},
     "scale(atan(alpha=2 * sqrt(slope) / pi), height=pi * height / sqrt(slope))", "height / (1 + slope * x**2)",
     ("tudelft", "ArcTan.apply(x, height, slope)", 0)),
    ({"k": (100.0, 0.6)}, "circ(alpha=k)", "k**3 * (k**2 + x**2)**-1.5", ("norse", "heavi_circ_fn(x, k)", 0),
     ("norse", "circ_dist_fn(x, k)", None)),
    # Periodic
    ({"n": (2, 4), "t_period": (8.0, 5.0)}, "squarewave_fourier(n=n, period=t_period)", "waves(x, n, t_period)",
     ("braintools", "SquarewaveFourierSeries(n, t_period)(x)", 1)),
    ({"n": (2, 4), "T_period": (8, 5)}, "squarewave_fourier(n=n - 1, period=T_period)", "waves(x, n - 1, T_period)",
     ("spikingjelly", "SquarewaveFourierSeries(n, T_period)(x)", 1)),
]  # fmt: skip
ROWS = [
    (library, call, *surrogate[:3], at_zero) for surrogate in SURROGATES for library, call, at_zero in surrogate[3:]
]

# What has no place in the table; `elsewhere.txt` says why.
LEFT_OUT = {
    "snntorch": {"triangular", "LSO", "SSO"},
    "spyx": {"custom"},
    "snnax": {"sigmoid_surrogate"},
    "stork": {"MultilayerSpiker", "TanhSpike", "HardTanhSpike", "SuperSpike_norm", "MultiSpike"},
}
