//! The official files of WorfBench and T-Eval: read, scored against themselves, and refused where they are broken.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use record::{Fault, Finish, Reply, Rng, Sample, Score, Scoring, Step, Transcript};
use serde_json::json;
use task::tool_use::{Teval, twin};
use task::workflow::{Graph, Switches, WorfBench, parse};
use task::{BadRows, Lexical, Source, Task, TaskError, Words};

/// WorfBench's folder, or `None` (said on stdout) where it is not there.
fn worfbench() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/worfbench"));
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn load(task: &dyn Task, folder: &Path, limit: Option<usize>) -> Result<Vec<Sample>, TaskError> {
    task.samples(&Source::folder(folder, BadRows::Refuse), &Words, limit).map(|drawn| drawn.held().0)
}

fn score(task: &dyn Task, sample: &Sample, reply: &str, scoring: Scoring) -> Result<Score, TaskError> {
    let reply = Reply::said(reply, 1, 1, Finish::Stop);
    let steps = vec![Step { keep: 0, messages: sample.messages.clone(), reply }];
    task.score(sample, &Transcript { steps, ..Transcript::default() }, &Lexical, scoring)
}

fn problem<T>(result: Result<T, TaskError>) -> String {
    result.err().map_or_else(String::new, |error| error.to_string())
}

/// The same workflow with its steps listed in another order, numbered as listed or with their old numbers.
fn shuffled(graph: &Graph, rng: &mut Rng, renumber: bool) -> String {
    let mut listing: Vec<usize> = graph.steps().collect();
    rng.shuffle(&mut listing);
    let number = |v: usize| match listing.iter().position(|&w| w == v) {
        None if v == 0 => "START".to_owned(),
        None => "END".to_owned(),
        Some(place) if renumber => (place + 1).to_string(),
        Some(_) => v.to_string(),
    };
    let steps: String = listing.iter().map(|&v| format!("{}: {}\n", number(v), graph.nodes[v])).collect();
    let mut edges = graph.edges.clone();
    rng.shuffle(&mut edges);
    let edges: Vec<String> = edges.iter().map(|&(a, b)| format!("({},{})", number(a), number(b))).collect();
    format!("Node:\n{steps}Edges: {}", edges.join(" "))
}

#[test]
fn every_gold_workflow_scores_one_however_it_is_presented() -> Result<(), Box<dyn Error>> {
    let Some(folder) = worfbench() else { return Ok(()) };
    let samples = load(&WorfBench, &folder, None)?;
    let mut rng = Rng::new(1);
    for sample in &samples {
        let gold = sample.gold["workflow"].as_str().ok_or("no gold")?;
        let same = score(&WorfBench, sample, gold, Scoring::Corrected)?;
        assert_eq!(same.value, 1.0, "{}: {}", sample.id, same.reason);
        assert_eq!(same.reason, "all steps and edges as in the gold workflow");
        let graph = parse(gold, &Switches::all(true))?;
        for renumber in [true, false] {
            let text = shuffled(&graph, &mut rng, renumber);
            let other = score(&WorfBench, sample, &text, Scoring::Corrected)?;
            assert_eq!(other.metrics["graph_f1"], 1.0, "{}: {}\n{text}", sample.id, other.reason);
            assert_eq!(other.value, 1.0, "{}: {}\n{text}", sample.id, other.reason);
        }
        let paper = score(&WorfBench, sample, gold, Scoring::Paper)?;
        assert!(paper.value > 0.0 && paper.value <= 1.0);
    }
    println!("{} gold workflows", samples.len());
    Ok(())
}

#[test]
fn all_sets_are_read_and_a_small_limit_covers_them() -> Result<(), Box<dyn Error>> {
    let Some(folder) = worfbench() else { return Ok(()) };
    let all = load(&WorfBench, &folder, None)?;
    let sets = fs::read_dir(&folder)?.filter_map(Result::ok).filter(|entry| entry.path().is_dir()).count();
    let few = load(&WorfBench, &folder, Some(sets))?;
    assert_eq!(all[..sets], few);
    let mut seen: Vec<&str> = few.iter().filter_map(|sample| sample.tags["set"].as_str()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), sets);
    assert!(all.iter().all(|sample| sample.messages.iter().all(|m| m.role != record::Role::Assistant)));
    Ok(())
}

#[test]
fn broken_workflow_files_are_named() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let missing = problem(load(&WorfBench, folder.path(), None));
    assert!(missing.contains("graph_eval.json") && missing.contains("WorFBench_test") && missing.contains("license"));
    let place = folder.path().join("gold_traj/os");
    fs::create_dir_all(&place)?;
    let row = |id: &str, gold: &str| {
        json!({"id": id, "conversations": [
            {"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": gold},
        ]})
    };
    let right = row("os_1", "Node:\n1: a\nEdges: (START,1) (1,END)");
    for (bad, what) in [
        (row("os_2", "nothing"), "row 2 (os_2)"),
        (row("os_2", "Node:\n1: a\n2: b\nEdges: (1,2) (2,1)"), "cycle"),
        (json!({"id": "os_2"}), "conversations"),
        (json!(7), "row 2 (without id)"),
        (right.clone(), "two rows have this id"),
    ] {
        fs::write(place.join("graph_eval.json"), json!([right, bad, right]).to_string())?;
        let said = problem(load(&WorfBench, folder.path(), None));
        assert!(said.contains(what), "{said}");
    }
    fs::write(place.join("graph_eval.json"), "[{")?;
    assert!(problem(load(&WorfBench, folder.path(), None)).contains("line 1"));
    fs::write(place.join("graph_eval.json"), json!([right]).to_string())?;
    fs::write(
        folder.path().join("few_shot.json"),
        json!({"turn": "Now: ", "examples": {"os": [{"role": "user", "content": "e"}]}}).to_string(),
    )?;
    let samples = load(&WorfBench, folder.path(), None)?;
    let said: Vec<&str> = samples[0].messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(said, ["s", "e", "Now: u"]);
    Ok(())
}

#[test]
fn replies_of_any_content_get_a_score_and_a_reason() -> Result<(), Box<dyn Error>> {
    let samples = WorfBench
        .samples(&Source::Generated { seed: 1, split: task::Split::Test, asking: task::Asking::BARE }, &Words, Some(1))?
        .held()
        .0;
    let many = |count: usize| -> String { (1..=count).map(|i| format!("{i}: step {i}\n({i},END)\n")).collect() };
    let replies =
        [String::new(), "\0".repeat(1 << 20), format!("Node\n{}", many(400)), many(40_000), "(1,END)".repeat(1 << 17)];
    for scoring in [Scoring::Corrected, Scoring::Paper] {
        for reply in &replies {
            let start = std::time::Instant::now();
            let score = score(&WorfBench, &samples[0], reply, scoring)?;
            assert!(score.value < 0.5 && !score.reason.is_empty());
            assert!(start.elapsed().as_secs() < 10, "{:?}: {}", start.elapsed(), score.reason);
        }
    }
    let mut broken = samples[0].clone();
    broken.gold = json!({});
    assert!(problem(score(&WorfBench, &broken, "", Scoring::Corrected)).contains("unusable"));
    Ok(())
}

#[test]
fn teval_files_are_read_and_broken_ones_named() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let missing = problem(load(&Teval::Instruct, folder.path(), None));
    assert!(missing.contains("instruct_v2.json") && missing.contains("T-Eval") && missing.contains("Apache"));
    let datum = |form: &str| {
        json!({
            "origin_prompt": [{"role": "system", "content": "tools: a.b"}, {"role": "function", "content": "f"}],
            "template": {
                "thought": "t", "action": "n", "args": "a", "thought_start": "T:", "thought_end": "\n",
                "action_start": "N:", "action_end": "\n", "args_start": "A:", "args_end": "\n",
            },
            "ground_truth": {"action": "a.b", "args": {"x": 1}, "thought": ""},
            "meta_data": {"response_format": form},
        })
    };
    let path = folder.path().join("data/instruct_v2.json");
    fs::create_dir_all(folder.path().join("data"))?;
    let all = json!({"q1": datum("json"), "q2": datum("json"), "q3": datum("string")});
    fs::write(&path, all.to_string())?;
    let samples = load(&Teval::Instruct, folder.path(), None)?;
    assert_eq!(samples.iter().map(|sample| sample.id.as_str()).collect::<Vec<_>>(), ["q1", "q3", "q2"]);
    assert_eq!(load(&Teval::Instruct, &path, Some(2))?, samples[..2]);
    let said = |sample: &Sample, reply: &str| score(&Teval::Instruct, sample, reply, Scoring::Corrected);
    let right = said(&samples[0], "```json\n{\"t\": \"\", \"n\": \"a.b\", \"a\": {\"x\": 1}}\n```<|im_end|>")?;
    assert_eq!((right.value, right.reason.as_str()), (1.0, "the right call"));
    let right = said(&samples[1], "T: I call it\nN: a.b\nA: {'x': 1}\n")?;
    assert_eq!((right.value, right.reason.as_str()), (1.0, "the right call"));
    let made_up = said(&samples[1], "T: I call it\nN: c.d\nA: {'x': 1}\n")?;
    assert!(made_up.reason.starts_with("hallucinated tool"), "{}", made_up.reason);
    assert_eq!((made_up.value, made_up.metrics["args_em"], made_up.metrics["format"]), (0.5, 0.5, 1.0));
    for (bad, what) in [
        (json!({"q9": {"origin_prompt": []}}), "q9"),
        (json!({"q9": datum("yaml")}), "yaml"),
        (json!({}), "no samples"),
        (json!([]), "no object"),
    ] {
        fs::write(&path, bad.to_string())?;
        let said = problem(load(&Teval::Instruct, folder.path(), None));
        assert!(said.contains(what), "{said}");
    }
    Ok(())
}

#[test]
fn the_answers_of_the_twins_score_one() -> Result<(), Box<dyn Error>> {
    let source = Source::Generated { seed: 5, split: task::Split::Test, asking: task::Asking::BARE };
    for sample in WorfBench.samples(&source, &Words, Some(50))?.held().0 {
        let gold = sample.gold["workflow"].as_str().unwrap_or_default().to_owned();
        assert_eq!(score(&WorfBench, &sample, &gold, Scoring::Corrected)?.value, 1.0, "{gold}");
    }
    for task in Teval::ALL {
        for sample in task.samples(&source, &Words, Some(50))?.held().0 {
            let reply = twin::answer(&sample);
            for scoring in [Scoring::Corrected, Scoring::Paper] {
                let score = score(&task, &sample, &reply, scoring)?;
                // The reference divides by the number of arguments plus 0.00001.
                let least = if task == Teval::Rru && scoring == Scoring::Paper { 0.99999 } else { 1.0 };
                assert!(score.value >= least, "{scoring:?} {}\n{reply}: {}", score.value, score.reason);
                assert_eq!(score.fault, None, "{reply}: {}", score.reason);
            }
        }
    }
    Ok(())
}

/// One datum of a task's official files.
fn datum(task: Teval) -> serde_json::Value {
    let call = json!({"thought": "pay Ida", "name": "bank.pay", "args": {"to": "Ida"}});
    let mut datum = json!({
        "origin_prompt": [{"role": "system", "content": "bank.pay(to), bank.ask(of)"}, {"role": "function", "content": "f"}],
        "ground_truth": call,
        "meta_data": {"response_format": "str"},
        "template": {},
    });
    match task {
        Teval::Plan => {
            datum["ground_truth"] = json!("[{'name': 'bank.pay', 'id': 0, 'args': {'to': 'Ida'}}]");
            datum["meta"] = json!({"prompt_type": "str", "API_list": ["bank.pay", "bank.ask"]});
        }
        Teval::Review => datum["ground_truth"] = json!({"answer": "B"}),
        Teval::Rru => datum["ground_truth"] = json!(call.to_string()),
        _ => {}
    }
    datum
}

#[test]
fn each_task_reads_its_own_files_and_names_what_is_wrong() -> Result<(), Box<dyn Error>> {
    let files: [(Teval, &[&str], &str); 6] = [
        (Teval::Plan, &["plan_json", "plan_str"], "bank.pay to Ida"),
        (Teval::Reason, &["reason_str"], "pay Ida"),
        (Teval::Retrieve, &["retrieve_str"], "I call bank.pay, e.g. now."),
        (Teval::Understand, &["understand_str"], "{\"to\":\"Ida\"}"),
        (
            Teval::Rru,
            &["reason_retrieve_understand_json"],
            "{'thought': 'pay Ida', 'name': 'bank.pay', 'args': {'to': 'Ida'}}",
        ),
        (Teval::Review, &["review_str"], "B: Correct"),
    ];
    let folder = tempfile::tempdir()?;
    for (task, names, reply) in files {
        let missing = problem(load(&task, folder.path(), None));
        assert!(names.iter().all(|name| missing.contains(&format!("{name}_v2.json"))), "{missing}");
        assert!(missing.contains("lovesnowbest/T-Eval") && missing.contains("Apache"), "{missing}");
        let old = folder.path().join(format!("{}_v1.json", names[0]));
        fs::write(&old, "{}")?;
        assert!(problem(load(&task, folder.path(), None)).contains("another version"));
        fs::remove_file(&old)?;
        for name in names {
            for edition in ["_v2", "_v2_zh"] {
                let mut row = datum(task);
                if *name == "plan_json" {
                    row["meta"]["prompt_type"] = json!("json");
                }
                let id = if edition == "_v2" { "query_1_0_2" } else { "zh_1" };
                fs::write(folder.path().join(format!("{name}{edition}.json")), json!({id: row}).to_string())?;
            }
        }
        let samples = load(&task, folder.path(), None)?;
        assert_eq!(samples.len(), names.len());
        assert!(samples.iter().all(|sample| sample.tags["language"] == "en"));
        assert!(samples.iter().all(|sample| sample.cluster.as_deref() == Some("query_1")));
        let last = samples.last().ok_or("none")?;
        let right = score(&task, last, reply, Scoring::Corrected)?;
        assert_eq!((right.value, right.fault), (1.0, None), "{}: {}", task.name(), right.reason);
        let empty = score(&task, last, "", Scoring::Corrected)?;
        assert_eq!((empty.value, empty.fault), (0.0, Some(Fault::NoCall)), "{}", task.name());
        let named = load(&task, &folder.path().join(format!("{}_v2_zh.json", names[0])), None)?;
        assert_eq!(named[0].tags["language"], "zh");
        let rows = json!({"a": datum(task), "b": {"origin_prompt": [], "ground_truth": 1}, "c": datum(task)});
        fs::write(folder.path().join(format!("{}_v2.json", names[0])), rows.to_string())?;
        assert!(problem(load(&task, folder.path(), None)).contains("sample b"));
        let source = Source::folder(folder.path(), BadRows::Skip);
        assert_eq!(task.samples(&source, &Words, None)?.skipped.len(), 1);
    }
    fs::remove_file(folder.path().join("plan_str_v2.json"))?;
    assert!(problem(load(&Teval::Plan, folder.path(), None)).contains("plan_str_v2.json is not there"));
    Ok(())
}

#[test]
fn every_kind_of_mistake_is_told_apart() -> Result<(), Box<dyn Error>> {
    let fault = |task: Teval, reply: &str| -> Result<Option<Fault>, Box<dyn Error>> {
        let (datum, prompt) = (datum(task), vec![record::Message::system("bank.pay(to), bank.ask(of)")]);
        let gold = match task {
            Teval::Plan => json!({"prompt_type": "json", "ground_truth": datum["ground_truth"]}),
            _ => json!({"ground_truth": datum["ground_truth"]}),
        };
        let judgment = task.judge(&gold, &prompt, reply, &Lexical, &task::tool_use::Switches::all(true))?;
        Ok(judgment.mistake.map(|mistake| mistake.kind()))
    };
    let call = |name: &str, args: &str| format!("{{\"thought\": \"x\", \"name\": \"{name}\", \"args\": {args}}}");
    let step = |name: &str, args: &str| format!("{{\"name\": \"{name}\", \"id\": 0, \"args\": {args}}}");
    let right = "{\"to\": \"Ida\"}";
    for (name, args, kind) in [
        ("bank.pay", right, None),
        ("bank.pay", "{\"amount\": 9}", Some(Fault::WrongArgument)),
        ("bank.ask", right, Some(Fault::WrongTool)),
        ("shop.pay", right, Some(Fault::HallucinatedTool)),
        ("bank.pay", "{", Some(Fault::Malformed)),
    ] {
        assert_eq!(fault(Teval::Rru, &call(name, args))?, kind, "{name} {args}");
        assert_eq!(fault(Teval::Plan, &format!("[{}]", step(name, args)))?, kind, "{name} {args}");
        if args == right {
            assert_eq!(fault(Teval::Retrieve, name)?, kind, "{name}");
        }
    }
    let two = format!("[{}, {}]", step("bank.pay", right), step("bank.ask", "{}"));
    assert_eq!(fault(Teval::Plan, &two)?, Some(Fault::WrongTool));
    assert_eq!(fault(Teval::Plan, "I cannot.")?, Some(Fault::NoCall));
    assert_eq!(fault(Teval::Understand, "{'to': 'Ben'}")?, Some(Fault::WrongArgument));
    assert_eq!(fault(Teval::Understand, "to Ida")?, Some(Fault::Malformed));
    Ok(())
}

/// What replies are put together from.
const PIECES: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "'",
    "\"",
    "\\",
    ",",
    ":",
    ". ",
    "\n",
    "```json",
    "```",
    "bank.pay",
    "bank.ask",
    "FinishAction",
    "name",
    "id",
    "args",
    "thought",
    "'name': ",
    "\"args\": {}",
    "1",
    "-",
    "0x",
    "é",
    "\u{1F600}",
    "\0",
    "\u{1c}",
    "A",
    "B:",
    "answer ",
    "Thought:",
    "Action:",
    "Args:",
    "End",
    "\\ud800",
    "b'",
    "None",
    "true",
    "1e999",
    "[{'name': 'bank.pay', 'id': 0, 'args': {}}]",
];

#[test]
fn any_reply_gets_a_judgment_with_a_reason() -> Result<(), Box<dyn Error>> {
    let mut rng = Rng::new(3);
    for task in Teval::ALL {
        let source = Source::Generated { seed: 2, split: task::Split::Test, asking: task::Asking::BARE };
        let samples = task.samples(&source, &Words, Some(2))?.held().0;
        for round in 0..1500 {
            let sample = &samples[round % 2];
            let mut reply: String = (0..rng.between(0, 14)).filter_map(|_| rng.pick(PIECES).copied()).collect();
            if rng.chance(0.3) {
                // The right answer, with something in it.
                let answer = twin::answer(sample);
                let at = answer.char_indices().map(|(at, _)| at).nth(rng.below(answer.len())).unwrap_or(0);
                reply = format!("{}{reply}{}", &answer[..at], &answer[at..]);
            }
            for scoring in [Scoring::Corrected, Scoring::Paper] {
                let score = score(&task, sample, &reply, scoring)?;
                assert!((0.0..=1.0).contains(&score.value) && !score.reason.is_empty(), "{reply:?}");
                assert!(
                    score.metrics.values().all(|number| (0.0..=1.0).contains(number)),
                    "{reply:?} {:?}",
                    score.metrics
                );
                let free = matches!(task, Teval::Reason | Teval::Rru | Teval::Review);
                let right = score.value >= 1.0 && scoring == Scoring::Corrected;
                assert!(
                    free || right == score.fault.is_none() || scoring == Scoring::Paper,
                    "{reply:?} {}",
                    score.reason
                );
            }
        }
    }
    Ok(())
}

/// CPU time of this thread, where the system tells it; else time.
fn cpu() -> Duration {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
}

/// Judging a megabyte of anything takes less than 50 ms where optimized; this profile takes four times as long.
#[test]
fn a_megabyte_of_anything_gets_a_judgment_quickly() -> Result<(), Box<dyn Error>> {
    let size = 1 << 20;
    let full = |piece: &str| piece.repeat(size / piece.len());
    let deep = |open: &str, close: &str| open.repeat(180) + &close.repeat(180);
    let replies = [
        full("[{\"name\": \"bank.pay\", \"id\": 0, \"args\": "),
        format!("[{}]", full("{'name': 'bank.pay', 'id': 0, 'args': {}},")),
        format!(
            "{{'thought': '', 'name': 'bank.pay', 'args': {{{}}}}}",
            (0..60_000).map(|n| format!("'k{n}': 1,")).collect::<String>()
        ),
        format!("{{'thought': '{}', 'name': 'x', 'args': {{}}}}", full("a b. ")),
        format!("[{}]", full(&(deep("[", "]") + ","))),
        format!("{{\"thought\": null, \"name\": \"x\", \"args\": {}}}", "[".repeat(985) + &"]".repeat(985)),
        format!("[{{\"name\": null, \"id\": 0, \"args\": {}}}]", "[".repeat(985) + &"]".repeat(985)),
        full("T: \n[A] \nArgs: "),
        full("bank.pay to Ida. "),
        full("bank.ask.pay "),
        full("a.b"),
        full("[ "),
        full("{\"t\":"),
        full("'"),
        full("9"),
        full("\\"),
        full("```json"),
        full("A "),
        full("answer: "),
        full("\0"),
        full("\n"),
        format!("0x{}", full("f")),
    ];
    for task in Teval::ALL {
        let source = Source::Generated { seed: 1, split: task::Split::Test, asking: task::Asking::BARE };
        for sample in task.samples(&source, &Words, Some(2))?.held().0 {
            for reply in &replies {
                for scoring in [Scoring::Corrected, Scoring::Paper] {
                    let start = cpu();
                    let score = score(&task, &sample, reply, scoring)?;
                    let took = cpu() - start;
                    assert!((0.0..=1.0).contains(&score.value) && !score.reason.is_empty());
                    let begin: String = reply.chars().take(24).collect();
                    if took.as_millis() >= 50 {
                        println!("{took:?} {} {scoring:?} {begin:?}", task.name());
                    }
                    assert!(took.as_millis() < 200, "{took:?} {} {scoring:?} {begin:?}", task.name());
                }
            }
        }
    }
    Ok(())
}

#[test]
fn bad_rows_are_an_error_or_left_out_by_name() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("os"))?;
    let row = |id: &str, gold: &str| {
        let message = |role: &str, content: &str| serde_json::json!({"role": role, "content": content});
        serde_json::json!({"id": id, "conversations": [message("user", "do it"), message("assistant", gold)]})
    };
    let good = "Node:\n1: a\n2: b\nEdges: (START,1)(1,2)(2,END)";
    let rows = serde_json::json!([row("one", good), row("two", "no workflow"), row("three", good)]);
    std::fs::write(folder.path().join("os/graph_eval.json"), serde_json::to_vec(&rows)?)?;
    let drawn = |bad_rows| {
        let source = Source::folder(folder.path(), bad_rows);
        WorfBench.samples(&source, &Words, None)
    };
    let error = drawn(BadRows::Refuse).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("row 2 (two)"), "{error}");
    let drawn = drawn(BadRows::Skip)?;
    assert_eq!(drawn.samples.map(|sample| sample.id).collect::<Vec<_>>(), ["one", "three"]);
    assert_eq!(drawn.skipped.len(), 1);
    assert!(drawn.skipped[0].contains("row 2 (two)"), "{:?}", drawn.skipped);
    Ok(())
}
