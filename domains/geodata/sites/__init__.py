"""Where to open: proven sets of sites, reasons, and what comes next best."""
