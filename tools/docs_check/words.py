"""Words that the pages do without, each with what to write instead. A pattern is matched in prose, not in code."""

# (pattern, what to write)
PREFERRED = [
    (r"\bpeers?\b|\bpeer's\b", "the name: Trainer, ONNX Runtime"),
    (r"\bours\b|\btheirs\b", "Bertune; the name of the other program"),
    (r"\bwe\b|\bour\b", "Bertune, or you"),
    (r"\busual(ly)?\b", "typical, default, common"),
    (r"\banew\b", "again, over"),
    (r"\bbeside\b", "compared with, next to"),
    (r"guessed, and said", "detected and printed"),
    (r"\bguessed\b", "detected"),
    (r"says? otherwise|says? so too", "overrides; has the same effect"),
    (r"by the look of", "detected from"),
    (r"\bso many\b", "N, this many"),
    (r"\bgo(es)? on\b|\bgoing on\b|\bwent on\b", "continue, resume"),
    (r"from nothing\b", "from scratch"),
    (r"random weights that|begins? from random", "is initialized randomly"),
    (r"labels a text\b", "multi-label"),
    (r"number a text\b", "regression"),
    (r"masked words", "masked language modeling"),
    (r"rates? by layer", "layer-wise learning-rate decay"),
    (r"falls? to zero|falls? in a line", "decays to zero"),
    (r"linear maps?\b", "linear layer"),
    (r"relatives? of BERT|BERT's relatives?|\bkin\b", "model families"),
    (r"(?-i:\bhubs?\b)", "Hugging Face Hub"),
    (r"\b(is|are|was|were|be) cut\b|\bwill cut\b|\bcuts texts\b", "truncated"),
    (r"\bflatters?\b", "inflates the scores"),
    (r"contradict(ing|ory) labels?", "conflicting labels"),
    (r"\bthe nearest (name|one)\b", "the closest match"),
    (r"\bshort for\b", "shorthand for"),
    (r"exclude each other", "cannot be combined"),
    (r"\brefused?\b|\brefuses\b", "is not supported; stops with an error"),
    (r"\bsame bits\b|\bto the bit\b|\bno bit\b", "bit-identical"),
    (r"\bmatrix products?\b", "matrix multiplication"),
    (r"innermost tile", "micro-kernel"),
    (r"\bfloor\b", "roofline bound"),
    (r"own limit\b", "roofline bound"),
    (r"numbers that (is|are) none|number that is none", "NaN"),
    (r"\bwants\b|\b(is|are|was|were) wanted\b", "needs, works best with"),
    (r"\bholds?\b(?! out)", "contains"),
    (r"\b(tokens?|texts?|labels?|rows?|steps?|words?|pieces|batch(es)?|windows?|predictions|questions?) a "
     r"(text|batch|step|row|word|mask|token|second|label|sentence|line|label|epoch)\b", "per text, per step"),
    (r"\bone a line\b|\ba row a\b|\ba line a\b|\ban object a line\b|\ba weight a\b", "per line"),
    (r"(?<!there )\b(is|are) no (?!longer|better|more|less|other)[a-z]+\b", "is not a"),
    (r"\btimes (as )?(faster|slower)\b", "N× as fast"),
]

# Sentences that begin with a fragment or an inversion.
BAD_STARTS = r"^(And|Of|Which|Whose|What|Whoever|Whatever|Trained are|Not marked are)\b(?![^?]*\?$)"

BRITISH = (
    r"\b(normali|initiali|tokeni|recogni|regulari|optimi|orthogonali|minimi|maximi|vectori|summari|organi|generali|"
    r"seriali|synchroni|characteri|paralleli|quanti|prioriti|customi|utili|finali|emphasi)(se|ses|sed|sing|sation|sations)\b"
    r"|\b(label|model|cancel|travel|signal|total)l(ed|ing|er)\b"
    r"|\b(behavi|col|neighb|fav|hon|lab)our\w*\b|\blearnt\b|\blicen[c]e\b|\bcentre\b|\bgrey\b|\bper cent\b|\banalys(e|ed|ing)\b"
    r"|\bjudgement\b|\bprogramme\b|\bartefact\w*\b|\bfulfil\b|\bcatalogue\b|\bdefence\b|\bspelt\b"
)
