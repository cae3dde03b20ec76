"""Reads exported logs with lm-evaluation-harness: its own search for the latest files, its table, its samples."""

import glob
import json
import os
import sys

from lm_eval.utils import (
    get_file_task_name,
    get_latest_filename,
    get_results_filenames,
    get_sample_results_filenames,
    make_table,
)

folders = sorted(folder for folder in glob.glob(sys.argv[1] + "/*") if os.path.isdir(folder))
assert folders, "no folders"
for folder in folders:
    names = ["./" + name for name in os.listdir(folder)]
    results = json.load(open(os.path.join(folder, get_latest_filename(get_results_filenames(names)))))
    table = make_table(results)
    for name in get_sample_results_filenames(names):
        task = get_file_task_name(name)
        rows = [json.loads(line) for line in open(os.path.join(folder, name))]
        scores = [row["score"] for row in rows if "score" in row]
        mean = results["results"][task]["score,none"]
        assert abs(mean - sum(scores) / len(scores)) < 1e-9, (folder, task)
        assert f"{mean:.4f}" in table and task in table, (folder, task)
        assert results["n-samples"][task]["effective"] == len(rows), (folder, task)
    print(table)
print(f"lm-eval reads {len(folders)} folders")
