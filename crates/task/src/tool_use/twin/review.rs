//! The twin of `review`: a wish, the call that was made, what came of it.
//!
//! ```text
//! user: Wish: send the letter. The city is Oslo.
//!       Call: bank.send_letter(city = Lima)
//!       Result: done
//!       A. wrong tool
//!       B. wrong argument
//!       ..
//! gold: B
//! ```

use record::{Rng, Sample};
use serde_json::{Value, json};

use super::super::Teval;
use super::shelf::{Call, Tool, argument, listed, shelf};
use super::{Difficulty, number, sample};
use crate::Split;

/// What can come of a call.
const OUTCOMES: [&str; 5] = ["success", "wrong tool", "wrong argument", "missing argument", "no answer"];

pub(super) fn instance(rng: &mut Rng, split: Split, difficulty: Difficulty) -> Sample {
    let shelf = shelf(rng, split, difficulty, 2);
    let chosen = rng.choose(shelf.len(), 2);
    let (right, other) = (&shelf[chosen[0]], &shelf[chosen[1]]);
    let call = Call::draw(rng, right, difficulty.nesting);
    let user = format!("Wish: {}. {}", right.thought(), call.told(rng));
    // Without arguments none can be wrong.
    let outcome = if call.args.is_empty() { [0, 1, 4][rng.below(3)] } else { rng.below(OUTCOMES.len()) };
    let (made, result) = happened(rng, OUTCOMES[outcome], call, other);
    let mut order: Vec<usize> = (0..OUTCOMES.len()).collect();
    rng.shuffle(&mut order);
    let letters = || ["A", "B", "C", "D", "E"].into_iter().zip(&order);
    let choices: Vec<String> = letters().map(|(letter, &at)| format!("{letter}. {}", OUTCOMES[at])).collect();
    let letter = letters().find(|(_, at)| **at == outcome).map_or("", |(letter, _)| letter);
    let user =
        format!("{user}\nCall: {}({})\nResult: {result}\n{}", made.tool.name(), made.written(), choices.join("\n"));
    let tags = [
        ("tools", number(shelf.len())),
        ("arguments", number(right.parameters.len())),
        ("outcome", json!(OUTCOMES[outcome])),
    ];
    let system = format!("{}\nWhat came of the call? Reply with the letter only.", listed(&shelf));
    sample(Teval::Review, system, user, json!({"response_format": "str", "answer": letter}), &tags)
}

/// The call that was made, and its result.
fn happened<'t>(rng: &mut Rng, outcome: &str, mut call: Call<'t>, other: &'t Tool) -> (Call<'t>, &'static str) {
    let at = rng.below(call.args.len());
    let key = call.args.keys().nth(at).cloned().unwrap_or_default();
    match outcome {
        "wrong tool" => call.tool = other,
        "wrong argument" => {
            let before = call.args.get(&key).cloned();
            let mut value: Value = argument(rng, 0);
            while Some(&value) == before.as_ref() {
                value = argument(rng, 0);
            }
            call.args.insert(key, value);
        }
        "missing argument" => drop(call.args.shift_remove(&key)),
        "no answer" => return (call, "no answer"),
        _ => {}
    }
    (call, "done")
}
