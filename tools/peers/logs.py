"""Reads exported .eval files with Inspect, whole, header only and by summaries; prints each log's mean."""

import glob
import sys

from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries

files = sorted(glob.glob(sys.argv[1] + "/**/*.eval", recursive=True))
assert files, "no .eval files"
for name in files:
    log, header = read_eval_log(name), read_eval_log(name, header_only=True)
    summaries = read_eval_log_sample_summaries(name)
    assert log.status == "success" and len(log.samples) == len(summaries), name
    scores = [sample.scores["score"].value for sample in log.samples if not sample.error]
    mean = header.results.scores[0].metrics["mean"].value
    assert abs(mean - sum(scores) / len(scores)) < 1e-9, name
    print(f"{log.eval.model} {log.eval.task}: {len(log.samples)} samples, mean {mean:.4f}")
print(f"Inspect reads {len(files)} logs")
