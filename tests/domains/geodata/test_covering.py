"""Maximal covering: the best of all sets, whatever is open or shut already, and bounds that no set beats."""

import itertools

import numpy as np
import pytest

from domains.geodata.sites.kernels import descend
from domains.geodata.sites.programs import CoverGoal
from domains.geodata.sites.status import FREE, OPEN, SHUT


def draw(seed):
    random = np.random.default_rng(seed)
    n_clients, n_sites = int(random.integers(5, 60)), int(random.integers(4, 11))
    covers = random.random((n_clients, n_sites)) < random.uniform(0.05, 0.5)
    weights = random.integers(1, 50, n_clients).astype(float) if seed % 2 else random.random(n_clients)
    status = random.choice([FREE, FREE, FREE, FREE, OPEN, SHUT], n_sites).astype(np.uint8)
    held, free = int((status == OPEN).sum()), int((status == FREE).sum())
    return covers, weights, int(held + random.integers(0, free + 1)), status


def find_best(covers, weights, p, status):
    held, free = np.flatnonzero(status == OPEN), np.flatnonzero(status == FREE)
    sets = ([*held, *more] for more in itertools.combinations(free, p - len(held)))
    return max(weights[covers[:, list(some)].any(axis=1)].sum() for some in sets)


@pytest.mark.parametrize("seed", range(80))
def test_no_set_covers_more(seed):
    covers, weights, p, status = draw(seed)
    if p == 0:
        return
    found = CoverGoal(covers, weights, p).solve(status, 10.0)
    best = find_best(covers, weights, p, status)
    assert found.proven
    assert -found.cost == pytest.approx(best)
    assert -found.bound == pytest.approx(best)
    assert len(found.chosen) == p
    assert weights[covers[:, found.chosen].any(axis=1)].sum() == pytest.approx(best)
    assert set(np.flatnonzero(status == OPEN)) <= set(found.chosen.tolist())
    assert not (status[found.chosen] == SHUT).any()


@pytest.mark.parametrize("seed", range(80))
def test_bounds_hold(seed):
    covers, weights, p, status = draw(seed)
    _, sites = np.nonzero(covers)
    starts = np.concatenate([[0], np.cumsum(covers.sum(axis=1))])
    bound, worth, best, chosen = descend(starts, sites, weights, status, p, 0.0, 300)
    true = find_best(covers, weights, p, status)
    assert bound >= true - 1e-9
    assert best == pytest.approx(weights[covers[:, chosen].any(axis=1)].sum())
    assert best <= true + 1e-9
    assert len(worth) == len(status)


def test_most_sites_are_decided_before_the_solver_is_asked(monkeypatch):
    random = np.random.default_rng(0)
    clients, sites = random.random((500, 2)), random.random((200, 2))
    covers = np.linalg.norm(clients[:, None] - sites[None], axis=2) <= 0.1
    weights = np.random.default_rng(1).integers(1, 101, 500).astype(float)
    asked = []
    solve = CoverGoal.solve_program
    monkeypatch.setattr(
        CoverGoal, "solve_program", lambda self, *given: asked.append(self.covers.shape[1]) or solve(self, *given)
    )
    found = CoverGoal(covers, weights, 15).solve(np.zeros(200, dtype=np.uint8), 30.0)
    assert found.proven
    assert found.cost == -15946.0
    assert sum(asked) < 100
