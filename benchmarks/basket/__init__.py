"""Basket rules, measured: speed beside mlxtend and PyFIM, exact counts, tests of rules, completion."""
