"""MLflow's SQLite store, through its own client: how many metrics it takes a second, how large it gets, how soon it finds the best runs."""

import argparse
import json
import multiprocessing
import os
import pathlib
import sqlite3
import statistics
import time

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, RunStatus  # noqa: E402

NAMES = 10


def points(begin, count):
    """The points that arclab's workers report: ten metrics a step."""
    now_ms = int(time.time() * 1000)
    return [Metric(f"metric_{i % NAMES}", 1 / (i + 1), now_ms, i // NAMES) for i in range(begin, begin + count)]


def store(client, run, begin, count):
    if count == 1:
        (point,) = points(begin, 1)
        client.log_metric(run, point.key, point.value, point.timestamp, point.step)
    else:
        client.log_batch(run, metrics=points(begin, count))


def writer(uri, experiment, at_once, seconds, ready, results):
    client = MlflowClient(uri)
    run = client.create_run(experiment).info.run_id
    store(client, run, 0, at_once)
    ready.wait()
    stored, refused, end = at_once, 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            store(client, run, stored, at_once)
            stored += at_once
        except Exception:
            refused += 1
    results.put((stored - at_once, refused))


def make(arguments, uri, client):
    """The client has made the database by now."""
    return {}


def write(arguments, uri, client):
    experiment = client.create_experiment("write")
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(arguments.writers), context.Queue()
    common = (uri, experiment, arguments.at_once, arguments.seconds, ready, results)
    writers = [context.Process(target=writer, args=common) for _ in range(arguments.writers)]
    for process in writers:
        process.start()
    told = [results.get() for _ in writers]
    for process in writers:
        process.join()
    stored, refused = map(sum, zip(*told))
    return {"points_per_second": stored / arguments.seconds, "refused": refused}


def size(arguments, uri, client):
    experiment = client.create_experiment("size")
    run = client.create_run(experiment).info.run_id
    before = arguments.database.stat().st_size
    for begin in range(0, arguments.points, 1000):
        store(client, run, begin, min(1000, arguments.points - begin))
    return {"bytes": arguments.database.stat().st_size - before}


def best(arguments, uri, client):
    """Of many runs with ten metrics each, which are copies of one that the client made."""
    experiment = client.create_experiment("best")
    template = client.create_run(experiment).info.run_id
    store(client, template, 0, NAMES)
    client.set_terminated(template, RunStatus.to_string(RunStatus.FINISHED))
    database = sqlite3.connect(arguments.database)
    for table in ["runs", "tags", "metrics", "latest_metrics"]:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        rows = [dict(zip(columns, row)) for row in database.execute(f"SELECT * FROM {table} WHERE run_uuid = ?", [template])]
        copies = (
            [{**row, "run_uuid": f"{index:032x}", **({"value": index * 7919 % 10007 / 10007} if "metrics" in table else {})}[c] for c in columns]
            for index in range(arguments.runs - 1)
            for row in rows
        )
        database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", copies)
    database.commit()
    told = {}
    for name, condition in [("filtered", "metrics.metric_3 > 0.5"), ("sorted", "")]:
        times = []
        for _ in range(arguments.repeats):
            began = time.perf_counter()
            found = client.search_runs([experiment], condition, order_by=["metrics.metric_3 DESC"], max_results=50)
            times.append(time.perf_counter() - began)
            assert len(found) == min(50, arguments.runs), len(found)
        told[name] = statistics.median(times)
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["make", "write", "size", "best"])
    parser.add_argument("--database", type=pathlib.Path, required=True)
    parser.add_argument("--writers", type=int)
    parser.add_argument("--at-once", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--points", type=int)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--repeats", type=int)
    arguments = parser.parse_args()
    uri = f"sqlite:///{arguments.database}"
    task = {"make": make, "write": write, "size": size, "best": best}[arguments.task]
    print(json.dumps(task(arguments, uri, MlflowClient(uri))))


if __name__ == "__main__":
    main()
