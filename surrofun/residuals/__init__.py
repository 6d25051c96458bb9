"""What is kept of the slope for the backward pass: the codes, and the packing of bits."""

from .codes import Code as Code
from .codes import code_of as code_of
from .codes import sampled as sampled
