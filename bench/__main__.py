"""`python -m bench [NAME …]`: run all benchmarks, or the named ones. Each prints JSON lines to standard output.

A benchmark is a file of this folder with a function `main()`.
"""

import sys
from importlib import import_module
from pathlib import Path


def names() -> list[str]:
    """The benchmarks in this folder."""
    files = Path(__file__).parent.glob("[a-z]*.py")
    return sorted(file.stem for file in files if "def main(" in file.read_text())


def run(asked: list[str]) -> None:
    known = names()
    if unknown := set(asked) - set(known):
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    for name in asked or known:
        import_module(f"bench.{name}").main()


if __name__ == "__main__":
    run(sys.argv[1:])
