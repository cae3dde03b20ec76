//! What a model says, apart from what it thinks and from what its template leaves behind. The one place where replies are
//! cleaned: the loop that asks takes thoughts off ([`Spoken`]), scorers and environments read [`clean`] text.

use std::borrow::Cow;

/// Marks around a thought, in lower case; their case does not matter.
const MARKS: &[(&str, &str)] = &[
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
];

/// What templates put before a reply.
const BEFORE: &[&str] = &[
    "<|im_start|>assistant",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<start_of_turn>model",
    "<|start|>assistant",
    "<|assistant|>",
    "<｜Assistant｜>",
    "[/INST]",
    "<s>",
    "<bos>",
];

/// What ends a reply: the end of a turn, or the beginning of somebody else's.
const AFTER: &[&str] = &[
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|start_header_id|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|user|>",
    "<|observation|>",
    "<end_of_turn>",
    "<start_of_turn>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "<eos>",
    "</s>",
    "[INST]",
];

/// A reply in its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoken {
    /// What was thought, without its marks; several thoughts have an empty line between them.
    pub reasoning: Option<String>,
    /// What was said. Without a thought it is the reply as it came.
    pub content: String,
    /// Whether a thought was begun that never ends, and nothing was said beside it.
    pub endless: bool,
}

impl Spoken {
    /// Takes a reply apart: `<think>..</think>` and its like, also where the prompt had the opening mark already, and the
    /// channels of gpt-oss. Marks inside of quotes and code are text.
    ///
    /// ```
    /// use record::Spoken;
    /// let spoken = Spoken::of("<think>It is even.</think>\n\n42");
    /// assert_eq!((spoken.reasoning.as_deref(), spoken.content.as_str()), (Some("It is even."), "42"));
    /// assert_eq!(Spoken::of("say `<think>`").content, "say `<think>`");
    /// assert!(Spoken::of("<think>Let me see").endless);
    /// ```
    pub fn of(reply: &str) -> Self {
        if let Some(spoken) = channels(reply) {
            return spoken;
        }
        let marks = marks(reply);
        if marks.is_empty() {
            return Self { content: reply.to_owned(), ..Self::default() };
        }
        let strict: Vec<Mark> = marks.iter().filter(|mark| !mark.quoted).copied().collect();
        let spoken = apart(reply, &strict);
        // A thought may leave quotes or code open; then its end seems to stand inside of them.
        if spoken.endless && marks.len() > strict.len() { apart(reply, &marks) } else { spoken }
    }
}

/// Whether a prompt ends inside of a thought: its template has written the opening mark.
///
/// ```
/// assert!(record::ends_in_thought("<|im_start|>assistant\n<think>\n"));
/// assert!(!record::ends_in_thought("<think>\n\n</think>\n\n"));
/// ```
pub fn ends_in_thought(prompt: &str) -> bool {
    opened_by(prompt).is_some()
}

/// The opening mark that a prompt ends with.
pub fn opened_by(prompt: &str) -> Option<&str> {
    let prompt = prompt.trim_end();
    let ends = |(open, _): &(&str, &str)| {
        let start = prompt.len().checked_sub(open.len())?;
        prompt.get(start..).filter(|end| end.eq_ignore_ascii_case(open))
    };
    MARKS.iter().find_map(ends)
}

/// Whether the beginning of a reply begins a thought; `None` where it may still become an opening mark.
pub fn begins_thought(beginning: &str) -> Option<bool> {
    let text = without_before(beginning).trim_start().to_lowercase();
    if MARKS.iter().any(|(open, _)| text.starts_with(open)) {
        return Some(true);
    }
    let may =
        MARKS.iter().any(|(open, _)| open.starts_with(&text)) || BEFORE.iter().any(|mark| mark.starts_with(&*text));
    if may { None } else { Some(false) }
}

/// Whether the end of a text closes a thought.
pub fn ends_thought(end: &str) -> bool {
    let text = end.to_lowercase();
    MARKS.iter().any(|(_, close)| text.contains(close))
}

/// Whether a token ends a turn: `<|im_end|>`, say.
pub fn ends_turn(token: &str) -> bool {
    AFTER.contains(&token)
}

/// The marks of thoughts as tokenizers may spell them, for those that leave special tokens out of a text.
pub fn is_thought_mark(token: &str) -> bool {
    MARKS.iter().any(|(open, close)| token.eq_ignore_ascii_case(open) || token.eq_ignore_ascii_case(close))
}

/// A mark of a thought.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    end: usize,
    opens: bool,
    quoted: bool,
}

/// All marks in their order.
fn marks(text: &str) -> Vec<Mark> {
    let lower = text.to_ascii_lowercase();
    let places = |mark: &'static str, opens: bool| {
        lower.match_indices(mark).map(move |(at, _)| Mark { start: at, end: at + mark.len(), opens, quoted: false })
    };
    let mut all: Vec<Mark> =
        MARKS.iter().flat_map(|(open, close)| places(open, true).chain(places(close, false))).collect();
    all.sort_by_key(|mark| mark.start);
    let mut quotes = Quotes::default();
    all.iter_mut().for_each(|mark| mark.quoted = quotes.around(text, mark.start));
    all
}

/// What is quoted: found on the way through a text, from its start to its end.
#[derive(Default)]
struct Quotes {
    /// Lines that begin or end code, as byte offsets; `None` until they are needed.
    fences: Option<Vec<usize>>,
    /// The line looked at last: where it lies, and its quotation marks, then its backticks.
    line: (usize, usize, [Vec<usize>; 2]),
}

impl Quotes {
    /// Whether the place lies in a block of code, or has a quotation mark or a backtick open before it that closes after
    /// it in the same line.
    fn around(&mut self, text: &str, at: usize) -> bool {
        let fences = self.fences.get_or_insert_with(|| {
            let mut starts = Vec::new();
            let mut from = 0;
            for line in text.split_inclusive('\n') {
                if line.trim_start().starts_with("```") {
                    starts.push(from);
                }
                from += line.len();
            }
            starts
        });
        let before = fences.partition_point(|&fence| fence <= at);
        if before % 2 == 1 && before < fences.len() {
            return true;
        }
        if at >= self.line.1 {
            let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
            let bytes = text.as_bytes();
            let is = |place: usize, quote: u8| bytes[place] == quote && (place == start || bytes[place - 1] != b'\\');
            let places = |quote: u8| (start..end).filter(|&place| is(place, quote)).collect();
            self.line = (start, end, [places(b'"'), places(b'`')]);
        }
        self.line.2.iter().any(|places| {
            let before = places.partition_point(|&place| place < at);
            before % 2 == 1 && before < places.len()
        })
    }
}

/// Takes the text between marks out. Marks may nest; a closing one without an opening one ends a thought that the reply
/// began with, and a thought that mentions an opening one ends at its last closing one.
fn apart(text: &str, marks: &[Mark]) -> Spoken {
    let (mut thoughts, mut said): (Vec<String>, String) = (Vec::new(), String::new());
    let (mut from, mut depth) = (0, 0_usize);
    let (mut began, mut ended): (Option<Mark>, Option<Mark>) = (None, None);
    for mark in marks {
        match (mark.opens, depth) {
            (true, 0) => {
                said.push_str(&text[from..mark.start]);
                (from, depth, began, ended) = (mark.end, 1, Some(*mark), None);
            }
            (true, _) => depth += 1,
            (false, 0) => {
                said.push_str(&text[from..mark.start]);
                thoughts.push(std::mem::take(&mut said));
                from = mark.end;
            }
            (false, _) => {
                depth -= 1;
                ended = Some(*mark);
                if depth == 0 {
                    thoughts.push(text[from..mark.start].to_owned());
                    from = mark.end;
                }
            }
        }
    }
    let mut endless = false;
    match (began.filter(|_| depth > 0), ended) {
        (None, _) => said.push_str(&text[from..]),
        (Some(_), Some(end)) => {
            thoughts.push(text[from..end.start].to_owned());
            said.push_str(&text[end.end..]);
        }
        (Some(open), None) => {
            let begins_line = text[..open.start].rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
            if said.trim().is_empty() || begins_line {
                endless = without_before(&said).trim().is_empty();
                thoughts.push(text[from..].to_owned());
            } else {
                // Words before it in its line: it is spoken of, and not thought.
                said.push_str(&text[open.start..]);
            }
        }
    }
    let thoughts: Vec<&str> = thoughts.iter().map(|thought| thought.trim()).filter(|text| !text.is_empty()).collect();
    let reasoning = thoughts.join("\n\n");
    let content = if endless { String::new() } else { without_blank_lines(without_before(&said)).to_owned() };
    Spoken { reasoning: (!reasoning.is_empty()).then_some(reasoning), content, endless }
}

/// What follows a thought: without the blank lines, or the one space, between the two. Code keeps its indentation.
fn without_blank_lines(text: &str) -> &str {
    let blank = text.len() - text.trim_start().len();
    let text = text[..blank].rfind('\n').map_or(text, |end| &text[end + 1..]);
    match text.strip_prefix(' ') {
        Some(rest) if !rest.starts_with(char::is_whitespace) => rest,
        _ => text,
    }
}

/// gpt-oss: `<|channel|>analysis<|message|>..<|end|><|start|>assistant<|channel|>final<|message|>..`, or the same after a
/// tokenizer that leaves out special tokens: `analysis..assistantfinal..`.
fn channels(reply: &str) -> Option<Spoken> {
    const CHANNEL: &str = "<|channel|>";
    let trimmed = reply.trim_start();
    let start = trimmed.strip_prefix("<|start|>assistant").unwrap_or(trimmed);
    if !start.starts_with(CHANNEL) {
        let rest = trimmed.strip_prefix("analysis")?;
        let (thought, said) = rest.split_once("assistantfinal")?;
        let reasoning = thought.replace("assistantcommentary", "\n").replace("assistantanalysis", "\n");
        return Some(Spoken {
            reasoning: Some(reasoning.trim().to_owned()).filter(|text| !text.is_empty()),
            content: said.trim_start().to_owned(),
            endless: false,
        });
    }
    let (mut thoughts, mut said) = (Vec::new(), Vec::new());
    for part in start.split(CHANNEL).skip(1) {
        let (name, text) = part.split_once("<|message|>").unwrap_or((part, ""));
        let end = ["<|end|>", "<|start|>", "<|return|>", "<|call|>"].iter().filter_map(|end| text.find(end)).min();
        let text = text[..end.unwrap_or(text.len())].trim();
        match name.trim_start().starts_with("final") {
            true => said.push(text),
            false => thoughts.push(text),
        }
    }
    let reasoning = thoughts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
    let endless = said.is_empty();
    let content = said.join("\n\n");
    Some(Spoken { reasoning: (!reasoning.is_empty()).then_some(reasoning), content, endless })
}

/// A text without what templates put before a reply.
fn without_before(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(after) = BEFORE.iter().find_map(|mark| rest.strip_prefix(mark)) {
        rest = after.trim_start();
    }
    if rest.len() < text.trim_start().len() { rest } else { text }
}

/// What a reply says: without thoughts, what templates leave behind, characters of no width, and a code fence around all of
/// it.
///
/// ```
/// assert_eq!(record::clean("<think>hm</think>```json\n{\"a\": 1}\n```<|im_end|>"), "{\"a\": 1}");
/// ```
pub fn clean(reply: &str) -> String {
    let said: String = Spoken::of(reply).content.chars().filter(|c| !is_zero_width(*c)).collect();
    let text = without_before(&said);
    let first = |mark: &&str| {
        let mut quotes = Quotes::default();
        text.match_indices(*mark).map(|(at, _)| at).find(|&at| at > 0 && !quotes.around(text, at))
    };
    let ends = AFTER.iter().filter_map(first).min();
    let text = ends.map_or(text, |at| &text[..at]).trim();
    unfenced(text).unwrap_or(text).to_owned()
}

/// What stands inside of a code fence that surrounds the whole text.
fn unfenced(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("```")?.strip_suffix("```")?;
    if inside.contains("```") {
        return None;
    }
    match inside.split_once('\n') {
        // The name of a language follows the opening fence.
        Some((name, code)) if name.trim().chars().all(|c| c.is_alphanumeric() || "+-_.#".contains(c)) => {
            Some(code.trim_end())
        }
        _ => Some(inside.trim()),
    }
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// A text with full-width letters, digits and signs as their ASCII ones: `（１，２）` is `(1,2)`.
pub fn half_width(text: &str) -> Cow<'_, str> {
    let wide = |c: char| matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{3000}');
    if !text.contains(wide) {
        return Cow::Borrowed(text);
    }
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        c if wide(c) => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    Cow::Owned(text.chars().map(narrow).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(reply: &str) -> (Option<String>, String, bool) {
        let Spoken { reasoning, content, endless } = Spoken::of(reply);
        (reasoning, content, endless)
    }

    #[test]
    fn thoughts_are_taken_off_in_every_form() {
        assert_eq!(parts("<think>a</think>\n    return 4").1, "    return 4");
        for reply in [
            "<think>a b</think>42",
            "<think>\na b\n</think>\n\n42",
            "a b\n</think>\n42",
            "<THINK>a b</THINK>42",
            "<thinking> a b </thinking> 42",
            "[THINK]a b[/THINK]42",
            "◁think▷a b◁/think▷42",
            "<|im_start|>assistant\n<think>a b</think>42",
            "<|channel|>analysis<|message|>a b<|end|><|start|>assistant<|channel|>final<|message|>42<|return|>",
            "analysisa bassistantfinal42",
            "<|start|>assistant<|channel|>analysis<|message|>a b<|end|><|channel|>final<|message|>42",
        ] {
            assert_eq!(parts(reply), (Some("a b".to_owned()), "42".to_owned(), false), "{reply}");
        }
        assert_eq!(parts("<think></think>42"), (None, "42".to_owned(), false));
        assert_eq!(parts("<think>\n\n</think>\n\n42").1, "42");
    }

    #[test]
    fn nested_unbalanced_and_repeated_marks_leave_what_was_said() {
        for (reply, thought) in [
            ("<think>a <think>b</think> c</think>42", "a <think>b</think> c"),
            ("<think>I close the <think> mark</think>42", "I close the <think> mark"),
            ("<think>a</think> b</think>42", "a\n\nb"),
            ("<think>a</think><think>b</think>42", "a\n\nb"),
            ("<think>say \"</think>\" later</think>42", "say \"</think>\" later"),
            ("<think>```\nx = 1</think>42", "```\nx = 1"),
        ] {
            assert_eq!(parts(reply), (Some(thought.to_owned()), "42".to_owned(), false), "{reply}");
        }
        assert_eq!(parts("The answer is 42.\n<think>or is it").1, "The answer is 42.\n");
        assert_eq!(parts("4<think>hm</think>2").1, "42");
    }

    #[test]
    fn marks_in_strings_and_code_are_text() {
        for reply in [
            r#"{"text": "a </think> b"}"#,
            "use `<think>` and `</think>`",
            "```\n<think>\n```\nis a mark",
            "a mark such as <think> begins a thought",
            "plain",
            "",
            "  spaces stay  ",
            "5 < 6 [think about it]",
        ] {
            assert_eq!(parts(reply), (None, reply.to_owned(), false));
        }
    }

    #[test]
    fn a_thought_that_never_ends_is_told() {
        for reply in
            ["<think>", "<think>on and on", "[THINK]x", "<|channel|>analysis<|message|>x", "\n <think>a <think>b"]
        {
            let spoken = Spoken::of(reply);
            assert!(spoken.endless && spoken.content.is_empty(), "{reply} {spoken:?}");
        }
    }

    #[test]
    fn what_templates_leave_behind_is_no_part_of_an_answer() {
        for reply in [
            "42<|im_end|>",
            "42</s> <s>",
            "<|im_start|>assistant\n42<|im_end|>\n<|im_start|>user\nmore",
            "[/INST] 42",
            "```\n42\n```",
            "```json\n42```",
            "`` `42` ``".trim_matches(['`', ' ']),
            "\u{feff}4\u{200b}2",
            "<think>\n</think>\n\n42<|endoftext|>",
        ] {
            assert_eq!(clean(reply).trim_matches('`'), "42", "{reply}");
        }
        assert_eq!(clean("print(\"</s>\")"), "print(\"</s>\")");
        assert_eq!(clean("a\n```\nb\n```"), "a\n```\nb\n```");
        assert_eq!(half_width("（１，Ａ）　x"), "(1,A) x");
    }

    #[test]
    fn a_megabyte_of_anything_is_read_in_no_time() {
        for piece in [
            "<think>",
            "</think>",
            "<think>a</think>",
            "\"<think>",
            "`</think>",
            "```\n<think>\n",
            "<",
            "<|channel|>",
            "[INST]",
            "a",
        ] {
            let reply = piece.repeat((1 << 20) / piece.len());
            let began = std::time::Instant::now();
            let _ = (Spoken::of(&reply), clean(&reply));
            assert!(began.elapsed().as_secs() < 5, "{piece} {:?}", began.elapsed());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_reply_panics_and_cleaning_twice_changes_nothing_more(
            reply in "(<think>|</think>|\\[THINK\\]|<\\|channel\\|>|final|<\\|message\\|>|\"|`|```|\n| |é|a|<\\|im_end\\|>|\u{200b}){0,14}"
        ) {
            let _ = clean(&reply);
            let once = Spoken::of(&reply).content;
            let _ = Spoken::of(&once);
        }
    }
}
