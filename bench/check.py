"""How long the gate takes for 50 refs and for as many as fit into one check (2,000), on SQLite and PostgreSQL.

Each database runs in a process of its own on rows of its own. Measured are the answer alone (`evaluate`), the answer
with its row written (`check`), and both ends of HTTP through one granian worker with a token: the check, and a bare DRF
view that reads one row by key in the same server. `BENCH_ROWS` says how many models, systems and dependencies, default
`10000 2000 20000`.
"""

from bench.databases import on_each


def main() -> None:
    on_each("check", "bench.check_one")


if __name__ == "__main__":
    main()
