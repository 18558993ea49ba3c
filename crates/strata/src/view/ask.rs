//! Questions on a terminal.
use crate::problem::Problem;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use strata_core::exit;

/// Yes or no; without a terminal it is an error that says how to go on.
pub fn confirm(question: &str) -> Result<bool, Problem> {
    let answer = read(&format!("{question} [y/N] "), "--yes")?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// A word has to be typed.
pub fn confirm_word(question: &str, word: &str) -> Result<bool, Problem> {
    Ok(read(&format!("{question} Type `{word}` to go on: "), "--yes")? == word)
}

fn read(prompt: &str, flag: &str) -> Result<String, Problem> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Problem::new(
            exit::WAITING,
            "somebody has to say yes, and there is no terminal to ask on",
        )
        .hint(format!(
            "say yes with `{flag}`, best together with `--expect DIGEST`"
        )));
    }
    eprint!("{prompt}");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .map_err(|e| Problem::io("read the answer", &e))?;
    Ok(line.trim().to_owned())
}
