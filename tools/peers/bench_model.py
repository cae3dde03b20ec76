"""Makes the model and the tokens of benches/compress: python bench_model.py FOLDER

A random Qwen2 (hidden 512, 6 layers, intermediate 1408, 8 heads with keys of their own, vocabulary 1024, f32), seeded.
Every 32nd channel of the norms is 8 times as loud, as in real models, so that scales have something to find. 32 x 256
calibration ids and 8 x 256 held-out ids, uniform.
"""
import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models
from transformers import Qwen2Config, Qwen2ForCausalLM

folder = Path(sys.argv[1])
torch.manual_seed(0)
config = Qwen2Config(
    vocab_size=1024, hidden_size=512, intermediate_size=1408, num_hidden_layers=6, num_attention_heads=8,
    num_key_value_heads=8, max_position_embeddings=2048, tie_word_embeddings=False, bos_token_id=None, eos_token_id=0,
)
model = Qwen2ForCausalLM(config).to(torch.float32)
with torch.no_grad():
    for layer in model.model.layers:
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            norm.weight[::32] *= 8
model.save_pretrained(folder, safe_serialization=True)
tokenizer = Tokenizer(models.WordLevel({f"t{at}": at for at in range(1024)}, unk_token="t0"))
tokenizer.save(str(folder / "tokenizer.json"))
(folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "t0"}))
generator = torch.Generator().manual_seed(1)
for name, count in (("calibration", 32), ("held_out", 8)):
    ids = torch.randint(1, 1024, (count, 256), generator=generator)
    lines = (json.dumps({"input_ids": row.tolist()}) for row in ids)
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
