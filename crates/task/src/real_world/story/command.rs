//! Finds the command in a reply to a text adventure.

/// How a command may begin: every verb and direction that the house knows.
const VERBS: [&str; 41] = [
    "north",
    "n",
    "east",
    "e",
    "south",
    "s",
    "west",
    "w",
    "go",
    "walk",
    "run",
    "move",
    "look",
    "l",
    "inventory",
    "i",
    "wait",
    "z",
    "help",
    "take",
    "get",
    "grab",
    "pick",
    "drop",
    "leave",
    "open",
    "close",
    "shut",
    "examine",
    "x",
    "inspect",
    "search",
    "read",
    "light",
    "turn",
    "switch",
    "enter",
    "unlock",
    "use",
    "put",
    "place",
];
/// Words that people put before a command.
const BEFORE: [&str; 11] = ["i", "i'll", "i'd", "will", "would", "now", "then", "let", "me", "to", "command:"];
/// The most words of a command.
const WORDS: usize = 20;

/// The command that a reply states: its first line that begins with a verb, without what marks it as an answer.
///
/// `**Action: take the lamp.**` states `take the lamp`; `I will go north` states `go north`.
pub fn command(said: &str) -> Option<String> {
    said.lines().find_map(line)
}

fn line(line: &str) -> Option<String> {
    let marks = |c: char| c.is_whitespace() || "*`'\"#>-_.!:".contains(c);
    let bare = line.trim_matches(marks);
    // What stands before a colon tells what follows.
    let bare = match bare.split_once(':') {
        Some((before, after)) if before.split_whitespace().count() <= 3 && !is_verb(before) => {
            after.trim_matches(marks)
        }
        _ => bare,
    };
    let mut words: Vec<&str> = bare.split_whitespace().take(WORDS).collect();
    // "i" alone is a command, and before a verb a person.
    while words.len() > 1 && BEFORE.iter().any(|before| words[0].eq_ignore_ascii_case(before)) {
        words.remove(0);
    }
    is_verb(words.first()?).then(|| words.join(" "))
}

fn is_verb(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    VERBS.iter().any(|verb| first.eq_ignore_ascii_case(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_as_people_write_them() {
        let read = |said| command(said).unwrap_or_default();
        for (said, wanted) in [
            ("take lamp", "take lamp"),
            ("> Take the lamp.", "Take the lamp"),
            ("**Action: go north**", "go north"),
            ("Next command:\n`open box`", "open box"),
            ("I will go north now", "go north now"),
            ("i", "i"),
            ("The lamp is useful.\nLet me take lamp", "take lamp"),
            ("Hmm.", ""),
            ("", ""),
        ] {
            assert_eq!(read(said), wanted, "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_reply_panics(reply in "([a-z]{0,6}|take|i|:|\n|\\*|>| |é){0,30}") {
            if let Some(command) = command(&reply) {
                assert!(is_verb(&command) && !command.contains('\n'));
            }
        }
    }
}
