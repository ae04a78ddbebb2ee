# ruff: noqa: E501 # a pattern reads best on one line
"""Polite, rhetorical and roundabout wordings in the plain words that the gist knows: "I'd rather you took" is "take".

Each rule keeps what a "not" belongs to: none removes or adds a negation, but where the two say the same.
"""

import re

PAST = {
    "took": "take", "went": "go", "held": "hold", "kept": "keep", "came": "come", "stood": "put", "used": "use",
    "grabbed": "grab", "carried": "carry", "gripped": "grip", "grasped": "grasp", "moved": "move", "lifted": "lift",
    "slowed": "slow", "opened": "open", "pulled": "pull", "stayed": "stay", "remained": "remain", "were": "be",
    "was": "be", "had": "have", "brought": "bring", "gave": "give", "handed": "hand", "hung": "hang", "hanged": "hang",
    "dangled": "hang", "placed": "place", "squeezed": "squeeze", "raised": "raise", "started": "start",
    "began": "begin", "turned": "turn", "pointed": "point", "avoided": "avoid", "skipped": "skip", "closed": "close",
    "travelled": "travel", "traveled": "travel", "pinched": "pinch", "loosened": "loosen", "approached": "approach",
    "picked": "pick", "laid": "lay", "did": "do", "got": "get", "waited": "wait", "touched": "touch", "faced": "face",
    "treated": "treat", "passed": "pass", "steered": "steer", "ended": "end", "eased": "ease", "relaxed": "relax",
    "reached": "reach", "shifted": "shift", "left": "leave",
}  # fmt: skip
"""Verbs of a wish ("I'd rather you took") and of what is wished."""
WISH = re.compile(
    r"\b(?:(?:i|we)(?:'d| would) (?:much |really )?(?:rather|sooner|prefer(?: it)?(?: if)?|like it(?: \w+)? if|be happier if|appreciate it if)|(?:i|we) wish|(?:it|that)(?:'d| would|'s| is) (?:be )?(?:\w+ )?(?:better|nicer|best|safer|nice|great|good|kind|lovely|preferable|helpful|ideal|easier|wiser|time) if|(?:it is|it's) (?:about |high )?time)\b"
)
LIQUID = r"(?:drink|drinks|liquid|water|coffee|tea|soup|juice|milk|something|stuff|anything)"
PLAIN: tuple[tuple[re.Pattern[str], str], ...] = tuple((re.compile(p), new) for p, new in (
    (r"^why the (\w+) (?:already|now|first|so soon|so early)\?", r"the \1 is too early."),
    (r"^why (?:so|such an?|that|this|all (?:the|that|this))\b[^?]*\?\s*(?=\w)", ""),
    (r"^why do you (?:think|suppose|believe|imagine|reckon) ", ""),
    (r"\b(?:isn'?t|is not|ain'?t) there (an? (?:handle|grip|knob|ear|hook|plate|rack|tray|drawer))\b[^?.!]*\?", r"use \1."),
    (r"\bshouldn'?t (it|that|this|they|the \w+)\b([^?]*)\?", r"please \1 should\2."),
    (r"\b(?:can|could|would|will) you (?:please |maybe )?not\b", "please do not"),
    (r"\b(?:would|do) you mind\b", "please"),
    (r"\b(?:you(?:'re| are)|we(?:'re| are)|it(?:'s| is)|they(?:'re| are)) (?:supposed|meant|expected) to\b", "please"),
    (r"\bought(?: to)?\b", "should"),
    (r"\b(not|no|never|\w+n't),\s*(?:like|you know|i mean|er|um|uh|well|dear|love|darling|honey|sweetheart|mate|dude|man|buddy|robot|sir)\s*,", r"\1"),
    (r",\s*(?:like|you know|i mean|er|um|uh|well|dear|love|darling|honey|sweetheart|mate|dude|man|buddy|robot|sir)\s*(?=[,.!?]|$)", ""),
    (r"(?:^|(?<=please )|(?<=to )|(?<=you )|(?<=should ))hook(?:ing)? (?=(?:on to|onto|around|round|your|its)\b)", "grab "),
    (r"^(?:ew+|yuck|gosh|blimey|jeez|crikey|goodness|my god|oh dear|oh my|no good)\b[, !.]*", ""),
    (r"[,;]?\s*(?:and )?(?:not (?:the )?(?:other way (?:a?round|about)|reverse|opposite|vice versa)|not vice versa)\b", ""),
    (r"\bzero (?=tilt|lean|spill|slosh|swing|slant|rush|squeez)\w*", "no tilt"),
    (r"(?<!is )(?<!has )(?<!with )(?<!have )\b(?:hardly|barely|scarcely) any (?=force|pressure|grip|strength|squeez)", "little "),
    (rf"\b(?:when(?:ever)?|if|while|as long as) (?:there(?:'s| is| are)|it has|it(?:'s| is) got|the \w+ has|(?:a|the) \w+(?: has|'s) got|it contains|the \w+ contains) (?:still |any |some |a )*{LIQUID}(?: inside(?: it)?| in (?:it|there|them))?\b", "if it is full"),
    (r"\b(?:anything|everything|things|stuff|whatever|something|items|objects|all)(?: that| which)? (?:can|could|might|may|would|will)? ?(?:easily )?(?:break|breaks|shatter|shatters|smash|smashes)\b(?: easily)?", "fragile things"),
    (r"\blay(?:ing)? (?:a |your |any )?(?:finger|hand)s? on\b", "touch"),
    (r"\bnothing (\w+) (goes|should|must|is|may|belongs|gets|comes|passes|moves)\b", r"\1 things never \2"),
    (r"\b(hand|pass|giv)(e|ing)?( it| them| that| the \w+)? over(?=$|[,.!? ])(?! (?:my|the|his|her|a)\b)", r"\1\2\3"),
    (r"\b(?:it(?:'s| is)|it (?:should|must|has to) be) (the \w+)(?: that| which)? (?=(?:you|your fingers|your gripper|your hand) (?:should|must|need|want|have to|close|hold|grab|take|use|grip|go|pull))", r"use \1 where "),
    (r"\bzero (?:force|pressure)\b", "little force"),
))  # fmt: skip


def reworded(text: str) -> str:
    """The text in plainer words; of a wish in the present tense."""
    text = text.replace("’", "'")  # noqa: RUF001 # typographic on purpose
    if found := WISH.search(text):
        head, tail = text[: found.start()], text[found.end() :]
        tail = re.sub(
            r"\b[a-z]+\b(?! (?:hook|side|hand|of|edge|arm|one|end)\b)",
            lambda m: present(m, tail),
            tail,
        )
        text = f"{head}please{re.sub('^ (?:you|we) ', ' ', tail)}"
    for pattern, new in PLAIN:
        text = pattern.sub(new, text)
    return text


def present(match: re.Match[str], text: str) -> str:
    """A verb of the past as one of the present; "left" only where somebody leaves something."""
    word = match[0]
    if word == "left" and not re.search(r"\b(?:you|we|and|just|also) $", text[: match.start()]):
        return word
    return PAST.get(word, word)
