"""`python -m detok`: see `detok.command_line`."""

import sys

from detok.command_line import main

if __name__ == "__main__":
    sys.exit(main())
