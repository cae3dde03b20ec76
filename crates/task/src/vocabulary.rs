//! The words that generated twins are made of. Small on purpose: a tiny tokenizer can hold each as one token.

use record::Rng;

/// Things one does to a thing.
pub const VERBS: &[&str] = &[
    "load", "sort", "merge", "clean", "check", "count", "print", "send", "copy", "pack", "wash", "paint", "scan",
    "split", "rank", "label", "store", "fetch", "trim", "mix", "weigh", "draw", "fold", "mark", "move", "order",
    "plan", "read", "test", "track", "update", "verify", "wrap", "archive", "collect", "compare", "convert", "export",
    "filter", "review",
];

/// Things.
pub const NOUNS: &[&str] = &[
    "invoice", "report", "photo", "table", "letter", "parcel", "ticket", "recipe", "map", "song", "video", "badge",
    "budget", "chart", "coin", "contract", "crate", "diary", "engine", "flower", "garden", "hotel", "invite", "jacket",
    "kettle", "lamp", "meal", "menu", "notebook", "order", "painting", "poster", "profile", "query", "receipt", "room",
    "route", "sample", "schedule", "sensor", "shelf", "statue", "survey", "tent", "train", "update", "vase", "wagon",
    "window", "yacht",
];

/// Fields of work that tools belong to.
pub const FIELDS: &[&str] = &[
    "bank", "bakery", "clinic", "farm", "gallery", "harbor", "library", "market", "museum", "office", "school",
    "studio", "theater", "travel", "weather", "workshop",
];

/// Names of tool arguments.
pub const PARAMETERS: &[&str] = &[
    "city", "name", "color", "date", "size", "amount", "title", "owner", "place", "topic", "user", "code", "day",
    "format", "group", "level", "limit", "mode", "price", "style",
];

/// Towns.
pub const CITIES: &[&str] = &[
    "Oslo", "Lima", "Cairo", "Paris", "Quito", "Tokyo", "Delhi", "Rome", "Bern", "Kyoto", "Dakar", "Hanoi", "Izmir",
    "Leeds", "Malmo", "Nairobi", "Osaka", "Perth", "Riga", "Seoul", "Turin", "Ulm", "Vienna", "Warsaw", "York",
    "Zagreb", "Austin", "Boston", "Denver", "Geneva", "Havana", "Lagos", "Madrid", "Munich", "Naples", "Porto",
    "Prague", "Sofia", "Tunis", "Utrecht",
];

/// People.
pub const PEOPLE: &[&str] = &[
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karin", "Leo", "Mara", "Nils",
    "Olga", "Paul", "Rosa", "Simon", "Tara", "Vera",
];

/// Colors.
pub const COLORS: &[&str] =
    &["red", "blue", "green", "pink", "gray", "white", "black", "brown", "orange", "purple", "yellow", "beige"];

/// How things look.
pub const ADJECTIVES: &[&str] = &[
    "amber", "brave", "calm", "dark", "early", "fancy", "gentle", "hollow", "icy", "jolly", "kind", "late", "misty",
    "narrow", "old", "pale", "quiet", "round", "silver", "tall", "urgent", "vivid", "warm", "young",
];

/// One word of a list; the lists here are never empty.
pub fn word(rng: &mut Rng, words: &'static [&'static str]) -> &'static str {
    rng.pick(words).copied().unwrap_or_default()
}

/// `count` different words of a list, in random order.
pub fn words(rng: &mut Rng, list: &'static [&'static str], count: usize) -> Vec<&'static str> {
    rng.choose(list.len(), count).into_iter().map(|index| list[index]).collect()
}

/// A text after its article: `an amber lamp`, `a lamp`.
pub fn an(text: &str) -> String {
    let article = if text.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {text}")
}

/// Several of a thing: `diary` is `diaries`, `shelf` is `shelves`.
pub fn plural(noun: &str) -> String {
    if let Some(stem) = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        return format!("{stem}ies");
    }
    noun.strip_suffix('f').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ves"))
}
