"""Itemsets beside mlxtend and PyFIM: processor time, memory, and the same answers.

Both sides start from their own ready-made input: our `Incidence`, mlxtend's dense frame of truth values, PyFIM's lists.
Our columnar table with names, mlxtend's names and PyFIM's list of results are inside the time.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.basket.data import CASES, lists_of
from domains.basket import Itemsets, association_rules, frequent_itemsets
from shared.data import Incidence

__all__ = ["counts", "memory", "speed"]


def counts(folder: Path) -> dict[str, Any]:
    """Numbers of itemsets and of rules, against those known."""
    found: dict[str, Any] = {}
    for name, (file, support, known) in CASES.items():
        found[f"sets_{name}"] = len(frequent_itemsets(lists_of(folder, file), support))
        print(f"{name:14} {found[f'sets_{name}']:>9,} itemsets, known: {known:,}", flush=True)
    baskets = lists_of(folder, "groceries.csv.gz")
    found["sets_groceries_1"] = len(frequent_itemsets(baskets, 0.01))
    sets = frequent_itemsets(baskets, 0.001)
    rules = association_rules(sets, 0.2, max_consequent=None)
    found["rules_any"], found["rules_one"] = len(rules), len(association_rules(sets, 0.2))
    found["rules_at_bound"] = int((5 * rules.joint_counts == rules.antecedent_counts).sum())
    print(
        f"groceries, confidence 0.2: {found['rules_any']:,} rules (known: 25,022), {found['rules_at_bound']} at the"
        " bound"
    )
    return found


def speed(folder: Path, rounds: int = 5) -> dict[str, Any]:
    """Processor time of all three, in turns; ratios of medians."""
    import fim
    from mlxtend.frequent_patterns import fpgrowth

    found: dict[str, Any] = {}
    for name, (file, support, _) in CASES.items():
        lists = lists_of(folder, file)
        ours = Incidence.from_lists(lists)
        dense = ours.to_onehot()
        least = frequent_itemsets(ours, support).min_count

        def mine(ours: Incidence = ours, support: float = support) -> Itemsets:
            sets = frequent_itemsets(replace(ours), support)  # a fresh one: nothing is counted yet
            sets.to_frame()
            return sets

        def theirs(dense: object = dense, support: float = support) -> Any:
            return fpgrowth(dense, min_support=support, use_colnames=True)

        def compiled(lists: object = lists, least: int = least) -> Any:
            return fim.fpgrowth(lists, target="s", supp=-least, report="a")

        sides: dict[str, Callable[[], Any]] = {"hexad": mine, "mlxtend": theirs, "pyfim": compiled}
        _same(mine(), theirs(), compiled(), dense.shape[0])
        seconds: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds):
            for side, call in sides.items():
                gc.collect()
                start = time.process_time()
                kept = call()
                seconds[side].append(time.process_time() - start)
                del kept
        median = {side: statistics.median(values) for side, values in seconds.items()}
        found[f"speedup_{name}"] = median["mlxtend"] / median["hexad"]
        found[f"pyfim_ratio_{name}"] = median["hexad"] / median["pyfim"]
        print(
            f"{name:14} hexad {1e3 * median['hexad']:8.1f} ms  mlxtend {1e3 * median['mlxtend']:9.1f} ms  pyfim"
            f" {1e3 * median['pyfim']:7.1f} ms  {found[f'speedup_{name}']:6.1f} x mlxtend,"
            f" {found[f'pyfim_ratio_{name}']:.2f} of pyfim",
            flush=True,
        )
    return found


def _same(ours: Itemsets, theirs: Any, compiled: Any, n: int) -> None:
    """Refuse to time sides that disagree; PyFIM loses the single set of an item that is in every basket."""
    table = ours.to_mlxtend()
    mine = dict(zip(table["itemsets"], ours.counts.tolist(), strict=True))
    other = {one: round(share * n) for one, share in zip(theirs["itemsets"], theirs["support"], strict=True)}
    if mine != other:
        raise SystemExit("mlxtend and Hexad find different itemsets")
    third = {frozenset(one): count for one, count in compiled}
    lost = {one for one in mine if len(one) == 1 and mine[one] == n}
    if {one: count for one, count in mine.items() if one not in lost} != {
        one: count for one, count in third.items() if one not in lost
    }:
        raise SystemExit("PyFIM and Hexad find different itemsets")


def memory(folder: Path) -> dict[str, Any]:
    """Extra peak of memory over the ready-made input, each side in a process of its own."""
    found: dict[str, Any] = {}
    for name, (file, support, _) in CASES.items():
        extra = {}
        with tempfile.TemporaryDirectory() as place:
            baskets = Incidence.from_lists(lists_of(folder, file))
            names = baskets.items.to_numpy()
            names = names.astype(str) if names.dtype == object else names
            np.savez(Path(place) / "baskets.npz", indptr=baskets.indptr, codes=baskets.codes, items=names)
            for side in ("hexad", "mlxtend"):
                command = [sys.executable, "-m", "benchmarks.basket.speed", f"{place}/baskets.npz", str(support), side]
                made = subprocess.run(command, capture_output=True, text=True, check=True)
                extra[side] = json.loads(made.stdout.strip().splitlines()[-1])
        found[f"memory_ratio_{name}"] = extra["hexad"] / extra["mlxtend"]
        print(
            f"{name:14} extra peak: hexad {extra['hexad']:7.1f} MB  mlxtend {extra['mlxtend']:7.1f} MB  "
            f"ratio {found[f'memory_ratio_{name}']:.3f}",
            flush=True,
        )
    return found


def _extra(path: Path, support: float, side: str) -> float:
    """Growth of the peak of memory in MB while one side runs, after a small one has warmed it up.

    The baskets come from arrays, so that no memory lies about that reading them has left behind.
    """
    with np.load(path) as arrays:
        ours = Incidence(
            arrays["indptr"], arrays["codes"], pd.Index(arrays["items"]), pd.RangeIndex(len(arrays["indptr"]) - 1)
        )
    small = Incidence.from_lists([["a", "b", "c"]] * 3)
    if side == "hexad":
        frequent_itemsets(small, 1).to_frame()
        run: Callable[[], Any] = lambda: frequent_itemsets(ours, support).to_frame()  # noqa: E731
    else:
        from mlxtend.frequent_patterns import fpgrowth

        fpgrowth(small.to_onehot(), min_support=0.5, use_colnames=True)
        dense = ours.to_onehot()
        del ours
        run = lambda: fpgrowth(dense, min_support=support, use_colnames=True)  # noqa: E731
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    kept = run()
    after = _status("VmHWM")
    del kept
    return max(after - before, 0.1)  # a tenth of a megabyte is what can be told


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    print(json.dumps(_extra(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])))
