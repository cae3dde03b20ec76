//! The run loop: asks for what is missing, many at a time, and puts every reply on disk before it goes on.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use record::{
    Ask, Message, Outcome, RecordError, Rng, Sample, SampleFile, SampleState, Step, Transcript, TranscriptLine,
    Transcripts, Turn,
};
use serde_json::Value;

use crate::appender::Appender;
use crate::backend::{Answer, Failure, Ticket};
use crate::{Backend, GenerateError, Request};

/// A sample being worked on.
pub trait Conversation {
    /// What to show next, given the reply to what was shown last; `None` at the start.
    fn next(&mut self, reply: Option<&str>) -> Turn;

    /// What to show instead of the last turn, which was too long for the model: the same with less of the past. `None`
    /// where nothing more can go.
    fn shorten(&mut self) -> Option<Ask> {
        None
    }
}

/// How the episode of a sample is opened. The same replies must always lead to the same turns.
pub type Open<'a> = dyn Fn(&Sample) -> Result<Box<dyn Conversation>, Box<dyn std::error::Error + Send + Sync>> + 'a;

/// Samples of one task, by number.
pub trait Samples {
    /// How many there are.
    fn count(&self) -> usize;

    /// The name of the `at`-th.
    fn id(&self, at: usize) -> &str;

    /// The `at`-th itself, which is asked for once it is its turn.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn sample(&self, at: usize) -> Result<Sample, RecordError>;
}

impl Samples for Vec<Sample> {
    fn count(&self) -> usize {
        self.len()
    }

    fn id(&self, at: usize) -> &str {
        &self[at].id
    }

    fn sample(&self, at: usize) -> Result<Sample, RecordError> {
        Ok(self[at].clone())
    }
}

impl Samples for SampleFile {
    fn count(&self) -> usize {
        self.count()
    }

    fn id(&self, at: usize) -> &str {
        self.id(at)
    }

    fn sample(&self, at: usize) -> Result<Sample, RecordError> {
        self.sample(at)
    }
}

/// What is to be asked, and where the answers go.
pub struct Job<'a> {
    /// The samples of one task.
    pub samples: &'a dyn Samples,
    /// The transcript file. What it already holds is not asked again.
    pub transcript: &'a Path,
    /// Files of others with replies to these samples: what has ended there is not asked again, what is under way there goes
    /// on here, its replies copied first. They are never written, since whoever did may still be about.
    pub earlier: &'a [PathBuf],
    /// How many conversations are under way at a time, at least 1. It changes the speed, never a reply.
    pub batch_size: usize,
    /// The run's seed.
    pub seed: u64,
    /// Whether to go on: heard before every request and before every write.
    pub leave: &'a dyn Fn() -> Leave,
}

/// Whether a job is left before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// It goes on.
    Never,
    /// Once the replies in flight are on disk; nothing new is asked for.
    AfterReplies,
    /// At once: the samples are somebody else's now, and nothing more is written.
    AtOnce,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Samples that are over, failed ones included.
    pub done: usize,
    /// Of those, the failed ones.
    pub failed: usize,
    /// All samples.
    pub total: usize,
    /// Replies that this run asked for.
    pub replies: usize,
    /// Tokens that this run generated.
    pub tokens: usize,
}

/// Brings every sample of a job to its end, from wherever an earlier run left it.
///
/// Each finished reply is on disk before the next is asked for, so that a killed run loses at most the replies in
/// flight. `watch` hears of the progress after each time replies came in.
///
/// # Errors
/// A transcript that is broken in its middle or that belongs to other samples, a full disk, a backend that cannot
/// answer at all, [`GenerateError::Left`]. What was finished stays on disk in every case.
pub fn run(
    job: &Job<'_>,
    open: &Open<'_>,
    backend: &mut dyn Backend,
    watch: &mut dyn FnMut(Progress),
) -> Result<Progress, GenerateError> {
    let file = Appender::open(job.transcript)?;
    let own = Transcripts::open(&[job.transcript.to_owned()])?;
    let others = Transcripts::open(job.earlier)?;
    let mut progress = Progress { total: job.samples.count(), ..Progress::default() };
    let mut waiting = VecDeque::new();
    for at in 0..job.samples.count() {
        let id = job.samples.id(at);
        let elsewhere = others.state(id);
        match if elsewhere.is_over() { elsewhere } else { own.state(id) } {
            SampleState::Finished => progress.end(false),
            SampleState::Failed { again: false } => progress.end(true),
            SampleState::UnderWay | SampleState::Failed { again: true } => waiting.push_back(at),
        }
    }
    watch(progress);
    let mut run = Run { job, open, file, own, others, progress, waiting, flying: BTreeMap::new() };
    loop {
        run.fill(backend)?;
        if run.flying.is_empty() {
            return if (job.leave)() == Leave::AtOnce { Err(GenerateError::Left) } else { Ok(run.progress) };
        }
        run.take_all(backend)?;
        watch(run.progress);
    }
}

impl Progress {
    fn end(&mut self, failed: bool) {
        self.done += 1;
        self.failed += usize::from(failed);
    }
}

/// A conversation under way, waiting for a reply to `ask`.
struct Flight {
    sample: Sample,
    conversation: Box<dyn Conversation>,
    steps: Vec<Step>,
    /// What was said until now: the last turn's prompt and its reply.
    before: Vec<Message>,
    ask: Ask,
    /// Whether the model's context must have room for the longest reply. Once nothing more can be left out of a
    /// conversation, a reply gets what room there is.
    whole_reply: bool,
}

struct Run<'a> {
    job: &'a Job<'a>,
    open: &'a Open<'a>,
    file: Appender,
    progress: Progress,
    /// What is on disk of the samples that wait, here and elsewhere.
    own: Transcripts,
    others: Transcripts,
    waiting: VecDeque<usize>,
    flying: BTreeMap<Ticket, Flight>,
}

impl Run<'_> {
    /// Takes samples up until enough conversations are under way.
    fn fill(&mut self, backend: &mut dyn Backend) -> Result<(), GenerateError> {
        while self.flying.len() < self.job.batch_size.max(1) && (self.job.leave)() == Leave::Never {
            let Some(at) = self.waiting.pop_front() else { break };
            let sample = self.job.samples.sample(at)?;
            let steps = self.said(&sample)?;
            let mut conversation =
                (self.open)(&sample).map_err(|source| GenerateError::Open { sample: sample.id.clone(), source })?;
            let (turn, before) = self.replay(&sample, &steps, &mut *conversation)?;
            match turn {
                Turn::Ask(ask) => {
                    self.ask(Flight { sample, conversation, steps, before, ask, whole_reply: true }, backend)?;
                }
                Turn::Done(record) => {
                    let line = self.end(&sample.id, Outcome::Finished, record);
                    self.write(&[line])?;
                }
            }
        }
        Ok(())
    }

    /// What was said for a sample until now; what was said elsewhere is in the own file then.
    fn said(&mut self, sample: &Sample) -> Result<Vec<Step>, GenerateError> {
        let own = self.own.get(&sample.id)?.steps;
        let others = self.others.get(&sample.id)?.steps;
        if !others.starts_with(&own) {
            return Ok(own);
        }
        let missing = others.iter().enumerate().skip(own.len());
        self.write(&missing.map(|(turn, step)| TranscriptLine::reply(&sample.id, turn, step)).collect::<Vec<_>>())?;
        Ok(others)
    }

    /// Puts lines on disk, unless the samples are somebody else's now.
    fn write(&mut self, lines: &[TranscriptLine]) -> Result<(), GenerateError> {
        if lines.is_empty() {
            return Ok(());
        }
        match (self.job.leave)() {
            Leave::AtOnce => Err(GenerateError::Left),
            Leave::Never | Leave::AfterReplies => Ok(self.file.append(lines)?),
        }
    }

    fn ask(&mut self, flight: Flight, backend: &mut dyn Backend) -> Result<(), GenerateError> {
        let ticket = backend.submit(flight.request(self.job.seed))?;
        self.flying.insert(ticket, flight);
        Ok(())
    }

    /// Leads an episode through the replies that are on disk, to the first turn that has none, and gives what was said
    /// until then.
    fn replay(
        &self,
        sample: &Sample,
        steps: &[Step],
        conversation: &mut dyn Conversation,
    ) -> Result<(Turn, Vec<Message>), GenerateError> {
        let (mut turn, mut said) = (conversation.next(None), Vec::new());
        for (index, step) in steps.iter().enumerate() {
            step.show(&mut said);
            // What was asked may have been made shorter.
            while !matches!(&turn, Turn::Ask(ask) if ask.messages == said) {
                let Some(shorter) = conversation.shorten() else {
                    return Err(GenerateError::Replay {
                        path: self.job.transcript.to_owned(),
                        sample: sample.id.clone(),
                        turn: index,
                    });
                };
                turn = Turn::Ask(shorter);
                remember(&steps[..index], &mut turn);
            }
            turn = conversation.next(Some(&step.reply.text));
            remember(&steps[..=index], &mut turn);
            said.push(step.reply.message());
        }
        Ok((turn, said))
    }

    /// Waits for replies, puts them on disk, and asks for the next turns of conversations that go on.
    fn take_all(&mut self, backend: &mut dyn Backend) -> Result<(), GenerateError> {
        let mut lines = Vec::new();
        let mut going_on = Vec::new();
        for (ticket, answer) in backend.collect()? {
            if let Some(flight) = self.flying.remove(&ticket) {
                going_on.extend(self.take(flight, answer, &mut lines));
            }
        }
        if lines.is_empty() && going_on.is_empty() {
            return Err(GenerateError::NoReply { waiting: self.flying.len() });
        }
        self.write(&lines)?;
        if (self.job.leave)() != Leave::Never {
            return Ok(());
        }
        going_on.into_iter().try_for_each(|flight| self.ask(flight, backend))
    }

    /// Gives a conversation its reply and records it; `None` where the conversation is over.
    fn take(&mut self, mut flight: Flight, answer: Answer, lines: &mut Vec<TranscriptLine>) -> Option<Flight> {
        let reply = match answer {
            Ok(reply) => reply,
            Err(Failure { too_long: true, .. }) if flight.shorten() => return Some(flight),
            Err(Failure { reason, again, .. }) => {
                lines.push(self.end(&flight.sample.id, Outcome::Failed { reason, again }, Value::Null));
                return None;
            }
        };
        self.progress.replies += 1;
        self.progress.tokens += reply.completion_tokens;
        let step = Step::after(&flight.before, &flight.ask.messages, reply);
        let reply = &step.reply;
        lines.push(TranscriptLine::reply(&flight.sample.id, flight.steps.len(), &step));
        if reply.endless {
            let room = reply.counted().map_or_else(|| "its room".to_owned(), |tokens| format!("{tokens} tokens"));
            let reason = format!("its thought did not end within {room}");
            lines.push(self.end(&flight.sample.id, Outcome::failed(reason), Value::Null));
            return None;
        }
        let mut next = flight.conversation.next(Some(&reply.text));
        flight.before = std::mem::take(&mut flight.ask.messages);
        flight.before.push(reply.message());
        flight.steps.push(step);
        remember(&flight.steps, &mut next);
        match next {
            Turn::Ask(ask) => {
                flight.ask = ask;
                Some(flight)
            }
            Turn::Done(record) => {
                lines.push(self.end(&flight.sample.id, Outcome::Finished, record));
                None
            }
        }
    }

    fn end(&mut self, sample: &str, outcome: Outcome, record: Value) -> TranscriptLine {
        self.progress.end(outcome != Outcome::Finished);
        TranscriptLine::End { sample: sample.to_owned(), outcome, record }
    }
}

/// Gives the replies that the next turn shows the thoughts that they had.
fn remember(steps: &[Step], turn: &mut Turn) {
    if let Turn::Ask(ask) = turn {
        Transcript::remember(steps, &mut ask.messages);
    }
}

impl Flight {
    /// Asks for less: without the oldest of what can be left out, at last with less room for the reply. False where both
    /// were tried.
    fn shorten(&mut self) -> bool {
        match self.conversation.shorten() {
            Some(ask) => {
                let mut turn = Turn::Ask(ask);
                remember(&self.steps, &mut turn);
                if let Turn::Ask(ask) = turn {
                    self.ask = ask;
                }
                true
            }
            None => std::mem::replace(&mut self.whole_reply, false),
        }
    }

    fn request(&self, seed: u64) -> Request {
        let turn = self.steps.len();
        Request {
            sample: self.sample.id.clone(),
            turn,
            messages: self.ask.messages.clone(),
            tools: self.ask.tools.clone(),
            max_tokens: self.ask.max_tokens,
            stop: self.ask.stop.clone(),
            whole_reply: self.whole_reply,
            seed: Rng::stream(seed, &format!("{}/{}/{turn}", self.sample.task, self.sample.id)).next_u64(),
        }
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
