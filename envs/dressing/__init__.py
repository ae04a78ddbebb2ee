"""Dressing: a gripper pulls a deformable sleeve over a seated person's arm, in MuJoCo."""
