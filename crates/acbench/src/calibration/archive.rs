//! Texts in a zip archive, as data sets of plain text come.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;

/// Endings of texts.
const TEXTS: [&str; 4] = [".txt", ".raw", ".text", ".md"];
/// The most bytes that are unpacked.
const MOST: u64 = 1 << 30;

/// The texts of an archive one after another, in the order of their names: those called `train` where there are some, so
/// that nothing is calibrated on what others measure with, else all.
pub(super) fn texts(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut archive = ZipArchive::new(file).map_err(|error| format!("it is not a zip archive: {error}"))?;
    let all = archive.file_names().map(|name| name.map(|name| name.into_owned()));
    let mut names: Vec<String> = all.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    names.retain(|name| TEXTS.iter().any(|ending| name.ends_with(ending)));
    names.sort();
    if names.iter().any(|name| name.contains("train")) {
        names.retain(|name| name.contains("train"));
    }
    if names.is_empty() {
        return Err(format!("the archive has no {}", TEXTS.map(|ending| format!("*{ending}")).join(", ")));
    }
    let mut all = Vec::new();
    for name in names {
        let left = MOST.saturating_sub(all.len() as u64);
        let entry = archive.by_name(&name).map_err(|error| format!("{name}: {error}"))?;
        let read = entry.take(left + 1).read_to_end(&mut all).map_err(|error| format!("{name}: {error}"))?;
        if read as u64 > left {
            return Err(format!("its texts are longer than {MOST} bytes"));
        }
        all.push(b'\n');
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    #[test]
    fn training_texts_are_taken_and_an_archive_without_texts_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let archive = |name: &str, entries: &[(&str, &str)]| -> Result<_, Box<dyn std::error::Error>> {
            let path = folder.path().join(name);
            let mut file = zip::ZipWriter::new(File::create(&path)?);
            for (name, text) in entries {
                file.start_file(*name, SimpleFileOptions::default())?;
                file.write_all(text.as_bytes())?;
            }
            file.finish()?;
            Ok(path)
        };
        let both = archive("a.zip", &[("w/wiki.test.raw", "no"), ("w/wiki.train.raw", "yes"), ("w/x.bin", "no")])?;
        assert_eq!(texts(&both)?, b"yes\n");
        let all = archive("b.zip", &[("2.txt", "two"), ("1.txt", "one")])?;
        assert_eq!(texts(&all)?, b"one\ntwo\n");
        let none = archive("c.zip", &[("x.bin", "")])?;
        assert!(texts(&none).is_err_and(|problem| problem.contains("*.txt")));
        std::fs::write(folder.path().join("d.zip"), "noise")?;
        assert!(texts(&folder.path().join("d.zip")).is_err_and(|problem| problem.contains("zip")));
        Ok(())
    }
}
