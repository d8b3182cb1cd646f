"""Files that were changed on purpose, loaded: python -m benchmarks.mutated."""

from benchmarks.mutated.base import Limits, Outcome, Sample, Target
from benchmarks.mutated.running import Tally, attempt, run_mutants
from benchmarks.mutated.targets import choose_targets, make_mutant

__all__ = ["Limits", "Outcome", "Sample", "Tally", "Target", "attempt", "choose_targets", "make_mutant", "run_mutants"]
