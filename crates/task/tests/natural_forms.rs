//! Right answers of every generated task in other words than the asked ones score in full, wrong ones nothing or their true
//! part; made from the samples' gold by rules, with and without a thought before them.

use std::error::Error;

use record::{Assets, Finish, Outcome, Reply, Sample, Scoring, Step, Transcript, Turn};
use serde_json::Value;
use task::long_context::Needle;
use task::long_context::longbench::{self, LongBench};
use task::long_context::longgenbench::LongGenBench;
use task::real_world::Pddl;
use task::tool_use::Teval;
use task::workflow::WorfBench;
use task::{Asking, Drawn, Lexical, Source, Split, Task, Words};

type Checked = Result<(), Box<dyn Error>>;

fn drawn(task: &dyn Task, count: usize) -> Result<Drawn, Box<dyn Error>> {
    let source = Source::Generated { seed: 5, split: Split::Test, asking: Asking::default() };
    Ok(task.samples(&source, &Words, Some(count))?)
}

fn samples(task: &dyn Task, count: usize) -> Result<Vec<Sample>, Box<dyn Error>> {
    Ok(drawn(task, count)?.held().0)
}

/// What a single-turn reply is worth, as the run loop hands it over: without its thought.
fn value(task: &dyn Task, sample: &Sample, reply: &str) -> Result<(f64, String), Box<dyn Error>> {
    let reply = Reply::said(reply, 1, 1, Finish::Stop).apart(str::len);
    let steps = vec![Step { keep: 0, messages: sample.messages.clone(), reply }];
    let transcript = Transcript { steps, outcome: Some(Outcome::Finished), ..Transcript::default() };
    let score = task.score(sample, &transcript, &Lexical, Scoring::Corrected)?;
    Ok((score.value, score.reason))
}

/// Thoughts that may stand before any answer; they mention answers that do not count.
const THOUGHTS: [&str; 4] = [
    "",
    "<think>\nThe answer could be A, or 7, or {\"name\": \"x.y\", \"args\": {}}. (START,1) (1,END)\n</think>\n\n",
    "I think about it: Action: nothing. The answer is 3.</think>",
    "[THINK]Answer_2: The answer is 1.[/THINK]",
];

fn full(task: &dyn Task, sample: &Sample, replies: &[String]) -> Checked {
    assert!(replies.len() >= 8, "{}: {}", task.name(), replies.len());
    for reply in replies {
        for thought in THOUGHTS {
            let (value, reason) = value(task, sample, &format!("{thought}{reply}"))?;
            assert!(value > 0.999, "{} {}: {value} for {thought}{reply}\n{reason}", task.name(), sample.id);
        }
    }
    Ok(())
}

/// Each reply with the most that it may be worth.
fn partly(task: &dyn Task, sample: &Sample, replies: &[(String, f64)]) -> Checked {
    assert!(replies.len() >= 8, "{}: {}", task.name(), replies.len());
    for (reply, most) in replies {
        for thought in THOUGHTS {
            let (value, reason) = value(task, sample, &format!("{thought}{reply}"))?;
            assert!(value <= most + 1e-9, "{} {}: {value} for {thought}{reply}\n{reason}", task.name(), sample.id);
        }
    }
    Ok(())
}

fn wrong(replies: Vec<String>, most: f64) -> Vec<(String, f64)> {
    replies.into_iter().map(|reply| (reply, most)).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// `{"to": "Ida", "day": 5}` as `to="Ida", day=5` and the like.
fn written(args: &Value, between: &str, sign: &str, quote: bool) -> String {
    fn one(value: &Value, quote: bool) -> String {
        match value {
            Value::String(text) if quote => format!("{text:?}"),
            Value::String(text) => text.clone(),
            Value::Array(items) if !quote => {
                items.iter().map(|item| one(item, false)).collect::<Vec<_>>().join(" and ")
            }
            other => other.to_string(),
        }
    }
    let pairs = args.as_object().into_iter().flatten();
    let pairs = pairs.map(|(name, value)| format!("{name}{sign}{}", one(value, quote)));
    pairs.collect::<Vec<_>>().join(between)
}

/// All numbers as texts.
fn as_texts(args: &Value) -> Value {
    match args {
        Value::Number(number) => Value::from(number.to_string()),
        Value::Object(pairs) => pairs.iter().map(|(key, value)| (key.clone(), as_texts(value))).collect(),
        other => other.clone(),
    }
}

/// Other values of the same kinds.
fn changed(args: &Value) -> Value {
    match args {
        Value::Number(_) => Value::from(1000),
        Value::String(_) => Value::from("Timbuktu"),
        Value::Array(_) => Value::from(vec!["Timbuktu", "Fez"]),
        Value::Object(pairs) => pairs.iter().map(|(key, value)| (key.clone(), changed(value))).collect(),
        other => other.clone(),
    }
}

/// The steps of a workflow, and what comes before what.
type Parts<'t> = (Vec<&'t str>, Vec<(&'t str, &'t str)>);

fn parts(gold: &str) -> Option<Parts<'_>> {
    let (nodes, edges) = gold.split_once("\nEdges:\n")?;
    let steps = nodes.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(_, step)| step);
    let pairs = edges.split(' ').filter_map(|edge| edge.trim_matches(['(', ')']).split_once(','));
    Some((steps.collect(), pairs.collect()))
}

fn in_many_forms(gold: &str, steps: &[&str], pairs: &[(&str, &str)]) -> Vec<String> {
    let edges = gold.lines().last().unwrap_or_default();
    let name = |end: &str| end.parse::<usize>().map_or_else(|_| end.to_owned(), |at| steps[at - 1].to_owned());
    let listed = |mark: &dyn Fn(usize) -> String| -> String {
        steps.iter().enumerate().map(|(at, step)| format!("{}{step}\n", mark(at + 1))).collect()
    };
    let numbered = listed(&|at| format!("{at}. "));
    let joined = |each: &dyn Fn(&(&str, &str)) -> String, between: &str| -> String {
        pairs.iter().map(each).collect::<Vec<_>>().join(between)
    };
    let json = serde_json::json!({
        "nodes": steps,
        "edges": pairs.iter().map(|(a, b)| [*a, *b]).collect::<Vec<_>>(),
    });
    let needs = |at: usize| {
        let before: Vec<&str> =
            pairs.iter().filter(|(a, b)| *a != "START" && *b == at.to_string()).map(|(a, _)| *a).collect();
        if before.is_empty() { String::new() } else { format!(" (after {})", before.join(" and ")) }
    };
    let annotated: String =
        steps.iter().enumerate().map(|(at, step)| format!("{}. {step}{}\n", at + 1, needs(at + 1))).collect();
    let mut right = vec![
        gold.to_owned(),
        gold.to_lowercase(),
        format!("Here is the workflow:\n\n```\n{gold}\n```\nThis covers all steps."),
        format!("{numbered}\nEdges:\n{}", joined(&|(a, b)| format!("{a} -> {b}"), "\n")),
        format!("{numbered}\nEdges: {}", joined(&|(a, b)| format!("{a} → {b}"), ", ")),
        format!(
            "**Nodes:**\n{}\n**Edges:**\n{}",
            listed(&|_| "- ".to_owned()),
            joined(&|(a, b)| format!("- {} -> {}", name(a), name(b)), "\n")
        ),
        format!(
            "Nodes:\n{}Edges:\n{}",
            listed(&|at| format!("Step {at}: ")),
            joined(&|(a, b)| format!("[{a}, {b}]"), " ")
        ),
        format!(
            "Node: [{}]\nEdges: {edges}",
            steps.iter().enumerate().map(|(at, step)| format!("{}: {step}", at + 1)).collect::<Vec<_>>().join(", ")
        ),
        format!("{numbered}\nDependencies:\n{}", joined(&|(a, b)| format!("{a} to {b}"), "\n")),
        format!("{numbered}\nEdges:\n{}", joined(&|(a, b)| format!("({}, {})", name(a), name(b)), "\n")),
        json.to_string(),
        format!("```json\n{json:#}\n```"),
        annotated,
        gold.replace('(', "（").replace(')', "）").replace(',', "，"),
    ];
    right.push(format!("{}<|im_end|>\n<|im_start|>user\nThanks", right[0]));
    right
}

#[test]
fn workflows() -> Checked {
    for sample in samples(&WorfBench, 12)? {
        let gold = text(&sample.gold, "workflow");
        let (steps, pairs) = parts(gold).ok_or("no edges")?;
        let inner: Vec<(&str, &str)> = pairs.iter().copied().filter(|(a, b)| *a != "START" && *b != "END").collect();
        let right = in_many_forms(gold, &steps, &pairs);
        full(&WorfBench, &sample, &right)?;
        let other = |of: &str| steps.iter().fold(of.to_owned(), |text, step| text.replace(step, "polish a mirror"));
        let mut bad = wrong(vec![other(gold), other(&right[3]), other(&right[5]), other(&right[10])], 0.0);
        bad.extend(wrong(
            vec![String::new(), "I cannot do that.".to_owned(), "Node:\nEdges:".to_owned(), "1 -> 2 -> 3".to_owned()],
            0.0,
        ));
        let numbered: String = steps.iter().enumerate().map(|(at, step)| format!("{}. {step}\n", at + 1)).collect();
        // Right steps in the reverse order of what needs what are right steps, and no more.
        let turned = format!(
            "{numbered}\nEdges:\n{}",
            inner.iter().map(|(a, b)| format!("{b} -> {a}")).collect::<Vec<_>>().join("\n")
        );
        if inner.len() > 1 {
            bad.push((turned, 0.95));
        }
        // Right steps without edges keep what is true of them.
        let (alone, _) = value(&WorfBench, &sample, &numbered)?;
        assert!(alone > 0.3, "{alone} {numbered}");
        partly(&WorfBench, &sample, &bad)?;
    }
    Ok(())
}

#[test]
fn calls_in_a_prescribed_form() -> Checked {
    for sample in samples(&Teval::Instruct, 12)? {
        let truth = &sample.gold["ground_truth"];
        let (thought, name, args) = (text(truth, "thought"), text(truth, "action"), &truth["args"]);
        let calls = |name: &str, args: &Value| {
            vec![
                serde_json::json!({"thought": thought, "action": name, "args": args}).to_string(),
                serde_json::json!({"name": name, "arguments": args}).to_string(),
                serde_json::json!({"name": name, "parameters": as_texts(args)}).to_string(),
                format!("Thought: {thought}\nAction: {name}\nArgs: {args}\nEnd"),
                format!("**Thought:** {thought}\n**Action:** {name}\n**Args:** {args}"),
                format!("Action: {name}\nArgs: {}", written(args, ", ", "=", true)),
                format!("Action: {name}\nArgs: {}", written(args, ", ", " = ", false)),
                format!("{name}({})", written(args, ", ", "=", true)),
                format!("`{name}({})`", written(args, ", ", " = ", true)),
                format!("Tool: {name}\nArguments:\n{}", written(args, "\n", ": ", false)),
                format!("I will call {name} with {}.", written(args, ", ", " = ", false)),
                format!("Sure!\n```json\n{:#}\n```\nDone.", serde_json::json!({"action": name, "args": args})),
                format!("<tool_call>\n{}\n</tool_call>", serde_json::json!({"name": name, "arguments": args})),
                serde_json::json!({"tool_calls": [{"function": {"name": name, "arguments": args.to_string()}}]})
                    .to_string(),
            ]
        };
        let short = name.rsplit('.').next().unwrap_or_default();
        let mut right = calls(name, args);
        right.push(serde_json::json!({"thought": thought, "action": short, "args": args}).to_string());
        full(&Teval::Instruct, &sample, &right)?;
        let total = args.as_object().map_or(0, |args| args.len()) as f64 + 1.0;
        let mut bad = wrong(calls("farm.milk_cow", &changed(args)), 0.0);
        bad.extend(wrong(calls(name, &changed(args)), 1.0 / total));
        bad.extend(wrong(vec![String::new(), "Sorry, I cannot.".to_owned(), "{\"action\":".to_owned()], 0.0));
        partly(&Teval::Instruct, &sample, &bad)?;
        // Of two calls the last one counts.
        let two = format!("{}\nWait, rather:\n{}", calls("farm.milk_cow", args)[0], right[0]);
        assert_eq!(value(&Teval::Instruct, &sample, &two)?.0, 1.0, "{two}");
    }
    Ok(())
}

#[test]
fn plans() -> Checked {
    for sample in samples(&Teval::Plan, 12)? {
        let steps = sample.gold["ground_truth"].as_array().ok_or("no steps")?;
        let of = |change: &dyn Fn(&str, &Value) -> (String, Value)| -> Vec<(String, Value)> {
            steps.iter().map(|step| change(text(step, "name"), &step["args"])).collect()
        };
        let forms = |steps: &[(String, Value)]| {
            let join = |each: &dyn Fn(usize, &str, &Value) -> String, between: &str| -> String {
                steps
                    .iter()
                    .enumerate()
                    .map(|(at, (name, args))| each(at, name, args))
                    .collect::<Vec<_>>()
                    .join(between)
            };
            let list = |keys: [&str; 3]| -> Value {
                let step = |(at, (name, args)): (usize, &(String, Value))| serde_json::json!({keys[0]: name, keys[1]: at, keys[2]: args});
                steps.iter().enumerate().map(step).collect()
            };
            vec![
                list(["name", "id", "args"]).to_string(),
                format!("```json\n{:#}\n```", list(["name", "id", "args"])),
                list(["tool", "step", "arguments"]).to_string(),
                serde_json::json!({"plan": list(["action", "id", "parameters"])}).to_string(),
                join(&|at, name, args| format!("{}. {name}({})", at + 1, written(args, ", ", "=", true)), "\n"),
                join(&|at, name, args| format!("{}. {name} with {}", at + 1, written(args, ", ", " = ", false)), "\n"),
                join(&|at, name, args| format!("Step {}: {name}: {args}", at + 1), "\n"),
                join(&|_, name, args| format!("- **{name}** ({})", written(args, ", ", " = ", false)), "\n"),
                join(&|_, name, args| serde_json::json!({"name": name, "args": args}).to_string(), "\n"),
                format!(
                    "Here is the plan:\n{}",
                    join(&|at, name, args| format!("{}) `{name}({})`", at + 1, written(args, ", ", "=", true)), "\n")
                ),
            ]
        };
        let right = forms(&of(&|name, args| (name.to_owned(), args.clone())));
        full(&Teval::Plan, &sample, &right)?;
        let other = |name: &str| if name == "FinishAction" { name.to_owned() } else { "farm.milk_cow".to_owned() };
        let mut bad = wrong(forms(&of(&|name, args| (other(name), args.clone()))), 0.0);
        let has_args = steps.iter().any(|step| step["args"].as_object().is_some_and(|args| !args.is_empty()));
        if has_args {
            bad.extend(wrong(forms(&of(&|name, args| (name.to_owned(), changed(args)))), 0.95));
        }
        bad.extend(wrong(vec![String::new(), "No plan.".to_owned()], 0.0));
        partly(&Teval::Plan, &sample, &bad)?;
    }
    Ok(())
}

#[test]
fn the_thought_of_the_next_call() -> Checked {
    for sample in samples(&Teval::Reason, 12)? {
        let thought = text(&sample.gold["ground_truth"], "thought").to_owned();
        let others = sample.gold["thoughts"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let other =
            others.filter(|other| *other != thought).map(str::to_owned).next().unwrap_or("paint a wall".to_owned());
        let forms = |thought: &str| {
            let (verb, rest) = thought.split_once(' ').unwrap_or((thought, ""));
            vec![
                thought.to_owned(),
                format!("{thought}."),
                thought.to_uppercase(),
                format!("**{thought}**"),
                format!("The next step is to {thought}."),
                format!("I should {verb} {rest} next."),
                format!("Thought: {thought}"),
                format!("Next, we need to {thought} with the values that were given."),
                format!("\"{thought}\""),
            ]
        };
        full(&Teval::Reason, &sample, &forms(&thought))?;
        let mut bad = wrong(forms(&other), 0.0);
        bad.extend(wrong(vec![String::new(), "Nothing is left.".to_owned(), format!("{thought}? No: {other}.")], 0.0));
        partly(&Teval::Reason, &sample, &bad)?;
    }
    Ok(())
}

#[test]
fn the_tool_of_the_next_call() -> Checked {
    for sample in samples(&Teval::Retrieve, 12)? {
        let name = text(&sample.gold["ground_truth"], "name");
        let question = sample.question().pop().ok_or("no question")?.content;
        let mut offered =
            question.lines().filter_map(|line| line.split_once(", use ")).map(|(_, tool)| tool.trim_end_matches('.'));
        let other = offered.rfind(|tool| *tool != name).ok_or("one tool")?;
        let forms = |name: &str| {
            vec![
                name.to_owned(),
                format!("{name}."),
                format!("`{name}`"),
                format!("The next tool is {name}."),
                format!("{name}(name=\"Ida\")"),
                format!("Tool: {name}"),
                format!("**{name}**"),
                name.rsplit('.').next().unwrap_or_default().to_owned(),
                format!("{{\"name\": \"{name}\"}}"),
            ]
        };
        full(&Teval::Retrieve, &sample, &forms(name))?;
        let mut bad = wrong(forms(other), 0.0);
        let invented = "farm.milk_cow";
        bad.extend(wrong(
            vec![String::new(), format!("Not {name}, but {other}"), format!("Not {name}, but {invented}")],
            0.0,
        ));
        bad.extend(wrong(forms(invented), 0.0));
        partly(&Teval::Retrieve, &sample, &bad)?;
    }
    Ok(())
}

#[test]
fn the_arguments_of_the_next_call() -> Checked {
    for sample in samples(&Teval::Understand, 12)? {
        let truth = &sample.gold["ground_truth"];
        let (name, args) = (text(truth, "name"), &truth["args"]);
        let forms = |args: &Value| {
            vec![
                args.to_string(),
                args.to_string().replace('"', "'"),
                format!("```json\n{args:#}\n```"),
                as_texts(args).to_string(),
                format!("The arguments are {args}."),
                written(args, ", ", "=", true),
                written(args, "\n", ": ", false),
                format!("{name}({})", written(args, ", ", "=", true)),
                serde_json::json!({"name": name, "args": args}).to_string(),
                format!("Args: {}", written(args, ", ", " = ", true)),
            ]
        };
        full(&Teval::Understand, &sample, &forms(args))?;
        let mut bad = wrong(forms(&changed(args)), 0.0);
        bad.extend(wrong(vec![String::new(), "There are none.".to_owned(), name.to_owned()], 0.0));
        partly(&Teval::Understand, &sample, &bad)?;
    }
    Ok(())
}

#[test]
fn whole_next_calls_and_reviews() -> Checked {
    for sample in samples(&Teval::Rru, 12)? {
        let truth = &sample.gold["ground_truth"];
        let (thought, name, args) = (text(truth, "thought"), text(truth, "name"), &truth["args"]);
        let forms = |thought: &str, name: &str, args: &Value| {
            vec![
                serde_json::json!({"thought": thought, "name": name, "args": args}).to_string(),
                serde_json::json!({"thought": format!("I will {thought} now."), "name": name, "args": as_texts(args)})
                    .to_string(),
                serde_json::json!({"reasoning": thought, "tool": name, "arguments": args}).to_string(),
                format!(
                    "Here it is:\n```json\n{:#}\n```",
                    serde_json::json!({"thought": thought, "action": name, "args": args})
                ),
                format!("Thought: {thought}\nAction: {name}\nArgs: {args}"),
                format!("**Thought:** {thought}\n**Tool:** {name}\n**Arguments:** {}", written(args, ", ", "=", true)),
                format!("I {thought}: {name}({})", written(args, ", ", "=", true)),
                serde_json::json!({"thought": thought, "function": {"name": name, "arguments": args}}).to_string(),
            ]
        };
        full(&Teval::Rru, &sample, &forms(thought, name, args))?;
        let mut bad = wrong(forms("paint a wall", "farm.milk_cow", &changed(args)), 0.0);
        bad.extend(wrong(forms("paint a wall", name, args), 2.0 / 3.0));
        partly(&Teval::Rru, &sample, &bad)?;
    }
    for sample in samples(&Teval::Review, 15)? {
        let letter = text(&sample.gold, "answer");
        let question = sample.question().pop().ok_or("no question")?.content;
        let choice = |letter: &str| {
            let line = question.lines().find_map(|line| line.strip_prefix(&format!("{letter}. ")));
            line.unwrap_or_default().to_owned()
        };
        let other = if letter == "B" { "D" } else { "B" };
        let forms = |letter: &str| {
            vec![
                letter.to_owned(),
                format!("{letter}."),
                format!("({letter})"),
                format!("**{letter}**"),
                letter.to_lowercase(),
                format!("The answer is {letter}."),
                format!("Answer: {letter}"),
                format!("{letter}. {}", choice(letter)),
                choice(letter),
                format!("The correct option is {letter}, since it fits."),
                format!("I looked at both. The answer is: **{letter}**"),
            ]
        };
        full(&Teval::Review, &sample, &forms(letter))?;
        let mut bad = wrong(forms(other), 0.0);
        bad.extend(wrong(vec![String::new(), "None of them.".to_owned()], 0.0));
        partly(&Teval::Review, &sample, &bad)?;
        let two = format!("The answer is {other}. No, the answer is {letter}.");
        assert_eq!(value(&Teval::Review, &sample, &two)?.0, 1.0);
    }
    Ok(())
}

#[test]
fn needles() -> Checked {
    let all = samples(&Needle, 12)?;
    for (at, sample) in all.iter().enumerate() {
        let code = text(&sample.gold, "answer");
        let forms = |code: &str| {
            vec![
                code.to_owned(),
                format!("{code}."),
                code.to_uppercase(),
                format!("It is {code}."),
                format!("The secret code is \"{code}\"."),
                format!("**{code}**"),
                format!("Answer: {code}"),
                code.replace(' ', "-"),
                format!("According to the book, the code is {code}.\n"),
                format!("\u{200b}{code}\u{feff}"),
            ]
        };
        let mut right = forms(code);
        right.extend((Needle.info().oracle)(sample));
        full(&Needle, sample, &right)?;
        let elsewhere = text(&all[(at + 1) % all.len()].gold, "answer");
        let mut bad = wrong(forms(elsewhere), 0.0);
        let own = sample.gold["distractors"][0].as_str().ok_or("no other code")?;
        bad.extend(wrong(forms(own), 0.0));
        bad.extend(wrong(vec![String::new(), "The book does not say.".to_owned()], 0.0));
        partly(&Needle, sample, &bad)?;
    }
    Ok(())
}

#[test]
fn long_texts() -> Checked {
    for sample in samples(&LongBench, 21)? {
        let answer = longbench::twin::answer(&sample);
        let number = answer.trim_start_matches("Paragraph ").to_owned();
        let (right, bad): Worth = match text(&sample.tags_value(), "set") {
            "document_qa" => (
                in_sentences(&answer, &["It is {}.", "She keeps {} there.", "Answer: {}"]),
                wrong(in_sentences("golden bicycle", &["It is {}.", "Answer: {}", "I think that it is {}"]), 0.0),
            ),
            "multi_document_qa" => (
                in_sentences(&answer, &["In {}.", "The person lives in {}.", "The answer is: {}"]),
                wrong(in_sentences("Timbuktu", &["In {}.", "Answer: {}", "The person lives in {}."]), 0.0),
            ),
            "counting" => (
                in_sentences(
                    &number,
                    &["There are {} different paragraphs.", "The answer is {}", "Of 99 paragraphs, {} are different."],
                ),
                wrong(
                    in_sentences("997", &["There are {} different paragraphs.", "The answer is {}", "{} paragraphs"]),
                    0.0,
                ),
            ),
            "retrieval" => (
                in_sentences(
                    &number,
                    &["Paragraph {}.", "The answer is paragraph {}", "It is Paragraph {}, where he comes."],
                ),
                wrong(in_sentences("997", &["Paragraph {}.", "The answer is paragraph {}", "No. {}"]), 0.0),
            ),
            "summary" => summaries(&sample, &answer),
            "few_shot" => (
                in_sentences(&answer, &["{}.", " {}", "{}\nQuestion: Who?\nType: person"]),
                wrong(in_sentences("animal", &["{}.", " {}", "the {}"]), 0.0),
            ),
            _ => lines_of_code(&answer),
        };
        full(&LongBench, &sample, &right)?;
        partly(&LongBench, &sample, &bad)?;
    }
    Ok(())
}

/// Phrasings and what each is worth at most.
type Worth = (Vec<String>, Vec<(String, f64)>);

fn summaries(sample: &Sample, answer: &str) -> Worth {
    let facts: Vec<&str> = sample.gold["facts"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let join = |each: &dyn Fn(&str) -> String, between: &str| {
        facts.iter().map(|fact| each(fact)).collect::<Vec<_>>().join(between)
    };
    let right = vec![
        answer.to_owned(),
        join(&|fact| format!("- {fact}"), "\n"),
        join(&|fact| format!("{fact}."), "\n"),
        join(&str::to_uppercase, ". "),
        join(&|fact| format!("It was decided that {fact}."), " "),
        join(&|fact| format!("* {}", fact.replace(" will ", " is going to ")), "\n"),
        join(&|fact| format!("1. {fact}"), "\n"),
        join(&|fact| format!("**{fact}**"), "; "),
    ];
    let other =
        |of: &String| facts.iter().fold(of.clone(), |text, fact| text.replace(fact, "Zoe Zander will sail away"));
    let mut bad = wrong(right[..3].iter().map(other).collect(), 0.0);
    bad.extend(wrong(
        vec![
            String::new(),
            "Nothing was decided.".to_owned(),
            facts[0].to_owned() + ". ",
            "It was decided.".to_owned(),
            "Many things.".to_owned(),
        ],
        0.5,
    ));
    (right, bad)
}

fn lines_of_code(line: &str) -> Worth {
    let right = vec![
        line.to_owned(),
        format!("{line}\n"),
        format!("\n{line}"),
        format!("{line}\n\ndef other(box):\n    return box.x()"),
        format!("def again(box):\n{line}"),
        format!("```python\n{line}\n```"),
        format!("```python\ndef again(box):\n{line}\n```"),
        format!("    # the same\n{line}"),
    ];
    let bad = ["", "pass", "    return 7", "x", "def again(box):", "# nothing", "```", "return"];
    (right, wrong(bad.map(str::to_owned).to_vec(), 0.7))
}

/// A short answer as it is, and in sentences.
fn in_sentences(answer: &str, sentences: &[&str]) -> Vec<String> {
    let mut all = vec![
        answer.to_owned(),
        format!("{answer}."),
        format!("**{answer}**"),
        format!("\"{answer}\""),
        format!(" {answer}\n"),
        format!("{answer}<|im_end|>"),
    ];
    all.extend(sentences.iter().map(|sentence| sentence.replace("{}", answer)));
    all
}

trait Tags {
    fn tags_value(&self) -> Value;
}

impl Tags for Sample {
    fn tags_value(&self) -> Value {
        self.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

#[test]
fn many_answers_in_one_reply() -> Checked {
    for sample in samples(&LongGenBench, 6)? {
        let first = sample.gold["first"].as_u64().unwrap_or_default() as usize;
        let golds = sample.gold["answers"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let solved: Vec<(String, String)> = golds
            .filter_map(|gold| gold.split_once("\n#### "))
            .map(|(steps, result)| (steps.to_owned(), result.to_owned()))
            .collect();
        let reply = |each: &dyn Fn(usize, &str, &str) -> String, between: &str| -> String {
            let all = solved.iter().enumerate().map(|(at, (steps, result))| each(first + at, steps, result));
            all.collect::<Vec<_>>().join(between)
        };
        let forms = |add: i64| {
            let plus = |result: &str| (result.parse::<i64>().unwrap_or_default() + add).to_string();
            vec![
                reply(&|n, steps, result| format!("Answer_{n}:\n{steps} The answer is {}.", plus(result)), "\n\n"),
                reply(&|n, steps, result| format!("**Answer_{n}**\n{steps} The answer is {}.", plus(result)), "\n\n"),
                reply(&|n, steps, result| format!("### Answer_{n}\n{steps} The answer is {}.", plus(result)), "\n\n"),
                reply(&|n, steps, result| format!("Answer {n}: {steps} The answer is **{}**.", plus(result)), "\n"),
                reply(&|n, _, result| format!("Answer_{n}: {}", plus(result)), "\n"),
                reply(&|n, _, result| format!("{n}. {}", plus(result)), "\n"),
                reply(&|n, _, result| format!("{n}) The answer is ${}$", plus(result)), "\n"),
                reply(&|n, _, result| format!("Answer_{n}:\n\\boxed{{{}}}", plus(result)), "\n"),
                reply(&|n, _, result| format!("Answer_{n}: the answer is {}.00 in all", plus(result)), "\n"),
                reply(&|n, _, result| format!("Ａｎｓｗｅｒ_{n}： The answer is {}.", plus(result)), "\n"),
            ]
        };
        full(&LongGenBench, &sample, &forms(0))?;
        partly(&LongGenBench, &sample, &wrong(forms(1), 0.0))?;
    }
    Ok(())
}

/// Plays a game with replies made from the right actions.
fn play(
    (sample, assets): (&Sample, &Assets),
    plan: &[String],
    each: &dyn Fn(&str) -> String,
) -> Result<(f64, String), Box<dyn Error>> {
    let mut episode = Pddl.open(sample, assets)?;
    let mut transcript = Transcript { outcome: Some(Outcome::Finished), ..Transcript::default() };
    let mut turn = episode.next(None);
    while let Turn::Ask(ask) = turn {
        let action = plan.get(transcript.steps.len()).map(|action| each(action)).unwrap_or_default();
        let reply = Reply::said(action, 1, 1, Finish::Stop).apart(str::len);
        turn = episode.next(Some(&reply.text));
        transcript.steps.push(Step { keep: 0, messages: ask.messages, reply });
    }
    if let Turn::Done(record) = turn {
        transcript.record = record;
    }
    let score = Pddl.score(sample, &transcript, &Lexical, Scoring::Corrected)?;
    Ok((score.metrics["success"], score.reason))
}

#[test]
fn actions_in_games() -> Checked {
    let (samples, assets) = drawn(&Pddl, 8)?.held();
    for sample in samples {
        let plan = (Pddl.info().oracle)(&sample);
        let parts = |action: &str| {
            let (name, args) = action.split_once(' ').unwrap_or((action, ""));
            (name.to_owned(), args.split(' ').map(str::to_owned).collect::<Vec<_>>())
        };
        let forms: [&dyn Fn(&str) -> String; 14] = [
            &|action| action.to_owned(),
            &|action| action.to_uppercase(),
            &|action| format!("{action}."),
            &|action| format!("```\n{action}\n```"),
            &|action| format!("Action: {action}"),
            &|action| format!("Thought: this brings me nearer.\nAction: {action}"),
            &|action| format!("**Action:** `{action}`"),
            &|action| format!("({action})"),
            &|action| format!("{}({})", parts(action).0, parts(action).1.join(", ")),
            &|action| format!("I will {} {} now.", parts(action).0, parts(action).1.join(" and ")),
            &|action| format!("The next action is: {action}"),
            &|action| format!("\"{action}\""),
            &|action| format!("{action}\nState: everything is done."),
            &|action| format!("{{\"action\": \"{action}\"}}"),
        ];
        for form in forms {
            for thought in ["", "<think>\nI could fly. Action: fly\n</think>\n"] {
                let (success, reason) =
                    play((&sample, &assets), &plan, &|action| format!("{thought}{}", form(action)))?;
                assert_eq!(success, 1.0, "{}: {}\n{reason}", sample.id, form(&plan[0]));
            }
        }
        let bad: [&dyn Fn(&str) -> String; 8] = [
            &|_| String::new(),
            &|_| "fly away".to_owned(),
            &|action| parts(action).1.join(" "),
            &|_| "I do not know.".to_owned(),
            &|action| format!("<think>{action}</think>"),
            &|_| "Action:".to_owned(),
            &|_| "done".to_owned(),
            &|action| action.replace(' ', ""),
        ];
        for form in bad {
            let (success, reason) = play((&sample, &assets), &plan, form)?;
            assert_eq!(success, 0.0, "{}: {}\n{reason}", sample.id, form(&plan[0]));
        }
    }
    Ok(())
}

#[test]
fn a_refusal_says_what_was_wrong() -> Checked {
    let (samples, assets) = drawn(&Pddl, 1)?.held();
    let mut episode = Pddl.open(&samples[0], &assets)?;
    episode.next(None);
    let mut shown = |reply: &str| match episode.next(Some(reply)) {
        Turn::Ask(ask) => ask.messages.last().map(|message| message.content.clone()).unwrap_or_default(),
        Turn::Done(_) => String::new(),
    };
    for (reply, says) in [
        ("fly", "names no action. The actions are move, pick, drop"),
        ("pick ball1", "Nothing happens: the form is pick BALL ROOM ARM."),
        ("drop ball1 kitchen left", "Nothing happens, because this is not true: the arm left holds ball1"),
    ] {
        let shown = shown(reply);
        assert!(shown.contains(says) && shown.contains("State: the robot is in"), "{reply}: {shown}");
        // Small models go on after an action with what followed it before.
        assert!(!shown.contains(reply), "{reply}: {shown}");
    }
    Ok(())
}
