"""A module a part: its docstring says what it measures, and `measure(data, peers)` gives the figures."""
