"""Street networks: costs of many pairs at once, routes and isochrones."""
