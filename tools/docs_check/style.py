"""What can be counted in prose. Each check yields (page, line, what)."""

import re

from . import pages, words

LONG_SENTENCE = 30
LONG_PARAGRAPH_WORDS = 80
LONG_PARAGRAPH_SENTENCES = 5


def prose(page):
    for block in page.of("paragraph", "item"):
        yield block, pages.without_code(block.text)


def visible_lines(page):
    """Lines of prose, headings and tables, without code."""
    for block in page.of("paragraph", "item", "heading", "table"):
        # Code is replaced line by line, so that line numbers stay.
        for offset, line in enumerate(block.text.split("\n")):
            yield block.line + offset, pages.without_code(line)


def count_sentences(page):
    return sum(len(pages.sentences(text)) for _, text in prose(page))


def long_sentences(page):
    for block, text in prose(page):
        for sentence in pages.sentences(text):
            count = len(pages.words(sentence))
            if count > LONG_SENTENCE:
                yield block.line, f"{count} words in a sentence: {sentence[:60]!r}"


def long_paragraphs(page):
    for block, text in prose(page):
        count, number = len(pages.words(text)), len(pages.sentences(text))
        if count > LONG_PARAGRAPH_WORDS or number > LONG_PARAGRAPH_SENTENCES:
            yield block.line, f"{count} words in {number} sentences"


def bad_starts(page):
    for block, text in prose(page):
        for sentence in pages.sentences(text):
            if re.match(words.BAD_STARTS, sentence.replace("\n", " ")):
                yield block.line, f"begins with a fragment: {sentence[:60]!r}"


def glossary_words(page):
    for number, line in visible_lines(page):
        for pattern, better in words.PREFERRED:
            for match in re.finditer(pattern, line, flags=re.I):
                yield number, f"{match.group(0)!r}; write: {better}"


def british_spellings(page):
    for number, line in visible_lines(page):
        for match in re.finditer(words.BRITISH, line, flags=re.I):
            yield number, match.group(0)


def spaced_percents(page):
    for number, line in visible_lines(page):
        for match in re.finditer(r"\d %", line):
            yield number, match.group(0)


def openings(page):
    """A page opens with a sentence that says what it is for."""
    blocks = [block for block in page.blocks if block.kind != "heading"]
    if not blocks or blocks[0].kind != "paragraph" or blocks[0].text.lstrip().startswith("`"):
        yield 1, f"opens with {blocks[0].kind if blocks else 'nothing'}"


CHECKS = {
    "sentences over 30 words": long_sentences,
    "long paragraphs": long_paragraphs,
    "sentences that begin with a fragment": bad_starts,
    "words to avoid": glossary_words,
    "British spellings": british_spellings,
    "percent signs behind a space": spaced_percents,
    "pages that do not open with a sentence": openings,
}
