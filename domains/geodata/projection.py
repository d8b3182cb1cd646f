"""One plane a map: azimuthal equidistant about its middle, on the mean sphere, and distances on that sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.typing import Floats

__all__ = ["EARTH_RADIUS", "WGS84", "LocalProjection", "join_meridian", "measure_distance", "wrap_degrees"]

EARTH_RADIUS = 6_371_008.8  # m; mean radius of the WGS 84 ellipsoid (IUGG)
WGS84 = "EPSG:4326"


def measure_distance(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    """Great-circle distance in metres (haversine formula; Sinnott 1984), also across the 180th meridian.

    Parameters
    ----------
    lon, lat, other_lon, other_lat : numpy.ndarray
        Degrees, of shapes that broadcast.

    >>> float(measure_distance(np.array(179.9), np.array(0.0), np.array(-179.9), np.array(0.0)).round())
    22239.0
    """
    a, b = np.radians(lat), np.radians(other_lat)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def wrap_degrees(lon: Floats) -> Floats:
    """Longitudes from -180 to 180, whichever way round they were counted.

    Parameters
    ----------
    lon : numpy.ndarray
        Degrees.

    >>> wrap_degrees(np.array([180.5, -181.0, 24.9])).tolist()
    [-179.5, 179.0, 24.9]
    """
    return np.asarray(np.where(np.abs(lon) > 180.0, (lon + 180.0) % 360.0 - 180.0, lon))


def join_meridian(lon: Floats) -> Floats:
    """Let longitudes of one thing run on across the 180th meridian, where they would leap from 180 to -180.

    Parameters
    ----------
    lon : numpy.ndarray
        Degrees.

    >>> join_meridian(np.array([179.5, -179.5])).tolist(), join_meridian(np.array([-1.0, 1.0])).tolist()
    ([179.5, 180.5], [-1.0, 1.0])
    """
    leaps = len(lon) and float(lon.max()) - float(lon.min()) > 180.0
    return np.asarray(np.where(lon < 0, lon + 360.0, lon)) if leaps else lon


@dataclass(frozen=True)
class LocalProjection:
    """The plane of a map: distances from its middle are true, others nearly so as far as a town reaches.

    Parameters
    ----------
    lon, lat : float
        Of the middle, in degrees.

    >>> plane = LocalProjection(-51.2, -30.0)
    >>> x, y = plane.to_plane(np.array([-51.2]), np.array([-29.99]))
    >>> float(x.round(3)[0]) + 0, float(y.round()[0])
    (0.0, 1112.0)
    """

    lon: float
    lat: float

    @classmethod
    def around(cls, lon: Floats, lat: Floats) -> LocalProjection:
        """The plane about the middle of some points, whichever side of the 180th meridian they are on.

        Parameters
        ----------
        lon, lat : numpy.ndarray
            Degrees.

        >>> LocalProjection.around(np.array([179.0, -179.0]), np.array([0.0, 2.0]))
        LocalProjection(lon=180.0, lat=1.0)
        """
        first = float(lon[0])
        turned = (lon - first + 180.0) % 360.0 - 180.0
        middle = first + (float(turned.min()) + float(turned.max())) / 2
        middle = (middle + 180.0) % 360.0 - 180.0
        return cls(180.0 if middle == -180.0 else middle, (float(lat.min()) + float(lat.max())) / 2)

    @property
    def crs(self) -> str:
        """As PROJ writes it."""
        return f"+proj=aeqd +lat_0={self.lat!r} +lon_0={self.lon!r} +R={EARTH_RADIUS!r} +units=m +no_defs"

    def to_plane(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of the middle (Snyder 1987, Map Projections, equations 22-4, 22-5 and 25-2).

        Parameters
        ----------
        lon, lat : numpy.ndarray
            Degrees.
        """
        turn, high, middle = np.radians(lon - self.lon), np.radians(lat), np.radians(self.lat)
        cos_c = np.sin(middle) * np.sin(high) + np.cos(middle) * np.cos(high) * np.cos(turn)
        x = np.cos(high) * np.sin(turn)
        y = np.cos(middle) * np.sin(high) - np.sin(middle) * np.cos(high) * np.cos(turn)
        # The sine of the angle from the middle, from the components: the cosine is flat near 1.
        sine = np.hypot(x, y)
        angle = np.arctan2(sine, cos_c)
        scale = EARTH_RADIUS * np.divide(angle, sine, out=np.ones_like(angle), where=sine > 0)
        return scale * x, scale * y

    def to_degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude of points of the plane (Snyder 1987, equations 20-14 and 20-15).

        Parameters
        ----------
        x, y : numpy.ndarray
            Metres.

        >>> plane = LocalProjection(24.9, 60.2)
        >>> lon, lat = plane.to_degrees(*plane.to_plane(np.array([24.95]), np.array([60.17])))
        >>> float(lon.round(9)[0]), float(lat.round(9)[0])
        (24.95, 60.17)
        """
        middle = np.radians(self.lat)
        far = np.hypot(x, y)
        c = far / EARTH_RADIUS
        ratio = np.divide(np.sin(c), far, out=np.full_like(c, 1 / EARTH_RADIUS), where=far > 0)
        lat = np.arcsin(np.clip(np.cos(c) * np.sin(middle) + y * ratio * np.cos(middle), -1, 1))
        lon = self.lon + np.degrees(np.arctan2(x * ratio, np.cos(middle) * np.cos(c) - y * ratio * np.sin(middle)))
        return (lon + 180.0) % 360.0 - 180.0, np.degrees(lat)
