#!/usr/bin/env python
"""Django's command line for Understudy."""

import os
import sys
from pathlib import Path
from uuid import uuid4

from django.core.management import execute_from_command_line
from environs import Env

from governance.doors import Door, through

if __name__ == "__main__":
    # Beside the code, for whoever runs it by hand. What the environment says already wins.
    Env().read_env(Path(__file__).resolve().parent / ".env", recurse=False)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with through(Door.COMMAND, uuid4().hex):
        execute_from_command_line(sys.argv)
