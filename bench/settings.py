"""The settings of a benchmark's server: ours, with one bare view to compare with."""

from config.settings import *  # noqa: F403 - the project's settings are what is measured

ROOT_URLCONF = "bench.urls"
