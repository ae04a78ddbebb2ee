"""Dressing: a sleeve of cloth, an arm to pull it over, and what a camera sees of both."""
