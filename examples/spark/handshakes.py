#!/usr/bin/env python3
"""Runs tlswhy over a folder of captures on Apache Spark: one row for each session, as Parquet.

    spark-submit handshakes.py captures/ out/            (or python3 handshakes.py ...)
    spark-submit handshakes.py --query out/              which causes, which peers, since when

Each task pipes one capture into `tlswhy report --format jsonl -`. A capture that cannot be read gives one row with
its `problem`, and does not stop the job. `tlswhy` has to be on every worker (or --tlswhy PATH).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, timezone

from pyspark.sql import SparkSession, functions as F
from pyspark.sql.types import (
    ArrayType, IntegerType, LongType, StringType, StructField, StructType, TimestampType,
)

ENDINGS = (".pcap", ".pcapng", ".cap", ".gz", ".zst")

ROW = StructType([
    StructField("capture", StringType(), False),
    # 1.. in each capture; null in the row of a capture without sessions.
    StructField("session", LongType()),
    StructField("start", TimestampType()),
    StructField("outcome", StringType()),
    StructField("cause", StringType()),
    StructField("side", StringType()),
    StructField("confidence", StringType()),
    StructField("client", StringType()),
    StructField("server", StringType()),
    StructField("server_port", IntegerType()),
    StructField("server_name", StringType()),
    StructField("version", StringType()),
    StructField("client_auth", StringType()),
    StructField("alerts", ArrayType(StringType())),
    StructField("summary", StringType()),
    # The whole session, for what the columns leave out.
    StructField("report", StringType()),
    # Why there is nothing else in this row, or why sessions may be missing behind it.
    StructField("problem", StringType()),
])


def row(capture, **fields):
    return tuple({"capture": capture, **fields}.get(name) for name in ROW.names)


def of_session(capture, line):
    session = json.loads(line)
    # fromisoformat knows no nanoseconds, and Z only from Python 3.11 on.
    seconds, _, fraction = session["start"].rstrip("Z").partition(".")
    start = datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    start = start.replace(microsecond=int((fraction + "000000")[:6]))
    tls, diagnosis, server = session["tls"], session["diagnosis"], session["server"]
    return row(
        capture, session=session["id"], start=start, outcome=session["outcome"], cause=diagnosis["cause"],
        side=diagnosis["side"], confidence=diagnosis["confidence"], client=session["client"]["address"],
        server=server["address"], server_port=server.get("port"), server_name=tls.get("server_name"),
        version=tls.get("version"), client_auth=tls["client_auth"],
        alerts=[alert.get("description", "?") for alert in session["alerts"]],
        summary=diagnosis["summary"], report=line,
    )


def feed(pipe, content):
    try:
        with pipe:
            pipe.write(content)
    except BrokenPipeError:
        pass  # It has seen enough, and says why on standard error.


def sessions(capture, content, command):
    """The rows of one capture. Never raises for what is in it."""
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        except OSError as error:
            # Not the capture's fault: the job has to stop.
            raise RuntimeError(f"cannot run {command[0]}: {error}") from error
        threading.Thread(target=feed, args=(process.stdin, content), daemon=True).start()
        count = 0
        with process.stdout:
            for line in process.stdout:
                count += 1
                yield of_session(capture, line.decode("utf-8").rstrip("\n"))
        status = process.wait()
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    if status != 0:
        yield row(capture, problem=next((line for line in lines if line.startswith("error")), f"status {status}"))
    elif count == 0:
        yield row(capture, problem="no TLS handshake in it")


def empty(spark, folder):
    """Captures without a byte: Spark's file sources pass over them."""
    path = spark._jvm.org.apache.hadoop.fs.Path(folder)
    files = path.getFileSystem(spark._jsc.hadoopConfiguration()).listFiles(path, True)
    while files.hasNext():
        file = files.next()
        if file.getLen() == 0 and file.getPath().getName().endswith(ENDINGS):
            yield row(file.getPath().toString(), problem="the file is empty")


def read(spark, folder, command):
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    files = files.option("pathGlobFilter", "*{" + ",".join(ENDINGS) + "}").load(folder).select("path", "content")
    # A file is a task's smallest unit; more partitions than cores even out their sizes.
    files = files.repartition(max(spark.sparkContext.defaultParallelism * 4, 1))
    rows = files.rdd.flatMap(lambda file: sessions(file.path, bytes(file.content), command))
    return spark.createDataFrame(rows, ROW).unionAll(spark.createDataFrame(list(empty(spark, folder)), ROW))


def failures(table):
    """Which causes, which peers, since when."""
    failed = table.where(F.col("outcome").isin("failed", "refused"))
    return (
        failed.groupBy("cause", "side", "server", "server_port", "server_name")
        .agg(
            F.count("*").alias("sessions"),
            F.countDistinct("client").alias("clients"),
            F.min("start").alias("since"),
            F.max("start").alias("until"),
        )
        .orderBy(F.desc("sessions"), "since")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="captures, or with --query the Parquet table")
    parser.add_argument("table", nargs="?", help="where the Parquet table goes")
    parser.add_argument("--query", action="store_true", help="show which causes, which peers, since when")
    parser.add_argument("--tlswhy", default="tlswhy", help="the program, as the workers find it")
    parser.add_argument("--rows", type=int, default=50, help="rows of the query that are shown")
    arguments = parser.parse_args()
    spark = SparkSession.builder.appName("tlswhy").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    try:
        if arguments.query:
            failures(spark.read.parquet(arguments.folder)).show(arguments.rows, truncate=False)
            return 0
        if not arguments.table:
            parser.error("where shall the table go?")
        command = [arguments.tlswhy, "report", "--format", "jsonl", "-"]
        read(spark, arguments.folder, command).write.mode("errorifexists").parquet(arguments.table)
        table = spark.read.parquet(arguments.table)
        found, broken = table.where("session is not null").count(), table.where("problem is not null").count()
        print(f"{found} sessions, {broken} captures with a problem")
        return 0
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
