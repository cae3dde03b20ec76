"""Writes questions as lm-evaluation-harness and Inspect take them.

    questions.py COUNT FOLDER
"""

import json
import os
import sys

TASK = """task: bench_questions
dataset_path: json
dataset_kwargs:
  data_files:
    test: {path}
test_split: test
output_type: generate_until
doc_to_text: "{{{{input}}}}"
doc_to_target: "{{{{target}}}}"
generation_kwargs:
  until: ["\\n\\n"]
  max_gen_toks: 64
  do_sample: false
metric_list:
  - metric: exact_match
"""


def main(count, folder):
    path = os.path.abspath(os.path.join(folder, "questions.jsonl"))
    words = "Which of these tools is the right one for what is asked here?"
    with open(path, "w") as file:
        for number in range(int(count)):
            file.write(json.dumps({"input": f"{number}: " + words * 20, "target": str(number)}) + "\n")
    with open(os.path.join(folder, "bench_questions.yaml"), "w") as file:
        file.write(TASK.format(path=path))


main(*sys.argv[1:])
