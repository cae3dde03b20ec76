//! A GGUF file of Llama's as one of an architecture that is Llama's by another name.

/// Ends of a section of a file are at multiples of it.
const ALIGNMENT: usize = 32;

/// The bytes of a file whose architecture is called otherwise, in the keys too; `model` is its `general.name`, which gets
/// longer so that tensors stay at multiples of 32.
pub fn renamed(file: &[u8], (from, to): (&str, &str), model: &str) -> Vec<u8> {
    let mut all = Vec::with_capacity(file.len() + 1024);
    let mut at = 0;
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut name_at = None;
    while at < file.len() {
        let rest = &file[at..];
        let length = rest.first_chunk::<8>().map_or(0, |eight| u64::from_le_bytes(*eight) as usize);
        let word = rest.get(8..8 + length.min(64)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("");
        let own = word.strip_prefix(from).filter(|after| after.is_empty() || after.starts_with('.'));
        if let Some(after) = own.filter(|_| length == word.len() && length > 0) {
            all.extend(text(&format!("{to}{after}")));
            at += 8 + length;
        } else if word == model && length == model.len() && name_at.is_none() {
            name_at = Some(all.len());
            at += 8 + length;
        } else {
            all.push(file[at]);
            at += 1;
        }
    }
    let grown = (all.len() + 8 + model.len()).saturating_sub(file.len());
    let longer = format!("{model}{}", "x".repeat(grown.next_multiple_of(ALIGNMENT) - grown));
    let name = name_at.expect("the file has a name");
    all.splice(name..name, text(&longer));
    all
}
