"""A worker that asks an address as often as its budget lets it: `ask_often.py URL SECONDS [blindly]`.

Told to wait, it comes back sooner than any scheduler would. With “blindly” it does not look at the budget: the
negative control. Prints how many requests were answered and how often it had to wait.
"""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from registry.budget import Budget  # noqa: E402 - Django is set up first
from registry.upstream import UpstreamError, http  # noqa: E402 - the same

url, seconds, *how = sys.argv[1:]
if how == ["blindly"]:
    http.spend = lambda _budget: None
counts = {"answered": 0, "waited": 0}
ends_at = time.monotonic() + float(seconds)
while time.monotonic() < ends_at:
    try:
        http.get(url, budget=Budget("limited", "the-secret"))
        counts["answered"] += 1
    except UpstreamError:
        counts["waited"] += 1
        time.sleep(0.02)
sys.stdout.write(f"{counts}\n")
