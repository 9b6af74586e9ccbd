#!/usr/bin/env python3
"""Writes src/text/unicode/unicode_tables.cpp: what Transformers' fast tokenizers do with each code point.

They work by Unicode tables of their own, old ones for BERT's and newer ones for the regular expression of byte-level
BPE, so their behaviour is asked for, code point by code point, instead of being derived from a version of Unicode.
Needs the Python package `tokenizers`:

    python3 tools/make_unicode_tables.py > src/text/unicode/unicode_tables.cpp
"""

import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
BITS = ["space", "removed", "cjk", "mark", "punctuation", "word", "decomposes", "lowers", "orders", "letter",
        "number"]


def bert(**options):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **options}).normalize_str


def clean_classes():
    clean = bert(clean_text=True)
    removed, space = set(), set()
    for c in CODE_POINTS:
        result = clean("a" + chr(c) + "b")
        if result == "ab":
            removed.add(c)
        elif result == "a b":
            space.add(c)
        else:
            assert result == "a" + chr(c) + "b", hex(c)
    return removed, space


def whitespace_and_punctuation():
    split = pre_tokenizers.BertPreTokenizer()
    white, punctuation = set(), set()
    for c in CODE_POINTS:
        pieces = [piece for piece, _ in split.pre_tokenize_str("a" + chr(c) + "b")]
        if pieces == ["a", "b"]:
            white.add(c)
        elif pieces == ["a", chr(c), "b"]:
            punctuation.add(c)
        else:
            assert pieces == ["a" + chr(c) + "b"], hex(c)
    return white, punctuation


def decompositions():
    nfd = normalizers.NFD().normalize_str
    found = {c: nfd(chr(c)) for c in CODE_POINTS}
    table = {c: text for c, text in found.items() if text != chr(c)}
    hangul = {c: text for c, text in table.items() if 0xAC00 <= c <= 0xD7A3}
    assert len(hangul) == 11172
    for c, text in hangul.items():
        s = c - 0xAC00
        expected = chr(0x1100 + s // 588) + chr(0x1161 + s % 588 // 28) + (chr(0x11A7 + s % 28) if s % 28 else "")
        assert text == expected, hex(c)
    return {c: text for c, text in table.items() if c not in hangul}


def combining_classes(decomposed):
    """Canonical combining classes as far as order shows them: by swapping with marks of known class."""
    import unicodedata

    nfd = normalizers.NFD().normalize_str
    candidates = [
        c
        for c in CODE_POINTS
        if c not in decomposed
        and not 0xAC00 <= c <= 0xD7A3
        # 1 is the lowest class and 240 the highest: whatever has a class swaps with one of the two
        and (nfd("a" + chr(c) + "\u0334") != "a" + chr(c) + "\u0334" or nfd("a\u0345" + chr(c)) != "a\u0345" + chr(c))
    ]
    probes = {}
    for c in candidates:
        probes.setdefault(unicodedata.combining(chr(c)), c)
    probes.pop(0, None)
    classes = {}
    for c in candidates:
        below = [p for p, probe in probes.items() if nfd("a" + chr(c) + chr(probe)) != "a" + chr(c) + chr(probe)]
        above = [p for p, probe in probes.items() if nfd("a" + chr(probe) + chr(c)) != "a" + chr(probe) + chr(c)]
        equal = [p for p in probes if p not in below and p not in above]
        assert len(equal) == 1 and all(p < equal[0] for p in below) and all(p > equal[0] for p in above), hex(c)
        classes[c] = equal[0]
    return classes


def nonspacing_marks(decomposed):
    strip = bert(strip_accents=True)
    return {
        c
        for c in CODE_POINTS
        if c not in decomposed and not 0xAC00 <= c <= 0xD7A3 and strip("a" + chr(c) + "a") == "aa"
    }


def lower_case():
    lower = bert(lowercase=True)
    found = {c: lower(chr(c)) for c in CODE_POINTS}
    return {c: text for c, text in found.items() if text != chr(c)}


def word_characters():
    """What may not stand beside an added token that has single_word set."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("<>", single_word=True, normalized=False)])
    word = set()
    for start in range(0, len(CODE_POINTS), 4096):
        block = CODE_POINTS[start : start + 4096]
        for c, encoding in zip(block, tokenizer.encode_batch(["<>" + chr(c) for c in block])):
            if 1 not in encoding.ids:
                word.add(c)
    return word


def letters_and_numbers(white):
    """What \\p{L} and \\p{N} match in the regular expression of byte-level BPE; its \\s must be `white`."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters, numbers = set(), set()
    for c in CODE_POINTS:
        begins = [begin for _, (begin, _) in split.pre_tokenize_str("a" + chr(c) + "1!" + chr(c) + "!")]
        if begins == [0, 2, 3, 4, 5]:  # aC 1 ! C !
            letters.add(c)
        elif begins == [0, 1, 3, 4, 5]:  # a C1 ! C !
            numbers.add(c)
        elif c == 0x20:
            assert begins == [0, 1, 3, 4], begins  # a _1 ! _!
        elif c in white:
            assert begins == [0, 1, 2, 3, 4, 5], hex(c)
        else:
            assert begins == [0, 1, 2, 3], hex(c)  # a C 1 !C!
    return letters, numbers


def padded_as_cjk():
    pad = bert(handle_chinese_chars=True)
    return {c for c in CODE_POINTS if pad(chr(c)) == f" {chr(c)} "}


def ranges_of(bits_of):
    ranges = []
    for c, bits in sorted(bits_of.items()):
        if ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == bits:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, bits])
    return ranges


def array(name, element, items, width=112):
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > width:
            lines.append(line)
            line = "   "
        line += " " + item + ","
    lines.append(line)
    body = "\n".join(lines)
    return f"constexpr std::array<{element}, {len(items)}> {name}{{{{\n{body}\n}}}};\n"


def main():
    removed, space = clean_classes()
    white, punctuation = whitespace_and_punctuation()
    # One bit serves both: what cleaning turns into a space is what the splitting takes for white space, apart from
    # white space that cleaning removes.
    assert space == white - removed, sorted(map(hex, space ^ (white - removed)))
    decomposed = decompositions()
    orders = combining_classes(decomposed)
    marks = nonspacing_marks(decomposed)
    lower = lower_case()
    word = word_characters()
    cjk = padded_as_cjk()
    letters, numbers = letters_and_numbers(white)
    members = [white, removed, cjk, marks, punctuation, word, set(decomposed) | set(range(0xAC00, 0xD7A4)), set(lower),
               set(orders), letters, numbers]
    bits_of = {}
    for bit, codes in enumerate(members):
        for c in codes:
            bits_of[c] = bits_of.get(c, 0) | (1 << bit)
    print(f"{[len(m) for m in members]} {len(ranges_of(bits_of))} ranges", file=sys.stderr)

    lower_runs = []  # first, last, step, difference
    expansions = {c: text for c, text in lower.items() if len(text) != 1}
    assert list(expansions) == [0x130], "a second lower-casing to several code points: the reader knows one"
    for c, text in sorted(lower.items()):
        if c in expansions:
            continue
        difference = ord(text) - c
        run = lower_runs[-1] if lower_runs else None
        if run and run[3] == difference and (c - run[1] == run[2] or (run[0] == run[1] and c - run[1] <= 2)):
            run[2] = c - run[1]
            run[1] = c
        else:
            lower_runs.append([c, c, 1, difference])

    characters, entries = [], []
    for c, text in sorted(decomposed.items()):
        entries.append(f"{{0x{c:X}, {len(characters)}, {len(text)}}}")
        characters.extend(f"0x{ord(x):X}" for x in text)

    out = f"""// Made by tools/make_unicode_tables.py from the behaviour of tokenizers {tokenizers.__version__}. Do not edit.
#include "text/unicode/unicode_tables.h"

#include <array>

namespace bertune::text {{
// clang-format off
namespace {{

"""
    out += array("kPropertyRanges", "PropertyRange",
                 [f"{{0x{a:X}, 0x{b:X}, {bits}}}" for a, b, bits in ranges_of(bits_of)])
    out += "\n" + array("kLowerCaseRuns", "LowerCaseRun",
                        [f"{{0x{a:X}, 0x{b:X}, {step}, {d}}}" for a, b, step, d in lower_runs])
    out += "\n" + array("kCombiningClassRanges", "CombiningClassRange",
                        [f"{{0x{a:X}, 0x{b:X}, {cc}}}" for a, b, cc in ranges_of(orders)])
    out += "\n" + array("kDecompositionCharacters", "char32_t", characters)
    out += "\n" + array("kDecompositions", "Decomposition", entries)
    out += "\n}  // namespace\n// clang-format on\n\n"
    for function, element, name in [
        ("property_ranges", "PropertyRange", "kPropertyRanges"),
        ("lower_case_runs", "LowerCaseRun", "kLowerCaseRuns"),
        ("combining_class_ranges", "CombiningClassRange", "kCombiningClassRanges"),
        ("decompositions", "Decomposition", "kDecompositions"),
        ("decomposition_characters", "char32_t", "kDecompositionCharacters"),
    ]:
        out += f"std::span<const {element}> {function}() {{ return {name}; }}\n"
    out += "\n}  // namespace bertune::text\n"
    sys.stdout.write(out)


if __name__ == "__main__":
    main()
