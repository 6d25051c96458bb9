"""Text to shape and back: exact for every composition, one clear error for everything else."""

import contextlib
import random
import string
import sys
import threading
import tomllib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from needs import EXHAUSTIVE
from transcript import NAMES, assert_raises

from surrofun import asym, mix, normalize, scale, shape, shapes, shift
from surrofun.core.shape import as_shape
from surrofun.expressions import describe, parse
from surrofun.registry import lookup, names, register
from surrofun.shapes import atan, circ, s2nn, sigmoid, squarewave_fourier

X = np.array([-40.0, -1.3, -0.2, -0.0, 0.0, 1e-3, 0.43, 2.3, 40.0], np.float32)
quickly = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@contextlib.contextmanager
def calls_of_python():
    """Collect the functions that are called: a measure of the work that no other work on the machine changes."""
    calls = []
    sys.setprofile(lambda frame, event, _: event == "call" and calls.append(frame.f_code.co_name))
    try:
        yield calls
    finally:
        sys.setprofile(None)


def arrays(numbers):
    return st.lists(numbers, min_size=len(X), max_size=len(X)).map(np.array)


def positive(number):
    """Return the number with 1 in the place of what no steepness may be, in the same type."""
    if isinstance(number, np.ndarray | jax.Array) and number.ndim:
        return np.where(number > 0, number, 1)
    return number if number > 0 else type(number)(1)


PARAMETERS = {"sigmoid": "alpha", "superspike": "beta", "rectangle": "width", "s2nn": "beta", "power_law": "q"}


def with_a_parameter(name, number, declared):
    given = {PARAMETERS[name]: number}
    return lookup(name)(**given) if declared else partial(lookup(name), **given)


def compositions(number, leaves):
    """Random compositions of so many registered shapes."""
    steepness = number.map(positive)

    def compose(inner):
        return st.one_of(
            st.builds(scale, inner, steepness),
            st.builds(scale, inner, steepness, height=number),
            st.builds(shift, inner, number),
            st.builds(lambda g, h: mix(g, h, g), inner, inner),
            st.builds(lambda g, h, *weights: mix(g, h, weights=weights), inner, inner, number, number),
            st.builds(asym, inner, inner),
            st.builds(lambda alpha, beta: scale(sigmoid, alpha)(alpha=beta), steepness, number),
            *(st.builds(normalize, inner, **{measure: steepness}) for measure in ("area", "peak")),
        )

    given = st.builds(with_a_parameter, st.sampled_from([*PARAMETERS]), number, st.booleans())
    return st.recursive(st.sampled_from(names()).map(lookup) | given, compose, max_leaves=leaves)


def skeleton(g):
    """Return what a shape is made of, its structure and its numbers by representation."""
    leaves, structure = jax.tree.flatten(scale(g))
    return structure, [repr(np.asarray(leaf, float).tolist()) for leaf in leaves]


def holds_an_array(g):
    return any(isinstance(leaf, np.ndarray | jax.Array) for leaf in jax.tree.leaves(scale(g)))


any_number = st.one_of(
    st.floats(),
    st.integers(-(2**31) + 1, 2**31 - 1),
    st.booleans(),
    st.floats(width=32).map(np.float32),
    st.floats().map(np.float64),
    st.integers(-100, 100).map(np.int32),
    st.floats(0.5, 2.0, width=32).map(jnp.float32),
    arrays(st.floats()),
    arrays(st.integers(-9, 9)),
)


@given(compositions(any_number, leaves=20))
@settings(quickly, max_examples=200 if EXHAUSTIVE else 40)
def test_round_trip_rebuilds_every_part(g):
    text = describe(g)
    back = parse(text)
    assert describe(back) == text
    assert skeleton(back) == skeleton(g)
    assert back is as_shape(g, "test") or holds_an_array(g)  # equal ones are the same object, else it is made anew
    assert tomllib.loads(f"surrogate = '{text}'") == {"surrogate": text}  # a configuration carries it as it is


MIXTURE = "mix(scale(sigmoid, 8.0), scale(sigmoid, 2.0), weights=(0.6, 0.4))"
NOT_FINITE = scale(atan, np.array([1.0, np.inf]), height=np.array([np.nan, -np.inf]))
DESCRIBED = {
    text: eval(text, dict(NAMES))
    for text in [
        *("triangle", MIXTURE, "mix(atan, circ)", "mix(atan, weights=(0.5,))", "scale(atan, height=1)"),
        *("scale(atan, height=-2.5)", "shift(atan, 1e-300)", "normalize(circ, area=2.5)"),
    ]
} | {
    "shift(atan, -inf)": shift(atan, float("-inf")),
    "asym(atan, shift(circ, 0.10000000149011612))": asym(atan, shift(circ, np.float32(0.1))),
    "normalize(circ, peak=0.5)": normalize(circ, peak=jnp.float32(0.5)),
    "scale(atan, np.array([1.0, 0.25]))": scale(atan, jnp.array([1.0, 0.25])),
    "scale(atan, np.array([[1.0], [2.0]]))": scale(atan, np.array([[1], [2]])),
    "mix(atan, circ, weights=(np.array([1.0, 0.0]), np.array([0.0, 1.0])))": mix(atan, circ, weights=np.eye(2)),
    "scale(atan, np.array([1.0, np.inf]), height=np.array([np.nan, -np.inf]))": NOT_FINITE,
    "sigmoid": partial(sigmoid),
    "sigmoid(alpha=2.0)": partial(sigmoid, alpha=2.0),
    "squarewave_fourier(n=3)": partial(squarewave_fourier, n=3),
    "s2nn(alpha=-0.0, beta=nan)": partial(s2nn, beta=float("nan"), alpha=-0.0),
    "scale(sigmoid, 3.5)(alpha=2.0)": partial(scale(sigmoid, 3.5), alpha=2.0),
    "sigmoid(alpha=2147483648.0)": partial(sigmoid, alpha=2**31),
}


def test_a_tuple_of_coefficients(own_names):
    register("line", shape(lambda x, c=(1.0, 2.0): c[0] + c[1] * x))
    text = "shift(line(c=(3.0, np.array([4.0, 5.0]))), 1.0)"
    assert describe(parse(text)) == text
    np.testing.assert_array_equal(parse(text)(jnp.array([2.0, 2.0])), [7.0, 8.0])


@pytest.mark.parametrize("text", DESCRIBED)
def test_describe(text):
    assert describe(DESCRIBED[text]) == text
    assert describe(parse(text)) == text


READ = {
    "superspike(10)": "superspike(beta=10)",
    "s2nn(2, beta=.5)": "s2nn(alpha=2, beta=0.5)",
    "s2nn()": "s2nn",
    "scale(height=2., g=atan)": "scale(atan, height=2.0)",
    "scale(triangle, [1, 2])": "scale(triangle, np.array([1.0, 2.0]))",
    "mix(atan, circ, weights=[1, +2e0])": "mix(atan, circ, weights=(1.0, 2.0))",
    "sigmoid(alpha=1)(alpha=2)": "sigmoid(alpha=2)",
    "s2nn(True, -inf)": "s2nn(alpha=True, beta=-inf)",
    "sigmoid(3000000000)": "sigmoid(alpha=3000000000.0)",
    "s2nn(02.5, 00)": "s2nn(alpha=2.5, beta=0)",
    "sigmoid(1e02)": "sigmoid(alpha=100.0)",
    "\n  mix(\n    scale(atan,\t2.5),\r\n    circ,\n  )\n": "mix(scale(atan, 2.5), circ)",
}


@pytest.mark.parametrize("text", READ)
def test_parse_reads_what_people_write(text):
    assert describe(parse(text)) == READ[text]


HOLDING = [  # arrays of each kind
    sigmoid(alpha=jnp.array([1.0, 0.25])),
    scale(atan, np.array([[0.1], [2.0]])),
    mix(atan, circ, weights=np.float32([1 / 3, 4.0])),
    NOT_FINITE,
]


@pytest.mark.parametrize("g", HOLDING)
def test_python_reads_the_text_of_an_array_to_the_same_shape(g):
    xs = [jnp.linspace(-1.0, 1.0, 12, dtype=dtype).reshape(3, 2, 2) for dtype in (jnp.float32, jnp.bfloat16)]
    for same in (eval(describe(g), dict(NAMES)), parse(describe(g))):
        assert skeleton(same) == skeleton(g)
        for x in xs:  # to the last bit
            np.testing.assert_array_equal(np.asarray(same(x)).view(np.uint8), np.asarray(g(x)).view(np.uint8))


def test_parse_gives_the_function_itself_or_a_partial_of_it():
    assert parse("sigmoid") is parse("sigmoid()") is sigmoid
    assert parse("multi_gaussian(0.25, sigma=2)") is shapes.multi_gaussian(h=0.25, sigma=2)


def test_the_last_word_on_a_parameter_is_the_outermost():
    inner = s2nn(alpha=1.0, beta=3.0)
    for outer in (inner(alpha=2.0), partial(inner, alpha=2.0), parse("s2nn(1.0, 3.0)(alpha=2.0)")):
        assert describe(outer) == "s2nn(alpha=2.0, beta=3.0)"
        assert outer(-0.5) == s2nn(-0.5, 2.0, 3.0)


ERRORS = """
sigmod | line 1, column 1, at 'sigmod': no shape is registered as 'sigmod'; did you mean sigmoid?
mix(atan,\\n    circ, os) | line 2, column 11, at 'os': no shape is registered as 'os'; register it, or take atan, ...
info | line 1, column 1, at 'info': no shape is registered as 'info'; register it, or take...
shift(scal(atan), 1) | line 1, column 7, at 'scal': no shape is registered as 'scal'; did you mean scale?
 | line 1, column 1, at the end of the text: expected a shape or a number
\\n ( | line 2, column 3, at the end of the text: expected a shape or a number
scale(atan | line 1, column 11, at the end of the text: expected , or )
scale(atan 2.0) | line 1, column 12, at '2.0': expected , or )
scale(atan, [1, 2) | line 1, column 18, at ')': expected , or ]
scale(atan,, 2) | line 1, column 12, at ',': expected a shape or a number
atan) | line 1, column 5, at ')': expected the end of the text
atan circ | line 1, column 6, at 'circ': expected the end of the text
2.0 | line 1, column 1, at '2.0': expected a shape
(atan) | line 1, column 1, at '(': expected a shape
scale | line 1, column 1, at 'scale': expected a shape
2(3) | line 1, column 1, at '2': only a shape takes parameters...
s2nn(1, 2, 3) | line 1, column 1, at 's2nn': s2nn takes alpha=4.0, beta=1.0; too many positional arguments
s2nn(1, alpha=3) | ... at 's2nn': s2nn takes alpha=4.0, beta=1.0; multiple values for argument 'alpha'
scale(atan)(2.0) | ... at 'scale': scale(atan) takes keywords; too many positional arguments
straight_through(1) | ... at 'straight_through': straight_through takes no parameters; too many positional...
sigmoid(beta=3) | ... at 'sigmoid': sigmoid takes alpha=4.0; got an unexpected keyword argument 'beta'...
sigmoid(alpha=1)(beta=3) | ... sigmoid(alpha=1) takes alpha=1; got an unexpected keyword argument 'beta'...
sigmoid(x=1) | ... sigmoid takes alpha=4.0; got an unexpected keyword argument 'x'...
sigmoid(slope=25) | ... got an unexpected keyword argument 'slope'; the parameter is alpha, sigmoid(alpha=25.0)
superspike(alpha=True) | ... got an unexpected keyword argument 'alpha'; the parameter is beta
rectangle(alpha=2.0) | ... got an unexpected keyword argument 'alpha'; the parameter is width...
sigmoid(alpha=1, alpha=2) | line 1, column 18, at 'alpha': this keyword is there already
s2nn(alpha=1, 2) | line 1, column 15, at '2': expected a keyword, as before
sigmoid(atan) | ... sigmoid takes alpha=4.0; expected a number or an array [1.0, 2.0], got atan...
sigmoid((1, 2)) | ... sigmoid: expected a number or an array as alpha, got tuple (1, 2)
02 | line 1, column 1, at '02': expected a whole number without a leading zero, as in Python: 2
sigmoid(-007) | line 1, column 9, at '-007': expected a whole number without a leading zero, as in Python: 7
scale(atan, [0, 010]) | ... column 17, at '010': expected a whole number without a leading zero, as in Python: 10
scale(atan, [1, [2, 3]]) | line 1, column 13, at '[': expected numbers, or arrays of one length
scale(atan, [a=1]) | line 1, column 13, at '[': expected no keyword in it
scale(atan, 1e999999) | line 1, column 13, at '1e999999': the number is too large; inf is infinity
scale(atan, 10**10**10) | line 1, column 15, at '*': expected , or )
scale(atan, 1, 2) | ... at 'scale': scale: takes (g, alpha=1.0, *, height=1.0), too many positional arguments
scale(atan, -1) | ... at 'scale': scale: expected a positive alpha, got -1; height= may be of either sign
mix(atan, 2.0) | ... at 'mix': mix: expected a shape, that is a function g(x, *params), got float 2.0
mix(atan, weights=circ) | ... array that broadcasts against x, got the function circ; mix adds shapes...
fast_sigmoid(25) | ... as 'fast_sigmoid'; fast_sigmoid(slope=25) of snnTorch and slax is superspike(beta=25.0)
shapes.sigmoid | ... no shape is registered as 'shapes.sigmoid'; did you mean sigmoid?
scale(atan, np.array(2.0)) | line 1, column 13, at 'np.array(': expected [1.0, 2.0] in it...
scale(atan, np.array([1.0], 2)) | ... at 'np.array(': expected [1.0, 2.0] in it...
np.array([1.0]) | line 1, column 1, at 'np.array(': expected a shape...
scale(np.array, 2.0) | ... at 'np.array': no shape is registered as 'np.array'; register it, or take atan, ...
"""


@pytest.mark.parametrize("row", ERRORS.strip("\n").split("\n"))
def test_an_error_says_where_and_what(row):
    text, _, message = row.partition(" | ")
    assert_raises("parse(text)", f"ValueError: parse: {message}", text=text.replace("\\n", "\n"))


HOSTILE = [
    *("__import__('os').system('true')", "().__class__.__bases__[0].__subclasses__()", "sigmoid.__globals__"),
    *("sigmoid.__call__(1)", "shapes.sigmoid", "open('/etc/passwd')", "eval('1')", "exec('import os')"),
    *("print(1)", "import os", "scale(atan, (lambda: 1)())", "scale(atan, [n for n in (1,)])"),
    *("scale(atan, {1: 2})", "scale(atan, *[1])", "sigmoid(**{'alpha': 1})", "sigmoid(alpha := 2)"),
    *("sigmoid(alpha='2')", "sigmoid(alpha=b'2')", "sigmoid(f'{1}')", 'sigmoid("""'),
    *("sigmoid(alpha=1 if 1 else 2)", "sigmoid(1if 1else 2)", "sigmoid(0x1for x)", "sigmoid(1, '\\d')"),
    *("sigmoid(1 + 1)", "sigmoid(1_000)", "sigmoid(2j)", "sigmoid(...)", "sigmoid(None)", "sigmoid; atan"),
    *("sigmoid # comment", "sigmoid\\\n(1)", "sigmoid = atan", "await sigmoid", "yield sigmoid", "not sigmoid"),
    *("sigmoid[0]", "sigmoid\0", "\0", "\ud800", "\ufeffsigmoid", "\uff53igmoid", "sigm\u043eid"),
    *("sigmoid\uff082\uff09", "sigmoid(\uff12)", "sigmoid(\u0663)", "sigmoid\u00a0(2)", "\u202esigmoid"),
    *("\x1b[31msigmoid", "scale(atan, 10**10**10)", "scale(atan, 9**9**9**9)", "scale(atan, 1e999999)"),
    *("scale(atan, -1e999999)", "scale(atan, " + "9" * 9_000 + ")", "scale(atan, 0x" + "f" * 9_000 + ")"),
    *("9" * 1_000_000, "a" * 10_000, "-" * 10_000, "not " * 2_500, "(" * 9_999, "[" * 9_999 + "]"),
    *("(" * 10_000_000, "scale(" * 51 + "atan" + ")" * 51, "atan" + ".a" * 4_000, "1" + "+1" * 4_900),
    *("atan" + "[0]" * 3_000, "lambda:" * 1_400 + "1", "atan if atan else " * 500, None, 3, b"sigmoid"),
    *(["sigmoid"], shapes.sigmoid),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:17])
def test_hostile_text_is_one_clear_error_in_a_bounded_number_of_calls(text):
    with pytest.raises(ValueError, match=r"^parse: line [0-9]+, column [0-9]+") as caught, calls_of_python() as calls:
        parse(text)
    assert len(calls) < 2_000
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000


def attempt(text):
    try:
        return parse(text)
    except ValueError as error:
        return str(error)


def test_no_text_is_compiled_run_or_opened_or_does_harm_on_a_small_stack():
    """`ast.parse` takes the process down here: a crash ends this test run."""
    seen, read, watching = [], [], True

    def read_all():
        read.extend(map(attempt, [*HOSTILE, MIXTURE]))
        read.append(describe(parse("shift(" * 49 + "atan" + ", 1.0)" * 49)))

    sys.addaudithook(lambda event, _: seen.append(event) if watching else None)  # there is no way to remove it
    compile("1", "", "eval")
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=read_all)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    watching = False
    assert [isinstance(text, str) for text in read] == [True] * len(HOSTILE) + [False, True]
    assert seen.count("compile") == 1
    assert not {"exec", "import", "open", "os.system", "subprocess.Popen"} & set(seen)


def test_limits_are_where_they_are_said_to_be():
    assert parse("atan" + " " * 9_996) is atan
    with pytest.raises(ValueError, match="expected a text of at most 10000 characters, got 10001 characters"):
        parse("atan" + " " * 9_997)
    assert callable(parse("shift(" * 50 + "atan" + ", 1)" * 50))
    with pytest.raises(ValueError, match="line 1, column 307, at 'atan': expected at most 50 brackets in one another"):
        parse("shift(" * 51 + "atan" + ", 1)" * 51)


@pytest.mark.parametrize(
    "text",
    [
        "shift(" * 49 + "mix(" + "atan," * 1_850 + ")" + ",1)" * 49,
        "mix(" * 49 + "mix(" + "atan," * 1_850 + ")" + ",circ)" * 49,
        "shift(atan,1)" + "(a=1)" * 1_990,
        "shift(atan,1)" + "".join(f"(a{i}=1)" for i in range(1_100)),
        "shift(atan,1)(" + ",".join(f"a{i}=1" for i in range(1_100)) + ")",
        "scale(atan,[" + "1," * 4_990 + "])",
        "scale(atan," + "[" * 30 + "1" + "]" * 30 + ")",
    ],
    ids=lambda text: text[:12],
)
def test_the_longest_texts_take_a_bounded_number_of_calls(text):
    with calls_of_python() as calls:
        shape = attempt(text)
    assert len(calls) < 200_000
    assert callable(shape) or "expected at most 256 shapes" in shape or "expected at most 50 calls in a row" in shape


COMMON = """** := lambda for in if None True nan inf e 0 1 2.5 -3 1e5 1e999 os.system __import__ f'{ 0x
alpha= area= peak= scale( shift( mix( asym( normalize( sigmoid atan triangle( weights=( height= [1.0,"""
STRANGE = ["9" * 30, "\n", "\0", "\ud800", "\u00e9", "\uff53", "\x1b", "\u2028"]
WORDS = [*string.punctuation, *COMMON.split(), *STRANGE]
READABLE = [*DESCRIBED, *READ]


def damaged(random):
    """Return a soup of words, or a text that can be read with up to four of its characters replaced by words."""
    if random.random() < 0.3:
        return "".join(random.choices(WORDS, k=random.randrange(12)))
    text = list(random.choice(READABLE))
    for _ in range(random.randrange(5)):
        at = random.randrange(len(text) + 1)
        text[at : at + random.randrange(3)] = random.choice(WORDS)
    return "".join(text)


def test_fuzz():
    """Each text is a shape, which can be described and read again, or a ValueError with a position."""
    generator, texts_read, texts = random.Random(0), 0, 30_000 if EXHAUSTIVE else 2_000
    for i in range(texts):
        text = damaged(generator)
        shape = attempt(text)
        assert callable(shape) or shape.startswith("parse: line "), text
        texts_read += callable(shape)
        if callable(shape) and i % 10 == 0:
            assert describe(parse(describe(shape))) == describe(shape)
    assert 0.1 < texts_read / texts < 0.9
