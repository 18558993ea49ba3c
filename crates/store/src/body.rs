//! Events as text in the journal.
//!
//! An event of core carries its tag inside (`{"event": "held", …}`), which reads well in a log. Such a form is buffered
//! before it is decoded. Here the tag stands outside (`{"held": {…}}`): reading 100,000 events takes a fifth less. The
//! compiler keeps the mirror below equal to the original; a field that is added to it later needs
//! `#[serde(default)]`, so that older journals can still be read.
use serde::{Deserialize, Serialize};
use strata_core::{
    digest::Digest,
    engine::{Class, Recovery, Report, Verb, Verdict},
    event::{Event, Gate, TaskText},
    executor::Handle,
    name::Address,
    proposal::Proposal,
};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Event", rename_all = "kebab-case")]
enum EventBody {
    RunStarted {
        plan: Digest,
        generation: u64,
        verb: Verb,
    },
    RunTaken {
        generation: u64,
    },
    CancelRequested {
        now: bool,
    },
    Parked,
    Superseded {
        by: String,
    },
    RunFinished,
    Planned {
        unit: Address,
        proposal: Proposal,
        fingerprint: Digest,
    },
    CutOff {
        unit: Address,
        fingerprint: Digest,
    },
    Held {
        unit: Address,
        gate: Gate,
        text: String,
    },
    Answered {
        unit: Address,
        gate: Gate,
        yes: bool,
        by: String,
    },
    Intent {
        unit: Address,
        handle: Handle,
        label: String,
        recovery: Recovery,
        state: String,
        /// It has a place of its own: who reads a journal passes over most of them.
        #[serde(skip)]
        task: Option<TaskText>,
    },
    Applied {
        unit: Address,
        fingerprint: Digest,
        outputs: Digest,
    },
    Failed {
        unit: Address,
        class: Class,
        stale: bool,
        summary: String,
    },
    Retry {
        unit: Address,
    },
    Recovered {
        unit: Address,
        verdict: Verdict,
    },
    Verified {
        unit: Address,
        ok: bool,
        reports: Vec<Report>,
    },
    Cancelled {
        unit: Address,
        why: String,
    },
}

/// The task that an event brings, which its text does not hold.
pub fn task(event: &Event) -> Option<&str> {
    match event {
        Event::Intent { task, .. } => task.as_ref().map(TaskText::text),
        _ => None,
    }
}

/// An event as text, without its task.
pub fn event_text(event: &Event) -> String {
    let mut out = Vec::with_capacity(256);
    EventBody::serialize(event, &mut serde_json::Serializer::new(&mut out))
        .expect("plain data serialises");
    String::from_utf8(out).expect("JSON is text")
}

/// An event from its text and its task.
pub fn event(text: &str, kept: Option<&str>) -> Result<Event, serde_json::Error> {
    let mut event = EventBody::deserialize(&mut serde_json::Deserializer::from_str(text))?;
    if let Event::Intent { task, .. } = &mut event {
        *task = kept.map(TaskText::kept);
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::samples;

    #[test]
    fn every_event_reads_back_as_it_was_written() {
        for original in samples::events() {
            let text = event_text(&original);
            assert_eq!(event(&text, task(&original)).unwrap(), original, "{text}");
        }
    }

    #[test]
    fn a_cut_text_is_an_error() {
        let text = event_text(&samples::events()[0]);
        for end in 0..text.len() {
            assert!(event(&text[..end], None).is_err());
        }
    }
}
