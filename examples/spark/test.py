#!/usr/bin/env python3
"""Runs handshakes.py on two workers of a local cluster and compares it with one run of tlswhy.

    pip install pyspark          (needs Java 17)
    python3 examples/spark/test.py target/release/tlswhy [FOLDER]

FOLDER is the project's fixtures where none is named. Outside of `cargo test`, since it needs Java and PySpark.
"""

import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ENDINGS = (".pcap", ".pcapng", ".cap", ".gz", ".zst")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    source = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent.parent / "fixtures"
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        captures, table = work / "captures", work / "table"
        captures.mkdir()
        for number, path in enumerate(sorted(source.rglob("*"))):
            if path.is_file() and path.name.endswith(ENDINGS):
                shutil.copy(path, captures / f"{number:05}-{path.name}")
        whole = next(path for path in sorted(captures.iterdir()) if path.stat().st_size > 2000)
        (captures / "broken.pcap").write_bytes(b"this is no capture at all\n")
        (captures / "empty.pcapng").write_bytes(b"")
        (captures / f"cut-{whole.name}").write_bytes(whole.read_bytes()[:-700])

        expected = collections.Counter()
        unreadable = set()
        for path in sorted(captures.iterdir()):
            with path.open("rb") as capture:
                run = subprocess.run([program, "report", "--format", "jsonl", "-"], stdin=capture, capture_output=True)
            for line in run.stdout.decode().splitlines():
                session = json.loads(line)
                expected[path.name, session["id"], session["outcome"], session["diagnosis"]["cause"]] += 1
            if run.returncode or not run.stdout:
                unreadable.add(path.name)
        assert {"broken.pcap", "empty.pcapng"} <= unreadable, unreadable

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        # Workers are processes of their own, as on a cluster: what is sent to them has to survive it.
        master = os.environ.get("TLSWHY_SPARK_MASTER", "local-cluster[2,1,1024]")
        submit = [
            "spark-submit", "--master", master, "--conf", "spark.ui.enabled=false", "--conf",
            "spark.executor.memory=1g", str(HERE / "handshakes.py"), "--tlswhy", program,
        ]
        if shutil.which(submit[0]) is None:
            import pyspark

            submit[0] = str(pathlib.Path(pyspark.__file__).parent / "bin" / "spark-submit")
        subprocess.run([*submit, str(captures), str(table)], check=True)

        from pyspark.sql import SparkSession

        sys.path.insert(0, str(HERE))
        import handshakes

        spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
        rows = spark.read.parquet(str(table)).collect()
        found = collections.Counter(
            (pathlib.Path(row.capture).name, row.session, row.outcome, row.cause)
            for row in rows if row.session is not None
        )
        assert found == expected, f"missing {expected - found}, too many {found - expected}"
        assert max(found.values()) == 1, "a session has two rows"
        problems = [pathlib.Path(row.capture).name for row in rows if row.problem is not None]
        assert sorted(problems) == sorted(unreadable), (sorted(problems), sorted(unreadable))
        shown = handshakes.failures(spark.read.parquet(str(table)))
        shown.show(12, truncate=False)
        total = sum(row.sessions for row in shown.collect())
        assert total == sum(1 for key in found if key[2] in ("failed", "refused"))
        print(f"{len(found)} sessions, one row each; {len(problems)} captures with a problem; job done")
        spark.stop()


if __name__ == "__main__":
    main()
