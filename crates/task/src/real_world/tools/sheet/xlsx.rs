//! Workbooks in Excel's format, as far as their cells go: texts, numbers, how numbers are shown, merged areas.
//!
//! Read from memory; formulas give the number that the file holds beside them. Readers such as calamine give values but
//! not the texts that a sheet shows of them, which is what agents see and what is compared.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::address::{Area, Place};
use super::format::Format;
use super::grid::{Cell, Content, Grid, MOST_CELLS};
use super::xml::{Piece, Pieces, attribute};

/// A file that is no workbook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {problem}")]
pub struct XlsxError {
    /// Which part of the file.
    pub part: String,
    /// What is wrong.
    pub problem: String,
}

/// The largest part that is read, in bytes.
const MOST_BYTES: u64 = 64 << 20;
/// Sheets of a workbook that are read.
const MOST_SHEETS: usize = 200;

/// The sheets of a workbook, in its order.
///
/// # Errors
/// A file that is no such archive, a part that is missing or too large.
pub fn workbook(bytes: &[u8]) -> Result<Vec<Grid>, XlsxError> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| wrong("the file", error))?;
    let mut file = Parts { archive };
    let texts = match file.optional("xl/sharedStrings.xml")? {
        Some(part) => shared(&part),
        None => Vec::new(),
    };
    let formats = file.optional("xl/styles.xml")?.map(|part| formats(&part)).unwrap_or_default();
    let targets = targets(&file.part("xl/_rels/workbook.xml.rels")?);
    let mut all = Vec::new();
    for (name, id) in sheets(&file.part("xl/workbook.xml")?).into_iter().take(MOST_SHEETS) {
        let Some(target) = targets.get(&id) else { return Err(wrong("xl/workbook.xml", format!("no part of {name}"))) };
        let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
        all.push(sheet(&name, &file.part(&path)?, &Shared { texts: &texts, formats: &formats }, &path)?);
    }
    Ok(all)
}

fn wrong(part: &str, problem: impl ToString) -> XlsxError {
    XlsxError { part: part.to_owned(), problem: problem.to_string() }
}

struct Parts<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

impl Parts<'_> {
    fn part(&mut self, name: &str) -> Result<String, XlsxError> {
        self.optional(name)?.ok_or_else(|| wrong(name, "is not in the file"))
    }

    fn optional(&mut self, name: &str) -> Result<Option<String>, XlsxError> {
        let part = match self.archive.by_name(name) {
            Ok(part) => part,
            Err(zip::result::ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(wrong(name, error)),
        };
        let mut bytes = Vec::new();
        part.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| wrong(name, error))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(wrong(name, format!("is larger than {MOST_BYTES} bytes")));
        }
        String::from_utf8(bytes).map(Some).map_err(|error| wrong(name, error))
    }
}

/// The texts that cells name by number; a text in pieces of different looks is one.
fn shared(part: &str) -> Vec<String> {
    let (mut all, mut inside, mut sounds) = (Vec::new(), false, false);
    for piece in Pieces::new(part) {
        match piece {
            Piece::Open { name: "si", .. } => all.push(String::new()),
            Piece::Open { name: "t", .. } => inside = true,
            Piece::Close("t") => inside = false,
            Piece::Open { name: "rPh", .. } => sounds = true,
            Piece::Close("rPh") => sounds = false,
            Piece::Text(text) if inside && !sounds => all.last_mut().into_iter().for_each(|last| last.push_str(&text)),
            _ => {}
        }
    }
    all
}

/// The format of each style that cells name by number.
fn formats(part: &str) -> Vec<Format> {
    let (mut own, mut all, mut inside) = (HashMap::new(), Vec::new(), false);
    for piece in Pieces::new(part) {
        match piece {
            Piece::Open { name: "numFmt", attributes } => {
                own.extend(attribute(attributes, "numFmtId").zip(attribute(attributes, "formatCode")));
            }
            Piece::Open { name: "cellXfs", .. } => inside = true,
            Piece::Close("cellXfs") => inside = false,
            Piece::Open { name: "xf", attributes } if inside => {
                let id = attribute(attributes, "numFmtId").unwrap_or_default();
                all.push(own.get(&id).map_or_else(|| built_in(&id), |code| Format::new(code)));
            }
            _ => {}
        }
    }
    all
}

/// The formats that every workbook has (ECMA-376, part 1, 18.8.30).
fn built_in(id: &str) -> Format {
    Format::new(match id {
        "1" => "0",
        "2" => "0.00",
        "3" => "#,##0",
        "4" => "#,##0.00",
        "9" => "0%",
        "10" => "0.00%",
        "14" => "m/d/yyyy",
        "15" => "d-mmm-yy",
        "16" => "d-mmm",
        "17" => "mmm-yy",
        "18" => "h:mm am/pm",
        "19" => "h:mm:ss am/pm",
        "20" => "h:mm",
        "21" => "h:mm:ss",
        "22" => "m/d/yyyy h:mm",
        "37" | "38" => "#,##0;(#,##0)",
        "39" | "40" => "#,##0.00;(#,##0.00)",
        "45" => "mm:ss",
        _ => "",
    })
}

fn targets(part: &str) -> HashMap<String, String> {
    let target = |piece| match piece {
        Piece::Open { name: "Relationship", attributes } => {
            attribute(attributes, "Id").zip(attribute(attributes, "Target"))
        }
        _ => None,
    };
    Pieces::new(part).filter_map(target).collect()
}

/// Name and relationship of each sheet. An attribute `id` with a prefix comes behind `sheetId`, whose name differs.
fn sheets(part: &str) -> Vec<(String, String)> {
    let sheet = |piece| match piece {
        Piece::Open { name: "sheet", attributes } => attribute(attributes, "name").zip(attribute(attributes, "id")),
        _ => None,
    };
    Pieces::new(part).filter_map(sheet).collect()
}

/// What the cells of all sheets name by number.
struct Shared<'a> {
    texts: &'a [String],
    formats: &'a [Format],
}

/// A cell as it is read.
#[derive(Default)]
struct Raw {
    place: Option<Place>,
    kind: String,
    style: Option<usize>,
    value: String,
}

fn sheet(name: &str, part: &str, shared: &Shared, path: &str) -> Result<Grid, XlsxError> {
    let mut grid = Grid::new(name, Vec::new());
    let (mut raw, mut inside, mut next, mut merged) = (Raw::default(), false, Place { row: 0, column: 0 }, Vec::new());
    for piece in Pieces::new(part) {
        match piece {
            Piece::Open { name: "row", attributes } => {
                let row = attribute(attributes, "r")
                    .and_then(|row| row.parse::<usize>().ok())
                    .and_then(|row| row.checked_sub(1));
                next = Place { row: row.unwrap_or(next.row), column: 0 };
            }
            Piece::Close("row") => next.row = next.row.saturating_add(1),
            Piece::Open { name: "c", attributes } => {
                let at = attribute(attributes, "r").and_then(|label| Place::read(&label).ok());
                raw = Raw {
                    place: Some(at.unwrap_or(next)),
                    kind: attribute(attributes, "t").unwrap_or_default(),
                    style: attribute(attributes, "s").and_then(|style| style.parse().ok()),
                    value: String::new(),
                };
            }
            Piece::Open { name: "v" | "t", .. } => inside = true,
            Piece::Close("v" | "t") => inside = false,
            Piece::Text(text) if inside => raw.value.push_str(&text),
            Piece::Close("c") => {
                let raw = std::mem::take(&mut raw);
                let Some(place) = raw.place else { continue };
                next = Place { column: place.column + 1, ..place };
                let cell = raw.cell(shared);
                if cell.content != Content::Empty {
                    grid.fill(place, cell).map_err(|raised| wrong(path, raised))?;
                }
            }
            Piece::Open { name: "mergeCell", attributes } => merged.extend(attribute(attributes, "ref")),
            _ => {}
        }
    }
    for area in merged.iter().take(MOST_CELLS) {
        let corners = area.split_once(':').and_then(|(a, b)| Place::read(a).ok().zip(Place::read(b).ok()));
        if let Some((a, b)) = corners {
            grid.merge(Area::between(a, b)).map_err(|raised| wrong(path, raised))?;
        }
    }
    Ok(grid)
}

impl Raw {
    fn cell(self, shared: &Shared) -> Cell {
        let content = match self.kind.as_str() {
            "s" => self
                .value
                .parse::<usize>()
                .ok()
                .and_then(|at| shared.texts.get(at))
                .map(|text| Content::Text(text.clone())),
            "str" | "inlineStr" | "e" | "d" => Some(Content::Text(self.value)),
            "b" => Some(Content::Bool(self.value == "1")),
            _ => self.value.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Content::Number),
        };
        let content = content.filter(|content| *content != Content::Text(String::new())).unwrap_or_default();
        let format = self.style.and_then(|style| shared.formats.get(style)).cloned().unwrap_or_default();
        Cell { content, format, note: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a part");
            archive.write_all(text.as_bytes()).expect("memory");
        }
        archive.finish().expect("an archive").into_inner()
    }

    const PARTS: [(&str, &str); 5] = [
        ("xl/workbook.xml", r#"<workbook><sheets><sheet name="Sheet1" sheetId="1" r:id="rId3"/></sheets></workbook>"#),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="rId3" Type="t" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
        (
            "xl/sharedStrings.xml",
            "<sst><si><t>Item</t></si><si><r><t>Pr</t></r><r><t xml:space=\"preserve\">ice &amp; </t></r></si></sst>",
        ),
        (
            "xl/styles.xml",
            r##"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="&quot;$&quot;#,##0.00"/></numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs></styleSheet>"##,
        ),
        (
            "xl/worksheets/sheet1.xml",
            r#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
            <row r="3"><c r="A3" t="inlineStr"><is><t>lamp</t></is></c><c s="1"><f>1+1</f><v>1234.5</v></c><c s="2"><v>0.2</v></c></row>
            <row><c t="b"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="A4:B4"/></mergeCells></worksheet>"#,
        ),
    ];

    #[test]
    fn a_workbook_shows_what_a_sheet_shows() -> Result<(), XlsxError> {
        let grids = workbook(&file(&PARTS))?;
        assert_eq!(grids.iter().map(|grid| grid.name.as_str()).collect::<Vec<_>>(), ["Sheet1"]);
        let expected = [["Item", "Price & ", ""], ["", "", ""], ["lamp", "$1,234.50", "20.00%"], ["TRUE", "TRUE", ""]];
        assert_eq!(grids[0].values(), expected.map(|row| row.map(str::to_owned).to_vec()).to_vec());
        Ok(())
    }

    #[test]
    fn a_broken_file_is_refused_with_its_part() {
        let problem = |bytes: &[u8]| workbook(bytes).err().map(|error| error.part);
        assert_eq!(problem(b"PK no"), Some("the file".to_owned()));
        assert_eq!(problem(&file(&PARTS[..1])), Some("xl/_rels/workbook.xml.rels".to_owned()));
        assert_eq!(problem(&file(&PARTS[..4])), Some("xl/worksheets/sheet1.xml".to_owned()));
        let far = r#"<c r="ZZZ9999999"><v>1</v></c>"#;
        let mut parts = PARTS;
        parts[4].1 = far;
        assert_eq!(problem(&file(&parts)), Some("xl/worksheets/sheet1.xml".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_sheet_panics(text in r#"(<row( r="[0-9]{1,20}")?>|</row>|<c r="[A-Z]{1,3}[0-9]{1,7}"( t="[sbe]")?>|<v>-?[0-9.e]{1,5}</v>|</c>|<mergeCell ref="A1:[A-C][1-3]"/>){0,16}"#) {
            let mut parts = PARTS;
            parts[4].1 = &text;
            let _ = workbook(&file(&parts));
        }
    }
}
