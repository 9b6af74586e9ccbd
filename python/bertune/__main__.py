"""The program `bertune`, which comes with the package."""

import os
import pathlib
import sys


def main() -> None:
    program = os.environ.get("BERTUNE_PROGRAM") or str(pathlib.Path(__file__).parent / "bin" / "bertune")
    try:
        os.execv(program, ["bertune", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"bertune: {program}: {error.strerror}")


if __name__ == "__main__":
    main()
