"""What happened at sensors: incidents of series, gaps, and how many planted faults are found."""
