#!/usr/bin/env python3
"""Writes tests/parity/fixtures/tokenizer.jsonl and tokenizer_vocab.txt: what Transformers' tokenizer makes of tricky texts.

    python3 tests/parity/make_tokenizer_fixture.py

Needs transformers. The vocabulary is made here: special tokens, characters of many scripts, common English pieces.
"""

import json
import os
import pathlib
import random
import sys
import tempfile

os.environ["RUST_BACKTRACE"] = "0"
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from tokenizers import Tokenizer  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

from tokenizer_parity import random_texts, silent_stderr  # noqa: E402

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
WORDS = """the of and to in a is that for it as was with be by on not he i this are or his from at which but have an had
they you were their one all we can her has there been if more when will would who so no she what up out about some
them then into time could now like than other only its over also back after use two how our work first well way even
new want because any these give day most us hello world don can won isn wasn play run walk token word piece model
train tuning fine bert language cafe naive resume uber strasse facade jalapeno istanbul angstrom number people
great small large house water money book school state city night point home room mother area story fact month lot
right study eye job business issue side kind head service friend father power hour game line end member law car
community name president team minute idea body information nothing ago lead social whether back watch together""".split()
SUFFIXES = "s ed ing er est ly ness ment able ful less tion ity al ous ive ize un re in im pre ab ac ad st th ch sh ng".split()
RANGES = [(0x21, 0x7E), (0xA1, 0x17F), (0x300, 0x30C), (0x370, 0x3FF), (0x400, 0x45F), (0x591, 0x593), (0x5D0, 0x5EA),
          (0x621, 0x64A), (0x905, 0x94D), (0xE01, 0xE3A), (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2),
          (0x1E00, 0x1E20), (0x3041, 0x3096), (0x3099, 0x309A), (0x30A1, 0x30FA), (0xAC00, 0xAC10), (0x4E00, 0x4E2F),
          (0xFF01, 0xFF20), (0x1F600, 0x1F604), (0x8D4, 0x8D6), (0x1D165, 0x1D166)]


def make_vocabulary():
    pieces = ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    for first, last in RANGES:
        for c in range(first, last + 1):
            pieces += [chr(c), "##" + chr(c)]
    pieces += WORDS + [w.capitalize() for w in WORDS[:60]] + ["##" + s for s in SUFFIXES] + SUFFIXES
    return list(dict.fromkeys(pieces))


def added(content, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": False, **flags}


ADDED = [
    added("<ent>", special=True), added("<left>", lstrip=True), added("<right>", rstrip=True),
    added("<both>", lstrip=True, rstrip=True), added("solo", single_word=True), added("New York", normalized=True),
    added("Café-Bar", normalized=True, single_word=True), added("<ent>x"),
]

# name: tokenizer_config.json, or "json": parts of a tokenizer.json that stands alone
TOKENIZERS = {
    "uncased": {"config": {"do_lower_case": True}},
    "cased": {"config": {"do_lower_case": False}},
    "lower with accents": {"config": {"do_lower_case": True, "strip_accents": False}},
    "cased without accents": {"config": {"do_lower_case": False, "strip_accents": True}},
    "no Chinese characters": {"config": {"do_lower_case": True, "tokenize_chinese_chars": False}},
    "added": {"config": {"do_lower_case": True}, "added": ADDED},
    "cleaned twice": {"config": {"do_lower_case": True, "clean_up_tokenization_spaces": True}},
    "alone": {"json": {"clean_text": False, "lowercase": True, "strip_accents": None, "handle_chinese_chars": True},
              "max_input_chars_per_word": 8, "added": ADDED},
    "alone cased": {"json": {"clean_text": True, "lowercase": False, "strip_accents": None,
                             "handle_chinese_chars": True}, "max_input_chars_per_word": 100},
}

TEXTS = [
    "", " ", "\t\r\n", "hello world", "Hello, World!", "don't can't won't isn't", "HELLO  WORLD\n\n", "unplayable runningly",
    "café Café cafe\u0301 CAFÉ", "naïve façade jalapeño Ångström Åland", "straße STRASSE ẞ ß", "İstanbul Iıİi", "ΣΑΣ σας ς Σ",
    "a\u0000b a\ufffdb a\u200bb a\u00adb", "a\u0001b\u001fc\u007fd\u0085e", "x\u00a0y\u2003z\u3000w\u2028v\u2029u\u1680t",
    "中文字符 ab中cd 一丁七", "\uf900\ufa30 \U0002f800 \U00020000 \U0002b820 \U0002b920", "がぎぐ ガ ぱ カ\u3099 か\u309a", "한국어 각 가 \u1100\u1161\u11a8",
    "שָׁלוֹם אֵ\u0591", "हिन्दी नमस्ते", "ภาษาไทย กำ ก\u0e38", "Ёлка Йод й\u0306 и\u0306", "e\u0301\u0323 ẹ\u0301 \u0323\u0301e \u0344a",
    "\u0301a \u0301 \u0301\u0302 a\u0301\u0301\u0301b", "a\u0345\u0301\u0334b q\u0307\u0323 q\u0323\u0307", "\u0f73\u0f72 \u0f75\u0f71 \u0f81\u0f80",
    "\U0001d15e\U0001d165 \U0001d166\U0001d165\u0323x", "\u08d4a b\u08d5\u0301", "😀😃 👨\u200d👩\u200d👧 👍🏽 🇩🇪", "①② Ⅷ ﬁne ﬂow ™ ℃",
    "$1,234.56 50% #tag @user a_b a-b a+b=c <b> ~ ` ^ |", "“quotes” ‘single’ — – … « » ¿ ¡ § ·", "http://example.com/a?b=c&d=e",
    "[SEP]", "a [SEP] b", "a[SEP]b[MASK]", "[sep] [ SEP ] [SEP", "[CLS][UNK][PAD] [MASK].", "##ing ## a##b", "[unused0] [unused1]x",
    "<ent> a<ent>b <ent>x", "a <left> b <right> c <both> d  <both>  <both>e", "solo solos (solo) _solo solo9 solo.", "new york New York NEW  YORK newyork",
    "café-bar CAFÉ-BAR xcafé-bar cafe-bars", "<right>   <left>", "<both>\u2003<right>\u3000 a",
    "a" * 100, "a" * 101, "é" * 100, "é" * 101, "e\u0301" * 100 + " " + "e\u0301" * 101, "wordword" + "ing" * 40, "the" * 33 + "s",
    "abcdefg abcdefgh abcdefghi", "qwzx xqzw zzzz", "The quick brown fox jumps over the lazy dog.", "I'm sure they've won't; we're it's",
    "line one\nline two\r\nline three", "mixed中the文of字", "a.b.c...d!!!e??", "ſtreet K kelvin Å", "x\U000e0001y \U000f0000z \ue000w \u0378v \U0010fffft",
    "tab\tseparated\x0bvalues\x0c.", "१२३ ٣٤٥ 一二三 ４５６", "ÀÉÎÕÜ àéîõü ĀĒĪŌŪ", "ǅ ǆ Ǆ ŉ ǰ ΐ", "ᾳ ᾼ ᾈ ὒ", "﷽ ㈱ ㋿", "\u0958 \u09dc \u0fb9",
]
INVALID = [b"a\xffb", b"caf\xc3", b"\xe4\xb8 x", b"\xed\xa0\x80y", b"\xf0\x9f\x98 z \xf4\x90\x80\x80", b"\x80\xbf a\xc0\xafb", b"\xc3\xa9\xff\xc3\xa9 the"]


def encoding_json(e):
    words = [-1 if w is None else w for w in e.word_ids]
    return {"ids": e.ids, "types": e.type_ids, "offsets": [x for o in e.offsets for x in o], "words": words,
            "mask": e.special_tokens_mask}


def build(name, spec, vocabulary, scratch):
    if "json" in spec:
        vocab = {token: i for i, token in enumerate(vocabulary)}
        tokens = [{"id": vocab[t], **added(t, special=True)} for t in vocabulary[:7] if not t.startswith("[unused")]
        tokens += [{"id": len(vocab) + i, **t} for i, t in enumerate(spec.get("added", []))]
        special = {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}
        piece = lambda t, i: {"SpecialToken": {"id": t, "type_id": i}}  # noqa: E731
        text = lambda t, i: {"Sequence": {"id": t, "type_id": i}}  # noqa: E731
        single = [piece("[CLS]", 0), text("A", 0), piece("[SEP]", 0)]
        file = {
            "version": "1.0", "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0}, "padding": None,
            "added_tokens": tokens, "normalizer": {"type": "BertNormalizer", **spec["json"]},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "TemplateProcessing", "single": single,
                               "pair": single + [text("B", 1), piece("[SEP]", 1)], "special_tokens": special},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": spec["max_input_chars_per_word"]},
        }
        backend = Tokenizer.from_str(json.dumps({**file, "model": {**file["model"], "vocab": vocab}}))
        backend.no_truncation()
        return {"tokenizer": name, "json": file}, backend, lambda ids, skip: backend.decode(ids, skip_special_tokens=skip)
    folder = scratch / name.replace(" ", "-")
    folder.mkdir()
    config = {"tokenizer_class": "BertTokenizer", **spec["config"]}
    if "added" in spec:
        config["added_tokens_decoder"] = {str(len(vocabulary) + i): t for i, t in enumerate(spec["added"])}
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return ({"tokenizer": name, "config": config}, tokenizer.backend_tokenizer,
            lambda ids, skip: tokenizer.decode(ids, skip_special_tokens=skip))


def cases(name, backend, decode):
    r = random.Random(name)
    fuzz = [t for t in random_texts(400, 11)[:60 if name in ("uncased", "cased", "added") else 25]]
    for raw in [t.encode() for t in TEXTS] + INVALID + fuzz:
        text = raw.decode("utf-8", "replace")
        given = {"text": text} if text.encode() == raw else {"bytes": raw.hex()}
        yield {"on": name, **given, "windows": [encoding_json(backend.encode(text))]}
        if name == "uncased" and r.random() < 0.2:
            yield {"on": name, **given, "add_special_tokens": False,
                   "windows": [encoding_json(backend.encode(text, add_special_tokens=False))]}
    if name in ("uncased", "added"):
        long = ["a b c d e f g h i j k", "the people of the world", "hello", "", "unplayable café running", "x [SEP] y. z!"]
        for strategy in ("longest_first", "only_first", "only_second"):
            for max_length in (3, 4, 6, 9):
                for stride in (0, 1, 3):
                    first, second = r.choice(long), r.choice(long + [None])
                    inputs = [first] if second is None else [first, second]
                    case = {"on": name, "text": first, "max_length": max_length, "stride": stride, "strategy": strategy}
                    if second is not None:
                        case["pair"] = second
                    try:
                        backend.enable_truncation(max_length, stride=stride, strategy=strategy)
                    except Exception:  # a stride that is too long for any text
                        continue
                    try:
                        e = backend.encode(*inputs)
                        case["windows"] = [encoding_json(x) for x in [e, *e.overflowing]]
                    except BaseException:
                        case["windows"] = None
                    yield case
        backend.no_truncation()
    for ids in ([], [4, 5], *(backend.encode(t).ids for t in TEXTS[3:12] + ["I'm sure they've won't; we're it's do not",
                                                                       "a ' b . c ? d ! e , n't 'm 's 've 're"])):
        for skip in (True, False):
            yield {"on": name, "ids": ids, "skip": skip, "decoded": decode(ids, skip)}


def main():
    vocabulary = make_vocabulary()
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / "tokenizer_vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch, open(FIXTURES / "tokenizer.jsonl", "w", encoding="utf-8") as out:
        for name, spec in TOKENIZERS.items():
            header, backend, decode = build(name, spec, vocabulary, pathlib.Path(scratch))
            with silent_stderr():
                for line in [header, *cases(name, backend, decode)]:
                    out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
