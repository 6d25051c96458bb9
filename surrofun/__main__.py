"""`python -m surrofun`."""

import sys

from .cli.commands import main as main

if __name__ == "__main__":
    sys.exit(main())
