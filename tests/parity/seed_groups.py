"""How often equal settings, each trained with several seeds, are called different by the test that `bertune compare` makes.

usage: seed_groups.py [--sets 4000]

The test is written anew with numpy and scipy (insight_parity.py compares the program with it). Rows have different difficulty,
which all seeds share, and each seed has luck of its own. Exits with 1 where more than 5.5% of equal settings are called different.
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np
from scipy.stats import t as student

# Seeds of each side, rows, deviation of the difficulty of rows, and of the luck of seeds (both in log-odds).
SETTINGS = [(5, 5, 200, 3, 0.0), (5, 5, 200, 3, 0.3), (5, 5, 200, 1, 0.3), (5, 5, 1000, 3, 0.2), (3, 3, 200, 3, 0.2),
            (3, 3, 500, 2, 0.0), (2, 2, 300, 3, 0.2), (10, 10, 200, 3, 0.2), (5, 3, 300, 3, 0.3)]


def difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """The difference of means of [seeds, rows], its standard error, and the degrees of freedom."""
    of_first, of_second = (side.mean(1).var(ddof=1) / len(side) for side in (first, second))
    rows = first.shape[1]
    of_rows = (second.mean(0) - first.mean(0)).var(ddof=1) / rows
    own = [side - side.mean(1, keepdims=True) for side in (first, second)]  # without the luck of a seed
    both = sum(side.var(0, ddof=1).sum() / len(side) for side in own) / rows**2
    variance = max(of_first + of_second + of_rows - both, of_first + of_second, of_rows)
    spread = of_first**2 / (len(first) - 1) + of_second**2 / (len(second) - 1) + of_rows**2 / (rows - 1)
    return second.mean() - first.mean(), math.sqrt(variance), variance**2 / spread if spread else math.inf


def draw(random: np.random.Generator, seeds: int, difficulty: np.ndarray, luck: float) -> np.ndarray:
    odds = difficulty + random.normal(0, luck, (seeds, 1)) if luck else np.tile(difficulty, (seeds, 1))
    return (random.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=4000)
    options = parser.parse_args()
    random, worst = np.random.default_rng(1), 0.0
    for first, second, rows, hard, luck in SETTINGS:
        wrong = 0
        for _ in range(options.sets):
            difficulty = random.normal(1.2, hard, rows)
            value, error, degrees = difference(draw(random, first, difficulty, luck), draw(random, second, difficulty, luck))
            wrong += error > 0 and 2 * student.sf(abs(value) / error, degrees) <= 0.05
        worst = max(worst, wrong / options.sets)
        print(f"{first} and {second} seeds, {rows} rows, difficulty {hard}, luck {luck}: {wrong / options.sets:.1%}", flush=True)
    sys.exit(int(worst > 0.055))


if __name__ == "__main__":
    main()
