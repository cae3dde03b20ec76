//! A tree of folders and files as the reference builds it: folders are views of lists of names, which several may share.

use super::long::Extensions;
use crate::python::{Value, text};

/// The most nodes that one look at a tree visits: shared lists can make it endless.
pub(super) const MOST_VISITED: usize = 100_000;
/// The deepest folder.
pub(super) const MAX_DEPTH: usize = 900;
/// What Python says when a tree does not end.
pub(super) const TOO_DEEP: &str = "maximum recursion depth exceeded";

/// The place of a node.
pub(super) type At = usize;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Folder { name: String, parent: Option<At>, list: usize },
    File { name: String, content: String },
}

/// All nodes that ever were.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Names in the order of their arrival.
    lists: Vec<Vec<(String, At)>>,
}

impl Tree {
    pub(super) fn node(&self, at: At) -> &Node {
        &self.nodes[at]
    }

    /// A new folder outside any other.
    pub(super) fn root(&mut self, name: &str) -> At {
        self.folder_node(name, None)
    }

    fn folder_node(&mut self, name: &str, parent: Option<At>) -> At {
        self.lists.push(Vec::new());
        self.nodes.push(Node::Folder { name: name.to_owned(), parent, list: self.lists.len() - 1 });
        self.nodes.len() - 1
    }

    pub(super) fn is_folder(&self, at: At) -> bool {
        matches!(self.nodes[at], Node::Folder { .. })
    }

    pub(super) fn name(&self, at: At) -> &str {
        match &self.nodes[at] {
            Node::Folder { name, .. } | Node::File { name, .. } => name,
        }
    }

    pub(super) fn parent(&self, at: At) -> Option<At> {
        match self.nodes[at] {
            Node::Folder { parent, .. } => parent,
            Node::File { .. } => None,
        }
    }

    /// What a folder holds; nothing for a file.
    pub(super) fn list(&self, at: At) -> &[(String, At)] {
        match self.nodes[at] {
            Node::Folder { list, .. } => &self.lists[list],
            Node::File { .. } => &[],
        }
    }

    pub(super) fn find(&self, folder: At, name: &str) -> Option<At> {
        self.list(folder).iter().find(|(other, _)| other == name).map(|(_, at)| *at)
    }

    fn push(&mut self, folder: At, name: &str, at: At) {
        if let Node::Folder { list, .. } = self.nodes[folder] {
            self.lists[list].push((name.to_owned(), at));
        }
    }

    /// Puts a new file into a folder.
    ///
    /// # Errors
    /// The reference's exception where the name is taken.
    pub(super) fn add_file(&mut self, folder: At, name: &str, content: String) -> Result<At, String> {
        if self.find(folder, name).is_some() {
            return Err(format!("File '{name}' already exists in directory '{}'.", self.name(folder)));
        }
        self.nodes.push(Node::File { name: name.to_owned(), content });
        let at = self.nodes.len() - 1;
        self.push(folder, name, at);
        Ok(at)
    }

    /// Puts a new folder into a folder.
    ///
    /// # Errors
    /// As [`Tree::add_file`].
    pub(super) fn add_folder(&mut self, folder: At, name: &str) -> Result<At, String> {
        if self.find(folder, name).is_some() {
            return Err(format!("Directory '{name}' already exists in directory '{}'.", self.name(folder)));
        }
        let at = self.folder_node(name, Some(folder));
        self.push(folder, name, at);
        Ok(at)
    }

    pub(super) fn remove(&mut self, folder: At, name: &str) {
        if let Node::Folder { list, .. } = self.nodes[folder] {
            self.lists[list].retain(|(other, _)| other != name);
        }
    }

    pub(super) fn write(&mut self, file: At, new: String) -> bool {
        match &mut self.nodes[file] {
            Node::File { content, .. } => {
                *content = new;
                true
            }
            Node::Folder { .. } => false,
        }
    }

    /// Lets a folder show what another holds: the same list.
    pub(super) fn share(&mut self, folder: At, of: At) {
        if let Node::Folder { list: shared, .. } = self.nodes[of]
            && let Node::Folder { list, .. } = &mut self.nodes[folder]
        {
            *list = shared;
        }
    }

    /// Lets a folder show what another holds now: a list of its own with the same nodes.
    pub(super) fn copy_list(&mut self, folder: At, of: At) {
        let copied = self.list(of).to_vec();
        if let Node::Folder { list, .. } = self.nodes[folder] {
            self.lists[list] = copied;
        }
    }

    /// Copies everything below `of` into a folder.
    ///
    /// # Errors
    /// A tree that does not end.
    pub(super) fn copy_deeply(&mut self, folder: At, of: At, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH || self.nodes.len() > MOST_VISITED {
            return Err(TOO_DEEP.to_owned());
        }
        for (name, at) in self.list(of).to_vec() {
            match self.nodes[at].clone() {
                Node::File { content, .. } => {
                    self.add_file(folder, &name, content)?;
                }
                Node::Folder { .. } => {
                    let made = self.add_folder(folder, &name)?;
                    self.copy_deeply(made, at, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// Gives the children of a folder this folder as their parent.
    pub(super) fn adopt(&mut self, folder: At) {
        for (_, child) in self.list(folder).to_vec() {
            if let Node::Folder { parent, .. } = &mut self.nodes[child] {
                *parent = Some(folder);
            }
        }
    }

    /// Loads the `contents` of a scenario into a folder.
    ///
    /// # Errors
    /// Contents that are not as the benchmark has them.
    pub(super) fn load(&mut self, folder: At, contents: &Value, long: Option<&Extensions>) -> Result<(), String> {
        self.load_at(folder, contents, long, 0)
    }

    fn load_at(&mut self, folder: At, contents: &Value, long: Option<&Extensions>, depth: usize) -> Result<(), String> {
        let Value::Dict(items) = contents else { return Err("a folder's contents are no object".to_owned()) };
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP.to_owned());
        }
        let mut folders = false;
        for (name, item) in items {
            let name = text(name);
            if item.get("type").is_some_and(|kind| *kind == Value::from("directory")) {
                folders = true;
                let made = self.add_folder(folder, &name)?;
                self.load_at(made, item.get("contents").unwrap_or(&Value::Dict(Vec::new())), long, depth + 1)?;
            } else {
                let mut content = item.get("content").map(text).unwrap_or_default();
                if let Some(long) = long.filter(|long| !long.tailed.contains(&name)) {
                    content.push_str(&long.file_content);
                }
                self.add_file(folder, &name, content)?;
            }
        }
        if let Some(long) = long.filter(|_| !folders) {
            for name in &long.populate {
                self.add_file(folder, name, String::new())?;
            }
        }
        Ok(())
    }

    /// The tree below a node as a value: folders `{"dir", "contents"}`, files `{"file"}`, a folder inside itself `{"cycle"}`.
    pub(super) fn value(&self, at: At, above: &mut Vec<At>, left: &mut usize) -> Value {
        *left = left.saturating_sub(1);
        let pair = |key: &str, value: Value| (Value::from(key), value);
        match &self.nodes[at] {
            Node::File { content, .. } => Value::Dict(vec![pair("file", Value::from(content.as_str()))]),
            Node::Folder { name, .. } if above.contains(&at) || *left == 0 || above.len() > MAX_DEPTH => {
                Value::Dict(vec![pair("cycle", Value::from(name.as_str()))])
            }
            Node::Folder { name, .. } => {
                above.push(at);
                let item = |(name, at): &(String, At)| (Value::from(name.as_str()), self.value(*at, above, left));
                let contents = self.list(at).iter().map(item).collect();
                above.pop();
                Value::Dict(vec![pair("dir", Value::from(name.as_str())), pair("contents", Value::Dict(contents))])
            }
        }
    }
}
