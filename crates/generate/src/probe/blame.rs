//! Which linears a loss comes from: parts of a variant are put back as the dense model has them, one at a time, and what
//! disappears of KL(dense || variant) at the decisions is theirs.

use std::time::Instant;

use model::{Block, Checkpoint, Flow, GroupKind, Matrix, Model, Sequences};
use record::{Blame, BlamedPart, ProbeText};

use super::position::{DenseSide, look};
use crate::GenerateError;

/// What is put back at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Whole blocks.
    Block,
    /// The groups of linears that share an input; halves of a block where a method moved scales between its linears.
    Group,
}

/// How a variant is searched.
#[derive(Debug, Clone, Copy)]
pub struct BlameJob<'a> {
    /// What is read.
    pub texts: &'a [ProbeText],
    /// What is put back at a time.
    pub grain: Grain,
    /// Only the worst block is looked for, by halves: few passes, for large models.
    pub halving: bool,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Searched {
    /// Passes through a block that are done.
    pub done: usize,
    /// All of them.
    pub total: usize,
    /// Seconds that a pass takes.
    pub each: f64,
}

/// Some groups of some blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    blocks: std::ops::Range<usize>,
    kinds: &'static [GroupKind],
}

const ATTENTION: &[GroupKind] = GroupKind::ATTENTION;
const MLP: &[GroupKind] = GroupKind::MLP;
/// Each kind by itself.
const EACH: &[&[GroupKind]] = &[
    &[GroupKind::Qkv],
    &[GroupKind::Queries],
    &[GroupKind::KeysValues],
    &[GroupKind::Output],
    &[GroupKind::GateUp],
    &[GroupKind::Down],
];

/// Puts parts of a variant back to dense, one at a time.
///
/// # Errors
/// A checkpoint that cannot be loaded, models of different shapes, numbers that are none.
pub fn blame(
    dense: &Checkpoint,
    variant: &Checkpoint,
    job: BlameJob<'_>,
    watch: &mut dyn FnMut(Searched),
) -> Result<Blame, GenerateError> {
    let (first, second) = (dense.config().vocab_size, variant.config().vocab_size);
    if first != second || dense.config().layers != variant.config().layers {
        return Err(GenerateError::Vocabulary { dense: first, variant: second });
    }
    let (dense, variant) = (Model::load(dense)?, Model::load(variant)?);
    let texts = job.texts.iter().map(|text| Text::of(text, &dense)).collect::<Result<Vec<_>, _>>()?;
    let mut search =
        Search { dense: &dense, variant: &variant, texts, began: Instant::now(), done: 0, total: 0, watch };
    let layers = variant.blocks.len();
    let (base, parts) = match job.halving {
        true => search.halves(layers)?,
        false => {
            let parts = parts(&dense, &variant, job.grain);
            let (base, left) = search.measure(&parts)?;
            (base, parts.into_iter().zip(left).collect())
        }
    };
    let blamed = parts.into_iter().map(|(part, left)| search.blamed(&part, base - left)).collect();
    let positions = search.texts.iter().map(|text| text.rows.len()).sum();
    Ok(Blame { texts: job.texts.len(), positions, kl: base, parts: blamed })
}

/// What is put back, part by part.
fn parts(dense: &Model, variant: &Model, grain: Grain) -> Vec<Part> {
    let kinds: &[&'static [GroupKind]] = match grain {
        Grain::Block => &[&GroupKind::ALL],
        // Scales that went from one linear into another, or into a norm, cancel within a half.
        Grain::Group if folded(dense, variant) => &[ATTENTION, MLP],
        Grain::Group => EACH,
    };
    let each = |(at, block): (usize, &Block)| {
        let has: Vec<GroupKind> = block.groups().map(|group| group.kind).collect();
        let there = kinds.iter().filter(move |kinds| kinds.iter().any(|kind| has.contains(kind)));
        there.map(move |kinds| Part { blocks: at..at + 1, kinds })
    };
    variant.blocks.iter().enumerate().flat_map(each).collect()
}

fn folded(dense: &Model, variant: &Model) -> bool {
    let same = |(a, b): (&Block, &Block)| GroupKind::ALL.iter().all(|&kind| a.norm_before(kind) == b.norm_before(kind));
    !dense.blocks.iter().zip(&variant.blocks).all(same)
}

/// A text and what the dense model predicts at its decisions.
struct Text {
    tokens: Vec<u32>,
    /// The tokens whose predictions count, and the rows of the sequence that predict them.
    chosen: Vec<u32>,
    rows: Vec<usize>,
    logits: Matrix,
    log_sum_exp: Vec<f64>,
}

impl Text {
    /// The text up to its last decision; every token of the reply is one where nothing is.
    fn of(text: &ProbeText, dense: &Model) -> Result<Self, GenerateError> {
        let all = text.from.max(1)..text.tokens.len();
        let mut wanted: Vec<usize> = all.clone().filter(|&token| text.decision(token).is_some()).collect();
        if wanted.is_empty() {
            wanted = all.collect();
        }
        let end = wanted.last().map_or(0, |last| last + 1);
        let tokens = text.tokens[..end].to_vec();
        let chosen: Vec<u32> = wanted.iter().map(|&token| tokens[token]).collect();
        let rows: Vec<usize> = wanted.iter().map(|token| token - 1).collect();
        let state = dense.read(&tokens, &mut |_, _| ())?;
        let logits = dense.head(&pick(&state, &rows));
        let seen = look(&logits, &chosen, 1, None).ok_or_else(|| no_numbers("the dense model's logits"))?;
        Ok(Self { tokens, chosen, rows, logits, log_sum_exp: seen.log_sum_exp })
    }

    /// The sum of KL over the decisions, of the last block's output.
    fn kl(&self, model: &Model, state: &Matrix) -> Result<f64, GenerateError> {
        let logits = model.head(&pick(state, &self.rows));
        let ids = vec![0; self.rows.len()];
        let side = DenseSide { logits: &self.logits, log_sum_exp: &self.log_sum_exp, ids: &ids };
        let seen = look(&logits, &self.chosen, 1, Some(&side)).and_then(|seen| seen.beside);
        Ok(seen.ok_or_else(|| no_numbers("the variant's logits"))?.kl.iter().sum())
    }
}

fn no_numbers(what: &str) -> GenerateError {
    GenerateError::NoNumbers { what: what.to_owned() }
}

fn pick(state: &Matrix, rows: &[usize]) -> Matrix {
    let data = rows.iter().flat_map(|&row| state.row(row).to_vec()).collect();
    Matrix::new(rows.len(), state.cols, data)
}

struct Search<'a> {
    dense: &'a Model,
    variant: &'a Model,
    texts: Vec<Text>,
    began: Instant,
    done: usize,
    total: usize,
    watch: &'a mut dyn FnMut(Searched),
}

impl Search<'_> {
    /// KL a decision as it is, and with each part put back alone. What stands before a part is run once for all parts.
    fn measure(&mut self, parts: &[Part]) -> Result<(f64, Vec<f64>), GenerateError> {
        let layers = self.variant.blocks.len();
        let passes = layers + parts.iter().map(|part| layers - part.blocks.start).sum::<usize>();
        self.total += passes * self.texts.len();
        let (mut base, mut left) = (0.0, vec![0.0; parts.len()]);
        let texts = std::mem::take(&mut self.texts);
        for text in &texts {
            let mut states = Vec::new();
            let end = self.variant.read(&text.tokens, &mut |_, state| states.push(state.clone()))?;
            base += text.kl(self.variant, &end)?;
            self.passed(layers);
            for (part, left) in parts.iter().zip(&mut left) {
                let state = self.run(part, states[part.blocks.start].clone(), text.tokens.len());
                *left += text.kl(self.variant, &state)?;
            }
        }
        let decisions = texts.iter().map(|text| text.rows.len()).sum::<usize>().max(1) as f64;
        self.texts = texts;
        left.iter_mut().for_each(|left| *left /= decisions);
        Ok((base / decisions, left))
    }

    /// Runs from a part's first block to the end.
    fn run(&mut self, part: &Part, mut state: Matrix, tokens: usize) -> Matrix {
        let sequences = Sequences::whole(&[tokens]);
        for at in part.blocks.start..self.variant.blocks.len() {
            let block = &self.variant.blocks[at];
            let flow = Flow::new(state, &sequences);
            state = match part.blocks.contains(&at) {
                true if part.kinds.len() == GroupKind::ALL.len() => self.dense.blocks[at].run(flow),
                true => block.with(&self.dense.blocks[at], part.kinds).run(flow),
                false => block.run(flow),
            };
            self.passed(1);
        }
        state
    }

    fn passed(&mut self, blocks: usize) {
        self.done += blocks;
        let each = self.began.elapsed().as_secs_f64() / self.done.max(1) as f64;
        (self.watch)(Searched { done: self.done, total: self.total, each });
    }

    /// Goes on with the worse half until it is one block, then looks at the groups of that.
    fn halves(&mut self, layers: usize) -> Result<(f64, Vec<(Part, f64)>), GenerateError> {
        let (mut range, mut base, mut all) = (0..layers, None, Vec::new());
        while range.len() > 1 {
            let middle = range.start + range.len() / 2;
            let of = |blocks| Part { blocks, kinds: &GroupKind::ALL };
            let halves = [of(range.start..middle), of(middle..range.end)];
            let (before, left) = self.measure(&halves)?;
            base = Some(before);
            range = if left[0] <= left[1] { halves[0].blocks.clone() } else { halves[1].blocks.clone() };
            all.extend(halves.into_iter().zip(left));
        }
        let groups = parts(self.dense, self.variant, Grain::Group);
        let groups: Vec<Part> = groups.into_iter().filter(|part| part.blocks == range).collect();
        let (before, left) = self.measure(&groups)?;
        all.extend(groups.into_iter().zip(left));
        Ok((base.unwrap_or(before), all))
    }

    /// A part by name, with what it recovers and what it would take.
    fn blamed(&self, part: &Part, recovered: f64) -> BlamedPart {
        let mut found = BlamedPart { recovered, blocks: part.blocks.clone(), ..BlamedPart::default() };
        found.what = match part.kinds {
            [GroupKind::Qkv] => "q, k, v",
            [GroupKind::Queries] => "queries",
            [GroupKind::KeysValues] => "keys, values",
            [GroupKind::Output] => "attention output",
            [GroupKind::GateUp] => "gate, up",
            [GroupKind::Down] => "down",
            ATTENTION => "attention",
            MLP => "feed-forward",
            _ => "all linears",
        }
        .to_owned();
        for block in &self.variant.blocks[part.blocks.clone()] {
            for group in block.groups().filter(|group| part.kinds.contains(&group.kind)) {
                for linear in block.linears_of(group) {
                    found.linears.push(linear.name.clone());
                    found.weights += linear.out_features() * linear.in_features();
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> ProbeText {
        let tokens = (0..40u32).map(|at| at * 37 % 1900).collect();
        ProbeText { source: "t".into(), sample: "0".into(), turn: 0, tokens, from: 30, decisions: Vec::new() }
    }

    #[test]
    fn what_is_not_compressed_is_not_to_blame() -> Result<(), GenerateError> {
        let pico = Checkpoint::bundled()?;
        let job = BlameJob { texts: &[text()], grain: Grain::Group, halving: false };
        let mut seen = Vec::new();
        let found = blame(&pico, &pico, job, &mut |at| seen.push(at))?;
        assert_eq!((found.positions, found.parts.len()), (10, pico.config().layers * 4));
        assert!(found.kl < 1e-12 && found.parts.iter().all(|part| part.recovered.abs() < 1e-12));
        assert!(seen.last().is_some_and(|last| last.done == last.total));
        let names: usize = found.parts.iter().map(|part| part.linears.len()).sum();
        assert_eq!(names, Model::load(&pico)?.blocks.iter().map(|block| block.linears().len()).sum::<usize>());
        Ok(())
    }
}
