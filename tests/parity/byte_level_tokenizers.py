"""Tokenizers of byte-level BPE to compare on: the ways in which RoBERTa's folders and others like them are written."""

import itertools
import json
import pathlib
import random

ADDED = [
    {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False,
     **flags}
    for content, flags in [
        ("<ent>", {"special": True}), ("<left>", {"lstrip": True}), ("<right>", {"rstrip": True}),
        ("<both>", {"lstrip": True, "rstrip": True}), ("solo", {"single_word": True}), ("New York", {"normalized": True}),
        ("Café-Bar", {"normalized": True, "single_word": True}), ("<ent>x", {}), (" spaced ", {}), ("Ġx", {}),
    ]
]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def train(texts, vocab_size):
    """Vocabulary (token: id) and merges of texts, special tokens first as in RoBERTa."""
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=vocab_size, min_frequency=2, special_tokens=SPECIAL, show_progress=False)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
    return model["vocab"], merges


def special_token(content, vocabulary):
    return {"id": vocabulary[content], "content": content, "single_word": False, "lstrip": content == "<mask>",
            "rstrip": False, "normalized": False, "special": True}


def generic(vocabulary, second_type, separators, keeps, **model):
    """tokenizer.json of a tokenizer that no class of its own stands behind, without vocabulary and merges."""
    piece = lambda token, i: {"SpecialToken": {"id": token, "type_id": i}}  # noqa: E731
    text = lambda name, i: {"Sequence": {"id": name, "type_id": i}}  # noqa: E731
    single = [piece("<s>", 0), text("A", 0), piece("</s>", 0)]
    between = [piece("</s>", second_type)] * (separators - 1)
    template = {
        "type": "TemplateProcessing", "single": single,
        "pair": single + between + [text("B", second_type), piece("</s>", second_type)],
        "special_tokens": {t: {"id": t, "ids": [vocabulary[t]], "tokens": [t]} for t in ("<s>", "</s>")},
    }
    level = {"type": "ByteLevel", "add_prefix_space": keeps, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [special_token(t, vocabulary) for t in SPECIAL], "normalizer": None,
        "pre_tokenizer": {**level, "add_prefix_space": model.pop("prefix"), "use_regex": model.pop("use_regex", True)},
        "post_processor": {"type": "Sequence", "processors": [level, template]}, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, **model},
    }


# Of windows that begin within the second text the library leaves the types at 1 whatever the template says; ours have
# those of the template.
WITHOUT_WINDOWS = ["one word"]


def tokenizers(vocabulary):
    """Name: tokenizer_config.json, and tokenizer.json where there is one, with the bytes that the vocabulary is to lack."""
    mask = {str(vocabulary["<mask>"]): {k: v for k, v in special_token("<mask>", vocabulary).items() if k != "id"}}
    roberta = {"tokenizer_class": "RobertaTokenizer", "added_tokens_decoder": mask}
    following = itertools.count(len(vocabulary))
    more = {str(vocabulary[t["content"]] if t["content"] in vocabulary else next(following)): t for t in ADDED}
    stored = {"tokenizer_class": "PreTrainedTokenizerFast", "mask_token": "<mask>", "pad_token": "<pad>"}
    return {
        "roberta": {"config": roberta},
        "prefix": {"config": {**roberta, "add_prefix_space": True}},
        "untrimmed": {"config": {**roberta, "add_prefix_space": True, "trim_offsets": False}},
        "added": {"config": {**roberta, "added_tokens_decoder": {**mask, **more}}},
        "added with prefix": {"config": {**roberta, "add_prefix_space": True, "added_tokens_decoder": {**mask, **more}}},
        "stored": {"config": stored, "json": generic(vocabulary, 1, 1, True, prefix=False)},
        "stored pairs": {"config": stored, "json": generic(vocabulary, 1, 2, False, prefix=True)},
        "one word": {"config": stored, "json": generic(vocabulary, 0, 2, False, prefix=False, use_regex=False)},
        "dropping": {"config": stored, "json": generic(vocabulary, 1, 1, True, prefix=False), "without": "é\nzĠ~"},
        "unknown": {"config": stored, "json": generic(vocabulary, 1, 1, True, prefix=True, unk_token="<unk>"),
                    "without": "é\nz~"},
        "fused": {"config": stored, "json": generic(vocabulary, 1, 1, False, prefix=False, unk_token="<unk>", fuse_unk=True),
                  "without": "é\nz~"},
    }


def cut(vocabulary, merges, without):
    """Both without the tokens of some bytes, and without what is made of them; ids keep their holes."""
    from tokenizers.pre_tokenizers import ByteLevel

    lacking = set(ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(without)[0][0]) if without else set()
    kept = {t: i for t, i in vocabulary.items() if t in SPECIAL or not lacking & set(t)}
    return kept, [m for m in merges if not lacking & set("".join(m))]


def write_folder(folder, spec, vocabulary, merges):
    folder = pathlib.Path(folder)
    vocabulary, merges = cut(vocabulary, merges, spec.get("without", ""))
    (folder / "config.json").write_text('{"model_type": "roberta"}')
    (folder / "tokenizer_config.json").write_text(json.dumps(spec["config"]))
    if "json" in spec:
        model = {**spec["json"]["model"], "vocab": vocabulary, "merges": merges}
        (folder / "tokenizer.json").write_text(json.dumps({**spec["json"], "model": model}))
        return
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in merges), encoding="utf-8")


def random_texts(count, seed):
    """Short strings of what byte-level BPE gets wrong: spaces in odd places, apostrophes, numbers, marks, controls."""
    r = random.Random(seed)
    spaces = list("     \n\n\t\r\x0b\x0c\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000\u200b\u180e\ufeff")
    parts = (
        ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'", "''", "'r", "'l", "’s", "'s's", " 's", "\n's", "!'s", "don't"]
        + ["<s>", "</s>", "<mask>", "<pad>", "<unk>", "< mask>", "<MASK>", "<ent>", "<ent>x", "<left>", "<right>", "<both>",
           "solo", "solos", "New York", "Café-Bar", " spaced ", "Ġx", "Ġ", "é", "z", "~", "\ufffd"]
        + list("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789.,!?\"#$%&()*+-/:;<=>@[]^_`{|}~")
        + list("éßñÅİıſΣςΩЖёאبहिनกำ中文字々〆ガ각한ﬁ①Ⅷ½²٣४四५㊿𝟘𐒠\U0001f600\U0001f468\u200d\u0301\u0327\u0591\u094d\u1885\u2c2f\u1c89")
        + ["\x00", "\x01", "\x1c", "\x1f", "\x7f", "\x80", "\xad", "\u0378", "\ue000", "\U000e0001", "\U0010ffff"]
    )
    texts = []
    for _ in range(count):
        out = []
        for _ in range(r.randrange(0, 30)):
            x = r.random()
            if x < 0.3:
                out.append(r.choice(spaces) * r.choice([1, 1, 1, 2, 3]))
            elif x < 0.7:
                out.append(r.choice(parts))
            elif x < 0.97:
                out.append("".join(r.choices("etaoinshrdlu", k=r.randrange(1, 12))))
            elif x < 0.99:
                out.append(r.choice(parts) * r.randrange(30, 90))
            else:
                c = r.randrange(0x110000)
                out.append(chr(c) if not 0xD800 <= c < 0xE000 else "\ufffd")
        texts.append("".join(out).encode())
        if r.random() < 0.05:  # bytes that are no UTF-8
            cut_at = r.randrange(len(texts[-1]) + 1)
            texts[-1] = texts[-1][:cut_at] + bytes(r.randrange(128, 256) for _ in range(r.randrange(1, 4))) + texts[-1][cut_at:]
    return texts
