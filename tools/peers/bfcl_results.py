"""Results of BFCL's own form, made from its answers, and judged by its own checkers.

    bfcl_results.py make PACKAGE ROOT     writes ROOT/result/<model>/BFCL_v4_*_result.json
    bfcl_results.py judge PACKAGE ROOT    writes ROOT/peer/score/<model>/..., as `bfcl evaluate --partial-eval` does
    bfcl_results.py compare PACKAGE ROOT  ROOT/score and ROOT/peer/score, entry by entry; fails where they differ

PACKAGE holds `bfcl_eval`, unpacked from its wheel. The list of models is left empty, so that no vendor's client is
imported; replies are read as those of a prompted model.
"""
import json
import os
import random
import sys
import tempfile
import types
from pathlib import Path

SINGLE = ["simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple",
          "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"]
WITHOUT_CALL = ["irrelevance", "live_irrelevance", "live_relevance"]
TURNS = ["multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context"]


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def literal(value, kind):
    """A value as a call writes it: Java's and JavaScript's are code already, unless they are strings."""
    return value if kind and isinstance(value, str) and kind.lower() != "string" else repr(value)


def call(wanted, functions, is_python):
    (name, parameters), = wanted.items()
    kinds = next((one["parameters"]["properties"] for one in functions if one["name"] == name), {})
    given = [(key, accepted[0]) for key, accepted in parameters.items() if accepted and accepted[0] != ""]
    kind = lambda key: None if is_python else kinds.get(key, {}).get("type")
    return f"{name}({', '.join(f'{key}={literal(value, kind(key))}' for key, value in given)})"


def perturbed(right, rng):
    return {
        "right": right,
        "spaced": right.replace("=", " = "),
        "words": f"Here is the call: {right}",
        "cut": right[: rng.randrange(len(right))],
        "upper": right.upper(),
        "twice": right[:-1] + ", " + right[1:],
    }


def make(package, root):
    data, rng = package / "bfcl_eval" / "data", random.Random(7)
    results = {}

    def put(model, category, entry, result):
        results.setdefault((model, category), []).append({"id": entry["id"], "result": result})

    for category in SINGLE:
        answers = rows(data / "possible_answer" / f"BFCL_v4_{category}.json")
        for entry, answer in zip(rows(data / f"BFCL_v4_{category}.json"), answers):
            is_python = "java" not in category
            calls = [call(wanted, entry["function"], is_python) for wanted in answer["ground_truth"]]
            for model, reply in perturbed(f"[{', '.join(calls)}]", rng).items():
                put(model, category, entry, reply)
    for category in WITHOUT_CALL:
        for entry in rows(data / f"BFCL_v4_{category}.json"):
            for model, reply in perturbed(f"[{entry['function'][0]['name'] if entry['function'] else 'f'}(a=1)]", rng).items():
                put(model, category, entry, reply)
    for category in TURNS:
        for answer in rows(data / "possible_answer" / f"BFCL_v4_{category}.json"):
            turns = [[f"[{', '.join(calls)}]"] * bool(calls) + ["Done."] for calls in answer["ground_truth"]]
            put("right", category, answer, turns)
    for (model, category), lines in results.items():
        path = root / "result" / model / f"BFCL_v4_{category}_result.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    print(f"{sum(map(len, results.values()))} results of {len({model for model, _ in results})} models")


def judge(package, root):
    os.environ["BFCL_PROJECT_ROOT"] = tempfile.mkdtemp()
    sys.path.insert(0, str(package))
    models = types.ModuleType("bfcl_eval.constants.model_config")
    models.MODEL_CONFIG_MAPPING = type("Any", (dict,), {"__missing__": lambda self, name: types.SimpleNamespace(underscore_to_dot=False)})()
    sys.modules["bfcl_eval.constants.model_config"] = models
    from bfcl_eval.eval_checker import eval_runner
    from bfcl_eval.model_handler.base_handler import BaseHandler
    from bfcl_eval.model_handler.utils import default_decode_ast_prompting, default_decode_execute_prompting

    class Prompted(BaseHandler):
        def __init__(self):
            pass

        def decode_ast(self, result, language, has_tool_call_tag):
            return default_decode_ast_prompting(result, language, has_tool_call_tag)

        def decode_execute(self, result, has_tool_call_tag):
            return default_decode_execute_prompting(result, has_tool_call_tag)

    for model in sorted((root / "result").iterdir()):
        for path in sorted(model.glob("BFCL_v4_*_result.json")):
            category = eval_runner.extract_test_category(path)
            results = eval_runner.load_file(path, sort_by_id=True)
            eval_runner.evaluate_task(category, model.parent, root / "peer" / "score", results, model.name, Prompted(), {}, True)


def compare(_, root):
    def verdicts(folder, model):
        found = {}
        for path in (folder / model).rglob("*_score.json"):
            head, *wrong = rows(path)
            found[path.name] = (head["correct_count"], head["total_count"], {line["id"] for line in wrong})
        return found

    judged = different = 0
    for model in sorted(path.name for path in (root / "result").iterdir()):
        theirs, ours = verdicts(root / "peer" / "score", model), verdicts(root / "score", model)
        judged += sum(total for _, total, _ in theirs.values())
        for name in sorted(theirs.keys() | ours.keys()):
            if theirs.get(name) != ours.get(name):
                different += 1
                print(f"{model} {name}: {theirs.get(name, ())[:2]} theirs, {ours.get(name, ())[:2]} ours")
    print(f"{judged} verdicts of bfcl-eval, {different} files in which ours differ")
    sys.exit(different > 0)


if __name__ == "__main__":
    {"make": make, "judge": judge, "compare": compare}[sys.argv[1]](Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve())
