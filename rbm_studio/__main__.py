"""``python -m rbm_studio``: the same as ``rbm-studio``."""

import sys

from rbm_studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
