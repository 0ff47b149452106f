"""Jobs that do nothing, carried out by HyperQueue on two cores: prints the seconds from submitting them to the end of the last one."""

import argparse
import json
import time

from hyperqueue import Job
from hyperqueue.cluster import LocalCluster, WorkerConfig

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--jobs", type=int, required=True)
parser.add_argument("--at-once", type=int, required=True)
arguments = parser.parse_args()

cluster = LocalCluster()
cluster.start_worker(WorkerConfig(cores=arguments.at_once))
client = cluster.client()


def carry_out(count):
    job = Job(max_fails=0)
    for _ in range(count):
        job.program(["true"], stdout=None, stderr=None)
    client.wait_for_jobs([client.submit(job)])


carry_out(2)  # The worker has certainly joined then.
began = time.perf_counter()
carry_out(arguments.jobs)
print(json.dumps({"seconds": time.perf_counter() - began}))
cluster.stop()
