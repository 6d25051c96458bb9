"""What other libraries call their surrogate gradients, and the expression that has the same slopes here.

A line of the table is an answer: the call elsewhere with its defaults, and what it is here. It answers to the name of
what is called and, if it starts with a word and a colon, to that word. A line that starts with a space belongs to the
one before. `tests/test_first_hour.py` compares all of them with `tests/rosetta.py`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

_TABLE = """
ste: straight_through_estimator() of snnTorch and BrainCog is straight_through
DeterministicPass() of spikingjelly is straight_through
Quantize of sinabs is straight_through
quantize of lava-dl is straight_through
make_backward_passthrough(f) of Rockpool is straight_through
StraightThrough() of sparx is straight_through
straight_through_estimator() of ngc-learn is straight_through
heaviside() of snnTorch is leaky_step(leak=0.0)
STDPGrad of BrainCog is leaky_step(leak=0.0)
ReLUGrad(alpha=2) of BrainCog is leaky_step(leak=0.0, slope=2.0)
Heaviside(window=1) of sinabs is shift(leaky_step(leak=0.0), -1.0)
lif_torch.StepPWL(window=0.5) of Rockpool is shift(leaky_step(leak=0.0), -0.5)
lif_jax.step_pwl(window=0.5) of Rockpool is shift(leaky_step(leak=0.0), -0.5)
lif_sinabs.StepPWL(window=0.5) of Rockpool is shift(leaky_step(leak=0.0), -0.5)
updown.StepPWL of Rockpool is shift(leaky_step(leak=0.0), 0.5)
dynapse.step_pwl of Rockpool is leaky_step(leak=0.0)
ReLU of spikingjelly is leaky_step(leak=0.0)
LeakyRelu(alpha=0.1, beta=1) of braintools is leaky_step(leak=0.1, slope=1.0)
LeakyKReLU(leak=0, k=1) of spikingjelly is leaky_step(leak=0.0, slope=1.0)
LogTailedRelu(alpha=0) of braintools is log_tailed_step(leak=0.0)
LogTailedReLU(alpha=0) of spikingjelly is log_tailed_step(leak=0.0)
S2NN(alpha=4, beta=1) of braintools and spikingjelly is s2nn(alpha=4.0, beta=1.0)
Rect(alpha=1) of spikingjelly is rectangle(width=1.0)
Rectangle(width=1) of sparx is rectangle(width=1.0)
Boxcar(width=1) of jaxpike is rectangle(width=1.0)
boxcar_estimator(window=5) of ngc-learn is scale(rectangle(width=10.0, closed=True), height=10.0)
sigmoidal(softness=0.1, mode='c0') of softjax is rectangle(width=1.0)
sigmoidal(softness=0.1, mode='c1') of softjax is epanechnikov(width=0.5)
sigmoidal(softness=0.1, mode='c2') of softjax is epanechnikov(width=0.5, n=2)
sigmoidal(softness=0.1, mode='_c1_pnorm') of softjax is p_norm(width=0.5)
sigmoidal(softness=0.1, mode='_c2_pnorm') of softjax is p_norm(width=0.5, n=3)
sigmoidal(softness=0.1) of softjax is sigmoid(alpha=10.0)
heaviside_st(softness=0.1) of softjax is sigmoid(alpha=10.0)
boxcar(width=2, height=0.5) of spyx is scale(rectangle(width=2.0), height=1.0)
piecewise_surrogate(beta=0.5) of snnax is scale(rectangle(width=1.0), height=1.0)
GateGrad(alpha=2) of BrainCog is scale(rectangle(width=1.0), height=1.0)
BackEIGateGrad of BrainCog is rectangle
EIGrad of BrainCog is rectangle
SmoothStep of DECOLLE is rectangle
boxcar: SpikeFunctionBoxcar of sparch is rectangle
MultiLevelSpikeCount(n=4) of spikingjelly is shift(scale(rectangle(width=4.0), height=4.0), 2.0)
RoundGrad of BrainCog is shift(scale(rectangle(width=5.0), height=5.0), 2.0)
PiecewiseLeakyRelu(c=0.01, w=1) of braintools is leaky_rectangle(width=2.0, leak=0.01)
PiecewiseLeakyReLU(w=1, c=0.01) of spikingjelly is leaky_rectangle(width=2.0, leak=0.01)
PiecewiseQuadratic(alpha=1) of braintools and spikingjelly is triangle(alpha=1.0)
QGateGrad(alpha=2) of BrainCog is triangle(alpha=2.0)
triangular(k=2) of spyx is scale(triangle, 2.0, height=0.5)
triangular() of snnTorch has no equal: it is the sign function, which reverses the gradients above threshold
esser: EsserSpike(beta=1) of stork is triangle(alpha=1.0)
ReluGrad(alpha=0.3, width=1) of braintools is scale(triangle, height=0.3)
triangle_fn(alpha=0.3) of norse is scale(triangle, height=0.3)
Triangle(width=1) of sparx is triangle(alpha=1.0)
Triangular(width=1) of jaxpike is triangle(alpha=1.0)
triangular_estimator(alpha=2) of ngc-learn is scale(triangle, 2.0, height=0.5)
explicit_triangular_estimator(window=5) of ngc-learn is scale(triangle, 0.2, height=5.0)
linear: ActFun_adp('linear') of byin-cwi is scale(triangle, height=0.5)
e-prop(Vth=1) of ml_genn is scale(triangle, height=0.3)
PiecewiseExp(alpha=1) of braintools and spikingjelly is laplace(alpha=1.0)
slayer: SlayerGrad(alpha=1) of braintools is scale(laplace, height=2.0)
slayer: Spike(tau_rho=1, scale_rho=1) of lava-dl is laplace(alpha=1.0)
slayer: Spike(tau_rho=1, scale_rho=1, graded_spike=True) of lava-dl is exp_saturating(tau=1.0)
slayer: ActFun_adp('slayer') of byin-cwi is scale(laplace, 5.0, height=0.2)
SingleExponential(grad_width=0.5, grad_scale=1) of sinabs is scale(laplace, 2.0, height=2.0)
spike_rate_escape(beta=1, slope=25) of snnTorch is shift(scale(laplace, height=50.0), 1.0)
exponential: CustomSpike('exponential', p0=0.01, delta_u=0.133) of stork is escape_exponential(p0=0.01, delta=0.133)
PeriodicExponential(grad_width=0.5, grad_scale=1) of sinabs is
  asym(scale(laplace, 2.0), periodic_laplace(alpha=4.0, period=1.0))
lif_torch.PeriodicExponential(window=0.5) of Rockpool is periodic_laplace(alpha=2.0, period=1.0)
lif_sinabs.PeriodicExponential(window=0.5) of Rockpool is periodic_laplace(alpha=2.0, period=1.0)
Sigmoid(alpha=4) of braintools and spikingjelly is sigmoid(alpha=4.0)
Sigmoid(alpha=4) of sparx is sigmoid(alpha=4.0)
sigmoid(slope=25) of snnTorch is sigmoid(alpha=25.0)
SigmoidGrad(alpha=1) of BrainCog is sigmoid(alpha=1.0)
CustomSpike('sigmoid', beta=10) of stork is sigmoid(alpha=10.0)
SigmoidStep of DECOLLE is sigmoid(alpha=1.0)
sigmoid_surrogate() of snnax has no equal: it raises an error; sigmoid was meant
tanh(k=1) of spyx is scale(sigmoid, 0.5, height=2.0)
tanh: heavi_tanh_fn(k=100) of norse is scale(sigmoid, 50.0, height=0.02)
logistic_fn(k=100) of norse is scale(sigmoid, 50.0, height=0.02)
TanhSpike of stork has no equal: it adds a constant 1 to the derivative of tanh
HardTanhSpike of stork has no equal: it is 1 plus the hard tanh itself, not its derivative
ERF(alpha=1) of braintools is gaussian(sigma=0.7071067811865475)
Erf(alpha=2) of spikingjelly is gaussian(sigma=0.35355339059327373)
heavi_erfc: heavi_erfc_fn(k=100) of norse is scale(gaussian(sigma=0.007071067811865475), height=0.02)
GaussianGrad(sigma=0.5, alpha=0.5) of braintools is scale(gaussian(sigma=0.5), height=0.5)
Gaussian(mu=0, sigma=0.5, grad_scale=1) of sinabs is gaussian(sigma=0.5)
Gaussian(sigma=0.5) of sparx is gaussian(sigma=0.5)
secant_lif_estimator(c2=0.08) of ngc-learn is half_sech(alpha=0.08)
G: ActFun_adp('G') of byin-cwi is scale(gaussian, height=0.5)
MultiGaussianGrad(h=0.15, s=6, sigma=0.5) of braintools is
  scale(multi_gaussian(h=0.15, s=6.0, sigma=0.5), height=0.5)
MultiGaussian(mu=0, sigma=0.5, h=0.15, s=6, grad_scale=1) of sinabs is multi_gaussian(h=0.15, s=6.0, sigma=0.5)
multi_gauss(gamma=0.5, lens=0.3) of slax is scale(multi_gaussian(h=0.15, s=6.0, sigma=0.3), height=0.5)
MG: ActFun_adp('MG') of byin-cwi is scale(multi_gaussian, height=0.5)
InvSquareGrad(alpha=100) of braintools is superspike(beta=100.0)
superspike(k=25) of spyx is superspike(beta=25.0)
fast_sigmoid(slope=25) of snnTorch and slax is superspike(beta=25.0)
FastSigmoid(slope=25) of sparx and jaxpike is superspike(beta=25.0)
super: super_fn(alpha=100) of norse is superspike(beta=100.0)
super: super_fn(alpha=100) of norse 1.1.0, which ignores alpha, is superspike(beta=1.0)
superspike(alpha=80) of jaxsnn is superspike(beta=80.0)
SuperSpike(beta=20) of stork is superspike(beta=20.0)
CustomSpike('SuperSpike', beta=10) of stork is superspike(beta=10.0)
threshold('superspike', alpha=50) of hxtorch is superspike(beta=50.0)
FastSigmoid of DECOLLE is superspike(beta=10.0)
FastSigmoid(height=0.7, slope=3) of tudelft is scale(superspike(beta=3.0), height=0.7)
SoftSign(alpha=1) of braintools is scale(superspike(beta=1.0), height=0.5)
SoftSign(alpha=2) of spikingjelly is scale(superspike(beta=2.0), height=1.0)
SuperSpike_asymptote(beta=100) of stork is scale(superspike(beta=100.0), height=100.0)
SuperSpike_rescaled(beta=20) of stork is scale(superspike(beta=20.0), height=441.0)
SuperSpike_norm of stork has no equal: it divides by the norm over the batch
SuperSpike(alpha=1) of spikingjelly is scale(superspike(beta=1.0), height=1.0)
SuperSpike_MemClamp(beta=20) of stork is asym(superspike(beta=20.0), straight_through)
MultiSpike of stork has no equal: it is superspike around every whole number from 0 on, without an end
MultilayerSpiker of stork has no equal: it multiplies by the saved potential; the saved spike was meant
SFS(slope=25, B=1) of snnTorch is
  shift(asym(scale(straight_through, height=0.0), shift(superspike(beta=25.0), -1.0)), 1.0)
SSO() of snnTorch has no equal: its slope below threshold is drawn at random
LSO() of snnTorch has no equal: it raises an error; leaky_step was meant
custom() of spyx has no equal: by default it multiplies by x; straight_through was meant
QPseudoSpike(alpha=2) of spikingjelly is q_pseudo_spike(q=2.0)
QPseudoSpike(alpha=2) of braintools is power_law(alpha=0.6666666666666666, q=2.0)
NonzeroSignLog(alpha=1) of braintools is reciprocal(alpha=1.0)
NonzeroSignLogAbs(alpha=1) of spikingjelly is reciprocal(alpha=1.0)
superspike_surrogate(beta=10) of snnax is scale(reciprocal(alpha=10.0), height=0.1)
FakeNumericalGradient(alpha=0.3) of spikingjelly is clipped_reciprocal(alpha=0.3)
Arctan(alpha=1) of braintools is atan(alpha=1.0)
ATan(alpha=2) of spikingjelly is atan(alpha=2.0)
ATan(alpha=2) of sparx and jaxpike is atan(alpha=2.0)
arctan_estimator(alpha=2) of ngc-learn is scale(atan, height=0.3183098861837907)
atan(alpha=2) of snnTorch and slax is atan(alpha=2.0)
AtanGrad(alpha=2) of BrainCog is atan(alpha=2.0)
arctan(k=2) of spyx is scale(atan(alpha=4.0), height=0.15915494309189535)
ArcTan(height=0.7, slope=3) of tudelft is scale(atan(alpha=1.1026577908435842), height=1.2696595549639524)
heavi_circ_fn(k=100) of norse is circ(alpha=100.0)
circ_dist_fn(k=100) of norse is circ(alpha=100.0)
SquarewaveFourierSeries(n=2, t_period=8) of braintools is squarewave_fourier(n=2, period=8.0)
SquarewaveFourierSeries(n=2, T_period=8) of spikingjelly is squarewave_fourier(n=1, period=8.0)
"""

_LINE = re.compile(r"^(?:(?P<word>\w+): )?(?P<answer>(?:\w+\.)*(?P<name>[\w-]+).*(?:\n .*)*)", re.MULTILINE)


def answers() -> list[tuple[set[str], str]]:
    """Return the answers of the table, each with the names that it answers to.

    >>> answers()[1]
    ({'DeterministicPass'}, 'DeterministicPass() of spikingjelly is straight_through')
    """
    found = _LINE.finditer(_TABLE)
    return [({line["name"], line["word"] or line["name"]}, " ".join(line["answer"].split())) for line in found]


def meaning(name: str, library: str = "") -> str:
    """Return what other libraries mean by a name, and what that is here, or an empty text.

    The name is taken as it is spelled; if no library spells it so, in any case and with or without underscores. Where
    a library is given that has an answer, it is the only one.

    >>> meaning("fast_sigmoid"), meaning("no_such_thing")
    ('fast_sigmoid(slope=25) of snnTorch and slax is superspike(beta=25.0)', '')
    >>> meaning("piecewise_quadratic")
    'PiecewiseQuadratic(alpha=1) of braintools and spikingjelly is triangle(alpha=1.0)'
    >>> meaning("superspike", "spyx")
    'superspike(k=25) of spyx is superspike(beta=25.0)'
    """
    as_spelled, any_case = _by_name(str).get(name, []), _by_name(_letters).get(_letters(name), [])
    of_library = re.compile(rf" of .*\b{re.escape(library)}\b.* is ", re.IGNORECASE)
    its_own = [answer for answer in any_case if library and of_library.search(answer)]
    return "; ".join(its_own or as_spelled or any_case)


@functools.cache
def _by_name(spelled: Callable[[str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for names, answer in answers():
        for name in set(map(spelled, names)):
            found.setdefault(name, []).append(answer)
    return found


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
