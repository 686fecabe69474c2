"""`python -m onceproof`."""

import sys

from onceproof.cli import main

if __name__ == "__main__":
    sys.exit(main())
