"""Break runs of a case study off and go on with them: python -m benchmarks.broken_runs --kills 50 --seed 0.

Each run is broken in its own way: killed, stopped with Ctrl-C, on a full disk, out of memory, beside another one in the
same folder, in a folder that cannot be written. Then no file may be torn, the message has to be clear, and the same
command has to end with the bytes of an unbroken run, without doing finished pieces again. Whatever else happens is a
finding. Needs Linux; full disks are small ones mounted for the purpose, or a limit on the size of files where mounting
is not allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from shared.errors import StoreError
from shared.runtime.lock import NAME as LOCK
from shared.runtime.manifest import MANIFEST, Manifest
from shared.runtime.store import load_model

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("kills", "stops", "disks", "memory", "two", "readonly")
SAME = ("metrics.json", "settings.toml", "model.hexad", "forecast.parquet", "scores.parquet", "predictions.parquet")
PATIENCE = 180.0  # seconds after which a run counts as stuck
PAGE = 4096
DISKS = (0.003, 0.02, 0.06, 0.12, 0.3, 0.55, 0.88, 0.95)  # sizes as shares of what an unbroken run takes
FILES = (100, 1_000, 8_000, 20_000, 100_000, 200_000, 1_000_000)  # bytes, where nothing can be mounted
MEMORY = (0.3, 0.5, 0.65, 0.75, 0.85, 0.92, 0.96, 0.99)  # shares of the address space of an unbroken run


@dataclass
class Watch:
    """What is seen of a run while it goes: every version of every finished piece, and the most room it took."""

    process: subprocess.Popen[str]
    folder: Path
    pieces: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    most: int = 0
    address_space: int = 0

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _look(self) -> None:
        while self.process.poll() is None:
            for name, version in list_finished(self.folder).items():
                self.pieces.setdefault(name, set()).add(version)
            self.most = max(self.most, room(self.folder))
            with suppress(OSError, ValueError, IndexError):
                status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
                self.address_space = max(self.address_space, int(status.split("VmPeak:")[1].split()[0]) * 1024)
            time.sleep(0.01)


@dataclass
class Ended:
    """How a run ended."""

    code: int
    told: str
    seconds: float
    watch: Watch


@dataclass
class Whole:
    """An unbroken run, to compare with."""

    folder: Path
    ended: Ended


@dataclass
class Tally:
    """Counts of all breaks of one kind."""

    breaks: int = 0
    too_late: int = 0
    torn: int = 0
    other_bytes: int = 0
    left_over: int = 0
    pieces_found: int = 0
    pieces_done_twice: int = 0
    most_done_twice: int = 0
    pieces_made_after: int = 0
    extra_seconds: float = 0.0
    messages: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    def finds(self, name: str, what: str) -> None:
        """Note a finding and tell it."""
        self.findings.append(f"{name}: {what}")
        print(f"  finding: {name}: {what}", file=sys.stderr, flush=True)

    def hears(self, text: str) -> None:
        """Count a message."""
        self.messages[text] = self.messages.get(text, 0) + 1


def list_finished(folder: Path) -> dict[str, tuple[int, int]]:
    """The finished pieces of a run: inode and time of each, which change when a piece is written again."""
    found: dict[str, tuple[int, int]] = {}
    with suppress(OSError):
        for entry in os.scandir(folder / "pieces"):
            if entry.name.endswith((".parquet", ".hexad")):
                with suppress(OSError):
                    seen = entry.stat()
                    found[entry.name] = (seen.st_ino, seen.st_mtime_ns)
    return found


def room(folder: Path) -> int:
    """Bytes that the files of a folder take, in whole pages."""
    total = 0
    for place in (folder, folder / "pieces"):
        with suppress(OSError):
            for entry in os.scandir(place):
                with suppress(OSError):
                    total += -(-entry.stat().st_size // PAGE) * PAGE
    return total


def start(folder: Path) -> subprocess.Popen[str]:
    """Start a run in a process group of its own."""
    command = [
        sys.executable,
        "-m",
        "case_studies",
        "run",
        "demand",
        "--quick",
        "--set=horizon=12h",
        "--out",
        str(folder),
    ]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: subprocess.Popen[str], folder: Path, since: float) -> Ended:
    """Watch a run to its end; one that is stuck is killed."""
    with Watch(process, folder) as watch:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += "\nstuck"
    told = err if process.returncode else out + err
    return Ended(process.returncode, told.strip(), time.monotonic() - since, watch)


def run(folder: Path, **limits: int) -> Ended:
    """Run to the end, under limits such as ``RLIMIT_AS=1 << 30``."""
    since = time.monotonic()
    process = start(folder)
    for name, limit in limits.items():
        resource.prlimit(process.pid, getattr(resource, name), (limit, limit))
    return finish(process, folder, since)


def break_run(folder: Path, moment: float, how: signal.Signals) -> tuple[Ended, bool]:
    """Send a signal to a run's whole process group at a moment; also whether it was still going then."""
    since = time.monotonic()
    process = start(folder)
    time.sleep(max(0.0, since + moment - time.monotonic()))
    going = process.poll() is None
    if going:
        os.killpg(process.pid, how)
    return finish(process, folder, since), going


def torn(folder: Path) -> list[str]:
    """The files of a run that cannot be read; what a killed writer left under a hidden name does not count."""
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_dir() or path.name == LOCK or (path.name.startswith(".") and path.name.endswith(".part")):
            continue
        try:
            _read(path)
        except (OSError, ValueError, StoreError) as error:
            found.append(f"{path.relative_to(folder)} ({error})")
    return found


def _read(path: Path) -> None:
    if path.name == MANIFEST:
        Manifest.of(path.parent).list_files()
    elif path.suffix == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".toml":
        tomllib.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".parquet":
        pd.read_parquet(path)
    elif path.suffix == ".hexad":
        load_model(path)
    elif path.suffix == ".csv":
        pd.read_csv(path)
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            book.testzip()
    elif not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError("no end")


def others(folder: Path, whole: Whole, *, complete: bool) -> list[str]:
    """Files whose bytes are not those of the unbroken run; where `complete`, those that lack count, too."""
    return [
        name
        for name in SAME
        if (complete or (folder / name).exists())
        and (not (folder / name).exists() or (folder / name).read_bytes() != (whole.folder / name).read_bytes())
    ]


def goes_on(name: str, folder: Path, whole: Whole, tally: Tally, *, spent: float | None = None) -> None:
    """Look at what a broken run left, run again to the end, and judge what comes out."""
    tally.breaks += 1
    if wrong := torn(folder):
        tally.torn += len(wrong)
        tally.finds(name, f"torn: {', '.join(wrong)}")
    if wrong := others(folder, whole, complete=False):
        tally.finds(name, f"written, but other bytes: {', '.join(wrong)}")
    before = list_finished(folder)
    again = run(folder)
    if again.code != 0:
        tally.finds(name, f"the second run ends with {again.code}: {again.told[-600:]}")
        return
    if wrong := others(folder, whole, complete=True):
        tally.other_bytes += len(wrong)
        tally.finds(name, f"other bytes at last: {', '.join(wrong)}")
    if left := {path.name for path in folder.iterdir()} ^ {path.name for path in whole.folder.iterdir()}:
        tally.left_over += len(left)
        tally.finds(name, f"files too many or too few: {', '.join(sorted(left))}")
    twice = [piece for piece, seen in before.items() if again.watch.pieces.get(piece, set()) - {seen}]
    tally.pieces_found += len(before)
    tally.pieces_made_after += len(set(again.watch.pieces) - set(before))
    tally.pieces_done_twice += len(twice)
    tally.most_done_twice = max(tally.most_done_twice, len(twice))
    if len(twice) > 1:
        tally.finds(name, f"{len(twice)} of {len(before)} finished pieces are done twice: {', '.join(twice)}")
    if strangers := (set(before) | set(again.watch.pieces)) - set(whole.ended.watch.pieces):
        tally.finds(name, f"pieces that an unbroken run does not make: {', '.join(sorted(strangers))}")
    if spent is not None:
        tally.extra_seconds += spent + again.seconds - whole.ended.seconds


def kill_runs(moments: list[float], place: Path, whole: Whole) -> Tally:
    """Kill runs at moments."""
    tally = Tally()
    for number, moment in enumerate(moments):
        folder = place / f"kill-{number}"
        ended, going = break_run(folder, moment, signal.SIGKILL)
        tally.too_late += not going
        name = f"killed after {moment:.2f} s"
        if going and ended.code != -signal.SIGKILL:
            tally.finds(name, f"ends with {ended.code}")
        print(f"{number + 1}. {name}, {len(list_finished(folder))} pieces", file=sys.stderr, flush=True)
        goes_on(name, folder, whole, tally, spent=moment if going else None)
        shutil.rmtree(folder)
    return tally


def stop_runs(moments: list[float], place: Path, whole: Whole) -> Tally:
    """Stop runs with Ctrl-C at moments."""
    tally = Tally()
    for number, moment in enumerate(moments):
        folder = place / f"stop-{number}"
        ended, going = break_run(folder, moment, signal.SIGINT)
        tally.too_late += not going
        late = ended.seconds - moment
        name = f"Ctrl-C after {moment:.2f} s"
        print(f"{name}: {ended.code} {late:.2f} s later: {ended.told[-200:]}", file=sys.stderr, flush=True)
        if going:
            tally.hears(ended.told.splitlines()[-1] if ended.told else "(silence)")
            # Python dies by the signal itself where a library's import was interrupted; shells show both as 130.
            if ended.code not in {130, -signal.SIGINT} or "goes on" not in ended.told or "Traceback" in ended.told:
                tally.finds(name, f"ends with {ended.code}, and tells: {ended.told[-600:]}")
            if (folder / LOCK).exists() or list(folder.rglob(".*.part")):
                tally.finds(name, "leaves half-written files or the lock")
        goes_on(name, folder, whole, tally, spent=ended.seconds if going else None)
        shutil.rmtree(folder, ignore_errors=True)
    return tally


@contextmanager
def disk(place: Path, size: int) -> Iterator[bool]:
    """Mount a small disk; False where that is not allowed."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    mounted = shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0  # noqa: PLW1510
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(place, ignore_errors=True)


def remount(place: Path, options: str) -> None:
    """Change a mounted disk."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def judge(name: str, ended: Ended, words: tuple[str, ...], tally: Tally, *, code: int = 1) -> None:
    """Whether a run that could not go on said so in one clear message."""
    print(f"{name}: {ended.code} after {ended.seconds:.1f} s: {ended.told[-300:]}", file=sys.stderr, flush=True)
    tally.hears(f"{ended.code}: {ended.told[-200:]}")
    if ended.code == 0:
        tally.too_late += 1
    elif ended.code != code or "Traceback" in ended.told or not any(word in ended.told for word in words):
        tally.finds(name, f"ends with {ended.code}, and tells: {ended.told[-600:]}")
    elif len(ended.told.splitlines()) > 2:
        tally.finds(name, f"tells more than one message: {ended.told[-600:]}")


def fill_disk(place: Path, whole: Whole) -> tuple[Tally, str]:
    """Run on disks that are too small, then enlarge them; also how that was done."""
    tally = Tally()
    words = ("No space left", "File too large", "no files can be written")
    with disk(place / "probe", 1 << 20) as allowed:
        pass
    if not allowed:
        for size in FILES:
            folder = place / f"files-{size}"
            judge(f"files up to {size:,} bytes", run(folder, RLIMIT_FSIZE=size), words, tally)
            goes_on(f"files up to {size:,} bytes", folder, whole, tally)
        return tally, "RLIMIT_FSIZE"
    for share in DISKS:
        size = max(1, round(share * whole.ended.watch.most / PAGE)) * PAGE
        name = f"disk of {size:,} bytes"
        with disk(place / "disk", size):
            folder = place / "disk" / "run"
            ended = run(folder)
            refused = ended.code == 2 and not list_finished(folder)  # too small for anything at all
            judge(name, ended, words, tally, code=2 if refused else 1)
            if (folder / LOCK).exists() or list(folder.rglob(".*.part")):
                tally.finds(name, "leaves half-written files or the lock")
            remount(place / "disk", "size=64m")
            goes_on(name, folder, whole, tally)
    return tally, "tmpfs"


def starve(place: Path, whole: Whole) -> Tally:
    """Run with too little memory, then with enough; death by a signal is allowed, torn files are not."""
    tally = Tally()
    for share in MEMORY:
        limit = round(share * whole.ended.watch.address_space)
        name = f"{limit / 2**20:,.0f} MiB of address space"
        folder = place / f"memory-{limit}"
        ended = run(folder, RLIMIT_AS=limit)
        if ended.code < 0 and "stuck" not in ended.told:
            tally.hears(f"died by signal {-ended.code}")
        else:
            judge(name, ended, ("memory", "Memory"), tally)
        goes_on(name, folder, whole, tally)
    return tally


def two(place: Path, whole: Whole) -> Tally:
    """Two runs in one folder: the second while the first goes, and both at the same moment."""
    tally = Tally()
    for name, wait in (("two, one after the other", True), ("two at the same moment", False)):
        folder = place / f"two-{wait}"
        since = time.monotonic()
        first = start(folder)
        while wait and not list_finished(folder) and first.poll() is None:
            time.sleep(0.01)
        began = time.monotonic()
        second = start(folder)
        told = {}
        for process in (second, first) if wait else (first, second):
            ended = finish(process, folder, began if process is second else since)
            told[process] = ended
        codes = sorted(ended.code for ended in told.values())
        if codes != [0, 2] or (wait and told[second].code != 2):
            tally.finds(name, f"end with {codes}: {[ended.told[-300:] for ended in told.values()]}")
        refused = next((ended for ended in told.values() if ended.code == 2), None)
        if refused is not None:
            judge(name, refused, ("another run is writing",), tally, code=2)
        if wrong := [*torn(folder), *others(folder, whole, complete=True)]:
            tally.finds(name, f"torn, or other bytes: {', '.join(wrong)}")
        goes_on(name, folder, whole, tally)
    return tally


def lock_away(place: Path, whole: Whole) -> Tally:
    """Run in a folder that cannot be written: a new one, and one with a broken run in it."""
    tally = Tally()
    for name, moment in (("read-only, new", 0.0), ("read-only, with a broken run", 0.6 * whole.ended.seconds)):
        with disk(place / "readonly", 64 << 20) as mounted:
            folder = place / "readonly" / "run"
            folder.mkdir()
            if moment:
                break_run(folder, moment, signal.SIGKILL)
            if mounted:
                remount(place / "readonly", "ro")
            elif os.geteuid():
                folder.chmod(0o555)
            else:
                tally.hears(f"{name}: not tried; root may write everywhere, and nothing can be mounted")
                continue
            judge(name, run(folder), ("no files can be written",), tally, code=2)
            if mounted:
                remount(place / "readonly", "rw")
            else:
                folder.chmod(0o755)
            goes_on(name, folder, whole, tally)
    return tally


def report(tally: Tally) -> dict[str, object]:
    """The counts of a tally as JSON takes them."""
    found: dict[str, object] = {name: value for name, value in vars(tally).items() if name != "messages"}
    found["extra_seconds"] = round(tally.extra_seconds / max(1, tally.breaks - tally.too_late), 2)
    if tally.messages:
        found["messages"] = tally.messages
    return found


def main() -> None:
    """Break runs in every way asked for, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", default=",".join(PARTS), help="which kinds of breaks, with commas")
    asked = parser.parse_args()
    parts = asked.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    rng = np.random.default_rng(asked.seed)
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        whole = Whole(place / "whole", run(place / "whole"))
        if whole.ended.code or torn(whole.folder):
            raise SystemExit(f"the unbroken run fails: {whole.ended.told}")
        seconds, made = whole.ended.seconds, whole.ended.watch
        print(f"unbroken: {seconds:.1f} s, {len(made.pieces)} pieces, {made.most:,} bytes", file=sys.stderr, flush=True)
        found |= {"seconds": round(seconds, 2), "pieces": len(made.pieces), "bytes": made.most}
        kills = [float(moment) for moment in rng.uniform(0, seconds, asked.kills)]
        stops = [float(moment) for moment in rng.uniform(0, seconds, asked.stops)]
        tallies: list[Tally] = []
        for part in parts:
            if part == "disks":
                tally, found["disks_by"] = fill_disk(place, whole)
            elif part in {"kills", "stops"}:
                tally = kill_runs(kills, place, whole) if part == "kills" else stop_runs(stops, place, whole)
            else:
                tally = {"memory": starve, "two": two, "readonly": lock_away}[part](place, whole)
            tallies.append(tally)
            found[part] = report(tally)
            print(f"{part}: {json.dumps(found[part])}", flush=True)
    found["findings"] = sum(len(tally.findings) for tally in tallies)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
