"""Decisions with proof: programs, limits in a table, one way to solvers, and why a wish list cannot be met."""

from shared.decision.decision import Decision, make_binding, relative_gap
from shared.decision.highs import Session, Solution
from shared.decision.infeasible import Conflict, explain_infeasible
from shared.decision.limits import Limit, LimitRows, Limits, read_groups
from shared.decision.program import Program
from shared.decision.quadratic import QuadraticAnswer, QuadraticProgram, solve_quadratic
from shared.decision.solve import InfeasibleError, read_pyomo, solve

__all__ = [
    "Conflict",
    "Decision",
    "InfeasibleError",
    "Limit",
    "LimitRows",
    "Limits",
    "Program",
    "QuadraticAnswer",
    "QuadraticProgram",
    "Session",
    "Solution",
    "explain_infeasible",
    "make_binding",
    "read_groups",
    "read_pyomo",
    "relative_gap",
    "solve",
    "solve_quadratic",
]


def __dir__() -> list[str]:
    return sorted(__all__)
