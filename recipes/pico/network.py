"""The network of pico: Qwen2's architecture, small, in plain PyTorch, and its Hugging Face files."""

import json
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn


@dataclass
class Config:
    vocab_size: int = 2304
    hidden_size: int = 128
    intermediate_size: int = 384
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    num_key_value_heads: int = 4
    max_position_embeddings: int = 2048
    rope_theta: float = 1000000.0
    rms_norm_eps: float = 1e-6


def rotate(x, cos, sin):
    """Rotary embedding with Hugging Face's half split; x [batch, heads, tokens, head_dim]."""
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * cos + turned * sin


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv = c.num_attention_heads, c.num_key_value_heads
        self.dim = c.hidden_size // c.num_attention_heads
        self.q_proj = nn.Linear(c.hidden_size, self.heads * self.dim)
        self.k_proj = nn.Linear(c.hidden_size, self.kv * self.dim)
        self.v_proj = nn.Linear(c.hidden_size, self.kv * self.dim)
        self.o_proj = nn.Linear(self.heads * self.dim, c.hidden_size, bias=False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, self.heads, self.dim).transpose(1, 2)
        k = self.k_proj(x).view(b, t, self.kv, self.dim).transpose(1, 2)
        v = self.v_proj(x).view(b, t, self.kv, self.dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        repeat = self.heads // self.kv
        k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.up_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.down_proj = nn.Linear(c.intermediate_size, c.hidden_size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.self_attn, self.mlp = Attention(c), Mlp(c)
        self.input_layernorm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Pico(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(Block(c) for _ in range(c.num_hidden_layers))
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)
        dim = c.hidden_size // c.num_attention_heads
        frequency = c.rope_theta ** (-torch.arange(0, dim, 2).float() / dim)
        angle = torch.outer(torch.arange(c.max_position_embeddings).float(), frequency)
        angle = torch.cat((angle, angle), dim=-1)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                # Blocks start as the identity, so that a token's embedding reaches the layers that match and copy it.
                closing = "o_proj" in name or "down_proj" in name
                scale = 0.1 if "embed" in name else 0.0 if closing else (1.0 / p.shape[1]) ** 0.5
                nn.init.normal_(p, std=scale)
            elif "bias" in name:
                nn.init.zeros_(p)

    def forward(self, ids):
        """Final hidden states [batch, tokens, hidden] of token ids [batch, tokens]."""
        x = self.embed_tokens(ids)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.embed_tokens.weight)

    def save(self, folder, eos):
        """Writes config.json, generation_config.json and model.safetensors (bf16)."""
        c = self.c
        config = {
            "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", **asdict(c), "hidden_act": "silu",
            "tie_word_embeddings": True, "torch_dtype": "bfloat16", "use_sliding_window": False,
            "bos_token_id": None, "eos_token_id": eos, "initializer_range": 0.02, "attention_dropout": 0.0,
        }
        generation = {"eos_token_id": [eos], "do_sample": False}
        for name, value in (("config", config), ("generation_config", generation)):
            with open(f"{folder}/{name}.json", "w") as file:
                json.dump(value, file, indent=2)
                file.write("\n")
        tensors = {f"model.{k}": v.to(torch.bfloat16).contiguous() for k, v in self.state_dict().items()}
        save_file(tensors, f"{folder}/model.safetensors", metadata={"format": "pt"})
