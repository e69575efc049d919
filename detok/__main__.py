"""`python -m detok`: see `detok.commands.main`."""

import sys

from detok.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
