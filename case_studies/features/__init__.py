"""The study of predictors: which columns of a table deserve to be kept."""
