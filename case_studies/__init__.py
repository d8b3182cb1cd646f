"""Case studies: real data, read, split, modelled, compared, explained and decided; one folder a study."""
