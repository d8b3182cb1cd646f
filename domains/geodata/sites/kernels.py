"""Compiled loops of the p-median problem: vertex interchange, and subgradient ascent of its Lagrangian bound."""

from __future__ import annotations

import numpy as np

from domains.geodata.sites.status import OPEN, SHUT
from shared.runtime.compile import jit
from shared.typing import Bools, Bytes, Floats, Ints

__all__ = ["ascend", "descend", "interchange"]


@jit(nogil=True)
def interchange(costs: Floats, status: Bytes, chosen: Ints, clash: Bools) -> tuple[Ints, float]:
    """Exchange one open site for one that is not, the best pair each time, until none helps (Teitz & Bart 1968).

    At least two sites are open. The gains of all pairs come from each client's two nearest open sites (Whitaker 1983;
    Resende & Werneck 2007).

    Parameters
    ----------
    costs : numpy.ndarray of shape (n_sites, n_clients)
        Weighted.
    status : numpy.ndarray of uint8, shape (n_sites,)
        0 free, 1 open for good, 2 shut for good.
    chosen : numpy.ndarray of int, shape (p,)
        Open sites to start from.
    clash : numpy.ndarray of bool, shape (n_sites, n_sites) or (0, 0)
        Pairs that may not both be open.

    Returns
    -------
    numpy.ndarray of int, shape (p,)
    float
        Total cost.
    """
    n_sites, n_clients = costs.shape
    p = len(chosen)
    chosen = chosen.copy()
    slot = np.full(n_sites, -1)
    for k in range(p):
        slot[chosen[k]] = k
    near, first, second = np.empty(n_clients, np.int64), np.empty(n_clients), np.empty(n_clients)
    loss, extra = np.empty(p), np.empty(p)
    while True:
        total = 0.0
        for i in range(n_clients):
            a, b, at = np.inf, np.inf, 0
            for k in range(p):
                c = costs[chosen[k], i]
                if c < a:
                    a, b, at = c, a, k
                elif c < b:
                    b = c
            near[i], first[i], second[i] = at, a, b
            total += a
        loss[:] = 0.0
        for i in range(n_clients):
            loss[near[i]] += second[i] - first[i]
        best, best_in, best_out = 1e-9 * abs(total) + 1e-12, -1, -1
        for j in range(n_sites):
            if slot[j] >= 0 or status[j] == SHUT:
                continue
            gain = 0.0
            extra[:] = 0.0
            for i in range(n_clients):
                c = costs[j, i]
                if c < first[i]:
                    gain += first[i] - c
                    # Whoever comes to the new site does not mind when the old one shuts.
                    extra[near[i]] += second[i] - first[i]
                elif c < second[i]:
                    extra[near[i]] += second[i] - c
            for k in range(p):
                if status[chosen[k]] == OPEN:
                    continue
                net = gain - loss[k] + extra[k]
                if net > best and _fits(clash, chosen, j, k):
                    best, best_in, best_out = net, j, k
        if best_in < 0:
            return chosen, total
        slot[chosen[best_out]] = -1
        chosen[best_out] = best_in
        slot[best_in] = best_out


@jit(nogil=True)
def _fits(clash: Bools, chosen: Ints, site: int, leaving: int) -> bool:
    """Whether a site may be open beside those that are, but for one that leaves its place to it."""
    if len(clash) == 0:
        return True
    for k in range(len(chosen)):
        if k != leaving and clash[site, chosen[k]]:
            return False
    return True


@jit(nogil=True)
def _agree(clash: Bools, chosen: Ints) -> bool:
    """Whether all of these may be open together."""
    for k in range(1, len(chosen)):
        if not _fits(clash, chosen[:k], chosen[k], -1):
            return False
    return True


@jit(nogil=True)
def _pick_smallest(key: Floats, picked: Ints) -> None:
    """Places of the smallest values, in no order: a heap whose root is the largest of those picked."""
    p = len(picked)
    for k in range(len(key)):
        if k < p:  # up from the last leaf
            i = k
            while i > 0 and key[picked[(i - 1) // 2]] < key[k]:
                picked[i] = picked[(i - 1) // 2]
                i = (i - 1) // 2
            picked[i] = k
        elif p > 0 and key[k] < key[picked[0]]:  # down from the root
            i = 0
            while True:
                child = 2 * i + 1
                if child + 1 < p and key[picked[child + 1]] > key[picked[child]]:
                    child += 1
                if child >= p or key[picked[child]] <= key[k]:
                    break
                picked[i] = picked[child]
                i = child
            picked[i] = k


@jit(nogil=True)
def _copy(values: Floats, to: Floats) -> None:
    for i in range(len(values)):
        to[i] = values[i]


@jit(nogil=True)
def ascend(
    order: Ints,
    sorted_costs: Floats,
    multipliers: Floats,
    status: Bytes,
    p: int,
    upper: float,
    n_steps: int,
    theta: float,
    patience: int,
    whole: bool,
    clash: Bools,
) -> tuple[float, Floats, Floats, Floats, float, Ints, float]:
    """Raise the Lagrangian bound of the p-median problem by subgradient steps, and watch for better sets.

    Relaxed is that each client is served once (Cornuéjols, Fisher & Nemhauser 1977): the bound is the sum of the
    multipliers and of the p smallest reduced costs of sites.

    Parameters
    ----------
    order, sorted_costs : numpy.ndarray of shape (n_clients, width)
        Of each client its sites, cheapest first, and their costs; infinite for those left out.
    multipliers : numpy.ndarray of shape (n_clients,)
    status : numpy.ndarray of uint8, shape (n_sites,)
    p : int
        Sites to be open in all.
    upper : float
        Cost of the best set known.
    n_steps : int
    theta : float
        First factor of the step; halved when the bound has not risen for `patience` steps.
    patience : int
    whole : bool
        Whether all costs are whole numbers, so that the bound can be rounded up.
    clash : numpy.ndarray of bool, shape (n_sites, n_sites) or (0, 0)
        Pairs that may not both be open; the bound does without them.

    Returns
    -------
    bound : float
    multipliers, reduced, share : numpy.ndarray
        At the bound; and in what share of the steps each site was open.
    best : float
        Cost of the best set seen, infinite where none beats `upper`.
    chosen : numpy.ndarray of int
    theta : float
    """
    n_clients, width = order.shape
    n_sites = len(status)
    lam = multipliers.copy()
    bound, best_lam, best_rho = -1e300, lam.copy(), np.zeros(n_sites)
    share, rho, key = np.zeros(n_sites), np.zeros(n_sites), np.zeros(n_sites)
    open_now = np.zeros(n_sites, dtype=np.bool_)
    grad, move = np.empty(n_clients), np.zeros(n_clients)
    best, chosen, picked = np.inf, np.empty(0, dtype=np.int64), np.zeros(p, dtype=np.int64)
    stale = 0
    for step in range(n_steps):
        for j in range(n_sites):
            rho[j] = 0.0
        value = 0.0
        for i in range(n_clients):
            level = lam[i]
            value += level
            for k in range(width):
                c = sorted_costs[i, k]
                if c >= level:
                    break
                rho[order[i, k]] += c - level
        for j in range(n_sites):
            key[j] = -np.inf if status[j] == OPEN else np.inf if status[j] == SHUT else rho[j]
        _pick_smallest(key, picked)
        for j in range(n_sites):
            open_now[j] = False
        for k in range(p):
            open_now[picked[k]] = True
            value += rho[picked[k]]
            share[picked[k]] += 1.0
        norm = 0.0
        for i in range(n_clients):
            served = 0
            level = lam[i]
            for k in range(width):
                if sorted_costs[i, k] >= level:
                    break
                served += open_now[order[i, k]]
            grad[i] = 1.0 - served
            norm += grad[i] * grad[i]
        if value > bound + 1e-9 * abs(bound):
            if value > bound + 1e-5 * abs(bound):
                stale = 0
            else:
                stale += 1
            bound = value
            _copy(lam, best_lam)
            _copy(rho, best_rho)
        else:
            stale += 1
        if step % 5 == 0 or norm == 0.0:
            total = 0.0
            for i in range(n_clients):
                cost = np.inf
                for k in range(width):
                    if open_now[order[i, k]]:
                        cost = sorted_costs[i, k]
                        break
                total += cost
                if total >= min(best, upper):
                    break
            if total < min(best, upper) and _agree(clash, picked):
                best = total
                chosen = picked.copy()
                upper = min(upper, best)
        proven = np.ceil(bound - 1e-6) if whole else bound
        if proven >= upper - 1e-9 * abs(upper) or norm == 0.0:
            break
        if stale >= patience:
            theta /= 2
            stale = 0
            if theta < 0.002:
                break
            _copy(best_lam, lam)
            for i in range(n_clients):
                move[i] = 0.0
            continue
        # Zigzags are damped by what is left of the last direction (Camerini, Fratta & Maffioli 1975).
        length = 0.0
        for i in range(n_clients):
            move[i] = grad[i] + 0.5 * move[i]
            length += move[i] * move[i]
        size = theta * (upper + 0.01 * abs(upper) - value) / length if length > 0 else 0.0
        for i in range(n_clients):
            lam[i] = max(lam[i] + size * move[i], 0.0)
    for j in range(n_sites):
        share[j] /= step + 1
    return bound, best_lam, best_rho, share, best, chosen, theta


@jit(nogil=True)
def descend(
    starts: Ints, sites: Ints, weights: Floats, status: Bytes, p: int, lower: float, n_steps: int
) -> tuple[float, Floats, float, Ints]:
    """Lower the Lagrangian bound of maximal covering by subgradient steps, and watch for better sets.

    Relaxed is that a client counts only where a site that covers it is open (Galvão & ReVelle 1996): the bound is what
    the weights exceed their multipliers by, and the p largest sums of multipliers of sites.

    Parameters
    ----------
    starts, sites : numpy.ndarray of int
        Where each client's sites begin, and which sites cover it.
    weights : numpy.ndarray of shape (n_clients,)
    status : numpy.ndarray of uint8, shape (n_sites,)
    p : int
        Sites to be open in all.
    lower : float
        Weight of the best set known.
    n_steps : int

    Returns
    -------
    bound : float
    worth : numpy.ndarray of shape (n_sites,)
        Sums of multipliers at the bound.
    best : float
        Weight of the best set seen.
    chosen : numpy.ndarray of int
    """
    n_clients, n_sites = len(weights), len(status)
    lam, best_lam = 0.5 * weights, 0.5 * weights
    worth, best_worth, key = np.zeros(n_sites), np.zeros(n_sites), np.zeros(n_sites)
    open_now, picked = np.zeros(n_sites, dtype=np.bool_), np.zeros(p, dtype=np.int64)
    grad, move = np.empty(n_clients), np.zeros(n_clients)
    bound, best, chosen = np.inf, -1.0, np.zeros(p, dtype=np.int64)
    theta, stale = 1.0, 0
    for _ in range(n_steps):
        value = 0.0
        for j in range(n_sites):
            worth[j] = 0.0
            open_now[j] = False
        for i in range(n_clients):
            value += max(weights[i] - lam[i], 0.0)
            for k in range(starts[i], starts[i + 1]):
                worth[sites[k]] += lam[i]
        for j in range(n_sites):
            key[j] = -np.inf if status[j] == OPEN else np.inf if status[j] == SHUT else -worth[j]
        _pick_smallest(key, picked)
        for k in range(p):
            open_now[picked[k]] = True
            value += worth[picked[k]]
        covered, norm = 0.0, 0.0
        for i in range(n_clients):
            served = 0
            for k in range(starts[i], starts[i + 1]):
                served += open_now[sites[k]]
            if served:
                covered += weights[i]
            grad[i] = served - (1.0 if weights[i] > lam[i] else 0.0)
            norm += grad[i] * grad[i]
        if covered > best:
            best = covered
            for k in range(p):
                chosen[k] = picked[k]
        stale += 1
        if value < bound:
            if value < bound - 1e-5 * abs(bound):
                stale = 0
            bound = value
            _copy(lam, best_lam)
            _copy(worth, best_worth)
        if norm == 0.0 or bound <= max(best, lower) + 1e-9:
            break
        if stale >= 15:
            theta, stale = theta / 2, 0
            if theta < 0.005:
                break
            _copy(best_lam, lam)
            for i in range(n_clients):
                move[i] = 0.0
            continue
        # Zigzags are damped by what is left of the last direction (Camerini, Fratta & Maffioli 1975).
        length = 0.0
        for i in range(n_clients):
            move[i] = grad[i] + 0.5 * move[i]
            length += move[i] * move[i]
        size = theta * (value - 0.999 * max(best, lower)) / length if length > 0 else 0.0
        for i in range(n_clients):
            lam[i] = min(max(lam[i] - size * move[i], 0.0), weights[i])
    return bound, best_worth, best, chosen
