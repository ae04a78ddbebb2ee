"""A planner without a model or a network: the sentence is parsed, and what it wants is planned for.

What a sentence refers to ("the blocks in the top left area") is settled when it is said, and kept.
"""

from embodied.goals import Goal
from embodied.plans import Unreachable, plan
from embodied.pursuit import Plan, PlannerFailed, Report
from embodied.scenery import View
from embodied.skills import program
from policies.hidden import Search, raised
from policies.meaning import understand


class GrammarPlanner:
    """Understands the sentences of the tabletop; OutOfScope, which is a PlannerFailed, names what it does not."""

    def __init__(self) -> None:
        self.sentence = ""
        self.wanted: Goal | Search | None = None
        self.met: dict[str, bool] = {}

    def reset(self, sentence: str, report: Report) -> None:
        """Understand a sentence by what is seen as it is said."""
        self.wanted, self.met = None, {}
        self.wanted = understand(sentence, report.view)
        self.sentence = sentence
        if isinstance(self.wanted, Search):
            self.met = dict.fromkeys(self.wanted.seen_below, True)

    def plan(self, report: Report) -> Plan:
        """What is left to do, as things are said to be."""
        if self.wanted is None:
            raise PlannerFailed("no sentence was understood; reset first")
        if isinstance(self.wanted, Search):
            return self.look(self.wanted, report.view)
        return self.pursue(self.wanted, report.view)

    def pursue(self, goal: Goal, view: View) -> Plan:
        """The moves to a goal whose things are all known."""
        if lost := sorted(name for name in goal.blocks if name not in view):
            raise PlannerFailed(f"the {lost[0]} is no longer seen; there are {', '.join(view.by_name)}")
        if goal.holds(view):
            return Plan(done=True, why="what was wanted holds: " + "; ".join(map(str, goal.facts(view)[:8])))
        try:
            moves = plan(goal, view)
        except Unreachable as error:
            raise PlannerFailed(f"no plan was found: {error}") from error
        return Plan(program(moves, self.sentence), why=f"{len(moves)} moves lead to what is wanted")

    def look(self, wanted: Search, view: View) -> Plan:
        """First put aside what covers, then place what came to light."""
        for name in wanted.fresh(view):
            self.met.setdefault(name, not (wanted.lowest and raised(view[name])))
        try:
            moves = wanted.moves(view)
        except Unreachable as error:
            raise PlannerFailed(f"there is no room to put the covers aside: {error}") from error
        if moves:
            return Plan(program(moves, self.sentence), why=f"look under the {', '.join(m.block for m in moves)}")
        found = [name for name, meant in self.met.items() if meant]
        if not found:
            raise PlannerFailed("nothing came to light under what was put aside")
        if lost := [name for name in found if name not in view]:
            raise PlannerFailed(f"the {lost[0]} is no longer seen; there are {', '.join(view.by_name)}")
        return self.pursue(wanted.goal(view, found), view)
