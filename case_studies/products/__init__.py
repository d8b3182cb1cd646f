"""The study of products: what to recommend to each household of a shop."""
