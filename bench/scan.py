"""How fast the client scans real source files: beside only reading them, and beside `grep -rE` for the same names.

Scans the packages that are installed here, or the folder in UNDERSTUDY_BENCH_SOURCES.
"""

import json
import os
import resource
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

CLIENT = Path(__file__).resolve().parent.parent / "client"
FILES = 5000
NAMES = (
    r"from_pretrained|SentenceTransformer|CrossEncoder|snapshot_download|gpt-[345]|claude-|gemini-|model(_name|_id)?=\""
)
STARTS = 5


@contextmanager
def _sources() -> Iterator[Path]:
    """A folder with copies of the first FILES files that the scan reads."""
    from understudy.scan.files import own_files  # noqa: PLC0415  (on the path only while this runs)
    from understudy.scan.finders import finder_of  # noqa: PLC0415  (the same)

    root = Path(os.environ.get("UNDERSTUDY_BENCH_SOURCES", sysconfig.get_path("purelib")))
    wanted = [path for path in own_files(root) if finder_of(path.rpartition("/")[2])]
    with TemporaryDirectory() as folder:
        for number, path in enumerate(wanted[:FILES]):
            target = Path(folder) / str(number // 100) / f"{number}-{Path(path).name}"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes((root / path).read_bytes())
        yield Path(folder)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the processors, children included."""

    def used() -> float:
        return sum(
            r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        )

    cpu, begun = used(), time.perf_counter()
    work()
    return time.perf_counter() - begun, used() - cpu


def main() -> None:
    """One line with all figures."""
    sys.path.insert(0, str(CLIENT))
    with _sources() as folder:
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(len(path.read_bytes()) for path in files)
        read = _timed(lambda: [path.read_bytes() for path in files])
        grep = _timed(
            lambda: subprocess.run(["grep", "-rE", NAMES, str(folder)], stdout=subprocess.DEVNULL, check=False)
        )
        command = [sys.executable, "-m", "understudy", "scan", str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(CLIENT)}
        scan = _timed(lambda: subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    starts = [
        _timed(
            lambda: subprocess.run([*command[:3], "--version"], env=environment, stdout=subprocess.DEVNULL, check=True)
        )
        for _ in range(STARTS)
    ]
    figures = {
        "bench": "scan",
        "files": len(files),
        "megabytes": round(size / 1e6, 1),
        "scan_seconds": round(scan[0], 2),
        "scan_cpu_seconds": round(scan[1], 2),
        "files_per_second": round(len(files) / scan[0]),
        "megabytes_per_second": round(size / 1e6 / scan[0], 1),
        "read_seconds": round(read[0], 2),
        "read_cpu_seconds": round(read[1], 2),
        "grep_cpu_seconds": round(grep[1], 2),
        "cpu_ratio_to_reading": round(scan[1] / read[1], 1),
        "cpu_ratio_to_grep": round(scan[1] / grep[1], 1),
        "peak_megabytes_of_a_process": round(peak / 1024),
        "start_milliseconds": round(min(start[0] for start in starts) * 1000),
        "start_cpu_milliseconds": round(min(start[1] for start in starts) * 1000),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
