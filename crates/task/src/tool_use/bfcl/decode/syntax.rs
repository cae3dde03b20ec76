//! What the readers of Java and JavaScript share.

use tree_sitter::{Language, Node, Parser, Tree};

/// The deepest tree that is followed; the reference's recursion ends about there too.
pub(super) const MAX_DEPTH: usize = 900;

/// Longer replies are not parsed: no call is that long, and recovering from errors takes long.
const MOST_BYTES: usize = 1 << 16;

/// The tree of a source without errors; a missing token is no error.
pub(super) fn parsed(source: &str, language: &Language) -> Option<Tree> {
    if source.len() > MOST_BYTES {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    let tree = parser.parse(source, None)?;
    let bad = tree.root_node().has_error() && contains_error(&tree);
    if bad { None } else { Some(tree) }
}

fn contains_error(tree: &Tree) -> bool {
    let mut cursor = tree.walk();
    loop {
        if cursor.node().is_error() {
            return true;
        }
        let inside = cursor.node().has_error() && cursor.goto_first_child();
        if inside {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return false;
            }
        }
    }
}

/// The children of a node, all of them.
pub(super) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}
