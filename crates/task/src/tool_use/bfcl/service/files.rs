//! `GorillaFileSystem`: a tree of files and a place in it.

use super::files_tree::{At, MAX_DEPTH, MOST_VISITED, Node, TOO_DEEP, Tree};
use super::long::Extensions;
use super::values::{error, object, said, text_for, whole, words_of};
use super::{Answer, Given, Service};
use crate::python::{Value, compared, split, text};
use crate::tool_use::bfcl::Switches;

const METHODS: &[(&str, &str)] = &[
    ("pwd", ""),
    ("ls", "a=False"),
    ("cd", "folder"),
    ("mkdir", "dir_name"),
    ("touch", "file_name"),
    ("echo", "content, file_name=None"),
    ("cat", "file_name"),
    ("find", "path='.', name=None"),
    ("wc", "file_name, mode='l'"),
    ("sort", "file_name"),
    ("grep", "file_name, pattern"),
    ("du", "human_readable=False"),
    ("tail", "file_name, lines=10"),
    ("diff", "file_name1, file_name2"),
    ("mv", "source, destination"),
    ("rm", "file_name"),
    ("rmdir", "dir_name"),
    ("cp", "source, destination"),
];

/// Characters that no name has.
const INVALID: [char; 10] = ['|', '/', '\\', '?', '%', '*', ':', '"', '>', '<'];

pub(super) struct Files {
    tree: Tree,
    root: At,
    here: At,
    long: bool,
    deep_copies: bool,
}

impl Files {
    pub(super) fn new(scenario: &Value, long: Option<&Extensions>, switches: &Switches) -> Result<Self, String> {
        let mut tree = Tree::default();
        let first = match scenario.get("root") {
            Some(Value::Dict(pairs)) => pairs.first(),
            _ => None,
        };
        let root = tree.root(&first.map_or_else(|| "/".to_owned(), |(name, _)| text(name)));
        if let Some((_, item)) = first {
            tree.load(root, item.get("contents").unwrap_or(&Value::Dict(Vec::new())), long)?;
        }
        Ok(Self { tree, root, here: root, long: long.is_some(), deep_copies: switches.deep_copies })
    }

    /// The node of a name here; names that are no texts are none.
    fn here(&self, name: &Value) -> Option<At> {
        match name {
            Value::Text(_) => self.tree.find(self.here, &text(name)),
            _ => None,
        }
    }

    fn file(&self, name: &Value) -> Option<&str> {
        match self.tree.node(self.here(name)?) {
            Node::File { content, .. } => Some(content),
            Node::Folder { .. } => None,
        }
    }

    fn path(&self) -> Value {
        let (mut parts, mut at) = (Vec::new(), Some(self.here));
        while let Some(folder) = at.filter(|_| parts.len() <= MAX_DEPTH) {
            parts.push(self.tree.name(folder));
            at = self.tree.parent(folder);
        }
        parts.reverse();
        said("current_working_directory", format!("/{}", parts.join("/")))
    }

    fn list(&self, all: bool) -> Value {
        let names = self.tree.list(self.here).iter().map(|(name, _)| name);
        let names = names.filter(|name| all || !name.starts_with('.')).map(words_of);
        object([("current_directory_content", Value::List(names.collect()))])
    }

    /// The folder of a path, or what `cd` says.
    fn navigate(&self, path: &Value) -> Result<Result<At, String>, String> {
        if !path.truthy() || *path == Value::from(".") {
            return Ok(Ok(self.here));
        }
        let said = text_for(path, "strip")?;
        if said == "/" {
            return Ok(Ok(self.root));
        }
        let mut at = if said.starts_with('/') { self.root } else { self.here };
        for part in said.trim_matches('/').split('/') {
            match self.tree.find(at, part).filter(|found| self.tree.is_folder(*found)) {
                _ if part == "." => {}
                Some(found) => at = found,
                None => return Ok(Err(format!("cd: '{said}': No such file or directory"))),
            }
        }
        Ok(Ok(at))
    }

    fn change(&mut self, folder: &Value) -> Answer {
        let folder = text_for(folder, "rstrip")?;
        let cut = folder.trim_end_matches('/');
        let cut = if cut.is_empty() { "/" } else { cut };
        if !matches!(cut, "." | ".." | "/") && cut.contains('/') {
            return Ok(error(format!("cd: {cut}: Unsupported path. Only one folder level at a time is supported.")));
        }
        if cut == ".." {
            return Ok(match self.tree.parent(self.here) {
                Some(parent) => {
                    self.here = parent;
                    Value::Dict(Vec::new())
                }
                None => error("Current directory is already the root. Cannot go back."),
            });
        }
        Ok(match self.navigate(&Value::from(cut))? {
            Ok(found) => {
                self.here = found;
                said("current_working_directory", self.tree.name(found))
            }
            Err(problem) => error(problem),
        })
    }

    /// Makes a folder or an empty file.
    fn make(&mut self, name: &Value, folder: bool) -> Answer {
        let (command, doing) = if folder { ("mkdir", "create directory") } else { ("touch", "touch") };
        let refused = |why: &str| Ok(error(format!("{command}: cannot {doing} '{}': {why}", text(name))));
        let said = named(name)?;
        if said.contains(INVALID) {
            return refused("Invalid character");
        }
        if self.here(name).is_some() {
            return refused("File exists");
        }
        if folder {
            self.tree.add_folder(self.here, &said)?;
        } else {
            self.tree.add_file(self.here, &said, String::new())?;
        }
        Ok(Value::None)
    }

    fn echo(&mut self, content: &Value, name: &Value) -> Answer {
        if *name == Value::None {
            return Ok(object([("terminal_output", content.clone())]));
        }
        let said = named(name)?;
        if said.contains(INVALID) {
            return Ok(error(format!("echo: cannot write to '{said}': Invalid character")));
        }
        if said.is_empty() {
            return Ok(object([("terminal_output", content.clone())]));
        }
        match self.here(name) {
            None => Ok(error(format!("echo: cannot write to '{said}': No such file"))),
            Some(at) if self.tree.write(at, text(content)) => Ok(Value::None),
            Some(_) => Err("'Directory' object has no attribute '_write'".to_owned()),
        }
    }

    fn cat(&self, name: &Value) -> Answer {
        let said = named(name)?;
        let refused = |why: &str| error(format!("cat: '{said}': {why}"));
        Ok(match self.here(name) {
            _ if said.contains(INVALID) => refused("Invalid character"),
            None => refused("No such file or directory"),
            Some(_) => match self.file(name) {
                Some(content) => object([("file_content", Value::from(content))]),
                None => refused("Is a directory"),
            },
        })
    }

    fn search(&self, path: &Value, name: &Value) -> Answer {
        let from = match self.navigate(path)? {
            Ok(from) => from,
            Err(problem) => return Ok(error(problem.replacen("cd:", "find:", 1))),
        };
        let base = text_for(path, "rstrip")?;
        let name = match name {
            Value::None => None,
            Value::Text(_) => Some(text(name)),
            name => {
                let kind = name.type_name();
                return Err(format!("'in <string>' requires string as left operand, not {kind}"));
            }
        };
        let mut matches = Vec::new();
        let mut left = MOST_VISITED;
        self.walk(from, base.trim_end_matches('/'), 0, &mut |path, at| {
            if name.as_ref().is_none_or(|name| path[base_length(path)..].contains(name.as_str())) {
                matches.push(Value::from(path));
            }
            left -= 1;
            let _ = at;
            left > 0
        })?;
        Ok(object([("matches", Value::List(matches))]))
    }

    /// Visits everything below a folder, depth first; `see` says whether there is time for more.
    fn walk(&self, folder: At, path: &str, depth: usize, see: &mut dyn FnMut(&str, At) -> bool) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP.to_owned());
        }
        for (name, at) in self.tree.list(folder) {
            let path = format!("{path}/{name}");
            if !see(&path, *at) {
                return Err(TOO_DEEP.to_owned());
            }
            self.walk(*at, &path, depth + 1, see)?;
        }
        Ok(())
    }

    fn usage(&self, human: bool) -> Answer {
        let (mut total, mut left) = (0, MOST_VISITED);
        self.walk(self.here, "", 0, &mut |_, at| {
            if let Node::File { content, .. } = self.tree.node(at) {
                total += content.len();
            }
            left -= 1;
            left > 0
        })?;
        if !human {
            return Ok(said("disk_usage", format!("{total} bytes")));
        }
        let mut size = total as f64;
        for unit in ["B", "KB", "MB", "GB", "TB"] {
            if size < 1024.0 {
                return Ok(said("disk_usage", format!("{size:.2} {unit}")));
            }
            size /= 1024.0;
        }
        Ok(said("disk_usage", format!("{size:.2} PB")))
    }

    fn count(&self, name: &Value, mode: &Value) -> Answer {
        let (mode, name_text) = (text(mode), text(name));
        if !matches!(mode.as_str(), "l" | "w" | "c") {
            return Ok(error(format!("wc: invalid mode '{mode}'")));
        }
        let Some(content) = self.file(name) else {
            return Ok(error(format!("wc: {name_text}: No such file or directory")));
        };
        let (count, kind) = match mode.as_str() {
            "l" => (lines(content).len(), "lines"),
            "w" => (split(content).count(), "words"),
            _ => (content.chars().count(), "characters"),
        };
        Ok(object([("count", whole(count)), ("type", Value::from(kind))]))
    }

    fn grep(&self, name: &Value, pattern: &Value) -> Answer {
        let Some(content) = self.file(name) else {
            return Ok(error(format!("grep: {}: No such file or directory", text(name))));
        };
        let lines = lines(content);
        let pattern = if lines.is_empty() { String::new() } else { named(pattern)? };
        let found = lines.into_iter().filter(|line| line.contains(&pattern)).map(Value::from);
        Ok(object([("matching_lines", Value::List(found.collect()))]))
    }

    fn tail(&self, name: &Value, count: &Value) -> Answer {
        let Some(content) = self.file(name) else {
            return Ok(error(format!("tail: {}: No such file or directory", text(name))));
        };
        let lines = lines(content);
        let all = whole(lines.len());
        let count = if compared(count, ">", &all)? { &all } else { count };
        let Some(count) = count.whole().and_then(|count| i64::try_from(count).ok()) else {
            return Err("slice indices must be integers or None or have an __index__ method".to_owned());
        };
        // Minus zero is zero: all of them.
        let from = match count {
            1.. => lines.len().saturating_sub(count as usize),
            _ => (count.unsigned_abs() as usize).min(lines.len()),
        };
        Ok(said("last_lines", lines[from..].join("\n")))
    }

    fn difference(&self, first: &Value, second: &Value) -> Answer {
        let (Some(a), Some(b)) = (self.file(first), self.file(second)) else {
            return Ok(error(format!("diff: {} or {}: No such file or directory", text(first), text(second))));
        };
        let pairs = lines(a).into_iter().zip(lines(b)).filter(|(a, b)| a != b);
        let made: Vec<String> = pairs.map(|(a, b)| format!("- {a}\n+ {b}")).collect();
        Ok(said("diff_lines", made.join("\n")))
    }

    /// Moves or copies.
    fn carry(&mut self, source: &Value, destination: &Value, moves: bool) -> Answer {
        let (command, doing, done) = if moves { ("mv", "move", "moved") } else { ("cp", "copy", "copied") };
        let (from, to) = (text(source), text(destination));
        let refused = |why: String| Ok(error(format!("{command}: cannot {doing} {why}")));
        let Some(item) = self.here(source) else { return refused(format!("'{from}': No such file or directory")) };
        if named(destination)?.contains('/') {
            let why = "path not allowed in destination. Provide only a file or directory name.";
            return Ok(error(format!("{command}: {why}")));
        }
        let (folder, name, told) = match self.here(destination) {
            Some(folder) if self.tree.is_folder(folder) => (folder, from.clone(), format!("{to}/{from}")),
            Some(_) => return refused(format!("'{from}' to '{to}': Not a directory")),
            None => (self.here, to.clone(), to.clone()),
        };
        if moves {
            if folder != self.here && self.tree.find(folder, &name).is_some() {
                return refused(format!("'{from}' to '{told}': File exists"));
            }
            self.tree.remove(self.here, &from);
        }
        match self.tree.node(item).clone() {
            Node::File { content, .. } => {
                self.tree.add_file(folder, &name, content)?;
            }
            Node::Folder { .. } => self.carry_folder(item, folder, &name, moves)?,
        }
        Ok(said("result", format!("'{from}' {done} to '{told}'")))
    }

    fn carry_folder(&mut self, item: At, folder: At, name: &str, moves: bool) -> Result<(), String> {
        if self.deep_copies && folder == item {
            return Err("a directory cannot be put into itself".to_owned());
        }
        let made = self.tree.add_folder(folder, name)?;
        match (moves, self.deep_copies) {
            (true, deep) => {
                self.tree.share(made, item);
                if deep {
                    self.tree.adopt(made);
                }
            }
            (false, true) => self.tree.copy_deeply(made, item, 0)?,
            (false, false) => self.tree.copy_list(made, item),
        }
        Ok(())
    }

    fn remove(&mut self, name: &Value) -> Answer {
        let said_name = text(name);
        if self.here(name).is_none() {
            return Ok(error(format!("rm: cannot remove '{said_name}': No such file or directory")));
        }
        self.tree.remove(self.here, &said_name);
        Ok(said("result", format!("'{said_name}' removed")))
    }

    fn remove_folder(&mut self, name: &Value) -> Answer {
        let said_name = text(name);
        let here = *name == Value::from(".");
        let why = match self.here(name) {
            None if here && !self.tree.list(self.here).is_empty() => "Directory not empty",
            None if here => return Err("'.'".to_owned()),
            None => "No such file or directory",
            Some(at) if !self.tree.is_folder(at) => "Not a directory",
            Some(at) if !self.tree.list(at).is_empty() => "Directory not empty",
            Some(_) => {
                self.tree.remove(self.here, &said_name);
                return Ok(said("result", format!("'{said_name}' removed")));
            }
        };
        Ok(error(format!("rmdir: cannot remove '{said_name}': {why}")))
    }
}

/// Where the last part of a path begins.
fn base_length(path: &str) -> usize {
    path.rfind('/').map_or(0, |at| at + 1)
}

/// A name that Python looks for characters in.
fn named(name: &Value) -> Result<String, String> {
    match name {
        Value::Text(_) => Ok(text(name)),
        other => Err(format!("argument of type '{}' is not iterable", other.type_name())),
    }
}

/// `str.splitlines()`
fn lines(content: &str) -> Vec<&str> {
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut lines = Vec::new();
    let mut rest = content;
    while let Some(at) = rest.find(ends) {
        let (line, after) = rest.split_at(at);
        lines.push(line);
        let first = after.chars().next().map_or(0, char::len_utf8);
        rest = after.strip_prefix("\r\n").unwrap_or(&after[first..]);
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

impl Service for Files {
    fn class(&self) -> &'static str {
        "GorillaFileSystem"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        given.keys(match method {
            "pwd" | "ls" | "cd" | "find" | "du" => &[],
            "wc" if !["l", "w", "c"].contains(&text(&given[1]).as_str()) => &[],
            "echo" if given[1].truthy() => &[1],
            "echo" => &[],
            "diff" if self.here(&given[0]).is_some() => &[0, 1],
            _ => &[0],
        })?;
        match method {
            "pwd" => Ok(self.path()),
            "ls" => Ok(self.list(given[0].truthy())),
            "cd" => self.change(&given[0]),
            "mkdir" => self.make(&given[0], true),
            "touch" => self.make(&given[0], false),
            "echo" => self.echo(&given[0], &given[1]),
            "cat" => self.cat(&given[0]),
            "find" => self.search(&given[0], &given[1]),
            "wc" => self.count(&given[0], &given[1]),
            "sort" => Ok(match self.file(&given[0]) {
                Some(content) => {
                    let mut lines = lines(content);
                    lines.sort_unstable();
                    said("sorted_content", lines.join("\n"))
                }
                None => error(format!("sort: {}: No such file or directory", text(&given[0]))),
            }),
            "grep" => self.grep(&given[0], &given[1]),
            "du" => self.usage(given[0].truthy()),
            "tail" => self.tail(&given[0], &given[1]),
            "diff" => self.difference(&given[0], &given[1]),
            "mv" => self.carry(&given[0], &given[1], true),
            "rm" => self.remove(&given[0]),
            "rmdir" => self.remove_folder(&given[0]),
            _ => self.carry(&given[0], &given[1], false),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        let root = self.tree.value(self.root, &mut Vec::new(), &mut MOST_VISITED.clone());
        vec![("root", root), ("long_context", Value::Bool(self.long))]
    }
}
