"""Starts pico with an induction circuit, the mechanism that copying and lookup need and that small models find late.

Block 0 looks one and two tokens back: Qwen2's query and key biases, turned by the rotary embedding, peak at a fixed
distance. Block 1 attends to where the token before (and the one before that) was the current one, and copies what
came next. Training changes all of it freely; it only need not wait for chance to make two parts that are useless
alone (Olsson et al. 2022, "In-context learning and induction heads", describe the circuit).
"""

import torch

DISTINCT = 6  # rotary pairs turning fast enough to tell neighboring positions apart


def orthonormal(rows, columns):
    """Random orthonormal rows [rows, columns]."""
    return torch.linalg.qr(torch.randn(columns, rows))[0].T


def look_back(attention, head, distance, frequency, strength=8.0):
    """Query bias of `head` [dim] and the key bias of its group, so that it attends `distance` tokens back."""
    dim, half = attention.dim, attention.dim // 2
    group = head // (attention.heads // attention.kv)
    attention.q_proj.weight[head * dim : (head + 1) * dim] *= 0.02
    attention.k_proj.weight[group * dim : (group + 1) * dim] *= 0.02
    query, key = torch.zeros(dim), torch.zeros(dim)
    turn = distance * frequency[:DISTINCT]
    query[:DISTINCT], query[half : half + DISTINCT] = strength * turn.cos(), -strength * turn.sin()
    key[:DISTINCT] = strength
    attention.q_proj.bias[head * dim : (head + 1) * dim] = query
    attention.k_proj.bias[group * dim : (group + 1) * dim] = key


def match(attention, head, pairs, strength=4.0):
    """`head` compares what `pairs` of projections [(query [n, hidden], key [n, hidden])] read, on slow rotary pairs."""
    dim, half = attention.dim, attention.dim // 2
    group = head // (attention.heads // attention.kv)
    slow = [i for i in range(half - 8, half)] + [i for i in range(dim - 8, dim)]
    q = attention.q_proj.weight[head * dim : (head + 1) * dim]
    k = attention.k_proj.weight[group * dim : (group + 1) * dim]
    q *= 0.02
    k *= 0.02
    query, key = (torch.cat(side) for side in zip(*pairs))
    q[slow], k[slow] = strength * query, strength * key


@torch.no_grad()
def begin(model, pairs):
    """Writes the circuit into blocks 0 and 1 of a freshly initialized model, and makes the two spellings of a word, with
    a space before it and without ([(id, id)]), alike."""
    c = model.c
    hidden, dim = c.hidden_size, c.hidden_size // c.num_attention_heads
    frequency = c.rope_theta ** (-torch.arange(0, dim, 2).float() / dim)
    first, second = model.layers[0].self_attn, model.layers[1].self_attn
    table = model.embed_tokens.weight
    for bare, spaced in pairs:
        table[spaced] = 0.8 * table[bare] + 0.6 * table[spaced]
    own = orthonormal(dim, hidden)
    places = orthonormal(3 * dim, hidden).split(dim)
    for head, place in enumerate(places):
        look_back(first, head, head + 1, frequency)
        first.v_proj.weight[head * dim : (head + 1) * dim] = own
        first.o_proj.weight[:, head * dim : (head + 1) * dim] = 0.2 * place.T
    before, earlier = places[:2]
    mix = orthonormal(dim, dim)
    # What followed this token; what followed these two; what stood two after what stands two, or one, before here.
    match(second, 0, [(mix[:16] @ own, mix[:16] @ before)])
    match(second, 1, [(mix[16:24] @ own, mix[16:24] @ before), (mix[24:] @ before, mix[24:] @ earlier)])
    match(second, 2, [(mix[:16] @ earlier, mix[:16] @ earlier)])
    match(second, 3, [(mix[:16] @ before, mix[:16] @ earlier)])
    for head in range(4):
        value = orthonormal(dim, hidden)
        second.v_proj.weight[head * dim : (head + 1) * dim] = value
        second.o_proj.weight[:, head * dim : (head + 1) * dim] = 0.3 * value.T
