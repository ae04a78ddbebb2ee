"""How an order is given, whatever it is about: politely, as a wish, to the robot."""

import re

POLITE = re.compile(r"^(?:(?:please|now|robot)[,:!]? )*(.*?)(?:,? (?:please|now)|, robot)*$")
WANT = r"(?:i|we) (?:want|would like)"
THAT = rf"(?:make sure (?:that )?|see (?:to it )?that |{WANT} that )?"
ORDER = rf"(?:just |(?:have|let) the robot |the robot (?:should|must) |{WANT} the robot to )?"


def words(*forms: re.Pattern[str]) -> frozenset[str]:
    """All words that occur in forms."""
    return frozenset(word for form in forms for word in re.findall(r"[a-z']+", re.sub(r"\?P<\w+>", "", form.pattern)))
