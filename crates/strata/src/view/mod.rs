//! How things look: folds over plans, events and diagnostics. Nothing here decides.
pub mod annotations;
pub mod ask;
pub mod diagnostics;
pub mod findings;
pub mod html;
pub mod markdown;
pub mod plan;
pub mod progress;
pub mod sarif;
pub mod shown;
pub mod summary;
pub mod swap;
pub mod time;
pub mod timeline;
pub mod variables;

use strata_core::event::{Event, Gate};

/// One event as one line.
pub fn event_line(event: &Event) -> String {
    match event {
        Event::RunStarted { verb, plan, .. } => {
            format!("run started: {} of plan {}", verb.name(), plan.short())
        }
        Event::RunTaken { .. } => "another process goes on with it".to_owned(),
        Event::CancelRequested { now: true } => "stopping now".to_owned(),
        Event::CancelRequested { now: false } => {
            "stopping: running tools come to their end".to_owned()
        }
        Event::Parked => "only waits are left".to_owned(),
        Event::Superseded { by } => format!("superseded by {by}"),
        Event::RunFinished => "run finished".to_owned(),
        Event::Planned { unit, proposal, .. } => {
            format!("{unit} planned: {}", plan::counts(proposal))
        }
        Event::CutOff { unit, .. } => format!("{unit} unchanged"),
        Event::Held {
            unit,
            gate: Gate::HandOff,
            text,
        } => format!("{unit} waits for people: {text}"),
        Event::Held { unit, text, .. } => format!("{unit} waits: {text}"),
        Event::Answered { unit, yes, by, .. } => {
            format!(
                "{unit} {} by {by}",
                if *yes { "answered" } else { "refused" }
            )
        }
        Event::Intent {
            unit,
            label,
            handle,
            ..
        } => format!("{unit} {label} (attempt {})", handle.attempt),
        Event::Applied { unit, .. } => format!("{unit} applied"),
        Event::Failed { unit, summary, .. } => format!("{unit} FAILED: {summary}"),
        Event::Retry { unit } => format!("{unit} once more"),
        Event::Recovered { unit, verdict } => {
            format!("{unit} recovered: {verdict:?}").to_lowercase()
        }
        Event::Verified {
            unit,
            ok: true,
            reports,
        } if !reports.is_empty() => {
            format!(
                "{unit} verified: {}",
                reports
                    .iter()
                    .map(|r| r.summary.as_str())
                    .collect::<Vec<_>>()
                    .join("; ")
            )
        }
        Event::Verified { unit, ok: true, .. } => format!("{unit} done"),
        Event::Verified { unit, reports, .. } => format!(
            "{unit} NOT VERIFIED: {}",
            reports
                .iter()
                .filter(|r| !r.ok)
                .map(|r| r.summary.as_str())
                .collect::<Vec<_>>()
                .join("; ")
        ),
        Event::Cancelled { unit, why } => format!("{unit} skipped: {why}"),
    }
}
