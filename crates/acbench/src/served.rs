//! Variants behind servers: `dense=http://host:8000/v1#model`.

use std::path::Path;
use std::time::Duration;

use generate::{Address, Checkpoint, Key};
use record::{DENSE, VariantRecord, VariantSource};

use crate::Error;
use crate::ready_made::named;
use crate::run::{open_checkpoint, open_described};

/// The environment variable that has the key for servers.
pub(crate) const KEY: &str = "ACBENCH_API_KEY";

/// A variant behind servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The variant's name.
    pub name: String,
    /// Where it is served.
    pub addresses: Vec<Address>,
    /// How the servers are asked.
    pub how: ServerOptions,
}

/// How servers are asked; none of it is kept in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// How long one request may take.
    pub timeout: Duration,
    /// The key that is sent along.
    pub key: Key,
    /// Whether answers are asked for in pieces, as they are written.
    pub stream: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(600), key: Key::default(), stream: false }
    }
}

impl ServerOptions {
    /// With the key of a file, or else of the environment.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn new(timeout: Duration, key_file: Option<&Path>) -> Result<Self, Error> {
        let key = match key_file {
            Some(path) => Some(record::read_text(path)?),
            None => std::env::var(KEY).ok(),
        };
        Ok(Self { timeout, key: Key::new(key.as_deref()), ..Self::default() })
    }
}

/// The address of one server, which a flag names.
///
/// # Errors
/// One that is none.
pub fn server_address(flag: &'static str, text: &str) -> Result<Address, Error> {
    // What is shown must not hold what an address should not.
    text.parse().map_err(|problem| Error::Flag { flag, value: "ADDRESS".to_owned(), problem })
}

/// Whether a `--variant` is one behind a server.
pub(crate) fn is_served(given: &str) -> bool {
    let place = given.split_once('=').map(|(_, place)| place);
    place.is_some_and(|place| place.starts_with("http://") || place.starts_with("https://"))
}

/// The variants of `NAME=ADDRESS[,ADDRESS]` each.
///
/// # Errors
/// An address that is none, a name that cannot be a folder's or is given twice.
pub fn served(given: &[String], how: &ServerOptions) -> Result<Vec<Served>, Error> {
    let mut all: Vec<Served> = Vec::new();
    for text in given.iter().filter(|text| is_served(text)) {
        // What is shown must not hold what an address should not.
        let bad = |name: &str, problem: String| Error::Flag { flag: "--variant", value: name.to_owned(), problem };
        let (name, places) = named(text)?;
        let addresses = places.split(',').map(|place| place.trim().parse::<Address>());
        let addresses = addresses.collect::<Result<Vec<_>, _>>().map_err(|problem| bad(name, problem))?;
        if all.iter().any(|other| other.name == name) {
            return Err(bad(name, "the name is given twice".to_owned()));
        }
        all.push(Served { name: name.to_owned(), addresses, how: how.clone() });
    }
    Ok(all)
}

/// The model whose prompts are asked; where servers have it, its weights may be missing.
///
/// # Errors
/// A model that cannot be read, or none for servers.
pub fn asked_model(model: Option<&Path>, served: &[Served]) -> Result<Checkpoint, Error> {
    match model {
        Some(folder) if served.iter().any(|one| one.name == DENSE) => open_described(folder),
        None if !served.is_empty() => Err(Error::Flag {
            flag: "--variant",
            value: served.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(" "),
            problem:
                "prompts are made for a model: --model_name names its folder, of which config.json, tokenizer.json \
                      and tokenizer_config.json are enough"
                    .to_owned(),
        }),
        model => open_checkpoint(model),
    }
}

impl Served {
    /// The variant, once the servers said that they have it.
    ///
    /// # Errors
    /// A server that cannot be reached or has not the model; servers of several models.
    pub(crate) fn variant(&self) -> Result<VariantRecord, Error> {
        let found = self.found()?;
        let mut models: Vec<&String> = found.iter().filter_map(|address| address.model.as_ref()).collect();
        models.dedup();
        let [model] = models[..] else {
            let problem = format!("its addresses have different models: {models:?}");
            return Err(Error::Flag { flag: "--variant", value: self.name.clone(), problem });
        };
        let addresses = found.iter().map(|address| address.base.clone()).collect();
        Ok(VariantRecord {
            name: self.name.clone(),
            source: VariantSource::Endpoint { addresses, model: model.clone() },
        })
    }

    #[cfg(feature = "endpoint")]
    fn found(&self) -> Result<Vec<Address>, Error> {
        let ServerOptions { timeout, key, stream } = self.how.clone();
        let options = generate::EndpointOptions { timeout, key, stream, ..Default::default() };
        Ok(generate::Endpoint::open(&self.addresses, options)?.addresses().to_vec())
    }

    #[cfg(not(feature = "endpoint"))]
    fn found(&self) -> Result<Vec<Address>, Error> {
        Err(Error::NotBuilt { what: "requests to servers", feature: "endpoint" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_addresses_are_one_variant() {
        let read = |given: &[&str]| {
            let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
            served(&given, &ServerOptions::default()).map_err(|error| error.to_string())
        };
        let all =
            read(&["q4=/a/b.gguf", "dense=http://a:1/v1#m", "gptq=https://a/v1#m,http://b:2"]).unwrap_or_default();
        let names: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.addresses.len())).collect();
        assert_eq!(names, [("dense", 1), ("gptq", 2)]);
        assert!(read(&["a=http://x", "a=http://y"]).is_err_and(|error| error.contains("twice")));
        let said = read(&["a=http://me:s3cret@x"]).err().unwrap_or_default();
        assert!(said.contains("ACBENCH_API_KEY") && !said.contains("s3cret"), "{said}");
        assert!(read(&["tasks=http://x"]).is_err());
    }
}
