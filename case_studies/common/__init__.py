"""What all case studies share: the command line, runs, settings, and how a study's folder is found."""
