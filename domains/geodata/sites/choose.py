"""The best sites for a table of costs: checks, the goal's solver, reasons, runners-up and stability."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.geodata.access.inputs import MAX_ROWS, as_numbers, find_sites, read_costs, read_values
from domains.geodata.sites.decision import SiteDecision
from domains.geodata.sites.goals import Goal, MedianGoal
from domains.geodata.sites.medians import MedianAnswer
from domains.geodata.sites.programs import CapacityGoal, CoverGoal, FewestGoal
from domains.geodata.sites.share import ShareGoal
from domains.geodata.sites.status import FREE, OPEN, SHUT
from shared.checks import is_number, is_whole
from shared.decision import InfeasibleError
from shared.errors import HexadError, Problems, SettingsError, quote
from shared.text import count_of, format_number, join_names
from shared.typing import Bools, Bytes, Floats, Ints, Seed

__all__ = ["GOALS", "choose_sites"]

GOALS = ("median", "cover", "fewest", "share")
DRAWS = 50  # times that clients are drawn anew


@dataclass
class _Question:
    """What is asked, checked: costs by client and site, weights, what is open and shut already."""

    costs: Floats
    weights: Floats
    clients: pd.Index[Any]
    sites: pd.Index[Any]
    status: Bytes
    goal: str
    limit: float
    notes: list[str]


def choose_sites(
    costs: Any,
    n: int | None = None,
    *,
    weights: Any = None,
    goal: str = "median",
    existing: Sequence[Any] = (),
    forbidden: Sequence[Any] = (),
    limit: float | None = None,
    capacity: Any = None,
    split: bool = False,
    clash: Any = None,
    pull: Any = None,
    rivals: Any = None,
    time_limit: float = 30.0,
    compare: bool = True,
    draws: int = DRAWS,
    random_state: int = 0,
) -> SiteDecision:
    """Choose the best sites for a table of costs from each client to each site.

    Parameters
    ----------
    costs : StreetCosts, frame or array of shape (n_clients, n_sites)
        At least 0; infinite where a client cannot reach a site.
    n : int, optional
        New sites to open, beside those that exist; left out for "fewest".
    weights : array of shape (n_clients,), optional
        Demand of each client; 1 where left out.
    goal : {"median", "cover", "fewest", "share"}
        "median": the least total cost from clients to their nearest site (p-median). "cover": most weight within
        `limit` of a site (maximal covering). "fewest": as few sites as it takes for everybody within `limit` of one
        (set covering). "share": most weight won from `rivals` by `pull` (Huff's rule).
    existing, forbidden : sequence
        Keys of sites that are open already, and of those that may not be.
    limit : float, optional
        Cost up to which a client is covered.
    capacity : array of shape (n_sites,) or float, optional
        Weight that each site can serve; for "median".
    split : bool
        Whether, with capacities, a client may go to several sites.
    clash : array of bool, shape (n_sites, n_sites), optional
        Pairs of sites of which only one may be open.
    pull : array of shape (n_clients, n_sites), optional
        For "share": how strongly each site draws each client.
    rivals : array of shape (n_clients,), optional
        For "share": the pull of all others together.
    time_limit : float
        Seconds for the proof; then the best set so far, with its bound.
    compare : bool
        Whether the best set without each new site is found, too: as many problems as there are new sites.
    draws : int
        Times that clients are drawn anew to see how firmly sites are chosen, for "median" and "share"; 0 for none.
    random_state : int

    Returns
    -------
    SiteDecision

    Raises
    ------
    DataError, SettingsError
        Costs or weights that cannot be, more sites than there are.
    InfeasibleError
        No set meets what is asked.

    >>> decision = choose_sites([[0, 5, 9], [5, 0, 4], [9, 4, 0]], 1)
    >>> decision.sites, decision.objective, decision.status
    ([1], 9.0, 'optimal')
    >>> choose_sites([[0, 5, 9], [5, 0, 4], [9, 4, 0]], goal="fewest", limit=4).sites
    [1, 0]
    """
    start = time.monotonic()
    if not is_whole(draws, least=0):
        raise SettingsError(f"draws={draws!r}: give a whole number, 0 or more")
    asked = _check(costs, n, weights, goal, existing, forbidden, limit, time_limit, random_state)
    n_open = int((asked.status == OPEN).sum())
    total = n_open + (n or 0)
    barred = _check_clash(clash, len(asked.sites))
    if n is not None and n > (asked.status == FREE).sum():
        free = int((asked.status == FREE).sum())
        raise SettingsError(f"n={n}: there are {count_of(free, 'candidate')} to choose from")
    solver = _make_goal(asked, total, capacity, split, barred, pull, rivals, random_state)
    answer = solver.solve(asked.status, time_limit)
    if not len(answer.chosen):
        if not np.isfinite(answer.cost) and answer.proven:
            raise InfeasibleError(None, _say_infeasible(asked, total, capacity, barred))
        raise HexadError(f"time was up ({time_limit:g} s) before any set was found; give more: time_limit=")
    return _describe(asked, solver, answer, start + time_limit, compare, draws, random_state)


def _check(
    costs: ArrayLike,
    n: Any,
    weights: ArrayLike,
    goal: str,
    existing: Sequence[Any],
    forbidden: Sequence[Any],
    limit: Any,
    time_limit: float,
    random_state: Seed,
) -> _Question:
    if goal not in GOALS:
        raise SettingsError(f"goal={goal!r}: the goals are {', '.join(map(repr, GOALS))}")
    if goal == "fewest" and n is not None:
        raise SettingsError('n= is what goal="fewest" finds; leave it out')
    if goal != "fewest" and not is_whole(n):
        raise SettingsError(f"n={n!r}: say how many sites to open, a whole number from 1 on")
    if goal in {"cover", "fewest"} and not is_number(limit, least=0):
        raise SettingsError(f"limit={limit!r}: say up to which cost a client is covered")
    if not is_number(time_limit, least=0.001) or not is_whole(random_state, least=0):
        raise SettingsError(
            f"time_limit={time_limit!r}, random_state={random_state!r}: give seconds, and a whole number"
        )
    values, clients, sites = read_costs(costs)
    demand = np.ones(len(clients)) if weights is None else read_values(weights, clients, "weights", "clients")
    status = np.zeros(len(sites), dtype=np.uint8)
    status[find_sites(existing, sites, "existing")] = OPEN
    shut = find_sites(forbidden, sites, "forbidden")
    both = shut[status[shut] == OPEN]
    if len(both):
        raise SettingsError(f"{quote(sites[both])} is among existing= and forbidden=; it cannot be both")
    status[shut] = SHUT
    asked = _Question(values, demand, clients, sites, status, goal, float(limit or 0.0), [])
    return _leave_out_unreachable(asked)


def _leave_out_unreachable(asked: _Question) -> _Question:
    """Clients that reach no site at all cannot decide between them: they are left out, and told."""
    usable = asked.costs[:, asked.status != SHUT]
    lost = np.asarray(~np.isfinite(usable).any(axis=1))
    if lost.all():
        raise HexadError("no client reaches any site: nothing to choose by; look at the costs, or raise max_snap=")
    if lost.any():
        share = format_number(100 * asked.weights[lost].sum() / asked.weights.sum(), 3)
        verb = "reaches" if lost.sum() == 1 else "reach"
        asked.notes.append(
            f"{count_of(int(lost.sum()), 'client')} with {share} % of the demand {verb} no site at all and"
            f" {'is' if lost.sum() == 1 else 'are'} left out (first: {quote(asked.clients[lost][:3])})"
        )
    asked.costs = np.where(lost[:, None], np.inf, asked.costs)
    return asked


def _check_clash(clash: Any, n_sites: int) -> Bools | None:
    if clash is None:
        return None
    values = as_numbers(clash, "clash") != 0
    if values.shape != (n_sites, n_sites):
        raise SettingsError(f"clash has the shape {values.shape}; it is one of {n_sites} by {n_sites} sites")
    return np.asarray((values | values.T) & ~np.eye(n_sites, dtype=bool))


def _make_goal(
    asked: _Question,
    total: int,
    capacity: ArrayLike,
    split: bool,
    clash: Bools | None,
    pull: object,
    rivals: object,
    seed: int,
) -> Goal:
    served = np.isfinite(asked.costs).any(axis=1)
    costs, weights = asked.costs[served], asked.weights[served]
    if capacity is not None:
        if asked.goal != "median":
            raise SettingsError(f'capacity= goes with goal="median", not with {asked.goal!r}')
        room = np.minimum(_read_capacity(capacity, len(asked.sites)), weights.sum())
        return CapacityGoal(costs, weights, total, room, clash, split)
    if asked.goal == "median":
        return MedianGoal(costs, weights, total, clash, seed)
    if asked.goal == "share":
        return _make_share(asked, total, clash, pull, rivals)
    covers = costs <= asked.limit
    uncovered = ~covers[:, asked.status != SHUT].any(axis=1)
    if uncovered.any():
        share = format_number(100 * weights[uncovered].sum() / asked.weights.sum(), 3)
        asked.notes.append(
            f"{count_of(int(uncovered.sum()), 'client')} with {share} % of the demand cannot be covered by any site"
        )
    if asked.goal == "cover":
        return CoverGoal(covers, weights, total, clash)
    if uncovered.all():
        raise HexadError(f"no site is within limit={asked.limit:g} of any client: raise it, or look at the costs")
    # Who could be covered by sites alone that may not be is left out like those whom no site covers.
    return FewestGoal(covers[~uncovered], clash)


def _read_capacity(capacity: ArrayLike, n_sites: int) -> Floats:
    room = as_numbers(capacity, "capacity")
    if room.shape not in {(), (n_sites,)}:
        raise SettingsError(f"capacity has the shape {room.shape}; give one number, or one for each of {n_sites} sites")
    wrong = np.atleast_1d(np.isnan(room) | (room < 0))
    if wrong.any():
        problems = Problems("capacity")
        rows = np.flatnonzero(wrong)[:MAX_ROWS] + 1
        told = "value is" if wrong.sum() == 1 else "values are"
        fix = "Give the weight that each site can serve, 0 or more."
        problems.add(f"{wrong.sum():,} {told} missing or negative", rows=rows, count=int(wrong.sum()), fix=fix)
        problems.raise_if_any()
    return np.broadcast_to(room, (n_sites,))


def _make_share(asked: _Question, total: int, clash: Bools | None, pull: Any, rivals: Any) -> Goal:
    shape = asked.costs.shape
    if pull is None or rivals is None:
        raise SettingsError('goal="share" needs pull= (of each site on each client) and rivals= (of all others)')
    draw, others = as_numbers(pull, "pull"), as_numbers(rivals, "rivals")
    if draw.shape != shape or others.shape != shape[:1]:
        raise SettingsError(f"pull has the shape {draw.shape} and rivals {others.shape}; costs have {shape}")
    if not np.isfinite(draw).all() or not np.isfinite(others).all() or (draw < 0).any() or (others < 0).any():
        raise SettingsError("pull= and rivals= hold values that are missing, infinite or negative")
    if not others.any():
        raise SettingsError(
            "rivals= are all 0: without rivals any site wins everything; name them, or take another goal"
        )
    return ShareGoal(draw, others, asked.weights, total, clash)


def _say_infeasible(asked: _Question, total: int, capacity: ArrayLike, clash: Bools | None) -> str:
    told = [f"no {total} sites meet what is asked" if total else "no set of sites meets what is asked"]
    if capacity is not None:
        room = _read_capacity(capacity, len(asked.sites))
        most = np.sort(room[asked.status != SHUT])[::-1][:total].sum()
        told.append(f"the {total} largest hold {most:.6g}, and the demand is {asked.weights.sum():.6g}")
        if most >= asked.weights.sum():
            told.append(
                "there are clients who reach none with room left for all they need (split=True lets them divide it)"
            )
    if clash is not None and clash.any():
        told.append("sites that may not stand beside one another leave too few: lower the least distance")
    return "; ".join(told) + "; open more sites, or give way in one of these"


def _describe(
    asked: _Question,
    solver: Goal,
    answer: MedianAnswer,
    end: float,
    compare: bool,
    draws: int,
    seed: int,
) -> SiteDecision:
    chosen = answer.chosen
    assignment, part = _assign(asked, solver, chosen)
    runners_up, others = _find_runners_up(asked, solver, answer, end if compare else None)
    stability, regret = _test_stability(asked, solver, [chosen, *others], draws, seed)
    objective, bound = solver.say_value(answer.cost), solver.say_value(answer.bound)
    unserved = np.isinf(assignment["cost"].to_numpy()) & np.isfinite(asked.costs).any(axis=1) & (asked.weights > 0)
    if unserved.any():
        verb = "reaches" if unserved.sum() == 1 else "reach"
        asked.notes.append(f"{count_of(int(unserved.sum()), 'client')} {verb} none of the sites that are open")
        bound = objective if answer.proven else np.nan
    status = "optimal" if answer.proven else "stopped by time"
    return SiteDecision(
        status,
        _make_values(asked, chosen, part, runners_up),
        objective,
        objective if answer.proven else bound,
        solver.maximise,
        goal={"median": "total cost", "cover": "demand covered", "fewest": "number of sites", "share": "demand won"}[
            asked.goal
        ],
        notes=tuple(asked.notes),
        runners_up=runners_up,
        stability=stability,
        regret=regret,
        assignment=assignment,
    )


def _assign(asked: _Question, solver: Goal, chosen: Ints) -> tuple[pd.DataFrame, Floats]:
    """Each client's site: the nearest open one or, where clients are shared, that of most of it; and shares by site."""
    of = asked.costs[:, chosen]
    part = np.zeros(of.shape)
    if isinstance(solver, CapacityGoal):
        part[np.isfinite(asked.costs).any(axis=1)] = solver.assigned[:, chosen]
    elif isinstance(solver, ShareGoal):
        part = solver.share_clients(chosen)
    else:
        reached = np.isfinite(of).any(axis=1)
        part[np.flatnonzero(reached), of[reached].argmin(axis=1)] = 1.0
    near = part.argmax(axis=1)
    lost = part.max(axis=1, initial=0.0) <= 0
    cost = np.where(lost, np.inf, of[np.arange(len(of)), near])
    names = pd.Series(asked.sites[chosen[near]], dtype=object)
    names[lost] = None
    return pd.DataFrame({"client": asked.clients, "site": names.to_numpy(), "cost": cost}), part


def _find_runners_up(
    asked: _Question, solver: Goal, answer: MedianAnswer, end: float | None
) -> tuple[pd.DataFrame, list[Ints]]:
    """The best set without each new site: what it loses, and the sets; those for which there is time until the end."""
    new = [site for site in answer.chosen if asked.status[site] == FREE] if end is not None else []
    rows, sets, late = [], [], 0
    for place, site in enumerate(new):
        left = (end or 0.0) - time.monotonic()
        status = asked.status.copy()
        status[site] = SHUT
        without = _copy_goal(solver).solve(status, left / (len(new) - place)) if left > 0 else None
        if without is None or not (len(without.chosen) or without.proven):
            late += 1
            continue
        if not len(without.chosen):
            rows.append((asked.sites[site], "no set without it is allowed", np.nan, np.inf))
            continue
        sets.append(without.chosen)
        instead = np.setdiff1d(without.chosen, answer.chosen)
        names = join_names((asked.sites[one] for one in instead), ", ")
        gone = np.setdiff1d(np.setdiff1d(answer.chosen, without.chosen), [site])
        if len(gone):
            names += f" (and not {join_names((asked.sites[one] for one in gone), ', ')})"
        objective = solver.say_value(without.cost)
        rows.append((asked.sites[site], names, objective, abs(objective - solver.say_value(answer.cost))))
    if late:
        asked.notes.append(f"time was up before {count_of(late, 'set')} without a site could be looked for")
    return pd.DataFrame(rows, columns=["without", "instead", "objective", "loses"]), sets


def _copy_goal(solver: Goal) -> Goal:
    from copy import copy

    return copy(solver)


def _test_stability(
    asked: _Question, solver: Goal, sets: list[Ints], draws: int, seed: int
) -> tuple[pd.DataFrame, float]:
    """Choose again for clients drawn anew (Bayesian bootstrap; Rubin 1981), from the best sets known; not proven."""
    empty = pd.DataFrame({"site": pd.Series(dtype=object), "share": pd.Series(dtype=float)})
    if not draws or not isinstance(solver, MedianGoal | ShareGoal) or not (asked.status == FREE).any():
        return empty, np.nan
    rng = np.random.default_rng(seed)
    counts = np.zeros(len(asked.sites))
    lost = []
    for _ in range(draws):
        drawn = replace(solver, weights=solver.weights * rng.exponential(size=len(solver.weights)))
        kept, chosen, best = drawn.revise(sets, asked.status)
        counts[chosen] += 1
        lost.append(abs(kept - best) / max(abs(best), 1e-300))
    seen = np.flatnonzero((counts > 0) & (asked.status == FREE))
    seen = seen[np.argsort(-counts[seen], kind="stable")]
    return pd.DataFrame({"site": asked.sites[seen], "share": counts[seen] / draws}), float(np.mean(lost))


def _make_values(asked: _Question, chosen: Ints, part: Floats, runners_up: pd.DataFrame) -> pd.DataFrame:
    weight = asked.weights @ part
    cost = np.where(part > 0, asked.costs[:, chosen], 0.0)
    total = asked.weights @ (part * cost)
    mean = np.divide(total, weight, out=np.full(len(chosen), np.nan), where=weight > 0)
    role = np.where(asked.status[chosen] == OPEN, "existing", "new")
    keys = asked.sites[chosen]
    known = dict(zip(runners_up["without"], runners_up["loses"], strict=True))
    loses = np.array([known.get(key, np.nan) for key in keys], dtype=float)
    values = pd.DataFrame(
        {"value": weight, "share": weight / asked.weights.sum(), "cost": mean, "role": role, "loses": loses},
        index=pd.Index(keys, name="site"),
    )
    values["why"] = [
        _say_why(row, instead)
        for row, instead in zip(values.itertuples(), _find_instead(keys, runners_up), strict=True)
    ]
    return values.sort_values(["role", "value"], ascending=[False, False], kind="stable")


def _find_instead(keys: pd.Index[Any], runners_up: pd.DataFrame) -> list[str]:
    known = dict(zip(runners_up["without"], runners_up["instead"], strict=True))
    return [known.get(key, "") for key in keys]


def _say_why(row: Any, instead: str) -> str:
    if row.role == "existing":
        return ""
    told = f"{100 * row.share:.3g} % of the demand comes here"
    if np.isfinite(row.cost):
        told += f", at {format_number(row.cost)} on average"
    if np.isfinite(row.loses):
        put = f"with {instead} instead" if instead else "without it"
        worse = f"the objective is {format_number(row.loses)} worse"
        told += f"; {put}, {worse if row.loses > 1e-9 else 'the set is as good'}"
    elif row.loses == np.inf:
        told += "; no set without it is allowed"
    return told
