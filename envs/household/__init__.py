"""A table in a home: things with parts, a drawer, a rack and a person, where it matters how something is done."""
