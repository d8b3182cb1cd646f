"""Loops of the miner: projected databases as bitsets, walked depth first. Compiled once (numba, cached).

Items are ranked, the rarest first. `lay_out` gives the rows with their items in the order of rank, and for each item
the rows that hold it and where, in those rows, its successors lie. The database projected on a first item is the rows
that hold it; the items that follow it there are its candidates, whose rows become bits of 64-bit words. Because the
rarest item comes first, an item of many rows has few candidates, and one of many candidates has few rows.

Sets leave as a tree in the order of the walk: last item, length and count of each; a set's prefix is the last one
before it that is shorter by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from shared.runtime.compile import jit, numba
from shared.typing import Floats, Ints, Lengths

__all__ = ["mine_closed", "count_sets", "estimate_size", "expand_sets", "frequent_sets", "lay_out"]

Ranks = NDArray[np.int32]
Words = NDArray[np.uint64]


@numba.extending.intrinsic  # type: ignore[untyped-decorator]
def _ones(typing_context: object, word: object) -> Any:  # noqa: ARG001
    """Count the bits of a word that are set."""

    def made(context: object, builder: Any, signature: object, args: Any) -> Any:  # noqa: ARG001
        counter = builder.module.declare_intrinsic("llvm.ctpop", [ir.IntType(64)])
        return builder.call(counter, [args[0]])

    return numba.types.uint64(numba.types.uint64), made


@jit(nogil=True)
def _intersect(bits: Words, first: int, second: int, into: int, width: int) -> Any:
    """Write the rows that two candidates share, and count them."""
    total = np.uint64(0)
    a, b, c = bits[first * width :], bits[second * width :], bits[into * width :]
    for w in range(width):
        word = a[w] & b[w]
        c[w] = word
        total += _ones(word)
    return np.int64(total)


@jit(nogil=True)
def _longer(old: Any, size: int) -> Any:
    new = np.empty(size, old.dtype)
    new[: len(old)] = old
    return new


@jit(nogil=True)
def lay_out(row_ptr: Ints, codes: Ranks, rank: Ranks, n_ranks: int) -> tuple[Ints, Ranks, Ints, Ranks, Ranks, Ranks]:
    """Rows with their items in the order of rank, and for each item its rows and where its successors lie in them.

    Items of rank -1 are left out. Returns row pointers and items; item pointers, rows, begins and ends.
    """
    n_rows = len(row_ptr) - 1
    new_ptr, item_ptr = np.zeros(n_rows + 1, np.int64), np.zeros(n_ranks + 1, np.int64)
    for row in range(n_rows):
        for q in range(row_ptr[row], row_ptr[row + 1]):
            if rank[codes[q]] >= 0:
                new_ptr[row + 1] += 1
                item_ptr[rank[codes[q]] + 1] += 1
    for row in range(n_rows):
        new_ptr[row + 1] += new_ptr[row]
    for item in range(n_ranks):
        item_ptr[item + 1] += item_ptr[item]
    total = item_ptr[n_ranks]
    held, begins, stops = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.int32)
    row_items = np.empty(total, np.int32)
    to, fill = item_ptr[:-1].copy(), new_ptr[:-1].copy()
    for row in range(n_rows):
        for q in range(row_ptr[row], row_ptr[row + 1]):
            item = rank[codes[q]]
            if item >= 0:
                held[to[item]] = row
                to[item] += 1
    for item in range(n_ranks):
        for p in range(item_ptr[item], item_ptr[item + 1]):
            row = held[p]
            row_items[fill[row]] = item
            fill[row] += 1
            begins[p], stops[p] = fill[row], new_ptr[row + 1]
    return new_ptr, row_items, item_ptr, held, begins, stops


@jit(nogil=True)
def _candidates(
    row_items: Ranks, begins: Ranks, stops: Ranks, least: int, seen: Ranks, touched: Ranks, item: Ranks, count: Ranks
) -> tuple[int, Ranks, Ranks]:
    """Frequent items in pieces of rows, in order, and how often; `seen` is zero before and after."""
    n_touched = 0
    for p in range(len(begins)):
        for q in range(begins[p], stops[p]):
            one = row_items[q]
            if seen[one] == 0:
                touched[n_touched] = one
                n_touched += 1
            seen[one] += 1
    if n_touched > len(item):
        item, count = np.empty(2 * n_touched, np.int32), np.empty(2 * n_touched, np.int32)
    kept = 0
    for k in range(n_touched):
        if seen[touched[k]] >= least:
            item[kept] = touched[k]
            kept += 1
    item[:kept].sort()
    for k in range(kept):
        count[k] = seen[item[k]]
    for k in range(n_touched):
        seen[touched[k]] = 0
    return kept, item, count


@jit(nogil=True)
def _as_bits(
    row_items: Ranks, begins: Ranks, stops: Ranks, item: Ranks, kept: int, place_of: Ranks, bits: Words
) -> Words:
    """One bit a piece of a row for each of the `kept` items; `place_of` is -1 before and after."""
    width = (len(begins) + 63) // 64
    if (kept + 1) * width > len(bits):
        bits = np.empty(2 * (kept + 1) * width, np.uint64)
    bits[: kept * width] = 0
    for k in range(kept):
        place_of[item[k]] = k
    for p in range(len(begins)):
        word, bit = p >> 6, np.uint64(1) << np.uint64(p & 63)
        for q in range(begins[p], stops[p]):
            mine = place_of[row_items[q]]
            if mine >= 0:
                bits[mine * width + word] |= bit
    for k in range(kept):
        place_of[item[k]] = -1
    return bits


@jit(nogil=True)
def frequent_sets(
    row_items: Ranks, item_ptr: Ints, begins: Ranks, stops: Ranks, n_first: int, least: int, longest: int, limit: int
) -> tuple[Ranks, Lengths, Ranks, bool]:
    """All sets of at most `longest` items in at least `least` rows whose first item is one of the first `n_first`.

    Returns last items, lengths and counts, and whether the walk was broken off because there are more than `limit`.
    """
    n_items = len(item_ptr) - 1
    out_item, out_length, out_count = np.empty(1024, np.int32), np.empty(1024, np.int16), np.empty(1024, np.int32)
    n_out = 0
    seen, place_of = np.zeros(n_items, np.int32), np.full(n_items, -1, np.int32)
    touched = np.empty(n_items, np.int32)
    item, count, bits = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(4096, np.uint64)
    at, end = np.empty(n_items + 2, np.int64), np.empty(n_items + 2, np.int64)
    for first in range(n_first):
        lo, hi = item_ptr[first], item_ptr[first + 1]
        if hi - lo < least:
            continue
        kept = 0
        if longest > 1:
            kept, item, count = _candidates(row_items, begins[lo:hi], stops[lo:hi], least, seen, touched, item, count)
        if longest > 2 and kept > 1:
            bits = _as_bits(row_items, begins[lo:hi], stops[lo:hi], item, kept, place_of, bits)
        width = (hi - lo + 63) // 64
        level, at[0], end[0] = -1, 0, kept
        last, last_count = first, hi - lo  # the set whose turn it is
        while True:
            if n_out >= limit:
                return out_item[:n_out], out_length[:n_out], out_count[:n_out], True
            if n_out == len(out_item):
                size = 2 * n_out
                out_item, out_length = _longer(out_item, size), _longer(out_length, size)
                out_count = _longer(out_count, size)
            out_item[n_out], out_length[n_out], out_count[n_out] = last, level + 2, last_count
            n_out += 1
            if level < 0:
                level = 0
            elif level + 3 <= longest:
                this, stop = at[level] - 1, end[level]
                need = stop + stop - this
                if need > len(item):
                    item, count = _longer(item, 2 * need), _longer(count, 2 * need)
                if need * width > len(bits):
                    bits = _longer(bits, 2 * need * width)
                new = stop
                for other in range(this + 1, stop):
                    shared = _intersect(bits, this, other, new, width)
                    if shared >= least:
                        item[new], count[new] = item[other], shared
                        new += 1
                if new > stop:
                    level += 1
                    at[level], end[level] = stop, new
            while level >= 0 and at[level] == end[level]:
                level -= 1
            if level < 0:
                break
            last, last_count = item[at[level]], count[at[level]]
            at[level] += 1
    return out_item[:n_out], out_length[:n_out], out_count[:n_out], False


@jit(nogil=True)
def estimate_size(
    row_items: Ranks,
    item_ptr: Ints,
    begins: Ranks,
    stops: Ranks,
    n_first: int,
    least: int,
    longest: int,
    tries: int,
    seed: int,
) -> Floats:
    """Size of the tree of frequent sets below each first item, by random walks down (Knuth 1975), one column a try.

    A child is chosen with a chance that grows with the number of siblings after it, which bound its own children.
    """
    np.random.seed(seed)  # the generator that compiled code has
    n_items = len(item_ptr) - 1
    found = np.zeros((n_first, tries))
    seen, place_of = np.zeros(n_items, np.int32), np.full(n_items, -1, np.int32)
    touched = np.empty(n_items, np.int32)
    item, count, bits = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(4096, np.uint64)
    for first in range(n_first):
        lo, hi = item_ptr[first], item_ptr[first + 1]
        if hi - lo < least:
            continue
        found[first] = 1.0
        if longest < 2:
            continue
        kept, item, count = _candidates(row_items, begins[lo:hi], stops[lo:hi], least, seen, touched, item, count)
        found[first] += kept
        if kept < 2 or longest < 3:
            continue
        bits = _as_bits(row_items, begins[lo:hi], stops[lo:hi], item, kept, place_of, bits)
        width = (hi - lo + 63) // 64
        if 3 * kept * width > len(bits):
            bits = _longer(bits, 3 * kept * width)
        for turn in range(tries):
            weight, begin, size, length = 1.0, 0, kept, 2
            while size > 1 and length < longest:
                total = size * (size - 1) / 2
                drawn = np.random.random() * total
                choice, passed = 0, float(size - 1)
                while passed <= drawn and choice < size - 2:
                    choice += 1
                    passed += size - 1 - choice
                weight *= total / (size - 1 - choice)
                into = 2 * kept if begin == kept else kept
                new = 0
                for other in range(choice + 1, size):
                    if _intersect(bits, begin + choice, begin + other, into + new, width) >= least:
                        new += 1
                found[first, turn] += weight * new
                begin, size = into, new
                length += 1
    return found


@jit(nogil=True)
def _inside(rows: Words, bits: Words, other: int, width: int) -> bool:
    """Whether an item is in all of the given rows."""
    for w in range(width):
        if rows[w] & ~bits[other * width + w]:
            return False
    return True


@jit(nogil=True)
def _count_shared(rows: Words, bits: Words, other: int, width: int) -> Any:
    """Count those of the given rows that hold an item."""
    total = np.uint64(0)
    b = bits[other * width :]
    for w in range(width):
        total += _ones(rows[w] & b[w])
    return np.int64(total)


@jit(nogil=True)
def mine_closed(
    row_ptr: Ints,
    row_items: Ranks,
    item_ptr: Ints,
    held: Ranks,
    n_first: int,
    least: int,
    longest: int,
    limit: int,
    maximal: bool,
) -> tuple[Ints, Ranks, Ranks, bool]:
    """Closed sets, each once, by extensions that keep the prefix (Uno et al. 2004, LCM); or the maximal ones of them.

    A set is closed where no further item is in all of its rows, maximal where no further item is in `least` of them.
    Returns pointers, items and counts, and whether the walk was broken off because there are more than `limit`.
    """
    n_items = len(item_ptr) - 1
    out_ptr, out_count, out_flat = np.zeros(1024, np.int64), np.empty(1024, np.int32), np.empty(4096, np.int32)
    n_out = 0
    seen, place_of = np.zeros(n_items, np.int32), np.full(n_items, -1, np.int32)
    touched = np.empty(n_items, np.int32)
    item, count, bits = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(4096, np.uint64)
    for first in range(n_first):
        lo, hi = item_ptr[first], item_ptr[first + 1]
        rows = hi - lo
        if rows < least:
            continue
        width = (rows + 63) // 64
        begins, stops = np.empty(rows, np.int32), np.empty(rows, np.int32)
        for p in range(rows):
            begins[p], stops[p] = row_ptr[held[lo + p]], row_ptr[held[lo + p] + 1]
        kept, item, count = _candidates(row_items, begins, stops, least, seen, touched, item, count)
        mine = 0  # place of the first item among those of its rows
        while item[mine] != first:
            mine += 1
        again = False
        for k in range(mine):
            if count[k] == rows:
                again = True
                break
        if again:
            continue
        bits = _as_bits(row_items, begins, stops, item, kept, place_of, bits)
        within = np.full((kept + 2) * width, np.uint64(0))  # rows of the set at each level
        for k in range(width):
            within[k] = bits[mine * width + k]
        member, members = np.zeros(kept, np.bool_), np.empty(kept + 1, np.int32)
        candidate, its_count = np.empty(max(4 * kept, 16), np.int32), np.empty(max(4 * kept, 16), np.int32)
        at, end = np.empty(kept + 2, np.int64), np.empty(kept + 2, np.int64)
        own = np.empty(kept + 2, np.int64)  # members before each level
        level, n_members, n_rows = 0, 1, rows
        member[mine], members[0] = True, mine
        own[0] = 0
        new = 0
        for k in range(mine + 1, kept):
            if count[k] == rows:
                member[k], members[n_members] = True, k
                n_members += 1
            else:
                candidate[new], its_count[new] = k, count[k]
                new += 1
        at[0], end[0] = 0, new
        while level >= 0:
            fits = n_members <= longest
            if fits:
                wanted = True
                if maximal:
                    wanted = end[level] == at[level]
                    here = within[level * width : (level + 1) * width]
                    k = 0
                    while wanted and k < kept:
                        wanted = member[k] or _count_shared(here, bits, k, width) < least
                        k += 1
                if wanted:
                    if n_out >= limit:
                        return out_ptr[: n_out + 1], out_flat[: out_ptr[n_out]], out_count[:n_out], True
                    if n_out + 2 > len(out_ptr):
                        out_ptr, out_count = _longer(out_ptr, 2 * n_out + 4), _longer(out_count, 2 * n_out + 4)
                    begin = out_ptr[n_out]
                    if begin + n_members > len(out_flat):
                        out_flat = _longer(out_flat, 2 * (begin + n_members))
                    for k in range(n_members):
                        out_flat[begin + k] = item[members[k]]
                    out_flat[begin : begin + n_members].sort()
                    out_count[n_out], out_ptr[n_out + 1] = n_rows, begin + n_members
                    n_out += 1
            else:
                at[level] = end[level]
            # Go down to the next extension that keeps the prefix.
            while level >= 0:
                if at[level] == end[level]:
                    for k in range(own[level], n_members):
                        member[members[k]] = False
                    n_members = own[level]
                    level -= 1
                    continue
                this, n_rows = candidate[at[level]], its_count[at[level]]
                at[level] += 1
                here = within[level * width : (level + 1) * width]
                there = within[(level + 1) * width : (level + 2) * width]
                for w in range(width):
                    there[w] = here[w] & bits[this * width + w]
                fresh = True
                for k in range(this):
                    if not member[k] and _inside(there, bits, k, width):
                        fresh = False
                        break
                if not fresh:
                    continue
                stop = end[level]
                if 2 * stop - at[level] > len(candidate):
                    candidate, its_count = _longer(candidate, 4 * stop), _longer(its_count, 4 * stop)
                own[level + 1] = n_members
                member[this], members[n_members] = True, this
                n_members += 1
                new = stop
                for place in range(at[level], stop):
                    other = candidate[place]
                    common = _count_shared(there, bits, other, width)
                    if common == n_rows:
                        member[other], members[n_members] = True, other
                        n_members += 1
                    elif common >= least:
                        candidate[new], its_count[new] = other, common
                        new += 1
                level += 1
                at[level], end[level] = stop, new
                break
    return out_ptr[: n_out + 1], out_flat[: out_ptr[n_out]], out_count[:n_out], False


@jit(nogil=True)
def count_sets(row_items: Ranks, item_ptr: Ints, begins: Ranks, stops: Ranks, item: Ranks, length: Lengths) -> Ranks:
    """Rows that hold each set of a tree; items ascend along every path."""
    n_items = len(item_ptr) - 1
    count = np.zeros(len(item), np.int32)
    place_of, used = np.full(n_items, -1, np.int32), np.empty(n_items, np.int32)
    seen = np.zeros(n_items, np.bool_)
    bits = np.empty(4096, np.uint64)
    begin = 0
    while begin < len(item):
        stop = begin + 1
        kept, deepest = 0, 1
        while stop < len(item) and length[stop] > 1:
            if not seen[item[stop]]:
                seen[item[stop]] = True
                used[kept] = item[stop]
                kept += 1
            deepest = max(deepest, length[stop])
            stop += 1
        lo, hi = item_ptr[item[begin]], item_ptr[item[begin] + 1]
        count[begin] = hi - lo
        width = (hi - lo + 63) // 64
        bits = _as_bits(row_items, begins[lo:hi], stops[lo:hi], used, kept, place_of, bits)
        if (kept + deepest + 1) * width > len(bits):
            bits = _longer(bits, 2 * (kept + deepest + 1) * width)
        for k in range(kept):
            place_of[used[k]] = k
            seen[used[k]] = False
        for k in range(begin + 1, stop):
            mine, depth = place_of[item[k]], length[k]
            before = mine if depth == 2 else kept + depth - 1
            count[k] = _intersect(bits, before, mine, kept + depth, width)
        for k in range(kept):
            place_of[used[k]] = -1
        begin = stop
    return count


@jit(nogil=True)
def expand_sets(item: Ranks, length: Lengths, ptr: Ints, codes: Ranks) -> Ranks:
    """Items of every set of a tree, one set after the other, under the names `codes` of the ranks."""
    flat = np.empty(ptr[-1], np.int32)
    path = np.empty(32768, np.int32)
    for k in range(len(item)):
        depth = length[k]
        path[depth - 1] = codes[item[k]]
        for d in range(depth):
            flat[ptr[k] + d] = path[d]
    return flat
