//! The twin of `review`: a wish, the call that was made, what came of it.
//!
//! ```text
//! user: Wish: send the letter. The city is Oslo.
//!       Call: bank.send_letter(city = Lima)
//!       Result: done
//!       A. The call is of another tool than the wish needs.
//!       B. An argument has another value than the wish states.
//!       ..
//! gold: B
//! ```

use record::{Rng, Sample};
use serde_json::{Value, json};

use super::super::Teval;
use super::shelf::{Call, Tool, argument, listed, shelf};
use super::{Difficulty, number, sample};
use crate::Split;

/// What can come of a call, and how it is told.
const OUTCOMES: [(&str, &str); 5] = [
    ("success", "The call does what the wish asks for."),
    ("wrong tool", "The call is of another tool than the wish needs."),
    ("wrong argument", "An argument has another value than the wish states."),
    ("missing argument", "An argument of the wish is missing in the call."),
    ("no answer", "The call is right, but the tool did not answer."),
];

/// What is asked, and in which form.
const SYSTEM: &str = "\
The user had a wish, and a tool was called for it. Compare the call with the wish, and say what came of it.
Reply with the letter of the sentence that is true, and nothing else.";

pub(super) fn instance(rng: &mut Rng, split: Split, difficulty: Difficulty) -> Sample {
    let shelf = shelf(rng, split, difficulty, 2);
    let chosen = rng.choose(shelf.len(), 2);
    let (right, other) = (&shelf[chosen[0]], &shelf[chosen[1]]);
    let call = Call::draw(rng, right, difficulty.nesting);
    let user = format!("Wish: {}. {}", right.thought(), call.told(rng));
    // Without arguments none can be wrong.
    let outcome = if call.args.is_empty() { [0, 1, 4][rng.below(3)] } else { rng.below(OUTCOMES.len()) };
    let (made, result) = happened(rng, OUTCOMES[outcome].0, call, other);
    let mut order: Vec<usize> = (0..OUTCOMES.len()).collect();
    rng.shuffle(&mut order);
    let letters = || ["A", "B", "C", "D", "E"].into_iter().zip(&order);
    let choices: Vec<String> = letters().map(|(letter, &at)| format!("{letter}. {}", OUTCOMES[at].1)).collect();
    let letter = letters().find(|(_, at)| **at == outcome).map_or("", |(letter, _)| letter);
    let (call, choices) = (format!("{}({})", made.tool.name(), made.written()), choices.join("\n"));
    let user = format!("{}\n\n{user}\nCall: {call}\nResult: {result}\n{choices}", listed(&shelf));
    let tags = [
        ("tools", number(shelf.len())),
        ("arguments", number(right.parameters.len())),
        ("outcome", json!(OUTCOMES[outcome].0)),
    ];
    sample(Teval::Review, SYSTEM, user, json!({"response_format": "str", "answer": letter}), &tags)
}

/// The call that was made, and its result.
fn happened<'t>(rng: &mut Rng, outcome: &str, mut call: Call<'t>, other: &'t Tool) -> (Call<'t>, &'static str) {
    let at = rng.below(call.args.len());
    let key = call.args.keys().nth(at).cloned().unwrap_or_default();
    match outcome {
        "wrong tool" => call.tool = other,
        "wrong argument" => {
            let before = call.args.get(&key).cloned();
            let mut value: Value = argument(rng, &key, 0);
            while Some(&value) == before.as_ref() {
                value = argument(rng, &key, 0);
            }
            call.args.insert(key, value);
        }
        "missing argument" => drop(call.args.shift_remove(&key)),
        "no answer" => return (call, "no answer"),
        _ => {}
    }
    (call, "done")
}
