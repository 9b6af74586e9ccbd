#!/usr/bin/env python3
"""Packs the Python package, the library and the program as a wheel, which auditwheel then completes.

    make_wheel.py --build build --output build/wheel/raw    # prints the wheel's path
"""

import argparse
import base64
import hashlib
import pathlib
import re
import subprocess
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TAG = "py3-none-linux_x86_64"

METADATA = """\
Metadata-Version: 2.1
Name: bertune
Version: {version}
Summary: Fine-tune BERT on your own data, and use it; native, without dependencies
License: Apache-2.0
Requires-Python: >=3.9
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: Free Threading
Classifier: Typing :: Typed
Provides-Extra: sklearn
Requires-Dist: scikit-learn>=1.3; extra == "sklearn"
Description-Content-Type: text/markdown

{description}"""

WHEEL = f"Wheel-Version: 1.0\nGenerator: make_wheel.py\nRoot-Is-Purelib: false\nTag: {TAG}\n"
ENTRY_POINTS = "[console_scripts]\nbertune = bertune.__main__:main\n"


def stripped(path, folder):
    copy = folder / path.name
    subprocess.run(["strip", "-o", copy, path], check=True)
    return copy.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    args = parser.parse_args()
    project = HERE.parent
    version = re.search(r"project\(bertune VERSION (\S+)", (project / "CMakeLists.txt").read_text()).group(1)

    info = f"bertune-{version}.dist-info"
    files = {f"bertune/{path.name}": path.read_bytes() for path in sorted((HERE / "bertune").iterdir()) if path.is_file()}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files["bertune/lib/libbertune_c.so.1"] = stripped(args.build / "src/libbertune_c.so.1", folder)
        files["bertune/bin/bertune"] = stripped(args.build / "bertune", folder)
    description = (project / "docs/python.md").read_text()
    files[f"{info}/METADATA"] = METADATA.format(version=version, description=description).encode()
    files[f"{info}/WHEEL"] = WHEEL.encode()
    files[f"{info}/entry_points.txt"] = ENTRY_POINTS.encode()
    files[f"{info}/LICENSE"] = (project / "LICENSE").read_bytes()

    def entry(path, data):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        return f"{path},sha256={digest},{len(data)}\n"

    record = "".join(entry(path, data) for path, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    args.output.mkdir(parents=True, exist_ok=True)
    wheel = args.output / f"bertune-{version}-{TAG}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, data in files.items():
            one = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))  # the same bytes whenever it is made
            one.external_attr = (0o755 if path.startswith(("bertune/bin/", "bertune/lib/")) else 0o644) << 16
            one.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(one, data)
    print(wheel)


if __name__ == "__main__":
    main()
