//! The transcripts of a task on disk, read one at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::text::unmarked;
use crate::{Outcome, RecordError, Transcript};

/// Where each sample's lines lie in the files of a task. What was said stays on disk until it is asked for, so that
/// memory holds a place a line, whatever was said.
pub struct Transcripts {
    shards: Vec<(PathBuf, File)>,
    samples: BTreeMap<String, Places>,
}

/// Where a sample's lines lie, and how far it is.
#[derive(Default)]
struct Places {
    lines: Vec<Place>,
    turns: usize,
    state: SampleState,
}

#[derive(Clone, Copy)]
struct Place {
    shard: usize,
    line: usize,
    from: u64,
    bytes: usize,
}

/// How far a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SampleState {
    /// It has not ended.
    #[default]
    UnderWay,
    /// It was answered to its end.
    Finished,
    /// It could not be.
    Failed {
        /// Whether asking again could help.
        again: bool,
    },
}

impl SampleState {
    /// Whether it has ended and need not be asked again.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Failed { again: false })
    }
}

/// What the index needs of a line; the rest is passed over.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    line: Cow<'a, str>,
    #[serde(borrow)]
    sample: Cow<'a, str>,
    turn: Option<usize>,
    outcome: Option<Outcome>,
}

impl Transcripts {
    /// Looks through the files that are there, in order. A last line without a newline counts where it is whole; else it is
    /// a torn write and is dropped, and its sample goes on from the line before.
    ///
    /// A sample that several files hold counts once: what ended first stands, and what a later file begins anew replaces
    /// what an earlier one left unfinished, so that no transcript mixes two conversations.
    ///
    /// # Errors
    /// A file that cannot be read, or the line that is no transcript line.
    pub fn open(paths: &[PathBuf]) -> Result<Self, RecordError> {
        let mut all = Self { shards: Vec::new(), samples: BTreeMap::new() };
        for path in paths.iter().filter(|path| path.exists()) {
            all.read(path)?;
        }
        Ok(all)
    }

    fn read(&mut self, path: &Path) -> Result<(), RecordError> {
        let io = |source| RecordError::io("read", path, source);
        let mut file = BufReader::new(File::open(path).map_err(io)?);
        let (mut text, mut place) = (Vec::new(), Place { shard: self.shards.len(), line: 0, from: 0, bytes: 0 });
        loop {
            text.clear();
            place.bytes = file.read_until(b'\n', &mut text).map_err(io)?;
            place.line += 1;
            let line = own(&text, place, path)?;
            let head = || serde_json::from_slice(line).and_then(checked);
            if text.last() != Some(&b'\n') {
                head().into_iter().for_each(|head| self.note(head, place));
                break;
            }
            if !line.trim_ascii().is_empty() {
                let parse = |source| RecordError::Parse { path: path.to_owned(), line: place.line, source };
                self.note(head().map_err(parse)?, place);
            }
            place.from += place.bytes as u64;
        }
        self.shards.push((path.to_owned(), file.into_inner()));
        Ok(())
    }

    /// Keeps the place of a line that counts, as [`Transcript::add`] would add it.
    fn note(&mut self, head: Head<'_>, place: Place) {
        let known = match self.samples.get_mut(head.sample.as_ref()) {
            Some(known) => known,
            None => self.samples.entry(head.sample.into_owned()).or_default(),
        };
        if known.state.is_over() {
            return;
        }
        if head.turn == Some(0) && known.lines.last().is_some_and(|last| last.shard < place.shard) {
            *known = Places::default();
        }
        match head.outcome {
            None if head.turn != Some(known.turns) => return,
            None => (known.turns, known.state) = (known.turns + 1, SampleState::UnderWay),
            Some(Outcome::Finished) => known.state = SampleState::Finished,
            Some(Outcome::Failed { again, .. }) => known.state = SampleState::Failed { again },
        }
        known.lines.push(place);
    }

    /// How far a sample is.
    pub fn state(&self, sample: &str) -> SampleState {
        self.samples.get(sample).map_or(SampleState::UnderWay, |known| known.state)
    }

    /// How many samples have ended, failed ones included.
    pub fn ended(&self) -> usize {
        self.count(|state| state != SampleState::UnderWay)
    }

    /// How many samples are over: those that have ended and need not be asked again.
    pub fn over(&self) -> usize {
        self.count(SampleState::is_over)
    }

    /// How many samples failed.
    pub fn failed(&self) -> usize {
        self.count(|state| matches!(state, SampleState::Failed { .. }))
    }

    fn count(&self, which: impl Fn(SampleState) -> bool) -> usize {
        self.samples.values().filter(|known| which(known.state)).count()
    }

    /// What was said for a sample; nothing where there is nothing.
    ///
    /// # Errors
    /// A file that was changed since it was opened.
    pub fn get(&mut self, sample: &str) -> Result<Transcript, RecordError> {
        let mut transcript = Transcript::default();
        let places: &[Place] = self.samples.get(sample).map_or(&[], |known| &known.lines);
        for place in places {
            let (path, file) = &mut self.shards[place.shard];
            let mut text = vec![0; place.bytes];
            let read = file.seek(SeekFrom::Start(place.from)).and_then(|_| file.read_exact(&mut text));
            read.map_err(|source| RecordError::io("read", path, source))?;
            let line = serde_json::from_slice(own(&text, *place, path)?);
            let parse = |source| RecordError::Parse { path: path.clone(), line: place.line, source };
            transcript.add(line.map_err(parse)?);
        }
        Ok(transcript)
    }
}

/// A line without the byte-order mark that an editor may have put before the first.
fn own<'t>(text: &'t [u8], place: Place, path: &Path) -> Result<&'t [u8], RecordError> {
    match place.line {
        1 => unmarked(text).map_err(|source| RecordError::Text { path: path.to_owned(), source }),
        _ => Ok(text),
    }
}

/// That it is one of the two kinds of lines.
fn checked(head: Head<'_>) -> Result<Head<'_>, serde_json::Error> {
    match (head.line.as_ref(), head.turn, &head.outcome) {
        ("reply", Some(_), _) | ("end", _, Some(_)) => Ok(head),
        _ => Err(serde::de::Error::custom("it is neither a reply with its turn nor an end with its outcome")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finish, Message, Reply, Step, TranscriptLine};

    fn lines() -> Vec<TranscriptLine> {
        let reply = |sample: &str, turn, text: &str| {
            let step =
                Step { keep: 0, messages: vec![Message::user("u")], reply: Reply::said(text, 1, 1, Finish::Stop) };
            TranscriptLine::reply(sample, turn, &step)
        };
        let end = |sample: &str, outcome| TranscriptLine::End {
            sample: sample.into(),
            outcome,
            record: serde_json::json!({"of": sample}),
        };
        let late = || Outcome::Failed { reason: "late".into(), again: true };
        vec![
            reply("a", 0, "a0"),
            reply("b", 0, "b0"),
            reply("a", 0, "again"),
            reply("a", 1, "a1"),
            end("b", late()),
            end("a", Outcome::Finished),
            reply("a", 2, "after its end"),
            reply("b", 1, "b1"),
            end("b", Outcome::failed("long")),
            end("c", late()),
            reply("d", 0, "d0"),
        ]
    }

    #[test]
    fn what_is_read_one_at_a_time_is_what_is_read_at_once() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let paths: Vec<PathBuf> = ["0.jsonl", "none.jsonl", "1.jsonl"].map(|name| folder.path().join(name)).into();
        let (first, second) = lines().into_iter().enumerate().partition::<Vec<_>, _>(|(at, _)| *at < 4);
        for (path, lines) in [(&paths[0], first), (&paths[2], second)] {
            let text: Vec<String> =
                lines.iter().map(|(_, line)| serde_json::to_string(line)).collect::<Result<_, _>>()?;
            std::fs::write(path, text.join("\n") + "\n{\"line\": \"re")?;
        }
        let whole = Transcript::collect(lines());
        let mut shards = Transcripts::open(&paths)?;
        for (sample, transcript) in &whole {
            assert_eq!(shards.get(sample)?, *transcript, "{sample}");
        }
        assert_eq!(shards.get("none")?, Transcript::default());
        assert_eq!((shards.ended(), shards.over(), shards.failed()), (3, 2, 2));
        std::fs::write(&paths[0], "{\"line\": \"reply\", \"sample\": \"a\"}\n")?;
        let error = Transcripts::open(&paths).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("0.jsonl line 1"), "{error}");
        Ok(())
    }

    /// A file of some samples that were answered at once: `texts` are the replies to each.
    fn shard(path: &Path, said: &[(&str, &[&str], bool)]) -> Result<(), Box<dyn std::error::Error>> {
        let mut text = String::new();
        for (sample, texts, ends) in said {
            for (turn, reply) in texts.iter().enumerate() {
                let reply = Reply::said(*reply, 1, 1, Finish::Stop);
                let step = Step { keep: 0, messages: vec![Message::user("u")], reply };
                text += &(serde_json::to_string(&TranscriptLine::reply(sample, turn, &step))? + "\n");
            }
            let (sample, outcome, record) = ((*sample).to_owned(), Outcome::Finished, serde_json::Value::Null);
            if *ends {
                text += &(serde_json::to_string(&TranscriptLine::End { sample, outcome, record })? + "\n");
            }
        }
        Ok(std::fs::write(path, text)?)
    }

    #[test]
    fn a_sample_in_two_files_counts_once_and_is_not_mixed() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let paths: Vec<PathBuf> = ["0.jsonl", "1.jsonl"].map(|name| folder.path().join(name)).into();
        shard(&paths[0], &[("a", &["a0"], true), ("b", &["b0", "b1"], false), ("c", &["c0"], false)])?;
        shard(&paths[1], &[("a", &["other a0"], true), ("b", &["other b0"], true), ("d", &["d0"], true)])?;
        let mut all = Transcripts::open(&paths)?;
        let mut said = |sample| -> Result<Vec<String>, RecordError> {
            Ok(all.get(sample)?.steps.into_iter().map(|step| step.reply.text).collect())
        };
        assert_eq!((said("a")?, said("b")?), (vec!["a0".to_owned()], vec!["other b0".to_owned()]));
        assert_eq!((said("c")?, said("d")?), (vec!["c0".to_owned()], vec!["d0".to_owned()]));
        assert_eq!((all.ended(), all.over(), all.state("c")), (3, 3, SampleState::UnderWay));
        Ok(())
    }

    #[test]
    fn a_file_cut_anywhere_in_its_last_line_has_the_lines_before() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let paths = [folder.path().join("0.jsonl"), folder.path().join("1.jsonl")];
        shard(&paths[0], &[("a", &["a0"], true)])?;
        shard(&paths[1], &[("b", &["b0"], true)])?;
        let whole = std::fs::read(&paths[1])?;
        let last = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').ok_or("one line")? + 1;
        for length in last..=whole.len() {
            std::fs::write(&paths[1], &whole[..length])?;
            let mut all = Transcripts::open(&paths)?;
            // Only the newline is missing: nothing was lost.
            let ended = length + 1 >= whole.len();
            assert_eq!((all.ended(), all.get("b")?.last_reply()), (1 + usize::from(ended), "b0"), "cut at {length}");
        }
        Ok(())
    }
}
