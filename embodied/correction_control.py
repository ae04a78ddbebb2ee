# ruff: noqa: E501 # a pattern reads best on one line
"""Words that steer the run: stop, go on, done, undo and their like, only where they are the whole utterance."""

import re

from embodied.corrections import History, Intent

POLITE = (
    r"(?:please|um+|uh+|er+m?|hm+|oh|hey|robot|so|well|now|just|then|okay|and|ah|thanks|thank you|ok|alright|for now)"
)
IT = r"(?:it|that|this|them)"
PHRASES: dict[Intent, str] = {
    "stop": r"(?:(?:stop|halt|wait|freeze|whoa+|woah+|hold (?:it|on)|pause|hang on|emergency|abort|cut|not mov(?:e|ing)|stand still|stop stop|stay (?:there|put|still)|no no no|no stop|no wait)(?: (?:it|there|now|here|right|moving|everything|immediately|at once|a|one|second|sec|moment|minute|no|motion|doing|that))*[ ]?)+",
    "go on": rf"(?:carry|go|keep|press) on(?: with {IT})?|continue(?: {IT})?|keep (?:going|at it|moving)|(?:you (?:can|may) )?go ahead|resume|proceed|not (?:stop|mind|stop there)(?: keep going| carry on| go on)?|as you were|(?:that|it|this) is (?:fine|good|okay) (?:go (?:ahead|on)|carry on|continue|keep going)|(?:fine|good|great|perfect|looks good|sounds good|alright) (?:go (?:ahead|on)|carry on|continue|keep going|proceed)|keep doing (?:that|it|what you are doing)|finish {IT}",
    "done": rf"(?:(?:perfect|great|good|fine|excellent|nice|okay|wonderful) )?(?:(?:{IT} is|you are|we are|i am|all|and|now) )*(?:done|finished|complete|completed)(?: (?:here|now|with (?:it|that)))?|(?:(?:perfect|great|good|fine) )?that is (?:it|all)|task (?:complete|done|finished)|mission accomplished|job done",
    "undo": rf"undo(?: {IT}| the last(?: one| step| move| motion| correction)?)?|take {IT} back|revert(?: {IT})?|scratch {IT}|forget (?:{IT}|what i said|i said that|the last(?: one| correction)?)|(?:put|move|go) back(?: to)? (?:where|how) (?:it was|you were)|i take (?:it|that) back",
    "retry": rf"(?:try|do) (?:{IT} )?(?:again|once more|one more time|over)(?: from the (?:start|beginning|top))?|once more(?: from the (?:start|beginning|top))?|(?:again )?from the (?:start|beginning|top)|retry(?: {IT})?|redo(?: {IT})?|start (?:over|again|afresh)|one more (?:time|try)|have another (?:go|try)|(?:give it )?another (?:go|try)|you (?:missed|dropped|lost)(?: (?:it|@\d+))?|it (?:slipped|fell|fell down|dropped|failed|not work)|that (?:failed|not work|went wrong)|repeat the (?:step|action)",
    "skip": rf"skip(?: (?:{IT}|this one|that one|the step|this step|that step|the rest of this step))?|next(?: one| step| please)?|leave {IT}(?: (?:alone|there|out|be|where it is))?|not do {IT}|move on(?: to the next(?: one| step)?)?|(?:forget|never) about {IT}",
    "home": r"(?:(?:go|return|get|move|come|drive)(?: back)? )?(?:to )?(?:your |the )?(?:home|(?:start|rest|home|starting|initial) (?:position|pose))|(?:go|drive|come|move) back (?:home|to (?:the )?(?:start|beginning))|go home(?: and wait)?",
    "yes": rf"yes+(?: (?:yes|exactly|correct|do it|do {IT}|it is|that one|go|sure))*|sure|correct|exactly|of course|indeed|affirmative|(?:please )?do (?:it|that|so)|absolutely|definitely|certainly|i agree|{IT} is (?:right|correct|fine|good|great|perfect|okay|better)|fine|good|great|perfect|excellent|very good|good job|well done|looks good|sounds good|nice|thanks|better|much better|that one",
    "no": rf"no+(?: (?:thanks|thank you|it is not|not (?:that|like that|this way)))?|not (?:that|like that|this way|good|right|correct)|wrong|incorrect|negative|certainly not|of course not|{IT} is (?:wrong|not (?:right|good|correct|it|what i (?:want|meant)))|i (?:not )?disagree|please not|rather not",
}  # fmt: skip
WHOLE: dict[Intent, re.Pattern[str]] = {intent: re.compile(phrase) for intent, phrase in PHRASES.items()}
KNOWS: dict[Intent, History] = {"go on": "rest", "retry": "failed", "undo": "last"}
ORDER: tuple[Intent, ...] = ("stop", "go on", "done", "undo", "retry", "skip", "home", "yes", "no")


def bare(text: str) -> str:
    """Without punctuation and politeness."""
    words = " ".join(re.sub(r"[.,;!?]", " ", text).split())
    words = re.sub(rf"\b(?:(?:could|can|would|will) you|i (?:want|would like) you to|lets|{POLITE})\b", " ", words)
    return " ".join(words.split())


def control(text: str) -> Intent | None:
    """The intent of a text that is nothing but it; a leading yes or no counts only where it stands alone."""
    words = bare(text) or " ".join(re.sub(r"[.,;!?]", " ", text).split())
    if words in ("ok", "okay", "alright"):
        return "yes"
    while words:
        for intent in ORDER:
            if WHOLE[intent].fullmatch(words):
                return intent
        shorter = re.sub(r"^(?:no|yes)\b ?", "", words)
        if shorter == words:
            return None
        words = shorter
    return None


def halts(text: str) -> bool:
    """Whether it begins with a word that stops, whatever else it says."""
    return bool(re.match(r"(?:no,? )*(?:stop|halt|freeze|whoa+|woah+|abort|emergency|no no no)\b", bare(text)))


NOISE = re.compile(
    r"\b(?:(?:almost|nearly|not|not quite|not yet|just about|i am not|you are not|we are not|that is not|it is not)(?: quite)?"
    r" (?:done|there|finished|ready|right|perfect|good|enough yet|it)(?: yet| at all)?|not yet|yet\b"
    r"|(?:i|you|we) (?:said|meant|mean|say|think|thought|told you|asked)(?: yes| no| that)?(?: to)?|that is better|that is good|much better"
    r"|good (?:so far|but)|(?:that|this|it) is (?:wrong|no good|not good|not right|okay|fine)(?! (?:way|one))"
    r"|(?<!if )(?<!when )(?<!while )(?<!because )it is (?:very )?(?:hot|full|fragile|sharp|heavy|wet)(?= ?[,.;!]?$)"
    r"|of (?:the|its) middle|next time|you should have|should have|would be (?:better|nicer|good|great)|is better|looks better)\b"
)  # fmt: skip
"""What says nothing about how."""
ONWARD = re.compile(
    r"\b(?:carry on|continue|keep going|go on(?! (?:the|a|an|my|your|this|that|to)\b)|not stop(?: there| here)?|resume|go ahead|keep on)\b(?! further)"
)
FAILED = re.compile(
    r"\b(?:you (?:missed|dropped|lost)(?: it| @\d+)?|it (?:slipped|fell(?: down)?|failed|not work)|that (?:failed|not work)|(?:try|do) (?:it |that )?again|once more|retry)\b"
)
HELD = re.compile(
    r"^[ ;,.!]*(?:stop|wait|halt|whoa+|woah+|hold it|hold on|no|yes|okay|done|(?:that|it) is (?:done|it)|no no no|alright)(?=[ ;,.!]|$)"
)
