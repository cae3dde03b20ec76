//! Questions about one document and about several, and minutes to summarize.

use super::{Maker, Puzzle};
use crate::vocabulary::{CITIES, VERBS, an, word, words};

/// Who keeps what in which town; the same people keep other things elsewhere.
pub(super) fn document(maker: &mut Maker<'_>, length: usize) -> Puzzle {
    let people = maker.names(3);
    let cities = words(maker.rng, CITIES, 3);
    let mut facts = Vec::new();
    for name in &people {
        for city in &cities {
            facts.push((name.clone(), *city, maker.thing()));
        }
    }
    let asked = maker.rng.below(facts.len());
    let (name, city, thing) = &facts[asked];
    let question = format!("What does {name} keep in {city}?");
    let prompt = |text: &str| {
        format!(
            "Read the story and answer the question about it.\n\nStory: {text}\n\nQuestion: {question}\nReply with the name of the thing and nothing else."
        )
    };
    let sentences: Vec<String> =
        facts.iter().map(|(name, city, thing)| format!("{name} keeps {} in {city}.", an(thing))).collect();
    let fixed = maker.count(&prompt(&sentences.join(" ")));
    let filler = maker.fill(length.saturating_sub(fixed), " ", Maker::filler);
    let story = maker.hide(filler, sentences).join(" ");
    let answered = Puzzle::new(prompt(&story), thing.clone());
    Puzzle { question, ..answered }
}

/// Who works for whom, and who lives where: the answer takes two passages.
pub(super) fn documents(maker: &mut Maker<'_>, length: usize) -> Puzzle {
    let people = maker.names(6);
    let cities = words(maker.rng, CITIES, 3);
    let (workers, owners) = people.split_at(people.len() / 2);
    let mut facts: Vec<String> =
        workers.iter().zip(owners).map(|(worker, owner)| format!("{worker} works for {owner}.")).collect();
    facts.extend(owners.iter().zip(&cities).map(|(owner, city)| format!("{owner} lives in {city}.")));
    maker.rng.shuffle(&mut facts);
    let asked = maker.rng.below(workers.len().min(cities.len()).max(1));
    let worker = &workers[asked];
    let question = format!("In which town does the person live for whom {worker} works?");
    let prompt = |text: &str| {
        format!(
            "Read the passages and answer the question about them.\n\n{text}\n\nQuestion: {question}\nReply with the name of the town and nothing else."
        )
    };
    let number = |passages: &[String]| -> String {
        let numbered = passages.iter().enumerate().map(|(at, text)| format!("Passage {}:\n{text}", at + 1));
        numbered.collect::<Vec<_>>().join("\n\n")
    };
    let passage = |maker: &mut Maker<'_>| (0..4).map(|_| maker.filler()).collect::<Vec<_>>().join(" ");
    let fixed = maker.count(&prompt(&number(&facts)));
    let mut passages = maker.fill(length.saturating_sub(fixed), "Passage 10:\n\n\n", passage);
    let mut places: Vec<usize> = (0..facts.len()).map(|_| maker.rng.below(passages.len())).collect();
    places.sort_unstable();
    for (place, fact) in places.into_iter().zip(facts) {
        passages[place] = format!("{} {fact}", passages[place]);
    }
    let answered = Puzzle::new(prompt(&number(&passages)), cities[asked].to_owned());
    Puzzle { question, ..answered }
}

/// Minutes of a meeting, whose decisions are to be listed.
pub(super) fn minutes(maker: &mut Maker<'_>, length: usize) -> Puzzle {
    let count = maker.rng.between(3, 4);
    let decisions: Vec<String> = maker
        .names(count)
        .into_iter()
        .map(|name| format!("{name} will {} the {}", word(maker.rng, VERBS), maker.thing()))
        .collect();
    let said: Vec<String> = decisions.iter().map(|decision| format!("It was decided that {decision}.")).collect();
    let prompt = |text: &str| {
        format!(
            "Summarize the minutes of a meeting.\n\nMinutes:\n{text}\n\nReply with what was decided, in the same order, \
             one short sentence for each decision, and nothing else."
        )
    };
    let fixed = maker.count(&prompt(&said.join(" ")));
    let filler = maker.fill(length.saturating_sub(fixed), " ", Maker::filler);
    let text = maker.hide(filler, said).join(" ");
    let summary = decisions.iter().map(|decision| format!("{decision}.")).collect::<Vec<_>>().join(" ");
    Puzzle { facts: decisions, ..Puzzle::new(prompt(&text), summary) }
}
