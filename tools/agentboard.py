"""Makes what `acbench` reads of AgentBoard's tools, in a Python that has AgentBoard's packages.

    python tools/agentboard.py academia FOLDER          its pickled graphs as data/tool-query/academia/academia.json
    python tools/agentboard.py calls FILE...            the calls of weather and movie that runs had no recording of
    python tools/agentboard.py record FOLDER CALLS      asks them of the services: data/tool-query/recordings.jsonl

FOLDER is AgentBoard's own, with its data in data/. Pickles run code when they are read: use only AgentBoard's own.
"""

import ast
import json
import pathlib
import pickle
import re
import sys

LACKING = re.compile(r"there is no recording of (\w+) with (\{.*\})\)")


def plain(value):
    """A value as JSON has it: tuples and sets as lists, numbers of other packages as numbers."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        return value.item()
    return value


def net(graph):
    """Nodes with what is known of them, and each node's neighbors in the graph's order with what is known of the edge."""
    around = {str(node): {str(to): plain(edge) for to, edge in graph.adj[node].items()} for node in graph.nodes}
    return {"nodes": {str(node): plain(dict(graph.nodes[node])) for node in graph.nodes}, "neighbors": around}


def academia(folder):
    raw = folder / "data/tool-query/academia/raw"

    def read(name):
        with open(raw / f"{name}.pkl", "rb") as file:
            return pickle.load(file)

    def ids(name):
        return {str(key): str(value) for key, value in read(f"{name}_dict").items()}

    papers, authors = net(read("paper_net")), net(read("author_net"))
    for around in authors["neighbors"].values():
        for edge in around.values():
            if "collaborative_papers" in edge:
                edge["collaborative_papers"] = [str(paper) for paper in edge["collaborative_papers"]]
    names = ("title2id", "id2title", "author2id", "id2author")
    whole = {"paper_net": papers, "author_net": authors} | {name: ids(name) for name in names}
    path = raw.parent / "academia.json"
    path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    print(f"{path}: {len(papers['nodes'])} papers, {len(authors['nodes'])} authors")


def texts(value):
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts(item)


def calls(files):
    seen = set()
    for file in files:
        for line in pathlib.Path(file).read_text(encoding="utf-8").splitlines():
            try:
                rows = [row for text in texts(json.loads(line)) for row in text.splitlines()]
            except ValueError:
                continue
            for function, arguments in (match for row in rows for match in LACKING.findall(row)):
                call = json.dumps({"function": function, "arguments": ast.literal_eval(arguments)}, sort_keys=True)
                if call not in seen:
                    seen.add(call)
                    print(call)


def record(folder, file):
    sys.path.insert(0, str(folder / "agentboard"))
    from utils.movie.movie_tools import movie_toolkits
    from utils.weather.weather_tools import weather_toolkits

    tools = {"weather": weather_toolkits(), "movie": movie_toolkits()}
    with open(folder / "data/tool-query/recordings.jsonl", "a", encoding="utf-8") as out:
        for line in pathlib.Path(file).read_text(encoding="utf-8").splitlines():
            call = json.loads(line)
            name = next(name for name, tool in tools.items() if hasattr(tool, call["function"]))
            ok, result = getattr(tools[name], call["function"])(**call["arguments"])
            recording = {"tool": name, **call, "result": plain(result), "ok": bool(ok)}
            out.write(json.dumps(recording, ensure_ascii=False) + "\n")
            out.flush()


def main():
    what, *rest = sys.argv[1:] or [""]
    if what == "academia" and len(rest) == 1:
        academia(pathlib.Path(rest[0]))
    elif what == "calls" and rest:
        calls(rest)
    elif what == "record" and len(rest) == 2:
        record(pathlib.Path(rest[0]), rest[1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
