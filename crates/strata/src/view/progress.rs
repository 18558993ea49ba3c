//! A run while it goes on: a stack of layers on a terminal, plain lines elsewhere, events as JSON for programs.
use crate::view::{event_line, time};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, Write as _},
    time::Instant,
};
use strata_core::{
    event::Event,
    name::Address,
    plan::{Basis, Plan},
};
use strata_run::driver::Notice;

/// An event as a program reads it.
#[derive(Serialize)]
struct EventLine<'a> {
    at: u64,
    run: &'a str,
    what: &'a Event,
}

enum Kind {
    Screen,
    Lines,
    Json,
}

#[derive(Clone)]
struct Row {
    layer: String,
    state: &'static str,
    label: String,
    last: String,
    since: Option<Instant>,
    took: Option<u64>,
}

/// Shows what happens.
pub struct Progress {
    kind: Kind,
    color: bool,
    rows: BTreeMap<Address, Row>,
    layers: Vec<String>,
    drawn: usize,
    began: Instant,
    last_draw: Option<Instant>,
    run: String,
    destroys: bool,
}

impl Progress {
    /// For a run of a plan.
    pub fn running(color: bool, json: bool, plan: &Plan, run: &str) -> Self {
        let mut p = Self::reading(color, json);
        run.clone_into(&mut p.run);
        p.destroys = plan.body.verb == strata_core::engine::Verb::Destroy;
        for step in &plan.body.steps {
            if !p.layers.contains(&step.layer) {
                p.layers.push(step.layer.clone());
            }
            let state = if matches!(step.basis, Basis::Unchanged { .. }) {
                "unchanged"
            } else {
                "waiting"
            };
            p.rows.insert(step.unit.clone(), row(&step.layer, state));
        }
        p
    }
    /// For a batch that only reads.
    pub fn reading(color: bool, json: bool) -> Self {
        let screen = std::io::stderr().is_terminal()
            && std::env::var("TERM").is_ok_and(|t| t != "dumb")
            && !json;
        Self {
            kind: if json {
                Kind::Json
            } else if screen {
                Kind::Screen
            } else {
                Kind::Lines
            },
            color,
            rows: BTreeMap::new(),
            layers: vec![String::new()],
            drawn: 0,
            began: Instant::now(),
            last_draw: None,
            run: String::new(),
            destroys: false,
        }
    }

    /// Takes one notice in.
    pub fn notice(&mut self, notice: &Notice<'_>) {
        if let Notice::Event(event) = notice {
            self.fold(event);
        }
        match self.kind {
            Kind::Json => {
                if let Notice::Event(event) = notice
                    && !self.run.is_empty()
                {
                    let line = EventLine {
                        at: time::now(),
                        run: &self.run,
                        what: event,
                    };
                    println!(
                        "{}",
                        serde_json::to_string(&line).expect("plain data serialises")
                    );
                }
            }
            Kind::Lines => self.line(notice),
            Kind::Screen => {
                match notice {
                    Notice::Started { unit, label } => {
                        let row = self
                            .rows
                            .entry((*unit).clone())
                            .or_insert_with(|| row("", "waiting"));
                        row.state = "running";
                        (*label).clone_into(&mut row.label);
                        row.since.get_or_insert_with(Instant::now);
                    }
                    Notice::Line { unit, text, .. } => {
                        if let Some(row) = self.rows.get_mut(*unit) {
                            (*text).clone_into(&mut row.last);
                        }
                    }
                    _ => {}
                }
                let due = self.last_draw.is_none_or(|t| t.elapsed().as_millis() >= 80);
                if due {
                    self.draw();
                }
            }
        }
    }

    /// The end: the last picture stays.
    pub fn finish(&mut self) {
        if matches!(self.kind, Kind::Screen) {
            if self.run.is_empty() {
                self.erase();
            } else {
                self.draw();
            }
        }
    }

    fn fold(&mut self, event: &Event) {
        let Some(unit) = event.unit() else { return };
        let row = self
            .rows
            .entry(unit.clone())
            .or_insert_with(|| row("", "waiting"));
        row.state = match event {
            Event::Planned { .. } | Event::Retry { .. } | Event::Recovered { .. } => "planned",
            Event::CutOff { .. } => "unchanged",
            Event::Held { .. } => "held",
            Event::Answered { .. } => "answered",
            Event::Intent { .. } => "running",
            Event::Applied { .. } if self.destroys => "destroyed",
            Event::Applied { .. } => "applied",
            Event::Failed { .. } => "failed",
            Event::Verified { ok: true, .. } if self.destroys => "destroyed",
            Event::Verified { ok: true, .. } => "done",
            Event::Verified { .. } => "not verified",
            Event::Cancelled { .. } => "skipped",
            _ => row.state,
        };
        match event {
            Event::Failed { summary, .. } => summary.clone_into(&mut row.last),
            Event::Held { text, .. } => text.clone_into(&mut row.last),
            Event::Cancelled { why, .. } => why.clone_into(&mut row.last),
            Event::Verified { reports, .. } => {
                row.last = reports
                    .iter()
                    .map(|r| r.summary.as_str())
                    .collect::<Vec<_>>()
                    .join("; ");
            }
            _ => {}
        }
        if matches!(
            row.state,
            "done" | "destroyed" | "failed" | "not verified" | "held"
        ) {
            row.took = row
                .since
                .take()
                .map(|s| s.elapsed().as_millis() as u64)
                .or(row.took);
        }
    }

    fn line(&mut self, notice: &Notice<'_>) {
        match notice {
            Notice::Event(Event::Intent { .. } | Event::Planned { .. }) => {}
            // one line says that a unit is done
            Notice::Event(Event::Applied { .. }) if self.destroys => {}
            Notice::Event(Event::Verified { unit, .. }) if self.destroys => {
                eprintln!(
                    "{:>8}  {unit} destroyed",
                    time::duration(self.began.elapsed().as_millis() as u64)
                );
            }
            Notice::Event(event) => eprintln!(
                "{:>8}  {}",
                time::duration(self.began.elapsed().as_millis() as u64),
                event_line(event)
            ),
            Notice::Line { unit, text, .. } => eprintln!("{:>8}  {unit} | {text}", ""),
            Notice::Started { unit, label } => {
                if let Some(row) = self.rows.get_mut(*unit) {
                    row.since.get_or_insert_with(Instant::now);
                }
                eprintln!(
                    "{:>8}  {unit} {label} …",
                    time::duration(self.began.elapsed().as_millis() as u64)
                );
            }
            Notice::Tick => {}
        }
    }

    fn erase(&mut self) {
        let mut err = std::io::stderr().lock();
        if self.drawn > 0 {
            let _ = write!(err, "\x1b[{}A\x1b[J", self.drawn);
        }
        self.drawn = 0;
    }

    fn draw(&mut self) {
        self.last_draw = Some(Instant::now());
        let (height, width) = size();
        let mut lines = Vec::new();
        for layer in &self.layers {
            let rows: Vec<(&Address, &Row)> = self
                .rows
                .iter()
                .filter(|(_, r)| r.layer == *layer)
                .collect();
            let still = rows.iter().filter(|(_, r)| r.state == "unchanged").count();
            if rows.is_empty() || (still == rows.len() && self.rows.len() > 12) {
                continue;
            }
            if !layer.is_empty() {
                let text = if still > 0 {
                    format!("{layer}  ({still} unchanged)")
                } else {
                    layer.clone()
                };
                lines.push(self.paint("36", &text));
            }
            for (unit, row) in rows.into_iter().filter(|(_, r)| r.state != "unchanged") {
                lines.push(self.row_line(unit, row, width));
            }
        }
        let busy = self.rows.values().filter(|r| r.state == "running").count();
        let done = self
            .rows
            .values()
            .filter(|r| matches!(r.state, "done" | "destroyed" | "unchanged"))
            .count();
        let total = self.rows.len();
        lines.push(format!(
            "{done}/{total} done, {busy} running, {}",
            time::duration(self.began.elapsed().as_millis() as u64)
        ));
        // what does not fit is cut at the top: the running end matters
        let room = height.saturating_sub(1).max(3);
        if lines.len() > room {
            lines.drain(..lines.len() - room);
        }
        self.erase();
        let mut err = std::io::stderr().lock();
        for l in &lines {
            let _ = writeln!(err, "{l}");
        }
        let _ = err.flush();
        self.drawn = lines.len();
    }

    fn row_line(&self, unit: &Address, row: &Row, width: usize) -> String {
        let (mark, code) = match row.state {
            "running" => ("●", "34"),
            "done" | "applied" | "destroyed" => ("✓", "32"),
            "failed" | "not verified" => ("✗", "31"),
            "held" => ("…", "33"),
            "skipped" => ("⊘", "2"),
            _ => ("·", "2"),
        };
        let took = row
            .since
            .map(|s| s.elapsed().as_millis() as u64)
            .or(row.took)
            .map(time::duration)
            .unwrap_or_default();
        let state = if row.state == "running" && !row.label.is_empty() {
            row.label.as_str()
        } else {
            row.state
        };
        let head = format!("  {mark} {:<28} {state:<12} {took:>7}  ", unit.to_string());
        let room = width.saturating_sub(head.chars().count() + 1);
        let last: String = row
            .last
            .chars()
            .filter(|c| !c.is_control())
            .take(room)
            .collect();
        let painted = head.replacen(mark, &self.paint(code, mark), 1);
        format!("{painted}{}", self.paint("2", &last))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

fn row(layer: &str, state: &'static str) -> Row {
    Row {
        layer: layer.to_owned(),
        state,
        label: String::new(),
        last: String::new(),
        since: None,
        took: None,
    }
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    rustix::termios::tcgetwinsize(std::io::stderr())
        .ok()
        .filter(|w| w.ws_row > 0 && w.ws_col > 0)
        .map_or((24, 80), |w| (w.ws_row.into(), w.ws_col.into()))
}
