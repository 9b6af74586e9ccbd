#!/usr/bin/env python3
"""The peer: trains a checkpoint for a task with Transformers' Trainer, tests it, and prints one line of JSON.

usage: peer_trainer.py --task TASK --model DIR --train FILE --test FILE [--epochs 1] [--batch 32] ...

Files, which Bertune reads as well, by task:
  text-classification, multi-label, regression: text TAB label, or with --pair text TAB text_b TAB label;
    several labels are a|b
  token-classification: JSON Lines {"tokens": [...], "ner_tags": [...]}
  question-answering: SQuAD 1.1 or 2.0, with a null threshold of 0
  pretraining: plain text; random weights, for speed only: no metric but the loss
Printed: train_s (wall time of the training loop only), real tokens a second (padding is not counted), the
metrics of the test file under Bertune's names, peak resident memory in MiB, and seconds of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time

STARTED = time.perf_counter()
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402
import transformers  # noqa: E402
from peer_tasks import PREPARE  # noqa: E402


def training_arguments(arguments: argparse.Namespace) -> transformers.TrainingArguments:
    """The Trainer's own defaults for what is not asked: linear to 0, no warm-up, no decay, clipping at 1."""
    return transformers.TrainingArguments(
        output_dir=arguments.out,
        num_train_epochs=arguments.epochs,
        per_device_train_batch_size=arguments.batch,
        per_device_eval_batch_size=arguments.eval_batch,
        gradient_accumulation_steps=arguments.accumulation,
        learning_rate=arguments.lr,
        seed=arguments.seed,
        bf16=arguments.precision == "bf16",
        torch_compile=arguments.compile,
        # The Trainer's own default is fused since Transformers 5.
        **({"optim": "adamw_torch_fused"} if arguments.fused else {}),
        train_sampling_strategy="group_by_length" if arguments.group_by_length else "random",
        # Logits of the whole vocabulary for every test row would fill the memory.
        prediction_loss_only=arguments.task == "pretraining",
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )


def restricted(model: torch.nn.Module, arguments: argparse.Namespace) -> torch.nn.Module:
    """The model with the parameters frozen that are not to be trained."""
    if arguments.freeze_layers is not None:
        for part in (model.bert.embeddings, *model.bert.encoder.layer[: arguments.freeze_layers]):
            part.requires_grad_(requires_grad=False)
    if arguments.lora_rank:
        import peft  # noqa: PLC0415: takes seconds, and few runs want it

        config = peft.LoraConfig(
            task_type=peft.TaskType.SEQ_CLS,
            r=arguments.lora_rank,
            lora_alpha=2 * arguments.lora_rank,
            target_modules=["query", "value"],
        )
        return peft.get_peft_model(model, config)
    return model


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=PREPARE, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--pair", action="store_true", help="texts come in pairs")
    parser.add_argument("--epochs", type=float, default=1, help="0: only test the model, which has its head")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--eval-batch", type=int, default=64)
    parser.add_argument("--accumulation", type=int, default=1, help="batches a step")
    parser.add_argument("--freeze-layers", type=int, help="keep the embeddings and the first layers")
    parser.add_argument("--lora-rank", type=int, help="train adapters of queries and values, and the head")
    parser.add_argument("--lr", type=float, default=5e-5)
    parser.add_argument("--max-length", type=int, help="default: 384 for question answering, else 128")
    parser.add_argument("--doc-stride", type=int, default=128)
    parser.add_argument("--padding", choices=["longest", "max_length"], default="longest")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--group-by-length", action="store_true")
    parser.add_argument("--fused", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--limit", type=int, help="use only the first rows of each file")
    parser.add_argument("--out", default="/tmp/peer_out")
    arguments = parser.parse_args()
    arguments.max_length = arguments.max_length or (384 if arguments.task == "question-answering" else 128)
    return arguments


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    transformers.set_seed(arguments.seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    prepared = PREPARE[arguments.task](arguments, tokenizer)
    trainer = transformers.Trainer(
        model=restricted(prepared.model, arguments),
        args=training_arguments(arguments),
        train_dataset=prepared.train,
        data_collator=prepared.collator,
    )
    began = time.perf_counter()
    loss = round(trainer.train().training_loss, 4) if arguments.epochs else None
    trained = time.perf_counter()
    output = trainer.predict(prepared.test)
    metrics = prepared.metrics(output.predictions, output.label_ids)
    tested = time.perf_counter()
    tokens = sum(len(feature["input_ids"]) for feature in prepared.train)
    seconds = trained - began
    results = {
        "train_s": round(seconds, 2),
        "examples_per_s": round(len(prepared.train) * arguments.epochs / seconds, 1),
        "tokens_per_s": round(tokens * arguments.epochs / seconds, 1),
        "eval_s": round(tested - trained, 2),
        "loss": loss,
        **metrics,
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "process_s": round(time.perf_counter() - STARTED, 2),
        "mean_tokens": round(tokens / len(prepared.train), 1),
        "n": len(prepared.train),
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
