#!/usr/bin/env python3
"""A comment begins with a complete sentence, or with a name or a verb for what it stands above.

Fails where the first sentence of a comment is a fragment whose subject the reader has to guess: "Of the text, which
is the beginning", "What a fold leaves", "Drawn once a process". Fine are sentences ("A fold is a part of the rows."),
names ("The rows of a fold."), verbs about the declaration ("Returns the rows.", "Throws Error when ..."), formulas, and
what stands behind code on its line. `--count` prints the number of comments and of fragments.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("include", "src", "bench", "examples")
COMMENT = re.compile(r"\s*//\s?(.*)")
BEHIND_CODE = re.compile(r"\S.*?\s(//\s)")
SENTENCE_END = re.compile(r"(?<!et al)(?<!\.\.)[.:;](?=\s|$)")

# A clause in place of a subject, or a word that stands for one that was not named.
NEVER = set(
    "Of What How Where Which Who Whose Whom Why Whether Whatever Whichever Whoever That Those It Its They Their Them "
    "And But Or Such Else Again".split()
)
# A phrase that is fine with a main clause behind it.
PHRASE = set(
    "From For By In Into On To At Up As With Without Like Over Under Above Below Near Between Beside Besides Before "
    "After Behind Within Beyond Along Across Apart Against Down Out Until Since When While If Once Because Unless "
    "Though Although Instead Only Not Nothing Never Both Even Also Then Here There So More Less".split()
)
PARTICIPLE = re.compile(
    r"(?:[A-Z][a-z]+ed|Made(?! by tools/)|Held|Kept|Drawn|Written|Taken|Given|Lent|Left|Read|Run|Set)"
    r" (?:by|when|where|once|at|in|on|only|now|from|row|apart|again|several|before|after|with|while|until)\b"
)
VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|did|can|cannot|could|may|might|must|will|would|should|gives?|takes?|"
    r"needs?|makes?|goes|go|gets?|begins?|becomes?|keeps?|uses|stays?|means?|remains?|comes?|requests?|loses?)\b"
)
RELATIVE = re.compile(r"\b(?:that|which|who|whose|where|what|whether|how|as|when|while|if|unless)\b[^,:;]*")


def comments(path):
    """(line number, text) of the comments that have lines of their own."""
    start, lines, behind = 0, [], None
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        own = COMMENT.fullmatch(line)
        if own:
            if not lines:
                start, continues = number, behind is not None and line.index("//") == behind
            lines.append(own.group(1))
            continue
        if lines and not continues:
            yield start, " ".join(lines)
        trailing = BEHIND_CODE.search(line)
        behind, lines = trailing.start(1) if trailing else None, []


def first_sentence(text):
    end = SENTENCE_END.search(text)
    return text[: end.start()] if end else text


def is_fragment(text):
    sentence = first_sentence(text)
    word = re.match(r"\W*(\w*)", sentence).group(1)
    if word in NEVER or PARTICIPLE.match(sentence):
        return True
    return word in PHRASE and not has_main_clause(sentence)


def has_main_clause(sentence):
    """Whether a finite verb is left behind the phrase when relative clauses are taken out."""
    return VERB.search(RELATIVE.sub("", sentence.split(" ", 1)[-1])) is not None


def main():
    count, fragments = 0, []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            for number, text in comments(path):
                count += 1
                if is_fragment(text):
                    fragments.append(f'{path.relative_to(ROOT)}:{number}: names no subject: "{first_sentence(text)}"')
    if "--count" in sys.argv[1:]:
        print(f"{count} comments, {len(fragments)} fragments")
        return 0
    print("\n".join(fragments), end="\n" if fragments else "")
    return 1 if fragments else 0


if __name__ == "__main__":
    sys.exit(main())
