"""Case studies: real data, read, split, modelled, compared, explained and decided, each in one short script."""
