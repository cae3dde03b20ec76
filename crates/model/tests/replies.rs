//! What the bundled model replies depends on the request alone.

use model::{Checkpoint, Model, ModelError, Request, Sampling, Session, SessionOptions};
use record::{Finish, Message};

fn requests(checkpoint: &Checkpoint, sampling: Sampling) -> Result<Vec<Request>, ModelError> {
    let tokenizer = checkpoint.tokenizer()?;
    let openings =
        ["Answer from the book.", "Reply with the next action.", "List the steps as nodes and draw the edges."];
    (0..24_usize)
        .map(|index| {
            let text = "The lamp was old and the coin was young. ".repeat(index % 7 + 1);
            let messages = [Message::system(openings[index % 3]), Message::user(text)];
            let prompt = tokenizer.prompt(&messages, true)?;
            Ok(Request { prompt, sampling, max_tokens: 8 + index, seed: index as u64, ..Request::default() })
        })
        .collect()
}

fn replies(
    model: &Model,
    checkpoint: &Checkpoint,
    requests: &[Request],
    options: SessionOptions,
) -> Result<(Vec<Vec<u32>>, usize), ModelError> {
    let mut session = Session::new(model, checkpoint.tokenizer()?, options);
    let replies =
        session.generate(requests).into_iter().map(|reply| Ok(reply?.tokens)).collect::<Result<_, ModelError>>()?;
    Ok((replies, session.prefill().reused))
}

#[test]
fn a_reply_is_the_same_in_any_batch_on_any_threads_and_with_any_beginning_kept() -> Result<(), ModelError> {
    let checkpoint = Checkpoint::bundled()?;
    let model = Model::load(&checkpoint)?;
    for sampling in [Sampling::GREEDY, Sampling { temperature: 0.8, top_p: 0.9, top_k: 40 }] {
        let requests = requests(&checkpoint, sampling)?;
        let alone = SessionOptions { batch_size: 1, retained_bytes: 0, ..SessionOptions::default() };
        let (expected, reused) = replies(&model, &checkpoint, &requests, alone)?;
        assert_eq!(reused, 0);
        for (batch_size, retained_bytes) in [(1, 1 << 24), (3, 0), (8, 1 << 24), (64, 1 << 24)] {
            let active_bytes = if batch_size == 8 { 1 << 20 } else { 1 << 30 };
            let options = SessionOptions { batch_size, retained_bytes, active_bytes };
            let (got, reused) = replies(&model, &checkpoint, &requests, options)?;
            assert_eq!(got, expected, "{options:?}");
            assert!(batch_size == 3 || reused > 0, "prompts that begin alike share work");
        }
        for threads in [1, 3] {
            let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { continue };
            let options = SessionOptions { batch_size: 5, ..SessionOptions::default() };
            let (got, _) = pool.install(|| replies(&model, &checkpoint, &requests, options))?;
            assert_eq!(got, expected, "{threads} threads");
        }
    }
    Ok(())
}

#[test]
fn prompts_of_a_needle_grid_share_their_haystack() -> Result<(), ModelError> {
    let checkpoint = Checkpoint::bundled()?;
    let (model, tokenizer) = (Model::load(&checkpoint)?, checkpoint.tokenizer()?);
    let sentences = ["The lamp was old and the coin was young. ", "Anna will sort the calm report. "];
    let mut requests = Vec::new();
    for length in [40, 20, 30] {
        for depth in [0, 25, 50, 75, 100] {
            let mut book: Vec<&str> = (0..length).map(|at| sentences[at % 2]).collect();
            book.insert(length * depth / 100, "The secret of Oslo is calm lamp 12. ");
            let text = format!("Book: {}\nWhat is the secret of Oslo?", book.concat());
            let prompt = tokenizer.prompt(&[Message::system("Answer from the book."), Message::user(text)], true)?;
            requests.push(Request { prompt, max_tokens: 12, ..Request::default() });
        }
    }
    let tokens: usize = requests.iter().map(|request| request.prompt.len()).sum();
    let alone = SessionOptions { batch_size: 1, retained_bytes: 0, ..SessionOptions::default() };
    let (expected, _) = replies(&model, &checkpoint, &requests, alone)?;
    for batch_size in [1, 16] {
        let options = SessionOptions { batch_size, ..SessionOptions::default() };
        let (got, reused) = replies(&model, &checkpoint, &requests, options)?;
        println!("{batch_size} at a time: {reused} of {tokens} prompt tokens were not run again");
        assert_eq!(got, expected);
        assert!(reused * 5 > tokens * 2, "{reused} of {tokens}");
    }
    Ok(())
}

#[test]
fn a_single_message_without_a_template_is_the_prompt_itself() -> Result<(), ModelError> {
    let checkpoint = Checkpoint::bundled()?;
    let tokenizer = checkpoint.tokenizer()?;
    let text = "<|im_start|> This is a book. Question: what?\nAnswer:";
    assert_eq!(tokenizer.prompt(&[Message::user(text)], false)?, tokenizer.encode(text, true)?);
    let two = [Message::system("a"), Message::user("b")];
    assert_eq!(tokenizer.prompt(&two, false)?, tokenizer.encode("system: a\n\nuser: b\n\nassistant:", true)?);
    Ok(())
}

#[test]
fn replies_end_where_they_should() -> Result<(), ModelError> {
    let checkpoint = Checkpoint::bundled()?;
    let model = Model::load(&checkpoint)?;
    let tokenizer = checkpoint.tokenizer()?;
    let request = requests(&checkpoint, Sampling { temperature: 1.5, top_p: 1.0, top_k: 0 })?.swap_remove(5);
    let ask = |request: Request| model.generate(&[request], tokenizer).swap_remove(0);
    let long = ask(Request { max_tokens: 40, ..request.clone() })?;
    assert!(long.tokens.len() <= 40);
    // Cut at a text that it holds, the reply is what came before it.
    let cut: String = long.text.chars().skip(long.text.chars().count() / 2).take(3).collect();
    if !cut.is_empty() {
        let stopped = ask(Request { max_tokens: 40, stop: vec![cut.clone()], ..request.clone() })?;
        assert_eq!(stopped.finish, Finish::Stop);
        assert_eq!(Some(stopped.text.as_str()), long.text.split(&cut).next());
    }
    let context = model.config.max_positions;
    let full = Request { prompt: vec![10; context], max_tokens: 9, ..request.clone() };
    assert_eq!(ask(full)?.tokens.len(), 1, "one token fits after a prompt as long as the context");
    let long = ask(Request { prompt: vec![10; context + 1], ..request.clone() });
    assert!(matches!(long, Err(ModelError::TooLong { tokens, context: c }) if tokens == c + 1));
    assert!(ask(Request { prompt: vec![], ..request.clone() }).is_err());
    assert!(ask(Request { prompt: vec![u32::MAX], ..request }).is_err());
    Ok(())
}
