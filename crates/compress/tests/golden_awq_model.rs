//! Parity with AutoAWQ on a whole model: the scales and clips that it chose for `golden/compression/models/autoawq_*`.
//!
//! It ran on a CPU, where the first scales that it tries stay in the weights ([`Scaling::DuoReference`]): they are still
//! there when the chosen scales are multiplied in, and when ranges are clipped.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use compress::method::{Awq, Candidate, Scaling, clip_limits};
use compress::{ActOrder, FloatType, Grid, GridRule, GroupSize, LinearGroup, Matrix, Needs, Scheme, Seen, Target};
use model::{Block, Checkpoint, Flow, GroupKind, Model, Sequences};
use safetensors::SafeTensors;

type Checked<T> = Result<T, Box<dyn Error>>;

/// The group size that it was given.
const SIZE: GroupSize = GroupSize::Columns(32);

fn grid() -> Grid {
    Grid { rule: GridRule::Awq, ..Grid::new(4, false) }
}

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
        .join("compression")
}

fn floats(file: &SafeTensors, name: &str) -> Checked<Vec<f32>> {
    Ok(file.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
}

/// The inputs of every group, by its first linear: of all tokens, and of the 512 evenly spread ones that ranges are
/// clipped for.
#[derive(Default)]
struct Inputs {
    all: BTreeMap<String, Seen>,
    spread: BTreeMap<String, Seen>,
    stride: usize,
}

impl Inputs {
    fn look(&mut self, linear: &str, rows: &Matrix) {
        let needs = Needs { channels: true, sketch: true, ..Needs::HESSIAN };
        let seen = || Seen::new(needs, rows.cols, 1024);
        let all = self.all.entry(linear.to_owned()).or_insert_with(seen);
        // Which tokens of this sequence the strided choice over all sequences takes.
        let chosen: Vec<usize> = (0..rows.rows).filter(|row| (all.tokens + row).is_multiple_of(self.stride)).collect();
        all.add(rows, 1);
        let data = chosen.iter().flat_map(|&row| rows.row(row)).copied().collect();
        let spread = self.spread.entry(linear.to_owned()).or_insert_with(seen);
        spread.add(&Matrix::new(chosen.len(), rows.cols, data), 1);
    }
}

/// The names of each group's linears.
fn names(block: &Block) -> Vec<Vec<String>> {
    let names = |group| block.linears_of(group).iter().map(|linear| linear.name.clone()).collect();
    block.groups().map(names).collect()
}

fn group(block: &Block, names: &[String]) -> LinearGroup {
    let linear = |name: &String| {
        block.linear(name).map(|linear| Target {
            name: name.clone(),
            position: 0,
            width: None,
            weight: linear.weight.to_f32(),
            bias: None,
            stored: FloatType::F32,
            scales: FloatType::F32,
            pruned: false,
            quantized: None,
        })
    };
    LinearGroup { kind: GroupKind::Qkv, expert: 0, linears: names.iter().filter_map(linear).collect() }
}

fn multiply(weight: &mut Matrix, scales: &[f32]) {
    for row in weight.data.chunks_mut(weight.cols) {
        row.iter_mut().zip(scales).for_each(|(w, s)| *w *= s);
    }
}

fn divide_rows(weight: &mut Matrix, scales: &[f32]) {
    for (row, scale) in weight.data.chunks_mut(weight.cols).zip(scales) {
        row.iter_mut().for_each(|w| *w /= scale);
    }
}

fn near(ours: &[f32], wanted: &[f32]) -> bool {
    ours.len() == wanted.len() && ours.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs())
}

#[test]
fn golden_awq_model() -> Checked<()> {
    let (root, mut passed, mut wrong) = (golden(), 0, Vec::new());
    let (mut off, mut total) = (0, 0);
    let path = root.join("models/autoawq_gemm_g32/golden_logits.safetensors");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return Ok(());
    };
    let captured = SafeTensors::deserialize(&bytes)?;
    let ids = std::fs::read(root.join("calib_and_eval_ids.safetensors"))?;
    let ids = SafeTensors::deserialize(&ids)?;
    let ids = ids.tensor("calib_ids")?;
    let flat: Vec<u32> = ids.data().as_chunks::<8>().0.iter().map(|&b| i64::from_le_bytes(b) as u32).collect();
    let model = Model::load(&Checkpoint::open(&root.join("models/qwen2_tiny_mha"))?)?;
    let mut inputs = Inputs { stride: (flat.len() / 512).max(1), ..Inputs::default() };
    for tokens in flat.chunks(ids.shape()[1]) {
        let (mut hidden, sequences) = (model.embed(tokens)?, Sequences::whole(&[tokens.len()]));
        for block in &model.blocks {
            let mut flow = Flow::new(hidden, &sequences);
            for group in block.groups() {
                block.enter(group, &mut flow);
                let linears = block.linears_of(group);
                inputs.look(&linears[0].name, flow.input());
                let products = linears.iter().map(|linear| linear.forward(flow.input())).collect();
                block.leave(group, &mut flow, products);
            }
            hidden = flow.residual;
        }
    }
    let scheme = Scheme { activations: false, grid: grid(), group: SIZE, act_order: ActOrder::None };
    let awq = Awq { scaling: Scaling::DuoReference, steps: 20, clip: true, quantize: None };
    for (layer, block) in model.blocks.iter().enumerate() {
        let (mut scales, mut first) = (Vec::new(), Vec::new());
        let producers = ["input_layernorm", "self_attn.v_proj", "post_attention_layernorm", "mlp.up_proj"];
        for (names, producer) in names(block).iter().zip(producers) {
            let seen = &inputs.all[&names[0]];
            let tried = awq.search(&group(block, names), seen, &scheme)?;
            let wanted = floats(&captured, &format!("L{layer}.scale.{producer}"))?;
            // It judged these by the output of the attention and of the gated product, we by that of the linears: what it
            // chose must be among what is tried, and for linears by themselves it must be the choice.
            let own = names.len() == 1;
            let best = tried.iter().reduce(|a, b| if b.loss < a.loss { b } else { a }).ok_or("none")?;
            let agrees = |candidate: &Candidate| near(&candidate.scales, &wanted);
            match if own { agrees(best) } else { tried.iter().any(agrees) } {
                true => passed += 1,
                false => wrong.push(format!("L{layer}.scale.{producer}")),
            }
            scales.push(wanted);
            first.push(tried[0].scales.clone());
        }
        let (differ, all) =
            clips(block, &inputs, (&scales, &first), |short| floats(&captured, &format!("L{layer}.clip.{short}")))?;
        off += differ;
        total += all;
    }
    println!("golden awq model: {passed} of 8 scales; {} of {total} clips", total - off);
    assert!(wrong.is_empty() && passed == 4 * model.blocks.len(), "{}", wrong.join("\n"));
    // Where two ranges are about as good, the last bits decide.
    assert!(off * 100 <= total, "{off} of {total} clips differ");
    Ok(())
}

/// How many clips of a block differ from those captured, and how many there are. The weights are those that AutoAWQ had
/// then: with the first scales tried and the chosen ones in them.
fn clips(
    block: &Block,
    inputs: &Inputs,
    (scales, first): (&[Vec<f32>], &[Vec<f32>]),
    captured: impl Fn(&str) -> Checked<Vec<f32>>,
) -> Checked<(usize, usize)> {
    let (mut off, mut total) = (0, 0);
    for (at, names) in names(block).iter().enumerate() {
        let mut seen = inputs.spread[&names[0]].clone();
        seen.divide(&scales[at]);
        for name in names.iter().filter(|name| !name.ends_with("q_proj") && !name.ends_with("k_proj")) {
            let mut weight = group(block, std::slice::from_ref(name)).linears.remove(0).weight;
            multiply(&mut weight, &first[at]);
            multiply(&mut weight, &scales[at]);
            if name.ends_with("v_proj") {
                divide_rows(&mut weight, &scales[1]);
            }
            if name.ends_with("up_proj") {
                divide_rows(&mut weight, &scales[3]);
            }
            let ours = clip_limits(&weight, seen.hessian()?, grid(), SIZE);
            let wanted = captured(&name.split('.').skip(3).collect::<Vec<_>>().join("."))?;
            assert_eq!(ours.len(), wanted.len(), "{name}");
            off += ours.iter().zip(&wanted).filter(|(a, b)| (*a - *b).abs() > 1e-3 * b.abs()).count();
            total += wanted.len();
        }
    }
    Ok((off, total))
}
