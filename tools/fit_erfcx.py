"""Fit the polynomial that src/kernels/cpu/vector_math.h uses for erf.

erf(x) = 1 - exp(-x^2) * erfcx(x) for x >= 0, with erfcx(x) = exp(x^2) * erfc(x) fitted as a polynomial in
t = 1 / (1 + p x), no constant term, so that the largest absolute error of erf over [0, 6] is small (iteratively
re-weighted least squares on Chebyshev nodes). Prints the coefficients, lowest power first, and that error.
Needs numpy and mpmath.
"""
import argparse

import numpy as np
from mpmath import erfc, exp, mp, mpf


def fit(p: float, degree: int, nodes: int = 400, rounds: int = 40) -> tuple[np.ndarray, float]:
    low = 1 / (1 + p * 6.0)
    t = (1 + low) / 2 + (1 - low) / 2 * np.cos((2 * np.arange(nodes) + 1) * np.pi / (2 * nodes))
    x = (1 / t - 1) / p
    target = np.array([float(erfc(mpf(v)) * exp(mpf(v) ** 2)) for v in x])
    powers = np.stack([t ** (i + 1) for i in range(degree)], 1)
    weight = np.ones_like(x)
    for _ in range(rounds):
        coefficients, *_ = np.linalg.lstsq(powers * weight[:, None], target * weight, rcond=None)
        error = np.abs(powers @ coefficients - target) * np.exp(-x * x)
        weight *= 0.3 + error / error.max()
        weight = np.maximum(weight / weight.max(), 1e-6)
    rounded = coefficients.astype(np.float32)
    return rounded, float((np.abs(powers @ rounded.astype(float) - target) * np.exp(-x * x)).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--p", type=float, default=0.4)
    parser.add_argument("--degree", type=int, default=8)
    arguments = parser.parse_args()
    mp.dps = 40
    coefficients, error = fit(arguments.p, arguments.degree)
    print(", ".join(f"{c:.9g}F" for c in coefficients))
    print(f"largest error of erf: {error:.2e}")


if __name__ == "__main__":
    main()
