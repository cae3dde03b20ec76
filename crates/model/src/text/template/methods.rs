//! Methods of Python's types, beyond those that the engine's own list has right.

use minijinja::value::{Kwargs, Value, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State};
use minijinja_contrib::pycompat;

/// The widest text that padding makes.
const WIDEST: usize = 1 << 20;

fn white(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// What `value.name(args)` gives.
pub(super) fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let own = match value.kind() {
        ValueKind::String => text_method(state, value.as_str().unwrap_or_default(), name, args)?,
        ValueKind::Seq if name == "index" => {
            let (what,): (Value,) = from_args(args)?;
            let found = value.try_iter()?.position(|item| item == what);
            Some(Value::from(found.ok_or_else(|| refused(format!("{what} is not in the list")))?))
        }
        ValueKind::Seq | ValueKind::Map if name == "copy" => Some(value.clone()),
        ValueKind::Number if name == "is_integer" => {
            Some(Value::from(f64::try_from(value.clone()).is_ok_and(|x| x.fract() == 0.0)))
        }
        _ => None,
    };
    own.map_or_else(|| pycompat::unknown_method_callback(state, value, name, args), Ok)
}

fn refused(why: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}

/// A method of a text; `None` where the engine's own is right.
fn text_method(state: &State, text: &str, name: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    Ok(Some(match name {
        "strip" | "lstrip" | "rstrip" => strip(text, name, args)?,
        "split" | "rsplit" => split(text, name == "rsplit", args)?,
        "partition" | "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            let parts = if name == "partition" { text.split_once(separator) } else { text.rsplit_once(separator) };
            tuple(match (parts, name) {
                (Some((before, after)), _) => [before, separator, after],
                (None, "partition") => [text, "", ""],
                (None, _) => ["", "", text],
            })
        }
        "removeprefix" => {
            let (prefix,): (&str,) = from_args(args)?;
            Value::from(text.strip_prefix(prefix).unwrap_or(text))
        }
        "removesuffix" => {
            let (suffix,): (&str,) = from_args(args)?;
            Value::from(text.strip_suffix(suffix).unwrap_or(text))
        }
        "find" | "rfind" | "index" | "rindex" | "count" => search(text, name, args)?,
        "startswith" | "endswith" if args.len() > 1 => {
            let (what, from, to): (Value, Option<i64>, Option<i64>) = from_args(args)?;
            Value::from(part_ends(window(text, from, to).0, name, &what)?)
        }
        "splitlines" => lines(text, args)?,
        "title" => Value::from(title(text)),
        "swapcase" => Value::from(text.chars().map(swapped).collect::<String>()),
        "casefold" => Value::from(text.to_lowercase().replace('ß', "ss")),
        "center" | "ljust" | "rjust" | "zfill" => pad(state, text, name, args)?,
        "isspace" => Value::from(!text.is_empty() && text.chars().all(white)),
        _ => return Ok(None),
    }))
}

fn part_ends(part: &str, name: &str, what: &Value) -> Result<bool, Error> {
    let one = |what: &str| if name == "startswith" { part.starts_with(what) } else { part.ends_with(what) };
    Ok(match what.as_str() {
        Some(what) => one(what),
        None => what.try_iter()?.any(|what| what.as_str().is_some_and(one)),
    })
}

fn tuple<const N: usize>(parts: [&str; N]) -> Value {
    Value::from(minijinja::value::Tuple::from(parts.map(Value::from)))
}

fn strip(text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let (letters,): (Option<&str>,) = from_args(args)?;
    let gone = |c: char| letters.map_or_else(|| white(c), |letters| letters.contains(c));
    Ok(Value::from(match name {
        "strip" => text.trim_matches(gone),
        "lstrip" => text.trim_start_matches(gone),
        _ => text.trim_end_matches(gone),
    }))
}

/// `split` and `rsplit`: by white space, or by a separator, at most `maxsplit` times.
fn split(text: &str, from_right: bool, args: &[Value]) -> Result<Value, Error> {
    let (separator, most, named): (Option<Value>, Option<i64>, Kwargs) = from_args(args)?;
    let separator = named.get::<Option<Value>>("sep")?.or(separator).filter(|separator| !separator.is_none());
    let most = named.get::<Option<i64>>("maxsplit")?.or(most).unwrap_or(-1);
    named.assert_all_used()?;
    let most = usize::try_from(most).unwrap_or(usize::MAX - 1);
    let parts: Vec<&str> = match separator.as_ref().map(|separator| separator.as_str()) {
        None if from_right => split_white_right(text, most),
        None => split_white(text, most),
        Some(None) => return Err(refused("the separator of split must be a text".to_owned())),
        Some(Some("")) => return Err(refused("empty separator".to_owned())),
        Some(Some(separator)) if from_right => {
            let mut parts: Vec<&str> = text.rsplitn(most + 1, separator).collect();
            parts.reverse();
            parts
        }
        Some(Some(separator)) => text.splitn(most + 1, separator).collect(),
    };
    Ok(parts.into_iter().map(Value::from).collect())
}

fn split_white(text: &str, most: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text.trim_start_matches(white));
    while !rest.is_empty() {
        let end = if parts.len() < most { rest.find(white) } else { None };
        match end {
            Some(end) => {
                parts.push(&rest[..end]);
                rest = rest[end..].trim_start_matches(white);
            }
            None => {
                parts.push(rest);
                break;
            }
        }
    }
    if let (Some(last), true) = (parts.last_mut(), most == 0) {
        *last = text.trim_start_matches(white);
    }
    parts
}

fn split_white_right(text: &str, most: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text.trim_end_matches(white));
    while !rest.is_empty() {
        let cut = if parts.len() < most { rest.char_indices().rfind(|&(_, c)| white(c)) } else { None };
        match cut {
            Some((at, c)) => {
                parts.push(&rest[at + c.len_utf8()..]);
                rest = rest[..at].trim_end_matches(white);
            }
            None => {
                parts.push(rest);
                break;
            }
        }
    }
    parts.reverse();
    parts
}

/// `text[from:to]`, and how many characters lie before it.
fn window(text: &str, from: Option<i64>, to: Option<i64>) -> (&str, usize) {
    let all = text.chars().count() as i64;
    let place = |at: i64| (if at < 0 { at + all } else { at }).clamp(0, all);
    let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(all)));
    let byte = |at: i64| text.char_indices().nth(at as usize).map_or(text.len(), |(byte, _)| byte);
    (&text[byte(from)..byte(to.max(from))], from as usize)
}

fn search(text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let (what, from, to): (&str, Option<i64>, Option<i64>) = from_args(args)?;
    let (part, before) = window(text, from, to);
    if name == "count" {
        return Ok(Value::from(part.matches(what).count()));
    }
    let found = if name.starts_with('r') { part.rfind(what) } else { part.find(what) };
    match found {
        Some(byte) => Ok(Value::from(before + part[..byte].chars().count())),
        None if name.ends_with("index") => Err(refused("substring not found".to_owned())),
        None => Ok(Value::from(-1)),
    }
}

/// `splitlines(keepends=False)`, with all line ends that Python knows.
fn lines(text: &str, args: &[Value]) -> Result<Value, Error> {
    let (keep, named): (Option<bool>, Kwargs) = from_args(args)?;
    let keep = named.get::<Option<bool>>("keepends")?.or(keep).unwrap_or(false);
    let ends =
        |c: char| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((at, end)) = rest.char_indices().find(|&(_, c)| ends(c)) {
        let length = if rest[at..].starts_with("\r\n") { 2 } else { end.len_utf8() };
        parts.push(Value::from(&rest[..if keep { at + length } else { at }]));
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        parts.push(Value::from(rest));
    }
    Ok(Value::from(parts))
}

/// Every letter that follows another one small, every other one large.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        match inside {
            true => out.extend(c.to_lowercase()),
            false => out.extend(c.to_uppercase()),
        }
        inside = c.is_alphabetic();
    }
    out
}

fn swapped(c: char) -> char {
    let mut other: Box<dyn Iterator<Item = char>> =
        if c.is_uppercase() { Box::new(c.to_lowercase()) } else { Box::new(c.to_uppercase()) };
    other.next().unwrap_or(c)
}

fn pad(state: &State, text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let (width, fill): (usize, Option<&str>) = from_args(args)?;
    if width > WIDEST {
        return Err(refused(format!("{name}: a width of {width} is too much")));
    }
    state.consume_fuel(width as u64 / 64)?;
    let missing = width.saturating_sub(text.chars().count());
    let fill = fill.unwrap_or(" ");
    if fill.chars().count() != 1 {
        return Err(refused(format!("{name}: the fill character must be exactly one character")));
    }
    Ok(Value::from(match name {
        "ljust" => format!("{text}{}", fill.repeat(missing)),
        "rjust" => format!("{}{text}", fill.repeat(missing)),
        "zfill" => {
            let sign = text.len() - text.strip_prefix(['+', '-']).unwrap_or(text).len();
            format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..])
        }
        _ => {
            // CPython puts the odd one to the left where the width is odd.
            let left = missing / 2 + (missing & width & 1);
            format!("{}{text}{}", fill.repeat(left), fill.repeat(missing - left))
        }
    }))
}
