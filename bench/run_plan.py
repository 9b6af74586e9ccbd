#!/usr/bin/env python3
"""Compares the plan of `bertune train --dry-run` with what then happens: time, steps and memory of six configurations.

    bench/run_plan.py --bertune build/bertune --model .cache/all-MiniLM-L6-v2 --train FILE
"""

import argparse
import json
import subprocess
import tempfile

CONFIGURATIONS = [
    ["--batch-size", "16"],
    ["--batch-size", "32"],
    ["--batch-size", "8", "--gradient-accumulation-steps", "4"],
    ["--batch-size", "32", "--gradient-checkpointing"],
    ["--batch-size", "32", "--freeze-layers", "3"],
    ["--batch-size", "32", "--precision", "fp32"],
]


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bertune", default="build/bertune")
    parser.add_argument("--model", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--epochs", default="1")
    options = parser.parse_args()
    print(f"{'configuration':60} {'s planned':>10} {'s':>8} {'error':>7} {'MiB planned':>12} {'MiB':>8} {'steps':>6}")
    for configuration in CONFIGURATIONS:
        with tempfile.TemporaryDirectory() as folder:
            command = [options.bertune, "train", "--model", options.model, "--train", options.train, "--epochs",
                       options.epochs, "--output", folder + "/out", "--json", *configuration]
            plan = run(command + ["--dry-run"])
            result = run(command)
            state = json.load(open(folder + "/out/trainer_state.json"))
            assert state["global_step"] == plan["total_steps"]
            seconds = result["train_runtime"]
            print(f"{' '.join(configuration):60} {plan['seconds']:10.1f} {seconds:8.1f} "
                  f"{plan['seconds'] / seconds - 1:+7.1%} {plan['memory_bytes'] / 2**20:12.0f} "
                  f"{result['train_peak_rss_mib']:8.0f} {plan['total_steps']:6}")


if __name__ == "__main__":
    main()
