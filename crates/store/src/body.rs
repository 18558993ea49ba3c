//! Events and requests as text in the database.
//!
//! The types of core carry their tag inside (`{"event": "held", …}`), which reads well in a log. Such a form is buffered
//! before it is decoded: that is slow, and loses numbers while `serde_json` keeps their text. Here the tag stands
//! outside (`{"held": {…}}`). The compiler keeps the mirrors below equal to the originals; a field that is added to
//! one later needs `#[serde(default)]`, so that older journals can still be read.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    engine::{Artifact, Class, Recovery, Report, Task, Verb, Verdict},
    event::{Event, Gate},
    executor::Handle,
    name::Address,
    proposal::Proposal,
    store::Request,
    value::Output,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<Box<Task>>,
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

#[derive(Serialize, Deserialize)]
#[serde(remote = "Request", rename_all = "kebab-case")]
enum RequestBody {
    Answer {
        unit: Address,
        gate: Gate,
        yes: bool,
        by: String,
        outputs: BTreeMap<String, Output>,
        evidence: Option<Artifact>,
    },
    Cancel {
        now: bool,
    },
}

/// An event as text.
pub fn event_text(event: &Event) -> String {
    let mut out = Vec::with_capacity(256);
    EventBody::serialize(event, &mut serde_json::Serializer::new(&mut out))
        .expect("plain data serialises");
    String::from_utf8(out).expect("JSON is text")
}

/// An event from its text.
pub fn event(text: &str) -> Result<Event, serde_json::Error> {
    EventBody::deserialize(&mut serde_json::Deserializer::from_str(text))
}

/// A request as bytes.
pub fn request_bytes(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    RequestBody::serialize(request, &mut serde_json::Serializer::new(&mut out))
        .expect("plain data serialises");
    out
}

/// A request from its bytes.
pub fn request(bytes: &[u8]) -> Result<Request, serde_json::Error> {
    RequestBody::deserialize(&mut serde_json::Deserializer::from_slice(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::samples;
    use strata_core::value::Value;

    #[test]
    fn every_event_reads_back_as_it_was_written() {
        for original in samples::events() {
            let text = event_text(&original);
            assert_eq!(event(&text).unwrap(), original, "{text}");
        }
    }

    #[test]
    fn a_request_keeps_its_numbers() {
        let number = serde_json::from_str::<Value>("123456789012345678901234567890").unwrap();
        let original = Request::Answer {
            unit: Address::new("prod", "dns"),
            gate: Gate::Unsure { attempt: 3 },
            yes: true,
            by: "mo".into(),
            outputs: BTreeMap::from([(
                "n".into(),
                Output {
                    value: number,
                    sensitive: false,
                    ty: None,
                },
            )]),
            evidence: None,
        };
        assert_eq!(request(&request_bytes(&original)).unwrap(), original);
    }

    #[test]
    fn a_cut_text_is_an_error() {
        let text = event_text(&samples::events()[0]);
        for end in 0..text.len() {
            assert!(event(&text[..end]).is_err());
        }
    }
}
