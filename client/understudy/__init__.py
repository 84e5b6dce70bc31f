"""The CI client of Understudy: it asks the server for a verdict and turns it into an exit code."""

__version__ = "0.1.0"
