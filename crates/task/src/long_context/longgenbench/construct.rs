//! Prompts of many questions, built from the user's files.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use crate::pattern;

/// How prompts are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Construction {
    /// Every question whole and beside its own answer, all questions used.
    #[default]
    Corrected,
    /// As the reference: examples of MMLU end at `(D)`, questions with an empty line shift the others against the
    /// answers, `None` is `nan`, a last group of fewer questions is left out.
    Paper,
}

/// A multiple-choice question of MMLU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is asked.
    pub question: String,
    /// What may be chosen.
    pub options: [String; 4],
    /// `A` to `D`.
    pub answer: String,
}

/// A prompt of many questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The examples and the questions.
    pub prompt: String,
    /// The number of the first question.
    pub first: usize,
    /// The answers, one a question.
    pub answers: Vec<String>,
}

/// The questions of one of MMLU's csv files: question, four options, letter.
///
/// A row that has other fields, or bytes that are no UTF-8, is an error of its own.
pub fn choices(csv: &[u8]) -> impl Iterator<Item = Result<Choice, String>> + '_ {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv);
    reader.into_records().map(|row| {
        let row = row.map_err(|error| error.to_string())?;
        let fields: Vec<&str> = row.iter().collect();
        let [question, a, b, c, d, answer] = fields[..] else {
            return Err(format!("it has {} fields, not 6; a quotation mark may be open", fields.len()));
        };
        if !["A", "B", "C", "D"].contains(&answer) {
            return Err("its last field is not A, B, C or D".to_owned());
        }
        let options = [a, b, c, d].map(str::to_owned);
        Ok(Choice { question: question.to_owned(), options, answer: answer.to_owned() })
    })
}

/// Questions of GSM8K behind its examples. `questions` and `answers` are the rows' own.
pub fn gsm8k(questions: &[&str], answers: &[&str], shots: &str, construction: Construction) -> Built {
    let first = match construction {
        Construction::Paper => 9,
        Construction::Corrected => 1 + shots.lines().filter(|line| line.starts_with("Question_")).count(),
    };
    Built {
        prompt: prompt(shots, questions.iter().copied(), first),
        first,
        answers: answers.iter().map(|&answer| answer.to_owned()).collect(),
    }
}

/// Questions of one subject of MMLU behind its examples, `shots` being the text of `Q:` and `A:` of that subject.
pub fn mmlu(rows: &[Choice], shots: &str, construction: Construction) -> Built {
    let asked: Vec<String> = rows.iter().map(|row| question(row, construction)).collect();
    let answers = rows.iter().map(|row| row.answer.clone()).collect();
    let (examples, count) = examples(shots, construction);
    match construction {
        Construction::Corrected => {
            let first = 1 + count;
            Built { prompt: prompt(&examples, asked.iter().map(String::as_str), first), first, answers }
        }
        Construction::Paper => {
            let joined = asked.join("\n\n");
            Built { prompt: prompt(&examples, joined.split("\n\n").take(rows.len()), 6), first: 6, answers }
        }
    }
}

fn prompt<'q>(shots: &str, questions: impl Iterator<Item = &'q str>, first: usize) -> String {
    let mut text = format!("Examples: \n{shots}\n\nFollowing Question: \n");
    for (place, question) in questions.enumerate() {
        text.push_str(&format!("Question_{}:\n{question}\n", first + place));
    }
    text.push('\n');
    text
}

/// What pandas takes for a missing value, which then prints as `nan`.
const MISSING: &[&str] = &[
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
];

fn question(row: &Choice, construction: Construction) -> String {
    let [a, b, c, d] = &row.options;
    match construction {
        Construction::Corrected => format!("{}\n(A) {a} (B) {b} (C) {c} (D) {d}", row.question),
        Construction::Paper => {
            let [a, b, c, d] = [a, b, c, d].map(|text| if MISSING.contains(&text.as_str()) { "nan" } else { text });
            format!("{}\n(A) {a}(B) {b}(C) {c}(D) {d}", row.question)
        }
    }
}

static QUESTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)Q:.*?\(D\)"));
static ANSWER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)A:.*?The answer is.*?\)"));

/// The examples in the questions' form, and how many there are.
fn examples(shots: &str, construction: Construction) -> (String, usize) {
    let (questions, answers): (Vec<&str>, Vec<&str>) = match construction {
        Construction::Paper => {
            let cut = |pattern: &'static Regex, mark: &'static str| {
                pattern
                    .find_iter(shots)
                    .map(move |found| found.as_str())
                    .map(move |text| text.strip_prefix(mark).unwrap_or(text))
            };
            (cut(&QUESTION, "Q: ").collect(), cut(&ANSWER, "A: ").collect())
        }
        Construction::Corrected => {
            let pairs = shots.split("\nQ:").skip(1).filter_map(|pair| pair.split_once("\nA:"));
            pairs.map(|(question, answer)| (question.trim(), answer.trim())).unzip()
        }
    };
    let mut text = String::new();
    for (name, list) in [("Question", &questions), ("Answer", &answers)] {
        for (place, item) in list.iter().enumerate() {
            text.push_str(&format!("{name}_{}:\n{item}\n\n", place + 1));
        }
    }
    (text, questions.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOTS: &str = "About.\n\nQ: Which?\n(A) x (B) y (C) z (D) w\nA: Well. The answer is (D).\n\n";

    #[test]
    fn corrected_prompts_are_whole_and_in_step() {
        let rows: Vec<Choice> = choices(b"\"One\n\nand a half\",1,2,3,None,D\nTwo,a,b,c,d,A\n").flatten().collect();
        let built = mmlu(&rows, SHOTS, Construction::Corrected);
        assert_eq!((built.first, built.answers.as_slice()), (2, &["D".to_owned(), "A".to_owned()][..]));
        assert!(built.prompt.contains("Question_1:\nWhich?\n(A) x (B) y (C) z (D) w\n\nAnswer_1:\nWell."));
        assert!(
            built.prompt.contains("Question_2:\nOne\n\nand a half\n(A) 1 (B) 2 (C) 3 (D) None\nQuestion_3:\nTwo\n")
        );
        let paper = mmlu(&rows, SHOTS, Construction::Paper).prompt;
        assert!(
            paper.contains("(C) z (D)\n\nAnswer_1") && paper.contains("Question_6:\nOne\nQuestion_7:\nand a half\n")
        );
        assert!(paper.contains("(D) nan") && !paper.contains("Two"));
    }

    #[test]
    fn rows_with_broken_quotes_or_bytes_are_errors_of_their_own() {
        let rows: Vec<_> =
            choices(b"\xEF\xBB\xBFq,1,2,3,4,A\nq,1,2,3,4,E\nq,\xff,2,3,4,B\nshort,A\n\"open,1,2,3,4,B\n").collect();
        let good: Vec<bool> = rows.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, false, false, false, false]);
    }

    #[test]
    fn questions_of_gsm8k_go_on_counting() {
        let shots = "Question_1: \na\n\nAnswer_1: \nThe answer is 2.";
        let built = gsm8k(&["b", "c"], &["#### 1", "#### 2"], shots, Construction::Corrected);
        assert!(built.prompt.ends_with("Following Question: \nQuestion_2:\nb\nQuestion_3:\nc\n\n"));
        assert_eq!(gsm8k(&["b"], &["#### 1"], shots, Construction::Paper).first, 9);
    }
}
