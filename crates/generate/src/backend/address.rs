//! Where a model is served: `http://host:8000/v1#model`.

use std::fmt;
use std::str::FromStr;

/// The address of an OpenAI-compatible server, and which of its models is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What paths are put behind: `http://host:8000/v1`.
    pub base: String,
    /// The model's name on the server; `None`: the only one that it serves.
    pub model: Option<String>,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, model) = match text.split_once('#') {
            Some((address, model)) => (address, Some(model.to_owned()).filter(|model| !model.is_empty())),
            None => (text, None),
        };
        let rest = ["http://", "https://"].iter().find_map(|scheme| address.strip_prefix(scheme));
        let rest = rest.ok_or_else(|| "it should begin with http:// or https://".to_owned())?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.contains('@') {
            return Err("it holds a user name or a password, which would be written into the run: give a key with \
                        ACBENCH_API_KEY or --api_key_file"
                .to_owned());
        }
        if host.is_empty() || address.contains(|c: char| c.is_whitespace() || c.is_control() || "?\"<>\\".contains(c)) {
            return Err("it should be http://HOST:PORT/v1, with #MODEL behind where several are served".to_owned());
        }
        let path = path.trim_end_matches('/');
        let scheme = &address[..address.len() - rest.len()];
        let base = if path.is_empty() { format!("{scheme}{host}/v1") } else { format!("{scheme}{host}/{path}") };
        Ok(Self { base, model })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)?;
        self.model.as_ref().map_or(Ok(()), |model| write!(f, "#{model}"))
    }
}

/// A key that is sent along and shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Key(Option<String>);

impl Key {
    /// A key; one of blanks is none.
    pub fn new(text: Option<&str>) -> Self {
        Self(text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// What stands in the header `Authorization`.
    pub fn header(&self) -> Option<String> {
        self.0.as_ref().map(|key| format!("Bearer {key}"))
    }

    /// A text without the key, should a server repeat it.
    pub fn hide(&self, text: &str) -> String {
        match &self.0 {
            Some(key) => text.replace(key.as_str(), "<key>"),
            None => text.to_owned(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Key(..)" } else { "Key(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let read = |text: &str| text.parse::<Address>().map(|address| (address.base, address.model));
        let base = |text: &str| Ok((text.to_owned(), None));
        assert_eq!(read("http://a:8000"), base("http://a:8000/v1"));
        assert_eq!(read("http://a:8000/"), base("http://a:8000/v1"));
        assert_eq!(read("https://a/api/v3/"), base("https://a/api/v3"));
        assert_eq!(read("http://[::1]:80/v1#"), base("http://[::1]:80/v1"));
        assert_eq!(read("http://a/v1#org/m-4b"), Ok(("http://a/v1".into(), Some("org/m-4b".into()))));
        assert_eq!("http://a#m".parse::<Address>().map(|address| address.to_string()), Ok("http://a/v1#m".to_owned()));
        for bad in
            ["a:8000", "ftp://a", "http://", "http:///v1", "http://a b", "http://a/v1?key=1", "http://me:pw@a/v1"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("http://me:pw@a/v1").is_err_and(|problem| !problem.contains("pw")));
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new(Some(" s3cret\n"));
        assert_eq!(key.header().as_deref(), Some("Bearer s3cret"));
        assert!(!format!("{key:?}").contains("s3cret"));
        assert_eq!(key.hide("bad key s3cret"), "bad key <key>");
        assert_eq!((Key::new(Some("  ")), Key::new(None)), (Key::default(), Key::default()));
    }
}
