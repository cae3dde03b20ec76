//! Is a served model the one that one thinks it is? What it calls itself and what it says to a fixed question, kept in
//! `<variant>/endpoint.json` and compared with itself later, and with the other variants.

use generate::{Endpoint, Fingerprint};
use record::run_path;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::event::{Event, Watch};
use crate::run::Run;

/// What is known of a served variant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Identity {
    /// The first address's answer when the run began.
    fingerprint: Fingerprint,
    /// What a reader of the numbers must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Asks a server who it is, before anything else is asked of it or after; says what is strange, and writes it down.
///
/// # Errors
/// A server that does not answer, a full disk.
pub(crate) fn look(run: &Run, variant: &str, endpoint: &Endpoint, watch: &mut Watch<'_>) -> Result<(), Error> {
    let path = run_path::endpoint(&run.root, variant);
    let now = endpoint.fingerprint()?;
    let Some(first) = now.first() else { return Ok(()) };
    let known: Option<Identity> = path.is_file().then(|| record::read_json(&path)).transpose()?;
    let mut found = endpoint.notes();
    let mut identity = known.clone().unwrap_or_else(|| {
        found.extend(twin(run, variant, first));
        Identity { fingerprint: first.clone(), warnings: Vec::new() }
    });
    let addresses = endpoint.addresses().iter().map(|address| address.base.as_str());
    found.extend(addresses.zip(&now).filter_map(|(address, one)| difference(&identity.fingerprint, address, one)));
    for text in found.into_iter().map(|text| format!("{variant}: {text}")) {
        if !identity.warnings.contains(&text) {
            watch(Event::Warning(text.clone()));
            identity.warnings.push(text);
        }
    }
    // Several workers look, and find the same.
    if known.as_ref() != Some(&identity) {
        record::write_json(&path, &identity)?;
    }
    Ok(())
}

/// What an address says otherwise than the variant's first did when the run began.
fn difference(first: &Fingerprint, address: &str, now: &Fingerprint) -> Option<String> {
    if first.served != now.served {
        return Some(format!("{address} calls itself {:?}, and {:?} when the run began", now.served, first.served));
    }
    (first.reply != now.reply).then(|| {
        format!(
            "{address} answers a fixed question otherwise than when the run began: another model, or a server that does \
             not say the same each time"
        )
    })
}

/// Another served variant that says the same.
fn twin(run: &Run, variant: &str, own: &Fingerprint) -> Option<String> {
    let others = run.record.variants.iter().filter(|other| other.name != variant);
    let mut same = others.filter(|other| {
        let identity = record::read_json::<Identity>(&run_path::endpoint(&run.root, &other.name));
        identity.is_ok_and(|identity| identity.fingerprint.reply == own.reply)
    });
    let other = same.next()?;
    Some(format!("it answers a fixed question word for word as {} does: is it another model at all?", other.name))
}

/// What readers of a run must know of its served variants.
pub(crate) fn warnings(run: &Run) -> Vec<String> {
    let paths = run.record.variants.iter().map(|variant| run_path::endpoint(&run.root, &variant.name));
    let known = paths.filter_map(|path| record::read_json::<Identity>(&path).ok());
    known.flat_map(|identity| identity.warnings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_named() {
        let of = |reply: &str, served: &str| Fingerprint { reply: reply.into(), served: served.into() };
        assert_eq!(difference(&of("a", "m"), "x", &of("a", "m")), None);
        assert!(difference(&of("a", "m"), "x", &of("b", "m")).is_some_and(|text| text.contains("answers a fixed")));
        assert!(difference(&of("a", "m"), "x", &of("a", "n")).is_some_and(|text| text.contains("calls itself \"n\"")));
    }
}
