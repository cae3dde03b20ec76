//! Papers and authors as graphs: AgentBoard's academia tool, on graphs that the user has converted to JSON.
//!
//! ```text
//! {"paper_net":  {"nodes": {ID: {"year": 2021, ..}}, "neighbors": {ID: {ID: {"weight": 1}, ..}}},
//!  "author_net": {"nodes": {ID: {"name": .., "org": ..}}, "neighbors": {ID: {ID: {"weight": 2,
//!                 "collaborative_papers": [PAPER ID, ..]}}}},
//!  "title2id": {TITLE: ID}, "id2title": {ID: TITLE}, "author2id": {NAME: ID}, "id2author": {ID: NAME}}
//! ```
//!
//! `neighbors` has each edge as it is found from its first node, in the graph's order; an undirected graph has it twice.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::raised::Raised;
use super::service::{Function, Named, Refused, Service, argument};
use crate::python::{Value, text};

/// The graphs, as their file has them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graphs {
    paper_net: Net,
    author_net: Net,
    title2id: Map<String, Json>,
    id2title: Map<String, Json>,
    author2id: Map<String, Json>,
    id2author: Map<String, Json>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Net {
    nodes: Map<String, Json>,
    neighbors: Map<String, Json>,
}

/// The service: each net answers once it was loaded.
pub struct Academia {
    graphs: Arc<Graphs>,
    paper_net: bool,
    author_net: bool,
}

const FUNCTIONS: &[Function] = &[
    Function { name: "loadPaperNet", keys: &[] },
    Function { name: "loadAuthorNet", keys: &[] },
    Function { name: "neighbourCheck", keys: &["graph", "node"] },
    Function { name: "paperNodeCheck", keys: &["node"] },
    Function { name: "authorNodeCheck", keys: &["node"] },
    Function { name: "authorEdgeCheck", keys: &["node1", "node2"] },
    Function { name: "paperEdgeCheck", keys: &["node1", "node2"] },
];

/// Which of the two graphs.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Papers,
    Authors,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Papers => "PaperNet",
            Self::Authors => "AuthorNet",
        }
    }
}

impl Academia {
    /// The service before anything is loaded.
    pub fn new(graphs: Arc<Graphs>) -> Self {
        Self { graphs, paper_net: false, author_net: false }
    }

    fn loaded(&self, kind: Kind) -> Result<&Net, Refused> {
        let (loaded, net) = match kind {
            Kind::Papers => (self.paper_net, &self.graphs.paper_net),
            Kind::Authors => (self.author_net, &self.graphs.author_net),
        };
        if loaded { Ok(net) } else { Err(Refused::Told(format!("Please load the {} first.", kind.name()))) }
    }

    /// The identity of a node by its name.
    fn id(&self, kind: Kind, node: &Value) -> Result<&str, Refused> {
        let ids = match kind {
            Kind::Papers => &self.graphs.title2id,
            Kind::Authors => &self.graphs.author2id,
        };
        if matches!(node, Value::List(_) | Value::Dict(_) | Value::Set(_)) {
            return Err(told(&Raised::new("TypeError", format!("unhashable type: '{}'", node.type_name()))));
        }
        let id = matches!(node, Value::Text(_)).then(|| ids.get(&text(node))).flatten().and_then(Json::as_str);
        id.ok_or_else(|| Refused::Told(format!("There is no node named {} in the {}.", text(node), kind.name())))
    }

    fn neighbors(&self, kind: Kind, node: &Value) -> Result<Value, Refused> {
        let (net, id) = (self.loaded(kind)?, self.id(kind, node)?);
        let names = match kind {
            Kind::Papers => &self.graphs.id2title,
            Kind::Authors => &self.graphs.id2author,
        };
        net.around(id)?.keys().map(|other| named(names, other)).collect::<Result<_, _>>().map(Value::List)
    }

    fn node(&self, kind: Kind, node: &Value) -> Result<Value, Refused> {
        let (net, id) = (self.loaded(kind)?, self.id(kind, node)?);
        net.nodes.get(id).map(Value::from).ok_or_else(|| lacking(id))
    }

    fn edge(&self, kind: Kind, ends: [&Value; 2]) -> Result<Value, Refused> {
        let net = self.loaded(kind)?;
        let [from, to] = [self.id(kind, ends[0])?, self.id(kind, ends[1])?];
        let Some(edge) = net.around(from)?.get(to) else {
            return Err(Refused::Told(format!("There is no edge between {} and {}.", text(ends[0]), text(ends[1]))));
        };
        match kind {
            Kind::Papers => Ok(Value::from(edge)),
            Kind::Authors => self.collaboration(edge),
        }
    }

    /// An edge of authors with the titles of their papers.
    fn collaboration(&self, edge: &Json) -> Result<Value, Refused> {
        const PAPERS: &str = "collaborative_papers";
        let mut edge = edge.clone();
        let Some(papers) = edge.get_mut(PAPERS).and_then(Json::as_array_mut) else { return Err(lacking(PAPERS)) };
        for paper in papers.iter_mut() {
            let title = paper.as_str().and_then(|id| self.graphs.id2title.get(id)).cloned();
            *paper = title.ok_or_else(|| lacking(paper.as_str().unwrap_or_default()))?;
        }
        Ok(Value::from(&edge))
    }
}

impl Net {
    fn around(&self, id: &str) -> Result<&Map<String, Json>, Refused> {
        let raised = || told(&Raised::new("NetworkXError", format!("The node {id} is not in the graph.")));
        static NONE: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
        match self.neighbors.get(id).and_then(Json::as_object) {
            Some(around) => Ok(around),
            None if self.nodes.contains_key(id) => Ok(&NONE),
            None => Err(raised()),
        }
    }
}

fn named(names: &Map<String, Json>, id: &str) -> Result<Value, Refused> {
    names.get(id).map(Value::from).ok_or_else(|| lacking(id))
}

/// The functions catch what Python raises and tell it.
fn told(raised: &Raised) -> Refused {
    Refused::Told(raised.to_string())
}

fn lacking(key: &str) -> Refused {
    told(&Raised::new("KeyError", Value::from(key).to_string()))
}

impl Service for Academia {
    fn functions(&self) -> &'static [Function] {
        FUNCTIONS
    }

    fn alias(&self, name: &str) -> Option<&'static str> {
        (name == "neighborCheck").then_some("neighbourCheck")
    }

    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused> {
        let node = |name: &str| argument(arguments, name);
        match function {
            "loadPaperNet" => {
                self.paper_net = true;
                Ok(Value::from("PaperNet is loaded."))
            }
            "loadAuthorNet" => {
                self.author_net = true;
                Ok(Value::from("AuthorNet is loaded."))
            }
            "neighbourCheck" => {
                let graph = node("graph");
                let kind = [Kind::Papers, Kind::Authors].into_iter().find(|kind| *graph == Value::from(kind.name()));
                let no_graph = || {
                    let message = format!("'{}' object has no attribute 'neighbors'", graph.type_name());
                    told(&Raised::new("AttributeError", message))
                };
                self.neighbors(kind.ok_or_else(no_graph)?, node("node"))
            }
            "paperNodeCheck" => self.node(Kind::Papers, node("node")),
            "authorNodeCheck" => self.node(Kind::Authors, node("node")),
            "authorEdgeCheck" => self.edge(Kind::Authors, [node("node1"), node("node2")]),
            _ => self.edge(Kind::Papers, [node("node1"), node("node2")]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;
    use serde_json::json;

    fn service() -> Academia {
        let graphs = json!({
            "paper_net": {
                "nodes": {"p1": {"year": 1999}, "p2": {"year": 2001}, "p3": {}},
                "neighbors": {"p1": {"p2": {"weight": 1}, "p3": {"weight": 1}}},
            },
            "author_net": {
                "nodes": {"a1": {"name": "Ida"}, "a2": {"name": "Leo"}},
                "neighbors": {"a1": {"a2": {"weight": 1, "collaborative_papers": ["p2", "p9"]}}},
            },
            "title2id": {"One": "p1", "Two": "p2", "Lost": "p7"}, "id2title": {"p2": "Two"},
            "author2id": {"Ida": "a1", "Leo": "a2"}, "id2author": {"a1": "Ida", "a2": "Leo"},
        });
        Academia::new(Arc::new(serde_json::from_value(graphs).expect("the graphs of this test")))
    }

    fn said(service: &mut Academia, name: &str, input: &str) -> String {
        let function = super::super::service::find(service, name).expect("a function");
        let named = service.named(function, &literal_value(input).expect("a literal")).expect("all keys");
        match service.call(function.name, &named) {
            Ok(value) => value.to_string(),
            Err(Refused::Told(why)) => why,
            Err(Refused::Raised(raised)) => format!("ERROR {raised}"),
        }
    }

    #[test]
    fn what_the_graphs_lack_is_told_as_python_tells_it() {
        let mut service = service();
        assert_eq!(
            said(&mut service, "neighborCheck", "{'graph': 'PaperNet', 'node': 'One'}"),
            "Please load the PaperNet first."
        );
        for load in ["loadPaperNet", "loadAuthorNet"] {
            said(&mut service, load, "{}");
        }
        let cases = [
            ("neighbourCheck", "{'graph': 'AuthorNet', 'node': 'Ida'}", "['Leo']"),
            ("neighbourCheck", "{'graph': 'PaperNet', 'node': 'Two'}", "[]"),
            ("neighbourCheck", "{'graph': 'PaperNet', 'node': 'One'}", "KeyError('p3')"),
            (
                "neighbourCheck",
                "{'graph': 3, 'node': 'One'}",
                "AttributeError('int' object has no attribute 'neighbors')",
            ),
            ("paperNodeCheck", "{'node': 'One'}", "{'year': 1999}"),
            ("paperNodeCheck", "{'node': ['One']}", "TypeError(unhashable type: 'list')"),
            ("paperNodeCheck", "{'node': 7}", "There is no node named 7 in the PaperNet."),
            ("paperNodeCheck", "{'node': 'Lost'}", "KeyError('p7')"),
            ("paperEdgeCheck", "{'node1': 'Lost', 'node2': 'One'}", "NetworkXError(The node p7 is not in the graph.)"),
            ("paperEdgeCheck", "{'node1': 'One', 'node2': 'Two'}", "{'weight': 1}"),
            ("paperEdgeCheck", "{'node1': 'Two', 'node2': 'One'}", "There is no edge between Two and One."),
            ("authorEdgeCheck", "{'node1': 'Ida', 'node2': 'Leo'}", "KeyError('p9')"),
        ];
        for (name, input, expected) in cases {
            assert_eq!(said(&mut service, name, input), expected, "{name} {input}");
        }
    }
}
