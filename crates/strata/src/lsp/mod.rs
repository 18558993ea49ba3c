//! `strata lsp`: a language server over standard input and output.
//!
//! - [`protocol`]: messages; [`server`]: the loop, requests and notifications; [`answers`]: which request asks for what.
//! - [`checking`]: reads platforms on a thread of its own; [`platform`]: what is known of one.
//! - [`documents`], [`overlay`], [`positions`]: unsaved text, names of files, lines and columns.
//! - [`here`]: the place that a request is about. [`completion`], [`hover`], [`definition`], [`symbols`], [`fixes`],
//!   [`findings`]: one answer each.
//!
//! What stands at a place is looked up in [`strata_ops::at`].
mod answers;
mod checking;
mod completion;
mod definition;
mod documents;
mod findings;
mod fixes;
mod here;
mod hover;
mod overlay;
mod platform;
mod positions;
mod protocol;
mod server;
mod symbols;

pub use overlay::Overlay;

use crate::{problem::Problem, wire};
use std::{io, sync::mpsc, thread};

/// Something happened.
enum Event {
    /// The editor says something.
    Message(protocol::Message),
    /// It says nothing more.
    End,
    /// A platform was read.
    Checked(checking::Done),
}

/// Speaks with an editor until it says `exit`.
pub fn run() -> Result<u8, Problem> {
    let (events, happened) = mpsc::channel();
    let said = events.clone();
    let reader = move || {
        let mut input = io::stdin().lock();
        loop {
            let event = match protocol::read(&mut input) {
                Ok(Some(message)) => Event::Message(message),
                Ok(None) => Event::End,
                Err(e) => {
                    eprintln!("strata lsp: {e}");
                    Event::End
                }
            };
            let last = matches!(event, Event::End);
            if said.send(event).is_err() || last {
                return;
            }
        }
    };
    let io = |e: io::Error| Problem::io("start a thread", &e);
    thread::Builder::new().spawn(reader).map_err(io)?;
    let jobs = checking::start(wire::engines(), events).map_err(io)?;
    let mut server = server::Server::new(Box::new(io::stdout()), jobs);
    loop {
        let event = match server.wait() {
            Some(time) => match happened.recv_timeout(time) {
                Ok(event) => event,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    server.start_due();
                    continue;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => Event::End,
            },
            None => happened.recv().unwrap_or(Event::End),
        };
        let code = match event {
            Event::Message(message) => server.message(message),
            Event::Checked(done) => {
                server.checked(done);
                None
            }
            Event::End => Some(server.ended()),
        };
        if let Some(code) = code {
            return Ok(code);
        }
        server.start_due();
    }
}
