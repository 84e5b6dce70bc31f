"""`python -m tests.fakes.poll_until MODULE NAME MARKER FILE`: poll litellm with FILE and stand still at a point.

The point is the call of the function `NAME` of `MODULE`; MARKER is made once it is reached. What happens there is for the
test: it kills this process.
"""

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django is set up first


def main() -> None:
    module_name, name, marker, file = sys.argv[1:]
    module = import_module(module_name)
    assert hasattr(module, name), f"{module_name} has no {name}"
    setattr(module, name, lambda *_args, **_kwargs: _stand_still(Path(marker)))
    call_command("poll", "litellm", "--file", file)


def _stand_still(marker: Path) -> Any:
    marker.touch()
    time.sleep(600)


if __name__ == "__main__":
    main()
