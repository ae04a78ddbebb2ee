"""Robots behind one contract. The table is empty until the first adapter is in it."""

ROBOTS: dict[str, str] = {}
