"""`python -m understudy` is the same program as the installed `understudy`."""

import sys

from understudy.cli import main

sys.exit(main())
