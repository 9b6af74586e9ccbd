"""Writes a checkpoint of BERT-base's shape with random weights: speed does not depend on what a model knows.

usage: random_bert.py VOCABULARY_FOLDER FOLDER

The tokenizer is that of VOCABULARY_FOLDER, which has bert-base-uncased's vocabulary.
"""

import sys

import torch
from transformers import AutoTokenizer, BertConfig, BertModel


def main(vocabulary: str, folder: str) -> None:
    torch.manual_seed(0)
    BertModel(BertConfig()).save_pretrained(folder)  # the defaults are those of bert-base-uncased
    AutoTokenizer.from_pretrained(vocabulary).save_pretrained(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
