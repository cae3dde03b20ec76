#!/usr/bin/env bash
# That the table "Where one adds a thing" of crates/README.md is true: adds a made-up architecture of known shape, a
# compression method, a checkpoint format and a task to a scratch copy of the last commit, touching nothing but the files
# that the table names, and runs them. Prints what was touched.
#   tools/adding.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} CARGO_TERM_COLOR=never
git -C "$root" archive HEAD | tar -x -C "$copy"
cd "$copy"
git init -q && git add -A && git -c user.name=x -c user.email=x commit -qm begun

# A line after the last one that matches a pattern.
after() { sed -i "$(grep -n -- "$2" "$1" | tail -n 1 | cut -d: -f1)a $3" "$1"; }

# An architecture: Llama, with keys and values in one tensor.
cat >crates/model/src/arch/made_up.rs <<'END'
//! A made-up architecture: Llama with keys and values in one tensor.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, DENSE, DOWN, GATE_UP, OUTPUT, group, linear};
use crate::config::{Defaults, Fields, Windows};
use crate::{Config, GroupKind, ModelError, Part};

/// `model_type: made_up`
pub const MADE_UP: Architecture = Architecture { model_type: "made_up", config, inner: |_, _| &NAMES, ..LLAMA };

const NAMES: BlockNames = BlockNames {
    groups: &[
        group(
            GroupKind::Qkv,
            &[
                linear("self_attn.q_proj", &[Part::Query]),
                linear("self_attn.kv_proj", &[Part::Key, Part::Value]),
            ],
        ),
        OUTPUT,
        GATE_UP,
        DOWN,
    ],
    ..DENSE
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    Config::plain(fields, &Defaults::LLAMA, Windows::Never)
}
END
after crates/model/src/arch/mod.rs '^mod llama;' 'mod made_up;'
after crates/model/src/arch/mod.rs '&smollm3::SMOLLM3,' '    \&made_up::MADE_UP,'

# A method: every weight becomes the nearest of -1, 0 and 1 times the mean magnitude of its row.
cat >crates/compress/src/method/made_up.rs <<'END'
//! A made-up method: each row keeps the signs of its larger weights and one magnitude.

use crate::CompressError;
use crate::group::{LinearGroup, LinearReport};
use crate::method::{Method, MethodInfo, MethodKind};
use crate::seen::{Needs, Seen};

struct MadeUp;

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "made_up",
    about: "signs and one magnitude a row",
    settings: &[],
    alone: &[],
    kind: MethodKind::Prunes,
    build: |_| Ok(Box::new(MadeUp)),
};

impl Method for MadeUp {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn compress(&self, group: &mut LinearGroup, _: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        for linear in &mut group.linears {
            let cols = linear.weight.cols.max(1);
            for row in linear.weight.data.chunks_mut(cols) {
                let mean = row.iter().map(|w| w.abs()).sum::<f32>() / cols as f32;
                row.iter_mut().for_each(|w| *w = if w.abs() < mean / 2.0 { 0.0 } else { mean.copysign(*w) });
            }
        }
        Ok(vec![LinearReport::default(); group.linears.len()])
    }
}
END
after crates/compress/src/method/mod.rs '^mod magnitude;' 'mod made_up;'
after crates/compress/src/method/mod.rs 'kv_cache::INFO,' '    made_up::INFO,'

# A format: compressed-tensors, without a rounded cache.
cat >crates/compress/src/format/made_up.rs <<'END'
//! A made-up format: compressed-tensors, without a rounded cache.

use super::{FormatInfo, compressed_tensors};

/// The row of the format table.
pub(super) const INFO: FormatInfo =
    FormatInfo { name: "made_up", about: "made-up numbers", cache: false, ..compressed_tensors::INFO };
END
after crates/compress/src/format/mod.rs '^mod kept;' 'mod made_up;'
sed -i 's/gguf::INFO]/gguf::INFO, made_up::INFO]/' crates/compress/src/format/mod.rs

# A task: say a number again.
mkdir crates/task/src/workflow/made_up
cat >crates/task/src/workflow/made_up/mod.rs <<'END'
//! A made-up task: say a number again.

use record::{Capability, Message, Sample, Score, Scoring, Transcript};

use crate::{Drawn, Files, Judge, Source, Task, TaskError, TaskInfo, Tokens, scored};

/// Say a number again.
pub struct MadeUp;

static INFO: TaskInfo = TaskInfo {
    name: "made_up",
    capability: Capability::Workflow,
    about: "say a number again",
    official: &[Files { names: &["numbers.json"], source: "nowhere", license: "MIT", put: "name its folder" }],
    apart: false,
    judged: false,
    named_only: false,
    columns: &[],
    deviations: None,
    oracle: |sample| vec![sample.gold.to_string()],
};

impl Task for MadeUp {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, _: &Source, _: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        let one = |number: usize| Sample {
            id: format!("made_up-{number:04}"),
            task: INFO.name.to_owned(),
            messages: vec![Message::user(format!("Say {number}."))],
            examples: 0,
            tools: Vec::new(),
            input: Default::default(),
            assets: Vec::new(),
            gold: number.into(),
            max_tokens: 8,
            stop: Vec::new(),
            cluster: None,
            tags: Default::default(),
        };
        Ok((0..limit.unwrap_or(10)).map(one).collect::<Vec<_>>().into())
    }

    fn score(&self, sample: &Sample, said: &Transcript, _: &dyn Judge, _: Scoring) -> Result<Score, TaskError> {
        let right = said.last_reply().trim() == sample.gold.to_string();
        Ok(scored(sample, f64::from(u8::from(right)), Vec::new(), if right { "right" } else { "wrong" }))
    }
}
END
after crates/task/src/workflow/mod.rs '^mod judgment;' 'pub mod made_up;'
after crates/task/src/lib.rs '&workflow::WorfBench,' '    \&workflow::made_up::MadeUp,'

git add -A
git diff --cached --stat
touched=$(git diff --cached --name-only | sort | tr '\n' ' ')
expected="crates/compress/src/format/made_up.rs crates/compress/src/format/mod.rs crates/compress/src/method/made_up.rs \
crates/compress/src/method/mod.rs crates/model/src/arch/made_up.rs crates/model/src/arch/mod.rs \
crates/task/src/lib.rs crates/task/src/workflow/made_up/mod.rs crates/task/src/workflow/mod.rs "
[ "$touched" = "$expected" ] || { echo "touched other files: $touched" >&2; exit 1; }
cargo build --quiet
acbench=$CARGO_TARGET_DIR/debug/acbench
"$acbench" list models | grep made_up
"$acbench" list methods | grep made_up
"$acbench" list models | grep "made-up numbers"
"$acbench" list tasks | grep made_up
for sample in 0 1 2; do
    echo "{\"sample\": \"made_up-000$sample\", \"text\": \"$sample\"}"
done >replies.jsonl
"$acbench" generate --replies replies.jsonl --tasks made_up --limit 3 --output_path run 2>/dev/null
"$acbench" score run 2>/dev/null
grep -c '"value":1.0' run/dense/scores/made_up.jsonl | grep -qx 3
"$acbench" compress --compression_method made_up --output_path small 2>/dev/null
"$acbench" compress --compression_method rtn --format made_up --output_path smaller 2>/dev/null
"$acbench" inspect smaller >/dev/null
echo "an architecture, a method, a format and a task were added and run"
