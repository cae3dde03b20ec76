"""How many first replies of two variants are the same, word for word, and where the others part.

    same_replies.py TRANSCRIPTS TRANSCRIPTS
"""
import json
import os
import sys


def first_replies(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for line in map(json.loads, file):
                if line["line"] == "reply" and line["turn"] == 0:
                    found[name, line["sample"]] = line["reply"]["text"]
    return found


ours, theirs = map(first_replies, sys.argv[1:])
if ours.keys() != theirs.keys() or not ours:
    sys.exit(f"{len(ours)} replies here, {len(theirs)} there")
same = 0
for key, mine in ours.items():
    at = len(os.path.commonprefix([mine, theirs[key]]))
    same += mine == theirs[key]
    if mine != theirs[key]:
        print(f"{key[1]}: part after {at} of {len(mine)} letters: {mine[at:at + 20]!r} and {theirs[key][at:at + 20]!r}")
print(f"{same} of {len(ours)} replies are the same")
