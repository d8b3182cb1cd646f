"""What all case studies share: the command line, runs, settings of every study, and the way a study's folder is found."""
