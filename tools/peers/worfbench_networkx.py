"""WorfBench's scores as its paper and library compute them, from a file of predictions with their similarities.

    worfbench_networkx.py FILE

Written from a description of the reference scorer: regular expressions, networkx's maximum-weight matching and all
topological orders, the longest increasing subsequence, the largest connected component. Reads and prints what
`score_worfbench score` reads and prints.
"""

import json
import re
import sys

import networkx as nx
import numpy as np

STEP = re.compile(r"\d+[:.] (.+)")
EDGE = re.compile(r"\(\s*(\d+|START)\s*,\s*(\d+|END)\s*\)")
THRESHOLD = 0.6
LARGE = 10
ORDERS = 20


def parse(text):
    if "Node" not in text:
        return None
    nodes = ["START", *(step.strip() for step in STEP.findall(text)), "END"]
    end = len(nodes) - 1
    edges = [(0 if a == "START" else int(a), end if b == "END" else int(b)) for a, b in EDGE.findall(text)]
    return (nodes, edges) if edges else None


def match(similarity):
    """Maximum-weight matching: the column of each row, or -1."""
    graph = nx.Graph()
    for row, column in np.argwhere(similarity > THRESHOLD):
        graph.add_edge(("row", int(row)), ("column", int(column)), weight=float(similarity[row, column]))
    mapping = [-1] * similarity.shape[0]
    for a, b in nx.max_weight_matching(graph):
        (_, row), (_, column) = (a, b) if a[0] == "row" else (b, a)
        mapping[row] = column
    return mapping


def increasing(mapping):
    best = [1] * len(mapping)
    for i in range(len(mapping)):
        for j in range(i):
            if mapping[j] >= 0 and mapping[i] > mapping[j]:
                best[i] = max(best[i], best[j] + 1)
    return max(best)


def prf(in_prediction, prediction, in_gold, gold):
    precision, recall = in_prediction / prediction, in_gold / gold
    return [precision, recall, 2 * precision * recall / (precision + recall)]


def without_ends(order, nodes):
    return [v for v in order if nodes[v] not in ("START", "END")]


def node_score(prediction, gold, similarity):
    (nodes, _), (gold_nodes, gold_edges) = prediction, gold
    steps = without_ends(range(len(nodes)), nodes)
    if len(gold_nodes) >= LARGE:
        chains = [list(range(len(gold_nodes)))]
    else:
        graph = nx.DiGraph()
        graph.add_nodes_from(range(len(gold_nodes)))
        graph.add_edges_from(gold_edges)
        chains = [without_ends(order, gold_nodes) for order in list(nx.all_topological_sorts(graph))[:ORDERS]]
    best = [0.0, 0.0, 0.0]
    for chain in chains:
        if not steps or not chain:
            return None
        found = increasing(match(similarity[np.ix_(steps, chain)]))
        score = prf(found, len(steps), found, len(chain))
        if score[2] > best[2]:
            best = score
    return best


def largest(nodes, edges):
    graph = nx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return max(len(part) for part in nx.connected_components(graph))


def graph_score(prediction, gold, similarity):
    (nodes, edges), (gold_nodes, gold_edges) = prediction, gold
    mapping = match(similarity)
    matched = {v for v, partner in enumerate(mapping) if partner >= 0}
    partners = {partner for partner in mapping if partner >= 0}
    if not matched:
        return None
    kept = {(a, b) for a, b in gold_edges if a in partners and b in partners}
    common = [(a, b) for a, b in edges if a in matched and b in matched and (a, b) in kept]
    return prf(largest(matched, common), len(nodes), largest(partners, common), len(gold_nodes))


def main(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            prediction, gold = parse(row["prediction"]), parse(row["gold"])
            node = graph = [0.0, 0.0, 0.0]
            if prediction:
                similarity = np.array(row["similarity"])
                node = node_score(prediction, gold, similarity)
                graph = graph_score(prediction, gold, similarity)
            print(json.dumps({"id": row["id"], "node": node, "graph": graph}))


if __name__ == "__main__":
    main(sys.argv[1])
