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
        /// Without unit and run, which stand beside it.
        #[serde(with = "brief")]
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

/// A handle without what is said beside it.
mod brief {
    use super::{Address, Deserialize, Handle, Serialize};
    use serde::{Deserializer, Serializer};
    use std::sync::LazyLock;

    #[derive(Serialize, Deserialize)]
    struct Brief {
        attempt: u32,
        n: u32,
        generation: u64,
    }

    pub fn serialize<S: Serializer>(handle: &Handle, s: S) -> Result<S::Ok, S::Error> {
        let Handle {
            attempt,
            n,
            generation,
            ..
        } = *handle;
        let brief = Brief {
            attempt,
            n,
            generation,
        };
        brief.serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Handle, D::Error> {
        static NOT_YET: LazyLock<Address> = LazyLock::new(|| Address::new("", ""));
        let brief = Brief::deserialize(d)?;
        Ok(Handle {
            run: String::new(),
            unit: NOT_YET.clone(),
            attempt: brief.attempt,
            n: brief.n,
            generation: brief.generation,
        })
    }
}

/// Does the handle of an intent name another unit or run than those it stands beside? It could not be read back.
pub fn is_misplaced(event: &Event, run: &str) -> bool {
    matches!(event, Event::Intent { unit, handle, .. } if handle.unit != *unit || handle.run != run)
}

/// An event as text, without its task.
pub fn event_text(event: &Event) -> String {
    let mut out = Vec::with_capacity(256);
    EventBody::serialize(event, &mut serde_json::Serializer::new(&mut out))
        .expect("plain data serialises");
    String::from_utf8(out).expect("JSON is text")
}

/// An event of a run from its text, without its task.
pub fn event(text: &str, run: &str) -> Result<Event, serde_json::Error> {
    let mut event = EventBody::deserialize(&mut serde_json::Deserializer::from_str(text))?;
    if let Event::Intent { unit, handle, .. } = &mut event {
        run.clone_into(&mut handle.run);
        handle.unit = unit.clone();
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::samples;

    #[test]
    fn every_event_reads_back_as_it_was_written() {
        for mut original in samples::events() {
            let text = event_text(&original);
            if let Event::Intent { task, .. } = &mut original {
                *task = None;
            }
            assert_eq!(event(&text, "r1").unwrap(), original, "{text}");
        }
    }

    #[test]
    fn a_cut_text_is_an_error() {
        let text = event_text(&samples::events()[0]);
        for end in 0..text.len() {
            assert!(event(&text[..end], "r1").is_err());
        }
    }
}
