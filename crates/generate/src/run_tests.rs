use std::error::Error;
use std::fs;
use std::path::PathBuf;

use record::{Finish, Reply, read_torn_jsonl};
use serde_json::json;

use super::*;

type Checked = Result<(), Box<dyn Error>>;

/// The transcripts of a file, by sample.
fn read_transcripts(path: &Path) -> Result<BTreeMap<String, Transcript>, record::RecordError> {
    Ok(Transcript::collect(read_torn_jsonl::<TranscriptLine>(path)?))
}

/// Replies with a digest of the whole request, `together` at a time; can break after some replies, as a crash does.
#[derive(Default)]
struct Echo {
    asked: Vec<(String, usize)>,
    under_way: VecDeque<(Ticket, Request)>,
    most_under_way: usize,
    replied: usize,
    together: usize,
    breaks_after: Option<usize>,
    /// Samples that get no reply in time.
    late: Vec<String>,
    /// The most messages that a prompt may have, where a whole reply is wanted.
    most_messages: Option<usize>,
}

impl Echo {
    fn breaks_after(replies: usize) -> Self {
        Self { breaks_after: Some(replies), ..Self::default() }
    }
}

impl Backend for Echo {
    fn submit(&mut self, request: Request) -> Result<Ticket, GenerateError> {
        let ticket = 100 + self.asked.len();
        self.asked.push((request.sample.clone(), request.turn));
        self.under_way.push_back((ticket, request));
        self.most_under_way = self.most_under_way.max(self.under_way.len());
        Ok(ticket)
    }

    fn collect(&mut self) -> Result<Vec<(Ticket, Answer)>, GenerateError> {
        let mut done = Vec::new();
        for _ in 0..=self.together {
            let Some((ticket, request)) = self.under_way.pop_front() else { break };
            self.replied += 1;
            if self.breaks_after.is_some_and(|limit| self.replied > limit) {
                return Err(GenerateError::NoReply { waiting: 1 });
            }
            if self.late.contains(&request.sample) {
                done.push((ticket, Err(Failure { again: true, ..Failure::lasting("no reply in time") })));
                continue;
            }
            if request.whole_reply && self.most_messages.is_some_and(|most| request.messages.len() > most) {
                done.push((ticket, Err(Failure::too_long("too long"))));
                continue;
            }
            if request.sample == "s3" && request.turn == 1 {
                done.push((ticket, Err(Failure::lasting("prompt of 9 tokens exceeds context of 8"))));
                continue;
            }
            let seen = record::digest(format!("{:?} {}", request.messages, request.seed).as_bytes());
            let reply = Reply::said(&seen[..8], 1, 2, Finish::Stop);
            done.push((ticket, Ok(reply)));
        }
        Ok(done)
    }
}

fn samples() -> Vec<Sample> {
    (0..7)
        .map(|index| Sample {
            id: format!("s{index}"),
            task: "t".into(),
            messages: vec![Message::user(format!("begin {index}"))],
            examples: 0,
            tools: Vec::new(),
            input: json!(index % 4 + 1),
            assets: Vec::new(),
            gold: Value::Null,
            max_tokens: 4,
            stop: vec![],
            cluster: None,
            tags: BTreeMap::new(),
        })
        .collect()
}

/// An episode of `input` turns, each of which shows the reply before it.
fn open(sample: &Sample) -> Result<Box<dyn Conversation>, Box<dyn Error + Send + Sync>> {
    let turns = sample.input.as_u64().ok_or("no turns")?;
    Ok(Box::new(Told { messages: sample.messages.clone(), turns, given: 0 }))
}

struct Told {
    messages: Vec<Message>,
    turns: u64,
    given: u64,
}

impl Told {
    fn ask(&self) -> Ask {
        Ask { messages: self.messages.clone(), tools: vec![], max_tokens: 4, stop: vec![] }
    }
}

impl Conversation for Told {
    fn next(&mut self, reply: Option<&str>) -> Turn {
        if let Some(reply) = reply {
            self.given += 1;
            self.messages.extend([Message::assistant(reply), Message::user(format!("seen {reply}"))]);
        }
        if self.given == self.turns {
            return Turn::Done(json!({ "turns": self.given }));
        }
        Turn::Ask(self.ask())
    }

    /// The oldest reply goes, and what was seen after it.
    fn shorten(&mut self) -> Option<Ask> {
        (self.messages.len() > 3).then(|| {
            self.messages.drain(1..3);
            self.ask()
        })
    }
}

struct Case {
    _folder: tempfile::TempDir,
    path: PathBuf,
    samples: Vec<Sample>,
}

fn case() -> Result<Case, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("dense/transcripts/t.jsonl");
    Ok(Case { _folder: folder, path, samples: samples() })
}

impl Case {
    fn run(&self, batch_size: usize, backend: &mut Echo) -> Result<Progress, GenerateError> {
        let job = Job {
            samples: &self.samples,
            transcript: &self.path,
            batch_size,
            seed: 11,
            earlier: &[],
            leave: &|| Leave::Never,
        };
        run(&job, &open, backend, &mut |_| {})
    }
}

#[test]
fn every_sample_ends_and_a_failed_reply_fails_its_sample_only() -> Checked {
    let case = case()?;
    let progress = case.run(3, &mut Echo::default())?;
    assert_eq!((progress.done, progress.failed, progress.total), (7, 1, 7));
    let all = read_transcripts(&case.path)?;
    assert_eq!(all.len(), 7);
    assert_eq!(all["s2"].steps.len(), 3);
    assert_eq!(all["s2"].record, json!({ "turns": 3 }));
    assert!(matches!(&all["s3"].outcome, Some(Outcome::Failed { reason, again: false }) if reason.contains("context")));
    assert_eq!(all["s3"].steps.len(), 1);
    Ok(())
}

#[test]
fn what_came_too_late_is_asked_again_by_the_next_run_and_by_no_other() -> Checked {
    let (case, whole) = (case()?, case()?);
    whole.run(2, &mut Echo::default())?;
    let mut slow = Echo { late: vec!["s1".into(), "s6".into()], ..Echo::default() };
    assert_eq!(case.run(2, &mut slow)?.failed, 3);
    let mut next = Echo::default();
    let progress = case.run(2, &mut next)?;
    assert_eq!((progress.done, progress.failed), (7, 1));
    assert!(next.asked.iter().all(|(sample, _)| ["s1", "s6"].contains(&sample.as_str())), "{:?}", next.asked);
    assert_eq!(read_transcripts(&case.path)?, read_transcripts(&whole.path)?);
    let mut last = Echo::default();
    case.run(2, &mut last)?;
    assert!(last.asked.is_empty());
    Ok(())
}

#[test]
fn replies_depend_neither_on_the_batch_nor_on_the_order() -> Checked {
    let (one, many, mut backwards) = (case()?, case()?, case()?);
    backwards.samples.reverse();
    one.run(1, &mut Echo::default())?;
    many.run(5, &mut Echo { together: 3, ..Echo::default() })?;
    backwards.run(2, &mut Echo::default())?;
    assert_eq!(read_transcripts(&one.path)?, read_transcripts(&many.path)?);
    assert_eq!(read_transcripts(&one.path)?, read_transcripts(&backwards.path)?);
    Ok(())
}

#[test]
fn a_broken_run_resumes_and_loses_only_the_replies_in_flight() -> Checked {
    let whole = case()?;
    let mut unbroken = Echo::default();
    whole.run(2, &mut unbroken)?;
    for limit in 0..unbroken.replied {
        let case = case()?;
        let mut first = Echo::breaks_after(limit);
        assert!(case.run(2, &mut first).is_err());
        let mut second = Echo::default();
        case.run(2, &mut second)?;
        assert_eq!(limit + second.replied, unbroken.replied, "asked twice after {limit}");
        assert_eq!(read_transcripts(&case.path)?, read_transcripts(&whole.path)?);
        let mut third = Echo::default();
        assert_eq!(case.run(2, &mut third)?.done, 7);
        assert!(third.asked.is_empty());
    }
    Ok(())
}

#[test]
fn a_file_cut_at_any_byte_resumes_to_the_same_transcripts() -> Checked {
    let whole = case()?;
    whole.run(2, &mut Echo::default())?;
    let bytes = fs::read(&whole.path)?;
    for length in (0..bytes.len()).step_by(151) {
        fs::write(&whole.path, &bytes[..length])?;
        let mut rest = Echo::default();
        whole.run(3, &mut rest)?;
        let fresh = case()?;
        fresh.run(1, &mut Echo::default())?;
        assert_eq!(read_transcripts(&whole.path)?, read_transcripts(&fresh.path)?, "cut at {length}");
    }
    Ok(())
}

#[test]
fn as_many_conversations_as_asked_are_under_way() -> Checked {
    for batch_size in [1, 3, 50] {
        let mut backend = Echo::default();
        case()?.run(batch_size, &mut backend)?;
        assert_eq!(backend.most_under_way, batch_size.min(7));
    }
    Ok(())
}

#[test]
fn a_broken_line_in_the_middle_is_named() -> Checked {
    let case = case()?;
    case.run(2, &mut Echo::default())?;
    let text = fs::read_to_string(&case.path)?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines[4] = "{\"line\": \"re";
    fs::write(&case.path, lines.join("\n") + "\n")?;
    let error = case.run(2, &mut Echo::default()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("t.jsonl line 5"), "{error}");
    assert_eq!(fs::read_to_string(&case.path)?.lines().count(), lines.len(), "nothing is lost");
    Ok(())
}

#[test]
fn a_transcript_of_other_data_is_refused() -> Checked {
    let mut case = case()?;
    let mut first = Echo::breaks_after(4);
    assert!(case.run(2, &mut first).is_err());
    for sample in &mut case.samples {
        sample.messages = vec![Message::user("something else")];
    }
    let error = case.run(2, &mut Echo::default()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("turn 0 of sample s"), "{error}");
    Ok(())
}

#[test]
fn an_episode_that_cannot_open_stops_the_run_by_name() -> Checked {
    let mut case = case()?;
    case.samples[2].input = Value::Null;
    let error = case.run(2, &mut Echo::default()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("sample s2 cannot be opened"), "{error}");
    assert!(!read_torn_jsonl::<TranscriptLine>(&case.path)?.is_empty(), "what was finished stays");
    Ok(())
}

#[test]
fn the_same_question_gets_another_seed_in_another_run_sample_and_turn() -> Checked {
    let case = case()?;
    case.run(2, &mut Echo::default())?;
    let before = read_transcripts(&case.path)?;
    fs::remove_file(&case.path)?;
    let job = Job {
        samples: &case.samples,
        transcript: &case.path,
        batch_size: 2,
        seed: 12,
        earlier: &[],
        leave: &|| Leave::Never,
    };
    run(&job, &open, &mut Echo::default(), &mut |_| {})?;
    assert_ne!(before["s0"].last_reply(), read_transcripts(&case.path)?["s0"].last_reply());
    Ok(())
}

#[test]
fn what_is_too_long_is_asked_again_with_less_of_the_past_and_goes_on_so() -> Checked {
    let case = case()?;
    let echo = |most| Echo { most_messages: Some(most), ..Echo::default() };
    case.run(2, &mut echo(3))?;
    let whole = read_transcripts(&case.path)?;
    let lengths: Vec<usize> = whole["s2"].steps.iter().map(|step| step.messages.len() + step.keep).collect();
    assert_eq!(lengths, [1, 3, 3]);
    // `begin`, then the last reply and what was seen after it.
    let last = &whole["s2"].steps[2];
    let said = &whole["s2"].steps[1].reply.text;
    assert_eq!(last.messages.last().map(|message| message.content.clone()), Some(format!("seen {said}")));
    // A killed run goes on from any line as if nothing had happened.
    let lines = fs::read_to_string(&case.path)?;
    for kept in 0..lines.lines().count() {
        let head: Vec<&str> = lines.lines().take(kept).collect();
        fs::write(&case.path, head.join("\n") + if kept > 0 { "\n" } else { "" })?;
        case.run(2, &mut echo(3))?;
        assert_eq!(read_transcripts(&case.path)?, whole, "{kept}");
    }
    // What cannot be made short enough gets what room there is for its reply.
    fs::remove_file(&case.path)?;
    case.run(2, &mut echo(0))?;
    assert!(matches!(read_transcripts(&case.path)?["s2"].outcome, Some(Outcome::Finished)));
    Ok(())
}

#[test]
fn a_job_that_is_left_after_its_replies_goes_on_in_another_file() -> Checked {
    let (case, whole) = (case()?, case()?);
    whole.run(2, &mut Echo::default())?;
    let began = std::cell::Cell::new(0);
    let leave = || {
        began.set(began.get() + 1);
        if began.get() > 4 { Leave::AfterReplies } else { Leave::Never }
    };
    let job = |transcript, earlier, leave| Job {
        samples: &case.samples,
        transcript,
        batch_size: 2,
        seed: 11,
        earlier,
        leave,
    };
    let mut first = Echo::default();
    let left = run(&job(&case.path, &[], &leave), &open, &mut first, &mut |_| {})?;
    assert!(left.done < left.total && first.under_way.is_empty(), "what was in flight is taken");
    let before = fs::read(&case.path)?;
    let (next, earlier) = (case.path.with_file_name("next.jsonl"), [case.path.clone()]);
    let mut second = Echo::default();
    let end = run(&job(&next, &earlier, &|| Leave::Never), &open, &mut second, &mut |_| {})?;
    assert_eq!((end.done, end.failed, end.total), (7, 1, 7));
    assert_eq!(fs::read(&case.path)?, before, "the file of others stays as it is");
    assert!(second.asked.iter().all(|asked| !first.asked.contains(asked)), "no reply is asked for twice");
    let mut both = Transcripts::open(&[case.path.clone(), next])?;
    for (sample, transcript) in read_transcripts(&whole.path)? {
        assert_eq!(both.get(&sample)?, transcript, "{sample}");
    }
    Ok(())
}

#[test]
fn a_job_that_is_left_at_once_writes_nothing_more() -> Checked {
    let case = case()?;
    let asked = std::cell::Cell::new(0);
    let leave = || {
        asked.set(asked.get() + 1);
        if asked.get() > 6 { Leave::AtOnce } else { Leave::Never }
    };
    let at = std::cell::Cell::new(0);
    let job =
        Job { samples: &case.samples, transcript: &case.path, batch_size: 2, seed: 11, earlier: &[], leave: &leave };
    let left =
        run(&job, &open, &mut Echo::default(), &mut |_| at.set(fs::metadata(&case.path).map_or(0, |file| file.len())));
    assert!(left.is_err_and(|error| matches!(error, GenerateError::Left)));
    assert!(at.get() > 0 && fs::metadata(&case.path)?.len() == at.get());
    Ok(())
}
