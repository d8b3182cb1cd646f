"""Card payments, with or without labels: which to look at today, why, and what that saves (simulated, or your own)."""

if __name__ == "__main__":  # as a script: python case_studies/fraud/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import report
from .measure import metrics
from .payments import Payments
from .predict import keep_history, predict
from .screen import write_first_screen
from .settings import TABLES, FraudSettings
from .tables import Tables
from .trial import compare_rankings, fit_models, rank_new, report_day, weigh_looks


def run(settings: FraudSettings, out: Run) -> None:
    """Read, compare each payment with its card's past, learn, look at the new ones, judge, decide."""
    payments, settings, reading = Payments.read(out, settings)  # simulated, or the user's own file
    out.mark_step("read")

    # From the first payments is learnt, with labels where there are enough; the others are new.
    models = fit_models(payments, settings)
    alerts = report_day(payments, models, settings)
    out.mark_step("learnt")

    # The same number of payments a day for each way of ranking; labels say what was found.
    scores = rank_new(payments, models, settings)
    comparison = compare_rankings(payments, scores, settings) if payments.judged else None
    weighed = weigh_looks(payments, models, settings)
    saving = weighed[0] if weighed else None
    out.mark_step("judged")

    tables = Tables.of(payments, models, alerts, comparison, saving, settings)
    paying = {"paying": weighed[1].to_frame().astype({"row": str})} if weighed else {}
    out.save_results(model=models.best, **tables.kept(), **paying, **keep_history(payments, settings))

    own = out.data is not None
    write_first_screen(out, settings, payments, models, tables, comparison)
    out.add_section("The payments to look at", *report.alert_parts(tables, payments, settings))
    out.add_section("What is found", *report.found_parts(payments, models, tables, comparison, settings))
    if payments.odd is not None:
        out.add_section("Where looking pays", *report.chance_parts(models, tables, settings))
    out.add_section("When not to believe it", *report.doubts(own, payments, models, tables, comparison))
    add_closing(out, reading, *report.data_parts(own, payments, settings))
    out.metrics.update(metrics(payments, models, alerts, comparison, saving))


STUDY = Study("Card payments: which to look at, and why", FraudSettings, run, predict, TABLES)
