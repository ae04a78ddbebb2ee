"""A file per task: how its scenes are drawn, what it asks for, and an expert."""
