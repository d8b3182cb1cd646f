"""Every claim of every report, computed again from the tables of its run by code that shares nothing with the report."""
