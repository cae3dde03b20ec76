//! As much XML as the parts of an xlsx file have: elements, attributes, text, the five entities and numbered ones.
//!
//! Nothing is expanded and nothing is loaded: a document type is skipped, an unknown entity stays as it is written.

/// What stands next in a document. Names are without their prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// `<c r="A1">`, and `<c r="A1"/>`, which an [`Piece::Close`] follows too.
    Open {
        /// `c`
        name: &'a str,
        /// `r="A1"`
        attributes: &'a str,
    },
    /// `</c>`
    Close(&'a str),
    /// What stands between, entities resolved.
    Text(String),
}

/// The pieces of a document, one after the other.
pub struct Pieces<'a> {
    rest: &'a str,
    closing: Option<&'a str>,
}

impl<'a> Pieces<'a> {
    /// Those of a text.
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, closing: None }
    }

    /// Skips to behind a mark, or to the end.
    fn skip(&mut self, mark: &str) {
        self.rest = self.rest.split_once(mark).map_or("", |(_, rest)| rest);
    }

    fn tag(&mut self) -> Option<Piece<'a>> {
        let end = tag_end(self.rest)?;
        let (tag, rest) = (&self.rest[1..end], &self.rest[end + 1..]);
        self.rest = rest;
        if let Some(name) = tag.strip_prefix('/') {
            return Some(Piece::Close(local(name.trim())));
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((tag, ""));
        let name = local(name);
        self.closing = empty.then_some(name);
        Some(Piece::Open { name, attributes })
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if let Some(name) = self.closing.take() {
            return Some(Piece::Close(name));
        }
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
                let (text, after) = rest.split_once("]]>").unwrap_or((rest, ""));
                self.rest = after;
                return Some(Piece::Text(text.to_owned()));
            }
            match self.rest {
                rest if rest.starts_with("<!--") => self.skip("-->"),
                rest if rest.starts_with("<?") => self.skip("?>"),
                rest if rest.starts_with("<!") => self.skip(">"),
                rest if rest.starts_with('<') => return self.tag(),
                rest => {
                    let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
                    self.rest = after;
                    return Some(Piece::Text(resolved(text)));
                }
            }
        }
    }
}

/// Where a tag ends: the first `>` outside of quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The value of an attribute, whatever its prefix.
pub fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, next) = after[1..].split_once(quote)?;
        if local(key.trim()) == name {
            return Some(resolved(value));
        }
        rest = next;
    }
    None
}

fn resolved(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // The longest entity that is known has ten signs.
        let end = after.bytes().take(12).position(|byte| byte == b';');
        let found = end.and_then(|end| Some((entity(after.get(..end)?)?, after.get(end + 1..)?)));
        match found {
            Some((c, next)) => {
                out.push(c);
                rest = next;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let code = name.strip_prefix('#')?;
            let hexadecimal = code.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hexadecimal.unwrap_or_else(|| code.parse()).ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_cut_into_its_pieces() {
        let text = "<?xml version='1.0'?><!DOCTYPE a><!-- <x> --><x:a b=\"1>0\" x:c='&#65;&amp;&nope;'>t &lt; u<d/><![CDATA[<&]]></x:a>";
        let pieces: Vec<Piece> = Pieces::new(text).collect();
        let Piece::Open { name, attributes } = pieces[0] else { panic!("{pieces:?}") };
        assert_eq!(name, "a");
        assert_eq!(attribute(attributes, "b").as_deref(), Some("1>0"));
        assert_eq!(attribute(attributes, "c").as_deref(), Some("A&&nope;"));
        assert_eq!(attribute(attributes, "d"), None);
        let open = Piece::Open { name: "d", attributes: "" };
        let rest = [Piece::Text("t < u".into()), open, Piece::Close("d"), Piece::Text("<&".into()), Piece::Close("a")];
        assert_eq!(pieces[1..], rest);
    }

    proptest::proptest! {
        #[test]
        fn no_document_panics(text in r#"(<|>|/|a|:|=|"|'|&|;|#|x|é|\]\]>|<!\[CDATA\[|<!--|-->| ){0,24}"#) {
            for piece in Pieces::new(&text) {
                if let Piece::Open { attributes, .. } = piece {
                    attribute(attributes, "a");
                }
            }
        }
    }
}
