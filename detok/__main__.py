"""`python -m detok`: see `detok.commands.count`."""

import sys

from detok.commands.count import main

if __name__ == "__main__":
    sys.exit(main())
