#!/usr/bin/env bash
# The whole program against tshark and ssldump, where installed, on the same capture, one after the other in
# each of several rounds; prints the best user+system time of each, and the ratios.
#   benches/whole.sh CAPTURE [ROUNDS]
# Without a capture it makes one of 400 MB from a fixture, each copy with another client port.
set -euo pipefail
cd "$(dirname "$0")/.."
capture=${1:-target/whole.pcap}
rounds=${2:-3}
cargo build --release --locked --quiet
program=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')/release/tlswhy
[ -e "$capture" ] || python3 benches/make.py "$capture"
cat "$capture" > /dev/null
python3 - "$program" "$capture" "$rounds" <<'PYTHON'
import os, resource, shutil, subprocess, sys

program, capture, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
runs = {"tlswhy report --format jsonl": [program, "report", "--format", "jsonl", "--jobs", "1", capture]}
if shutil.which("tshark"):
    runs["tshark -Y tls.handshake"] = ["tshark", "-r", capture, "-Y", "tls.handshake"]
if shutil.which("ssldump"):
    runs["ssldump -n"] = ["ssldump", "-n", "-r", capture]

def run(arguments):
    with open(os.devnull, "w") as null:
        child = subprocess.Popen(arguments, stdout=null, stderr=null)
        _, _, usage = os.wait4(child.pid, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

best = {}
for _ in range(rounds):
    for name, arguments in runs.items():
        time, memory = run(arguments)
        best[name] = (min(time, best.get(name, (time,))[0]), max(memory, best.get(name, (0, 0))[1]))
size = os.path.getsize(capture) / 1e6
own = best["tlswhy report --format jsonl"][0]
print(f"{capture}: {size:.0f} MB; user and system time, best of {rounds}; resident memory")
for name, (time, memory) in best.items():
    print(f"{name:<30} {time:8.2f} s {size / time:8.0f} MB/s {memory:7.0f} MB {time / own:7.1f} x")
PYTHON
