#!/usr/bin/env bash
# The whole program against the bare pipeline (examples/bare.rs), and against tshark and ssldump where installed,
# on the same capture, one after the other in each of several rounds; prints the best user+system time of each,
# the ratios, and how much sooner two threads end than one.
#   benches/whole.sh CAPTURE [ROUNDS]
# Without a capture it makes one of 400 MB from a fixture, each copy with another client port.
set -euo pipefail
cd "$(dirname "$0")/.."
capture=${1:-target/whole.pcap}
rounds=${2:-3}
cargo build --release --locked --quiet --bin tlswhy --example bare
folder=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')/release
mkdir -p "$(dirname "$capture")"
[ -e "$capture" ] || python3 benches/make.py "$capture"
cat "$capture" > /dev/null
python3 - "$folder" "$capture" "$rounds" <<'PYTHON'
import os, shutil, subprocess, sys, time

folder, capture, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
program = os.path.join(folder, "tlswhy")
ONE, TWO, BARE = "tlswhy report --format jsonl", "the same with two threads", "the bare pipeline"
runs = {
    ONE: [program, "report", "--format", "jsonl", "--jobs", "1", capture],
    TWO: [program, "report", "--format", "jsonl", "--jobs", "2", capture],
    BARE: [os.path.join(folder, "examples", "bare"), capture],
}
for name, other in {"tshark -Y tls.handshake": ["tshark", "-r", capture, "-Y", "tls.handshake"],
                    "ssldump -n": ["ssldump", "-n", "-r", capture]}.items():
    if shutil.which(other[0]):
        runs[name] = other
    else:
        print(f"{other[0]} is not installed: not compared")

def run(arguments):
    """Processor time, time by the clock (both in seconds), resident memory at most (MB)."""
    with open(os.devnull, "w") as null:
        begun = time.monotonic()
        child = subprocess.Popen(arguments, stdout=null, stderr=null)
        _, _, usage = os.wait4(child.pid, 0)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss / 1024

best = {}
for _ in range(rounds):
    for name, arguments in runs.items():
        before = best.get(name, (float("inf"), float("inf"), 0))
        processor, clock, memory = run(arguments)
        best[name] = (min(before[0], processor), min(before[1], clock), max(before[2], memory))
size = os.path.getsize(capture) / 1e6
own = best[ONE][0]
print(f"{capture}: {size:.0f} MB; user and system time, time by the clock, best of {rounds}; resident memory")
for name, (processor, clock, memory) in best.items():
    speed = size / processor
    print(f"{name:<30} {processor:7.2f} s {clock:7.2f} s {speed:6.0f} MB/s {memory:6.0f} MB {processor / own:7.2f} x")
print(f"one thread to the bare pipeline: {own / best[BARE][0]:.2f} x; two threads to one, by the clock: {best[ONE][1] / best[TWO][1]:.2f} x")
PYTHON
