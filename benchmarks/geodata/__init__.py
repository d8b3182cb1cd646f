"""Geodata, measured: maps, streets, sites and isochrones, beside the libraries that do a part of it."""
