"""The questions as a task of Inspect."""

import os

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import match
from inspect_ai.solver import generate


@task
def questions():
    return Task(dataset=json_dataset(os.environ["QUESTIONS"]), solver=generate(max_tokens=64, temperature=0), scorer=match())
