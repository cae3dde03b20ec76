//! Paragraphs to count and to find.

use std::collections::BTreeSet;

use super::{Maker, Puzzle};
use crate::vocabulary::{CITIES, an, word};

fn numbered(paragraphs: &[String]) -> String {
    let numbered = paragraphs.iter().enumerate().map(|(at, text)| format!("Paragraph {}: {text}", at + 1));
    numbered.collect::<Vec<_>>().join("\n\n")
}

fn paragraph(maker: &mut Maker<'_>) -> String {
    let (name, thing) = (maker.name(), maker.thing());
    let city = word(maker.rng, CITIES);
    let more: Vec<String> = (0..2).map(|_| maker.filler()).collect();
    format!("{name} came to {city} with {}. {}", an(&thing), more.join(" "))
}

/// Some of the paragraphs occur twice or more.
pub(super) fn unique(maker: &mut Maker<'_>, length: usize) -> Puzzle {
    let prompt = |text: &str| {
        format!(
            "Some of the paragraphs below stand there several times. How many different paragraphs are \
             there?\n\n{text}\n\nReply with the number and nothing else."
        )
    };
    let fixed = maker.count(&prompt(""));
    let mut seen: Vec<String> = Vec::new();
    let mut paragraphs = maker.fill(length.saturating_sub(fixed), "Paragraph 10: \n\n", |maker| {
        if maker.rng.chance(0.3)
            && let Some(again) = maker.rng.pick(&seen)
        {
            return again.clone();
        }
        let new = paragraph(maker);
        seen.push(new.clone());
        new
    });
    maker.rng.shuffle(&mut paragraphs);
    let different = paragraphs.iter().collect::<BTreeSet<_>>().len();
    Puzzle::new(prompt(&numbered(&paragraphs)), different.to_string())
}

/// Which paragraph a summary is about.
pub(super) fn retrieval(maker: &mut Maker<'_>, length: usize) -> Puzzle {
    let (name, brought) = (maker.name(), an(&maker.thing()));
    let (first, second) = (word(maker.rng, CITIES), maker.filler());
    let prompt = |text: &str| {
        format!(
            "Find the paragraph that the summary below is about.\n\n{text}\n\nSummary: {name} brings {brought} to \
             {first}.\n\nReply with the number of the paragraph, as in \"Paragraph 1\", and nothing else."
        )
    };
    let wanted = format!("{name} came to {first} with {brought}. {second} {}", maker.filler());
    let fixed = maker.count(&prompt(&wanted)) + 6;
    let mut paragraphs = maker.fill(length.saturating_sub(fixed), "Paragraph 10: \n\n", paragraph);
    // No other paragraph is of the same person.
    paragraphs.retain(|text| !text.starts_with(&name));
    let place = maker.rng.below(paragraphs.len() + 1);
    paragraphs.insert(place, wanted);
    Puzzle::new(prompt(&numbered(&paragraphs)), format!("Paragraph {}", place + 1))
}
