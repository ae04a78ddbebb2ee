"""A table in PyBullet: a Panda with a suction tool, blocks, bowls and zones, and tasks with them."""
