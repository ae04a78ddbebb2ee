# ruff: noqa: E501 # a pattern reads best on one line
"""The grammar of corrections: deterministic, offline, milliseconds; every word must be accounted for.

Amounts, things and parts are first made tokens; then tables of rules take away what they understand. A word that is
left over and no filler makes the whole unclear: nothing is guessed, least of all what a "not" belonged to.
"""

import re
from functools import lru_cache

from embodied import correction_control as steer
from embodied import correction_edits as edits
from embodied.correction_amounts import AMOUNT, UNITS, WORDS, amounts
from embodied.correction_frames import RELATIVE, WAYS
from embodied.correction_moves import MOVE_RULES, OFF_RULES, Repeat
from embodied.correction_reading import Reading, replaced
from embodied.correction_references import COLOURS, KINDS, PARTS, SAME, STATES, Which, parts, plural, things
from embodied.correction_references import clean as clean_name
from embodied.correction_rules import (
    FORCE_RULES,
    HEIGHT_RULES,
    PART_RULES,
    POSE_RULES,
    PULL_RULES,
    SPEED_RULES,
    Rule,
)
from embodied.correction_words import EXAMPLES, Unclear, mended, normalised
from embodied.corrections import Correction, Intent, Moment, Option, Ref
from embodied.manner import Verb

SURE = 0.6
"""Below this confidence something is asked."""
FILLERS = frozenset({
    "a", "about", "actually", "also", "always", "an", "and", "are", "arm", "around", "as", "at", "be", "bit",
    "bring", "but", "by", "can", "carry", "carrying", "close", "closing", "come", "could", "direction",
    "distance", "do", "doing", "done", "during", "each", "er", "erm", "even", "fingers", "for", "from", "get",
    "gets", "give", "giving", "go", "goes", "going", "grab", "grabbing", "grasp", "grip", "gripper", "hand",
    "handing", "hanging", "has", "have", "held", "her", "here", "hey", "him", "hmm", "hold", "holding", "i",
    "ideally", "if", "in", "instead", "is", "it", "its", "just", "keep", "keeping", "kept", "kind", "lay",
    "let", "lets", "lift", "like", "little", "make", "maybe", "me", "motion", "move", "moving", "my", "need",
    "now", "nudge", "of", "oh", "okay", "on", "one", "only", "open", "opening", "or", "out", "pass", "perhaps",
    "pick", "picking", "place", "placing", "please", "point", "position", "pull", "pulling", "push", "put",
    "rather", "reach", "robot", "s", "set", "shall", "shift", "should", "shut", "side", "simply", "slide",
    "slightly", "so", "some", "sorry", "speed", "steady", "step", "still", "straight", "take", "than", "thank",
    "thanks", "that", "the", "them", "then", "there", "these", "they", "thing", "things", "this", "those",
    "though", "time", "to", "too", "tool", "toward", "try", "uh", "um", "until", "us", "use", "want", "was",
    "way", "we", "well", "were", "when", "while", "will", "with", "would", "yes", "you", "your", "yourself",
})  # fmt: skip
"""Words that may be left over."""
GENERAL = re.compile(
    r"\b(?:from now on|in (?:the )?future|always|(?:every|each) time|whenever|generally|in general|as a rule|usually|by default|for ever|forever|every day)\b"
)
ONCE = re.compile(
    r"\b(?:(?:just|only) (?:this|for) (?:once|one time)|(?:just |only )?this (?:time|once)(?: only)?|(?:just|only) (?:now|today|once)|for (?:now|once|today|this time)|right now|today(?: only)?|only this once|at the moment)\b"
)
PLACE = re.compile(r"\b(?:(?:for|with|on) (?:only )?(?:just )?this one|only (?:for )?this one|here)\b")
EVERYTHING = re.compile(r"\b(?:everything|anything|all of them|everywhere|in all cases)\b(?! (?:but|except)\b)")
STATE = "|".join(sorted({*STATES, *COLOURS}, key=len, reverse=True))
CONDITION = re.compile(
    rf"\b(?:when(?:ever)?|if|while|as long as|because|since|where) (?:it|they|that|this|@(?P<w>\d+)) (?:is|are)(?P<not> not)? (?P<state>(?:{STATE})(?:(?: and|,) (?:{STATE}))*)(?: of \w+)?\b"
)
ACTING: dict[Verb, str] = {
    "hand over": r"(?:hand|give|pass)(?:ing)?(?: me| us| it| them| @\d+)*(?: over)?(?: to (?:me|us|them|him|her|@\d+))?",
    "place": r"(?:put|plac|set|load|unload|lay|stow)(?:e|s|t?ing)?(?: it| them| @\d+)?(?: down| away)?(?: (?:on|in|into|onto) @\d+)?",
    "hang": r"(?:hang)(?:ing)?(?: it| them| @\d+)?(?: up)?(?: (?:on|onto) @\d+)?",
    "open": r"(?:open|pull)(?:ing)?(?: it| them| @\d+)?(?: open)?", "close": r"(?:clos|shut)(?:e|ing|ting)?(?: it| them| @\d+)?",
    "pick": r"(?:pick|grab|tak|grasp|lift)(?:e|bing|ing)?(?: up)?(?: it| them| @\d+)?(?: up)?",
    "dress": r"(?:dress)(?:ing)?(?: me| it| him| her| @\d+)?",
}  # fmt: skip
WHILE: dict[Verb, re.Pattern[str]] = {
    verb: re.compile(rf"\b(?:when(?:ever)?|while|if|as|during|for) (?:you |we |i )?(?:are )?{words}(?=$|[ ,.;!?])")
    for verb, words in ACTING.items()
}
STEMS: dict[Verb, str] = {
    "open": "open", "close": "close|shut", "place": "put|place|load|set", "hang": "hang", "hand over": "hand|give",
    "pick": "pick|pick up",
}  # fmt: skip
TEACHING: dict[Verb, re.Pattern[str]] = {
    verb: re.compile(rf"^(?:[ ,;]*|(?:please|not|you|should|must|robot) )*(?P<verb>{stem})\b(?: me| over)*(?= @)")
    for verb, stem in STEMS.items()
}
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up", "forward": "back", "back": "forward"}


def known_words() -> frozenset[str]:
    """All words that a rule knows, for mending typos."""
    tables = (
        PART_RULES,
        POSE_RULES,
        PULL_RULES,
        HEIGHT_RULES,
        SPEED_RULES,
        FORCE_RULES,
        MOVE_RULES,
        OFF_RULES,
        edits.EDIT_RULES,
    )
    patterns = [pattern.pattern for table in tables for pattern, _ in table] + [WAYS.pattern, AMOUNT.pattern]
    patterns += [GENERAL.pattern, ONCE.pattern, CONDITION.pattern, *UNITS, *(p.pattern for p in steer.WHOLE.values())]
    patterns += [steer.NOISE.pattern, steer.ONWARD.pattern, *(p.pattern for p in WHILE.values()), EVERYTHING.pattern]
    words = {
        word for pattern in patterns for word in re.findall(r"[a-z]{3,}", re.sub(r"\\[a-zA-Z]|\?P<\w+>", " ", pattern))
    }
    return frozenset({*words, *FILLERS, *KINDS, *map(plural, KINDS), *PARTS, *COLOURS, *STATES, *WORDS,
                      "centimetres", "centimeters", "millimetres", "millimeters", "centimetre", "centimeter", "degrees", "gently", "handles"})  # fmt: skip


KNOWN = known_words()


@lru_cache(maxsize=32)
def known(kinds: frozenset[str], names: frozenset[str]) -> frozenset[str]:
    """Known words, with those of what is about."""
    return KNOWN | {word for name in (*kinds, *names) for word in (*name.lower().split(), plural(name.lower()))}


def parse(text: str, moment: Moment, depth: int = 0) -> Correction:
    """What a text means in a moment; never raises, but asks one question where it has no single meaning."""
    try:
        return understood(text, moment, depth)
    except Unclear as unclear:
        return unsure(text, moment, unclear, depth)


def unsure(text: str, moment: Moment, unclear: Unclear, depth: int) -> Correction:
    """The question, and options that can be read themselves."""
    wordings = list(unclear.options)
    if isinstance(unclear, Which):
        try:
            plain = normalised(text)
        except Unclear:
            plain = text
        wordings = [plain.replace(unclear.words, name, 1) if unclear.words in plain else name for name in unclear.names]
    options: list[Option] = []
    for words in dict.fromkeys([*wordings[:3], "carry on", "stop"]):
        if len(options) >= (3 if words in wordings else 2) or depth:
            continue
        means = parse(words, moment, depth + 1)
        if means.intent != "unclear" and means.confidence >= SURE:
            options.append(Option(text=words, means=means))
    return Correction(text=text, intent="unclear", confidence=0.2, question=unclear.question, options=tuple(options))


def understood(text: str, moment: Moment, depth: int) -> Correction:
    """What a text means; Unclear where that is not one thing."""
    clean = normalised(text)
    clean, typos = mended(clean, known(moment.around.kinds, frozenset(clean_name(e.name) for e in moment.around)))
    sure = 0.8 if typos else 1.0
    if clean.strip(" .,!?") in ("right", "left right"):
        raise Unclear("Is it right, or shall I go to the right?", ("to the right", "yes"))
    if (intent := steer.control(clean)) is not None and not (intent == "retry" and repeats(clean, moment)):
        if "?" in clean and intent in ("done", "undo", "home"):
            raise Unclear(f"Do you ask or tell me ({intent})?", (intent, "carry on"))
        return Correction(
            text=text, intent=intent, level="control", history=steer.KNOWS.get(intent, "none"), confidence=sure
        )
    reading = Reading(clean, moment)
    try:
        found = filled(reading, clean)
    except Repeat as repeat:
        earlier = Moment(moment.around, moment.plan, moment.act, moment.before[:-1])
        last = parse(str(repeat), earlier, depth + 1)
        return last.model_copy(update={"text": text, "history": "last"})
    except Unclear:
        if steer.halts(clean):
            return Correction(text=text, intent="stop", confidence=sure)
        raise
    if not found and steer.halts(clean):
        return Correction(text=text, intent="stop", confidence=sure)
    return closed(reading, text, sure)


def repeats(clean: str, moment: Moment) -> bool:
    """ "Again" behind a correction repeats it."""
    return clean.strip(" .!") in ("again", "once more", "one more time", "do that again") and any(
        c.intent == "adjust" for c in moment.before
    )


def filled(r: Reading, clean: str) -> bool:
    """Everything that the rules find in the words; Unclear for what is left over."""
    text, r.amounts = amounts(prelude(r, clean))
    text, r.things = things(text, r.moment)
    text, r.parts = parts(text)
    text = conditions(r, text)
    text = applied(r, text, OFF_RULES)
    text = directed(r, applied(r, text, PART_RULES[:2]), relative=True)
    text = beside(r, text)
    if r.said or not chosen(r, text):
        text = applied(r, text, edits.EDIT_RULES)
        for index in re.findall(r"@(\d+)", text):
            if not foreign(r, index):
                edits.about(r, index)
        text = re.sub(r"@\d+", "thing", text)
        for rules in (PART_RULES[:4], POSE_RULES, PULL_RULES, HEIGHT_RULES, SPEED_RULES, FORCE_RULES):
            text = applied(r, text, rules)
        text = directed(r, text, relative=False)
        text = applied(r, text, PART_RULES[4:])
        text = applied(r, text, MOVE_RULES)
        if r.avoided and not r.moved:
            word = next((word for word in OPPOSITE if word in r.avoided[0]), "")
            instead = (f"a bit {OPPOSITE[word]}",) if word else ()
            raise Unclear(f"Not {r.avoided[0]}: where shall I go instead?", (*instead, "a bit higher", "carry on"))
        left_over(r, text)
    return bool(r.said or r.moved or r.edits)


def prelude(r: Reading, text: str) -> str:
    """Without a leading yes, no or stop, without remarks; whether it failed, or shall go on."""
    while held := steer.HELD.match(text):
        if "done" in held[0] or "is it" in held[0]:
            r.confidence = 0.7
        text = text[held.end() :].strip(" ,.;!")
    for pattern, history in ((steer.ONWARD, "rest"), (steer.FAILED, "failed")):
        if pattern.search(text):
            r.history = history  # type: ignore[assignment]
            text = pattern.sub(" ; ", text)
    return " ".join(steer.NOISE.sub(" ; ", text).split())


def conditions(r: Reading, text: str) -> str:
    """When it shall hold: always or once, for this or all, for which verb, in which state."""
    if re.search(r"\bput (?:it|them|@\d+) back$", text):
        raise Unclear("Back where?", ("undo", "try again"))
    for pattern, reach in ((ONCE, "now"), (PLACE, "instance"), (EVERYTHING, "everywhere")):
        if pattern.search(text):
            r.reach = r.reach or reach  # type: ignore[assignment]
            text = pattern.sub(" ; ", text)
    if GENERAL.search(text) or re.search(r"\bnot ever\b", text):
        r.general = True
        text = GENERAL.sub(" ; ", re.sub(r"\bnot ever\b", "not", text))
    while found := CONDITION.search(text):
        if found["not"]:
            raise Unclear(f"I can heed that it is {found['state']}, not that it is not. When shall I do it?")
        states = frozenset(SAME.get(word, word) for word in re.split(r" and |, ?", found["state"]))
        r.about = Ref(attributes=states)
        text = text[: found.start()] + (f" @{found['w']} " if found["w"] else " it ; ") + text[found.end() :]
    for verb, pattern in WHILE.items():
        if found := pattern.search(text):
            r.verb = verb
            named = re.search(r"(?<!on )(?<!in )(?<!to )(?<!onto )(?<!into )@\d+", found[0])
            text = replaced(text, found) + (f" ; {named[0]}" if named else "")
            break
    every = r.general or any(spoken.generic for some in r.things for spoken in some)
    text = " ".join(text.split())
    for verb, pattern in TEACHING.items():
        if every and r.verb is None and pattern.match(text):
            r.verb = verb
    text = re.sub(r"\b(pick|hang|grab)((?: it| them| @\d+)?) up\b", r"\1\2", text)
    return re.sub(r"\b(put|set|lay)((?: it| them| @\d+)?) down\b(?! (?:by )?#)", r"\1\2", text)


def applied(r: Reading, text: str, rules: tuple[Rule, ...]) -> str:
    """The text without what these rules understood; things that no rule looked at stay."""
    for pattern, does in rules:
        while found := pattern.search(text):
            if found[0].strip() == "":
                break
            taken = {value for value in found.groupdict().values() if value}
            rest = [index for index in re.findall(r"@(\d+)", found[0]) if index not in taken]
            does(r, found)
            text = " ".join(replaced(text, found).split()) + "".join(f" ; @{index}" for index in rest)
    return text


def directed(r: Reading, text: str, *, relative: bool) -> str:
    """The text with "%0" for its first direction; with `relative` only for those that name a thing or a person."""

    def replace(match: re.Match[str]) -> str:
        if relative and not any(match[name] for name in RELATIVE):
            return match[0]
        r.ways.append(match)
        return f"%{len(r.ways) - 1}"

    return " ".join(WAYS.sub(replace, text).split())


def beside(r: Reading, text: str) -> str:
    """ "Left of" what the offset is from anyway is left; of another thing it is a place, which takes an amount."""
    while found := re.search(r"\b(left|right|front|side)(?: side)? of @(\d+)", text):
        if r.one(found[2]).name != r.frame().name:
            name = r.things[int(found[2])][0].words
            raise Unclear(f"I can shift it, but I cannot find a place beside {name}; which way, and how far?", (
                f"to the {found[1]}", f"closer to {name}"))  # fmt: skip
        text = f"{text[: found.start()]}{found[1]}{text[found.end() :]}"
    return text


def foreign(r: Reading, index: str) -> bool:
    """A table that is no thing here, as in "above the table"."""
    spoken = r.things[int(index)][0]
    return spoken.kind == "table" and "table" not in r.moment.around.kinds


def chosen(r: Reading, text: str) -> bool:
    """A thing and nothing else: that one is meant instead."""
    found = edits.CHOICE.fullmatch(" ".join(text.replace(";", " ").replace(",", " ").strip(" .!?").split()))
    if found is None or r.verb:
        return False
    edits.swap(r, found["new"], None)
    return True


def left_over(r: Reading, text: str) -> None:
    """Unclear where a word or a number was not understood."""
    words = re.findall(r"[^\s,.;!?]+", text)
    if "not" in words or "no" in words:
        raise Unclear(
            "I did not understand what I shall not do; what shall I do instead?", ("carry on", "a bit slower")
        )
    if any(word.startswith("#") for word in words):
        raise Unclear(
            "So much of what: to which side, how high, how far?", ("a bit to the left", "a bit higher", "a bit slower")
        )
    if any(word[0] in "$%" for word in words):
        raise Unclear(f"I did not understand all of that; {EXAMPLES}.")
    odd = list(dict.fromkeys(word for word in words if word not in FILLERS))
    if odd:
        rest = " ".join(word for word in r.text.split() if word.strip(",.;!?") not in odd).strip(" ,.;")
        some = ", ".join(repr(word) for word in odd[:3])
        if r.said or r.moved or r.edits:
            raise Unclear(f"I do not know {some} here. Is it this that you mean: {rest}?", (rest,))
        raise Unclear(f"I do not understand {some}; {EXAMPLES}.")


def closed(r: Reading, text: str, sure: float) -> Correction:
    """The correction that was read."""
    manner = r.manner()
    said = bool(manner.said)
    if not said and not r.edits:
        if r.history in ("rest", "failed"):
            intent: Intent = "go on" if r.history == "rest" else "retry"
            return Correction(text=text, intent=intent, history=r.history, confidence=min(sure, 0.9))
        raise Unclear(f"What shall I do otherwise? Please {EXAMPLES}.", ("a bit to the left", "slower"))
    current = r.current()
    if current is None and said and r.about is None and not r.general and re.search(r"\b(?:it|them)\b", r.text):
        raise Unclear("I am doing nothing just now: what is 'it'?")
    about, reach = r.about, r.reach
    if (
        about is not None
        and not about.name
        and not about.kind
        and current is not None
        and reach is None
        and not r.general
    ):
        about = Ref(kind=current.kind, attributes=about.attributes)
    if r.general and reach is None:
        of_it = manner.part is not None or re.search(r"\b(?:it|them)\b", r.text)
        if about is None and of_it and current is not None:
            about = Ref(kind=current.kind)
        elif about is not None and not about.kind and of_it and current is not None:
            about = Ref(kind=current.kind, attributes=about.attributes)
        reach = "kind" if about is not None and about.kind else "everywhere"
    return Correction(
        text=text, intent="edit" if r.edits else "adjust", level="plan" if r.edits else "skill", history=r.history,
        manner=manner, edits=tuple(r.edits), about=about, target=r.target, verb=r.verb, reach=reach,
        vague=tuple(r.vague), confidence=min(sure, r.confidence),
    )  # fmt: skip
