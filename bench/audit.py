"""How many lines a second the audit chain takes from several writers, on SQLite and PostgreSQL, and whether it forks."""

from bench.databases import on_each


def main() -> None:
    on_each("audit", "bench.audit_one")


if __name__ == "__main__":
    main()
