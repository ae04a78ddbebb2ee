"""The command that lets a person correct a robot in words."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from embodied.arguments import Pairs, options


@dataclass
class Console:
    """Tell a simulated robot what to do and correct it in words; what you meant is kept for the next time.

    With --script, or with lines from a pipe, it is not asked but told. Exit codes: 0 all was done; 1 something could
    not be done; 2 the command line is wrong; 3 a question was left open; 130 interrupted.
    """

    env: str = "tabletop"
    """tabletop (a household: drawer, mugs, glasses, cutlery, a rack, a person) or dressing."""
    task: str = ""
    """A scene of this task of the environment; a mixed one if not given."""
    script: Path | None = None
    """A conversation: one line per utterance, "[0.8] slower" after 0.8 s of motion, "#" for comments."""
    memory: Path = Path("runs/console/memory.sqlite")
    """Where lessons are kept; ":memory:" forgets them at the end."""
    transcript: Path | None = None
    """Every event as JSON Lines; transcript.jsonl beside the memory if not given."""
    record: Path | None = None
    """Append the session's motion to this data set; what corrections asked for is marked as a person's, which
    `embodied label --labeler takeovers` makes preferences of."""
    user: str = ""
    """Who speaks; lessons are the speaker's own."""
    seed: int = 0
    split: str = "train"
    pace: float = 1.0
    """How often as fast as real time the robot moves; scripts do not wait."""
    model: Pairs = field(default_factory=dict)
    """A language model for what the grammar does not understand: NAME VALUE ..., such as
    `model NAME base_url ADDRESS key_env NAME`."""
    sentences: Path | None = None
    """A folder with a sentence model of `transformers`: lessons are also compared by what was said. Words alone if not
    given."""
    clip: str = ""
    """A CLIP model (an architecture, or a folder): lessons are also compared by what things look like."""
    yes: bool = False
    """Do not ask before sentences leave this machine."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied import plugins
        from embodied.console import converse
        from embodied.console_commands import Desk
        from embodied.console_script import lines, play
        from embodied.correcting import Session
        from embodied.correction_footage import record as recorded
        from embodied.keeping import Remembering
        from embodied.memory import Memory
        from embodied.transcript import Transcript

        make = plugins.load(plugins.find(plugins.load("envs:BODIES"), self.env, "environment"))
        body = make(self.task, self.split, self.seed)
        kept = str(self.memory) != ":memory:"
        path = self.transcript or (self.memory.parent / "transcript.jsonl" if kept else None)
        with ExitStack() as open_:
            place = self.memory if kept else Path(open_.enter_context(TemporaryDirectory())) / "memory.sqlite"
            memory = open_.enter_context(Memory(place, user=self.user, robot=self.env, encoder=self.encoder()))
            transcript = open_.enter_context(Transcript(path))
            run = f"{path}:{transcript.count}"
            session = Session(
                body, Remembering(memory, run, *self.eyes(body)), transcript, user=self.user, robot=self.env,
                model=self.listener(), run=run,
            )  # fmt: skip
            desk = Desk(session, memory, path)
            if self.script is None and sys.stdin.isatty():
                converse(desk, pace=self.pace)
                code = 0
            else:
                source = sys.stdin if self.script is None else self.script.read_text().splitlines()
                code = play(desk, lines(source), self.tell)
            found = {"exit": code, "state": session.state, "said": len(transcript.of("said")),
                     "lessons": len(memory.lessons()), "seconds": round(session.seconds, 2)}  # fmt: skip
            if self.record is not None:
                task = session.program.sentence or self.task
                found["recorded"] = recorded(body, session.spans.all(session.clock()), task, self.record)
        if path is not None:
            found["transcript"] = str(path)
        return found

    def tell(self, who: str, words: str) -> None:
        """Show one turn of the conversation."""
        if not self.json:
            print(f"{who + ':':<8}{words}", flush=True)

    def encoder(self) -> Any:
        """What compares sentences; None for words alone."""
        if self.sentences is None:
            return None
        from embodied.similarity import SentenceEncoder

        return SentenceEncoder(self.sentences)

    def eyes(self, body: Any) -> list[Any]:
        """What looks at things, if a model for it was named."""
        if not self.clip:
            return []
        from embodied.openclip import load_clip
        from embodied.sight import eye

        return [eye(body, load_clip(self.clip))]

    def listener(self) -> Any:
        """The model behind the grammar; None where none was named."""
        if not self.model:
            return None
        from embodied.arguments import agree
        from embodied.models_openai import Endpoint, OpenAIModel

        model = OpenAIModel(Endpoint(**options(self.model)))
        if not agree(self.yes, "What you say")(model.destination):
            raise ValueError("nothing is sent; leave --model out")
        return model
