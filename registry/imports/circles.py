"""Circles in what points from one name to others; pure."""

from collections.abc import Mapping


def find_circle(start: str, edges: Mapping[str, frozenset[str]]) -> list[str]:
    """A shortest way along `edges` from `start` back to itself, both ends named; empty if there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        longer = []
        for way in ways:
            for following in sorted(edges.get(way[-1], frozenset())):
                if following == start:
                    return [*way, start]
                if following not in seen:
                    seen.add(following)
                    longer.append([*way, following])
        ways = longer
    return []
