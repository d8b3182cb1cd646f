"""Reading and writing tables: sniffing, parsing, formats, databases, parts, export."""
