//! `probe`: every variant reads what the dense model wrote, and numbers of what it predicts are kept.

use std::path::{Path, PathBuf};

use generate::{Chat, Checkpoint, ProbeJob, Tokenizer};
use record::{
    Decided, Decision, Finish, Message, ProbeAnalysis, ProbeRecord, ProbeText, RunRecord, Sample, Step, Transcript,
    VariantSource, run_path,
};

use crate::event::{Event, Watch};
use crate::run::Run;
use crate::{Error, lookup};

/// What is probed.
#[derive(Debug, Clone)]
pub struct ProbeOptions {
    /// How many samples of each task; their first, middle and last turns are read.
    pub samples: usize,
    /// Text files to read beside them.
    pub texts: Vec<PathBuf>,
    /// How many positions the spectra of hidden states and logits are of.
    pub sampled: usize,
    /// Whether the spectra of weights are wanted.
    pub weights: bool,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self { samples: 8, texts: Vec::new(), sampled: 256, weights: true }
    }
}

/// The longest piece of a text file that is read at once, in tokens: perplexity is of such windows, side by side.
const WINDOW: usize = 2048;

/// Lets every variant of a run read the dense model's own transcripts, and other texts. What is there is not done again.
/// What that says is written to `analysis/probes.json`.
///
/// # Errors
/// Dense transcripts that are missing, a model that cannot be loaded, a text that cannot be read, a full disk.
pub fn probe(run: &Run, options: &ProbeOptions, watch: &mut Watch<'_>) -> Result<ProbeAnalysis, Error> {
    let _lock = run.lock()?;
    if !run.record.variants.iter().any(|variant| variant.source == VariantSource::Dense) {
        let why = "its dense model is a file of replies or behind a server, so that what it predicts is not to be seen"
            .to_owned();
        return Err(Error::NoProbe { root: run.root.clone(), why });
    }
    let dense = run.checkpoint()?.with_activations(run.record.activations);
    let texts = texts(run, &dense, options, watch)?;
    if texts.is_empty() {
        let why = "no reply of the dense model has any tokens".to_owned();
        return Err(Error::NoProbe { root: run.root.clone(), why });
    }
    let (record, digest) = remember(run, &texts, options)?;
    let positions: usize = texts.iter().map(ProbeText::positions).sum();
    let folder = run_path::probes(&run.root, record::DENSE);
    for variant in &run.record.variants {
        if !variant.source.is_local() {
            continue;
        }
        let checkpoint = run.made(variant)?.map(|made| made.with_activations(run.record.activations));
        let own = run_path::probes(&run.root, &variant.name);
        if generate::probed(&own, &digest)? {
            continue;
        }
        watch(Event::Begin(format!("{}: probing", variant.name)));
        let job = ProbeJob {
            texts: &texts,
            digest: &digest,
            folder: &own,
            dense: checkpoint.is_some().then_some((&dense, folder.as_path())),
            sampled: record.sampled,
            weights: record.weights,
        };
        let told = &mut |done, total| watch(Event::Progress { done, total, detail: String::new() });
        match generate::probe(checkpoint.as_ref().unwrap_or(&dense), &job, told) {
            Ok(()) => watch(Event::End(format!("{}: {positions} predictions", variant.name))),
            // One variant that cannot be compared does not end the others.
            Err(error @ generate::GenerateError::Vocabulary { .. }) => {
                watch(Event::Warning(format!("{}: not probed: {error}", variant.name)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(analyze_probes(run)?.unwrap_or_default())
}

/// What the probes of a run say, written to `analysis/probes.json`; `None` where there are none.
///
/// # Errors
/// A file that is broken, or numbers that are none.
pub(crate) fn analyze_probes(run: &Run) -> Result<Option<ProbeAnalysis>, Error> {
    let Some(digest) = probe_digest(run)? else { return Ok(None) };
    let texts: Vec<ProbeText> = record::read_jsonl(&run_path::probe_texts(&run.root))?;
    let mut all = Vec::new();
    for variant in &run.record.variants {
        let read = generate::read_probes(&run_path::probes(&run.root, &variant.name), &digest)?;
        all.extend(read.map(|(positions, spectra)| (&variant.name, positions, spectra)));
    }
    let of = |(variant, positions, spectra)| analyze::Probed { variant, positions, spectra };
    let probed: Vec<analyze::Probed> =
        all.iter().map(|(name, positions, spectra)| of((*name, positions, &spectra[..]))).collect();
    if probed.first().is_none_or(|first| first.variant != record::DENSE) {
        return Ok(None);
    }
    let analysis = analyze::probes(&texts, &probed)?;
    record::write_json(&run_path::probe_analysis(&run.root), &analysis)?;
    Ok(Some(analysis))
}

/// What names all that was asked of the probe of a run; `None` where there is none.
///
/// # Errors
/// A record that is broken.
pub(crate) fn probe_digest(run: &Run) -> Result<Option<String>, Error> {
    let path = run_path::probe(&run.root);
    Ok(if path.is_file() { Some(digest(&record::read_json(&path)?)) } else { None })
}

/// Writes down what is read and how; the digest of both.
fn remember(run: &Run, texts: &[ProbeText], options: &ProbeOptions) -> Result<(ProbeRecord, String), Error> {
    let path = run_path::probe_texts(&run.root);
    record::write_jsonl(&path, texts)?;
    let texts = crate::run::file_digest(&path)?;
    let record = ProbeRecord { texts, sampled: options.sampled, weights: options.weights };
    record::write_json(&run_path::probe(&run.root), &record)?;
    let digest = digest(&record);
    Ok((record, digest))
}

/// What names all that was asked of a probe.
fn digest(record: &ProbeRecord) -> String {
    record::digest(serde_json::to_string(record).unwrap_or_default().as_bytes())
}

fn texts(
    run: &Run,
    dense: &Checkpoint,
    options: &ProbeOptions,
    watch: &mut Watch<'_>,
) -> Result<Vec<ProbeText>, Error> {
    let teller = Teller { record: &run.record, root: &run.root, tokenizer: dense.tokenizer()? };
    let context = dense.config().longest();
    let (mut all, mut long) = (Vec::new(), 0);
    for source in &run.record.tasks {
        let task = lookup::task(&source.task)?;
        let mut transcripts = run.ended(record::DENSE, source)?;
        let mut taken = 0;
        for sample in run.samples(source)? {
            // The samples are read to their end, for what they are is known only then.
            let sample = sample?;
            if taken == options.samples {
                continue;
            }
            let transcript = transcripts.get(&sample.id)?;
            let before = all.len();
            for turn in turns(transcript.steps.len()) {
                let text = teller.turn(&sample, &transcript, turn, &|reply| task.decided(&sample, reply))?;
                match text.tokens.len() > context {
                    true => long += 1,
                    false => all.extend((text.positions() > 0).then_some(text)),
                }
            }
            taken += usize::from(all.len() > before);
        }
    }
    for path in &options.texts {
        all.extend(of_file(teller.tokenizer, path, WINDOW.min(context))?);
    }
    if long > 0 {
        watch(Event::Warning(format!(
            "{long} turns are left out: with their reply they exceed the context of {context}"
        )));
    }
    Ok(all)
}

/// The first, middle and last of some turns.
fn turns(count: usize) -> Vec<usize> {
    let mut all: Vec<usize> =
        [0, count / 2, count.saturating_sub(1)].into_iter().filter(|&turn| turn < count).collect();
    all.dedup();
    all
}

/// The pieces of a text file.
fn of_file(tokenizer: &Tokenizer, path: &Path, window: usize) -> Result<Vec<ProbeText>, Error> {
    let text = record::read_text(path)?;
    let tokens = tokenizer.encode(&text, false).map_err(generate::GenerateError::from)?;
    let begin: Vec<u32> = tokenizer.encode("", true).map_err(generate::GenerateError::from)?;
    let source = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let pieces = tokens.chunks(window.saturating_sub(begin.len()).max(2)).enumerate();
    Ok(pieces
        .map(|(number, piece)| ProbeText {
            source: source.clone(),
            sample: number.to_string(),
            turn: 0,
            tokens: [&begin, piece].concat(),
            from: begin.len().max(1),
            decisions: Vec::new(),
        })
        .filter(|text| text.positions() > 0)
        .collect())
}

/// Writes turns of transcripts as the tokens that the dense model saw and said.
struct Teller<'a> {
    record: &'a RunRecord,
    root: &'a Path,
    tokenizer: &'a Tokenizer,
}

impl Teller<'_> {
    /// A turn: its prompt, and its reply as the tokenizer spells it (which may differ from how the model spelled the same
    /// text), with the token that ends it where the model did.
    fn turn(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        turn: usize,
        decided: &dyn Fn(&str) -> Vec<Decided>,
    ) -> Result<ProbeText, Error> {
        let conversation = conversation(&transcript.steps, turn);
        let chat = Chat {
            messages: &conversation,
            tools: &sample.tools,
            args: &self.record.prompting.template_args,
            clock: crate::prompts::clock(self.root, self.record),
        };
        let prompt = self.tokenizer.write(&chat, self.record.chat_template).map_err(generate::GenerateError::from)?;
        let reply = &transcript.steps[turn].reply;
        let thought = thought(reply.reasoning.as_deref(), record::opened_by(&prompt.text));
        let base = prompt.text.len() + thought.len();
        let text = format!("{}{thought}{}", prompt.text, reply.text);
        let spans = self.tokenizer.encode_spans(&text, prompt.surround).map_err(generate::GenerateError::from)?;
        let mut tokens: Vec<u32> = spans.iter().map(|(id, _)| *id).collect();
        let from = spans.iter().position(|(_, span)| span.start >= prompt.text.len() && !span.is_empty());
        let mut decisions = Vec::new();
        for Decided { decision, range } in decided(&reply.text) {
            let (low, high) = (base + range.start, base + range.end);
            let first = spans.iter().position(|(_, span)| span.start < high && span.end > low);
            let last = spans.iter().rposition(|(_, span)| span.start < high && span.end > low);
            decisions.extend(first.zip(last).map(|(first, last)| Decided { decision, range: first..last + 1 }));
        }
        if let Some(end) =
            self.tokenizer.end_of_reply().filter(|_| reply.finish == Finish::Stop && sample.stop.is_empty())
        {
            decisions.push(Decided { decision: Decision::End, range: tokens.len()..tokens.len() + 1 });
            tokens.push(end);
        }
        let from = from.unwrap_or(spans.len()).max(1);
        let (source, sample) = (sample.task.clone(), sample.id.clone());
        Ok(ProbeText { source, sample, turn, tokens, from, decisions })
    }
}

/// What the model was shown at a turn.
fn conversation(steps: &[Step], turn: usize) -> Vec<Message> {
    let mut said = Vec::new();
    for (at, step) in steps.iter().enumerate().take(turn + 1) {
        step.show(&mut said);
        if at < turn {
            said.push(step.reply.message());
        }
    }
    said
}

/// A thought as it stands before what is said, where the prompt has `opened` it or not.
fn thought(reasoning: Option<&str>, opened: Option<&str>) -> String {
    match (reasoning, opened) {
        (Some(thought), None) => format!("<think>\n{thought}\n</think>\n\n"),
        (Some(thought), Some(_)) => format!("{thought}\n</think>\n\n"),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_the_middle_and_the_last_turn_are_read_once() {
        assert_eq!(turns(0), [] as [usize; 0]);
        assert_eq!(turns(1), [0]);
        assert_eq!(turns(2), [0, 1]);
        assert_eq!(turns(30), [0, 15, 29]);
    }
}
