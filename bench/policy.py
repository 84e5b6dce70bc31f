"""How long a dry run of a policy takes over many systems, and how much memory, on SQLite and PostgreSQL.

`BENCH_ROWS` says how many models, systems and dependencies, default `100000 20000 200000`. Tried are a policy that
only weighs otherwise, and one that reads otherwise too, so that every rule is asked twice.
"""

from bench.databases import on_each


def main() -> None:
    on_each("policy", "bench.policy_one")
