"""Map files of the benchmarks: the real ones, a tiny one to warm up on, and copies in XML for who reads no other."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

__all__ = ["TOWNS", "find_extract", "write_tiny", "write_ways", "write_xml"]

TOWNS = ("porto_alegre", "baltimore")
# A block of streets with a shop, and a school as an area.
TINY = """<osm version="0.6">
{nodes}
<node id="90" version="1" lat="60.0002" lon="25.0002"><tag k="shop" v="bakery"/><tag k="name" v="Crumb"/></node>
<way id="1" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
<way id="2" version="1"><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="highway" v="residential"/>
<tag k="oneway" v="yes"/></way>
<way id="3" version="1"><nd ref="1"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="maxspeed" v="50"/></way>
<way id="4" version="1"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="5"/><tag k="amenity" v="school"/></way>
</osm>
"""
SPOTS = ((0, 0), (0, 1), (1, 1), (1, 0), (0.2, 0.2), (0.2, 0.4), (0.4, 0.4))


def find_extract(data: Path, town: str) -> Path:
    """The file of a town.

    Parameters
    ----------
    data : path
        Folder with osm/.
    town : str
    """
    return data / "osm" / f"{town}.osm.pbf"


def write_tiny(folder: Path) -> tuple[Path, Path]:
    """Write a tiny map, as XML and as PBF.

    Parameters
    ----------
    folder : path
    """
    nodes = [
        f'<node id="{number}" version="1" lat="{60 + 0.001 * up}" lon="{25 + 0.001 * across}"/>'
        for number, (up, across) in enumerate(SPOTS, 1)
    ]
    xml, pbf = folder / "tiny.osm", folder / "tiny.osm.pbf"
    xml.write_text(TINY.format(nodes="\n".join(nodes)), encoding="utf-8")
    _copy(xml, pbf)
    return xml, pbf


def write_xml(path: Path, target: Path) -> None:
    """Write all of a map as XML.

    Parameters
    ----------
    path, target : path
    """
    _copy(path, target)


def write_ways(path: Path, target: Path, ways: AbstractSet[int]) -> None:
    """Write some ways, with their nodes and nothing else, as XML.

    Parameters
    ----------
    path, target : path
    ways : set of int
    """
    import osmium
    from osmium.osm.types import Way

    nodes: set[int] = set()
    for one in osmium.FileProcessor(str(path), osmium.osm.WAY):
        if isinstance(one, Way) and one.id in ways:
            nodes.update(node.ref for node in one.nodes)
    target.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(target)) as writer:
        for one in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
            if one.id in (ways if isinstance(one, Way) else nodes):
                writer.add(one)


def _copy(path: Path, target: Path) -> None:
    import osmium

    target.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(target)) as writer:
        for one in osmium.FileProcessor(str(path)):
            writer.add(one)
