"""Isochrones: contours of street costs on a mesh that follows the streets."""
