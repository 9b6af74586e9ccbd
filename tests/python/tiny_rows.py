"""Rows whose label their words decide, for the tests of C and of Python."""

import csv

WORDS = ["good", "fine", "bad", "poor"]


def rows(count):
    return [(f"the {'film' if i % 3 else 'food'} was {'very ' * (i % 5)}{WORDS[i % 4]}",
             "positive" if i % 4 < 2 else "negative") for i in range(count)]


def write_rows(path, count):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(rows(count))
