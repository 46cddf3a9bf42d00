#!/usr/bin/env python3
"""Times `kstack init` against `copier copy` of an equally large template.

The template is what `kstack init` writes, byte for byte, except that the answers in it (name, domain, repository,
bucket, region) are values for copier to fill in. Only files that hold one are templates, the others are copied, as
authors of templates do it; kstack renders more of them. Runs are paired, one after the other, into folders that do
not exist; git is left out on both sides. What both wrote is compared first.

    python3 benches/copier.py [--runs 11] [--place DIR] [KSTACK]

KSTACK is the program to measure, `target/release/kstack` without it. copier is installed into a Python environment
in the cache folder the first time.
"""

import argparse
import filecmp
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv

COPIER = "9.19.1"

# Answer, and the text that stands for it in what kstack writes.
ANSWERS = {
    "platform": "benchplatform",
    "domain": "bench.domain.example",
    "repository": "https://git.bench.example/acme/platform",
    "bucket": "bench-state-bucket",
    "region": "eu-west-3",
}

FLAGS = [
    "--name", ANSWERS["platform"],
    "--cluster", f"aws:gc0:{ANSWERS['region']}",
    "--state", f"s3://{ANSWERS['bucket']}",
    "--base-domain", ANSWERS["domain"],
    "--repository", ANSWERS["repository"],
    "--no-git", "--quiet",
]


def copier_program() -> pathlib.Path:
    cache = os.environ.get("KSTACK_CACHE_DIR") or os.path.expanduser("~/.cache/kstack")
    folder = pathlib.Path(cache) / f"copier-{COPIER}"
    program = folder / "bin" / "copier"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", f"copier=={COPIER}"], check=True)
    return program


def make_template(rendered: pathlib.Path, template: pathlib.Path) -> None:
    """Turns a platform into a template of copier that renders to it."""
    questions = "".join(f"{name}:\n  type: str\n" for name in ANSWERS)
    template.mkdir()
    # Delimiters that HCL, YAML and workflows leave alone; files keep their names.
    (template / "copier.yml").write_text(
        "_subdirectory: files\n"
        "_envops:\n  block_start_string: '<%'\n  block_end_string: '%>'\n  variable_start_string: '<<='\n"
        "  variable_end_string: '=>>'\n  comment_start_string: '<%#'\n  comment_end_string: '#%>'\n"
        "  keep_trailing_newline: true\n" + questions
    )
    for path in sorted(path for path in rendered.rglob("*") if path.is_file()):
        name = str(path.relative_to(rendered))
        text = path.read_text()
        for answer, value in ANSWERS.items():
            name = name.replace(value, f"<<= {answer} =>>")
            text = text.replace(value, f"<<= {answer} =>>")
        suffix = ".jinja" if "<<=" in text else ""
        target = template / "files" / (name + suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def differences(one: pathlib.Path, two: pathlib.Path) -> list[str]:
    names = lambda root: {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    mine, theirs = names(one), names(two)
    _, differ, errors = filecmp.cmpfiles(one, two, mine & theirs, shallow=False)
    return sorted((mine ^ theirs) | set(differ) | set(errors))


def timed(command: list[str], folder: pathlib.Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    return seconds


def row(what: str, values: list[float], unit: float = 1000, suffix: str = " ms") -> None:
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"| {what} | {len(values)} | {low * unit:.1f}{suffix} | {middle * unit:.1f}{suffix} | {high * unit:.1f}{suffix} |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=11)
    arguments.add_argument("--place", help="folder to write below, such as /dev/shm (the temporary folder)")
    arguments.add_argument("--engine-manifests", help="Flux's install manifests, instead of the ones in the cache")
    arguments.add_argument("kstack", nargs="?", default="target/release/kstack")
    given = arguments.parse_args()
    kstack, copier = pathlib.Path(given.kstack).resolve(), copier_program()
    flags = FLAGS + (["--engine-manifests", os.path.abspath(given.engine_manifests)] if given.engine_manifests else [])
    with tempfile.TemporaryDirectory(dir=given.place) as place:
        folder = pathlib.Path(place)
        ours = [str(kstack), "init", "ours", *flags]
        timed(ours, folder)
        make_template(folder / "ours", folder / "template")
        data = [text for name, value in ANSWERS.items() for text in ("--data", f"{name}={value}")]
        theirs = [str(copier), "copy", "--quiet", "--defaults", *data, "template", "theirs"]
        timed(theirs, folder)
        if different := differences(folder / "ours", folder / "theirs"):
            sys.exit("copier renders something else: " + ", ".join(different[:5]))
        files = [path for path in (folder / "ours").rglob("*") if path.is_file()]
        lines = sum(path.read_bytes().count(b"\n") for path in files)
        print(f"{len(files)} files, {lines} lines, {sum(path.stat().st_size for path in files)} bytes\n")
        mine, his = [], []
        for _ in range(given.runs):
            for name, command, times in (("ours", ours, mine), ("theirs", theirs, his)):
                shutil.rmtree(folder / name)
                times.append(timed(command, folder))
        print("| what | runs | min | median | max |\n|---|---|---|---|---|")
        row("`kstack init`", mine)
        row("`copier copy`", his)
        row("copier / kstack, pair by pair", [his / mine for mine, his in zip(mine, his)], 1, "×")


if __name__ == "__main__":
    main()
