//! Porter's stemmer (1980) with the extensions of NLTK, as `rouge_score` uses it.

/// The stem of a word: `relational` -> `relat`. Words with letters outside ASCII are only lower-cased.
///
/// ```
/// use task::measure::stem;
/// assert_eq!(stem("sandwiches"), "sandwich");
/// assert_eq!(stem("dying"), "die");
/// ```
pub fn stem(word: &str) -> String {
    let word = word.to_lowercase();
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*stem).to_owned();
    }
    if !word.is_ascii() || word.len() <= 2 {
        return word;
    }
    let steps: [fn(&str) -> String; 8] =
        [plurals, past, final_y, double_suffixes, full_suffixes, bare_suffixes, final_e, final_ll];
    steps.iter().fold(word, |word, step| step(&word))
}

/// Forms that NLTK does not leave to the rules.
const IRREGULAR: &[(&str, &str)] = &[
    ("skies", "sky"),
    ("sky", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// For each letter whether it is a consonant; `y` is one at the start and after a vowel.
fn consonants(word: &str) -> Vec<bool> {
    let mut all: Vec<bool> = Vec::with_capacity(word.len());
    for letter in word.bytes() {
        all.push(match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => !all.last().is_some_and(|&before| before),
            _ => true,
        });
    }
    all
}

/// Porter's m: how many times a vowel is followed by a consonant.
fn measure(stem: &str) -> usize {
    consonants(stem).windows(2).filter(|pair| !pair[0] && pair[1]).count()
}

fn has_vowel(stem: &str) -> bool {
    consonants(stem).contains(&false)
}

fn ends_double_consonant(word: &str) -> bool {
    let letters = word.as_bytes();
    letters.len() >= 2
        && letters[letters.len() - 1] == letters[letters.len() - 2]
        && consonants(word).last() == Some(&true)
}

/// Porter's *o, and NLTK's short form: two letters, a vowel and a consonant.
fn ends_cvc(word: &str) -> bool {
    match consonants(word).as_slice() {
        [false, true] => true,
        [.., true, false, true] => !word.ends_with(['w', 'x', 'y']),
        _ => false,
    }
}

/// The first rule whose suffix the word has decides: replaced where the stem passes, else the word stays.
fn replace(word: &str, rules: &[(&str, &str)], passes: impl Fn(&str, &str) -> bool) -> String {
    for (suffix, replacement) in rules {
        if let Some(stem) = word.strip_suffix(suffix) {
            return if passes(stem, suffix) { format!("{stem}{replacement}") } else { word.to_owned() };
        }
    }
    word.to_owned()
}

fn plurals(word: &str) -> String {
    if word.len() == 4 && word.ends_with("ies") {
        return word[..3].to_owned();
    }
    replace(word, &[("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")], |_, _| true)
}

fn past(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ied") {
        return format!("{stem}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if word.ends_with("eed") {
        return replace(word, &[("eed", "ee")], |stem, _| measure(stem) > 0);
    }
    let stem = ["ed", "ing"].iter().filter_map(|suffix| word.strip_suffix(suffix)).find(|stem| has_vowel(stem));
    let Some(stem) = stem else { return word.to_owned() };
    if ["at", "bl", "iz"].iter().any(|end| stem.ends_with(end)) {
        return format!("{stem}e");
    }
    if ends_double_consonant(stem) {
        let keep = stem.ends_with(['l', 's', 'z']);
        return stem[..stem.len() - usize::from(!keep)].to_owned();
    }
    if measure(stem) == 1 && ends_cvc(stem) { format!("{stem}e") } else { stem.to_owned() }
}

fn final_y(word: &str) -> String {
    replace(word, &[("y", "i")], |stem, _| stem.len() > 1 && consonants(stem).last() == Some(&true))
}

const DOUBLE: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
    ("logi", "log"),
];

fn double_suffixes(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("alli")
        && measure(stem) > 0
    {
        return double_suffixes(&format!("{stem}al"));
    }
    // The l of `logi` counts as part of the stem.
    replace(
        word,
        DOUBLE,
        |stem, suffix| {
            if suffix == "logi" { measure(&word[..word.len() - 3]) > 0 } else { measure(stem) > 0 }
        },
    )
}

fn full_suffixes(word: &str) -> String {
    let rules =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];
    replace(word, &rules, |stem, _| measure(stem) > 0)
}

const BARE: &[(&str, &str)] = &[
    ("al", ""),
    ("ance", ""),
    ("ence", ""),
    ("er", ""),
    ("ic", ""),
    ("able", ""),
    ("ible", ""),
    ("ant", ""),
    ("ement", ""),
    ("ment", ""),
    ("ent", ""),
    ("ion", ""),
    ("ou", ""),
    ("ism", ""),
    ("ate", ""),
    ("iti", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
];

fn bare_suffixes(word: &str) -> String {
    replace(word, BARE, |stem, suffix| measure(stem) > 1 && (suffix != "ion" || stem.ends_with(['s', 't'])))
}

fn final_e(word: &str) -> String {
    replace(word, &[("e", "")], |stem, _| measure(stem) > 1 || measure(stem) == 1 && !ends_cvc(stem))
}

fn final_ll(word: &str) -> String {
    replace(word, &[("ll", "l")], |_, _| measure(&word[..word.len() - 1]) > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extensions_differ_from_the_original_where_nltk_says() {
        for (word, want) in [("flies", "fli"), ("dies", "die"), ("died", "die"), ("spied", "spi"), ("skies", "sky")] {
            assert_eq!(stem(word), want, "{word}");
        }
        assert_eq!(stem("enjoy"), "enjoy");
        assert_eq!(stem("archaeology"), "archaeolog");
    }

    #[test]
    fn words_that_are_not_words_survive() {
        for word in ["", "a", "yyyyyy", "ing", "eed", "logi", "ß", "été", "s", "ll", "1234"] {
            let _ = stem(word);
        }
    }
}
