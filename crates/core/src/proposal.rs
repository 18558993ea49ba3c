//! What a step will do, how far that can be believed, and what an approval covers.
use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// What happens to one object; the worst of several is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing.
    None,
    /// It is only read.
    Read,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is destroyed and made again.
    Replace,
    /// It is destroyed.
    Delete,
    /// Something runs whose effect nobody can foretell.
    Run,
    /// People do it.
    Wait,
}

/// One change of one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// The object, in the words of its tool.
    pub object: String,
    /// What happens to it.
    pub action: Action,
    /// Digest of what is known of it afterwards; equal changes have equal digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Digest>,
    /// A line or more for people; never a secret. Not part of what is compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail: Vec<String>,
}

impl Change {
    /// The same change, whatever people were shown.
    pub fn same(&self, other: &Self) -> bool {
        self.object == other.object && self.action == other.action && self.after == other.after
    }
}

/// How far a proposal can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// The tool will do exactly this, or refuse.
    Exact,
    /// The tool thinks so.
    Advisory,
    /// Nobody knows; it will run.
    Opaque,
}

/// What a step will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// How far it can be believed.
    pub fidelity: Fidelity,
    /// What it will do, sorted.
    pub changes: Vec<Change>,
}

impl Proposal {
    /// One that says no more than "this will run".
    pub fn opaque(what: &str) -> Self {
        Self {
            fidelity: Fidelity::Opaque,
            changes: vec![Change {
                object: what.to_owned(),
                action: Action::Run,
                after: None,
                detail: vec![],
            }],
        }
    }
    /// Does it change nothing, for sure?
    pub fn is_empty(&self) -> bool {
        self.fidelity == Fidelity::Exact && self.worst() <= Action::Read
    }
    /// The worst that happens.
    pub fn worst(&self) -> Action {
        self.changes
            .iter()
            .map(|c| c.action)
            .max()
            .unwrap_or(Action::None)
    }
    /// Its digest: content only, not what people were shown.
    pub fn digest(&self) -> Digest {
        let bare: Vec<_> = self
            .changes
            .iter()
            .map(|c| (&c.object, c.action, &c.after))
            .collect();
        Digest::of_json(&(self.fidelity, bare))
    }
}

/// What an approval lets a unit do when it has to be planned (again) during the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The worst change that is still covered.
    pub worst: Action,
    /// May it run though nobody can foretell what it does? Approved by name.
    pub opaque: bool,
}

impl Envelope {
    /// What is covered when nothing else is said: making new things, as far as the tool is exact.
    pub const CREATE_ONLY: Self = Self {
        worst: Action::Create,
        opaque: false,
    };
}

/// Is a real proposal within what was approved? No changes at all always are.
pub fn covers(approved: Option<&Proposal>, envelope: Envelope, real: &Proposal) -> bool {
    if real.is_empty() {
        return true;
    }
    if real.fidelity != Fidelity::Exact {
        return envelope.opaque;
    }
    real.changes.iter().all(|c| {
        c.action <= envelope.worst
            || approved.is_some_and(|a| a.changes.iter().any(|other| other.same(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(object: &str, action: Action) -> Change {
        Change {
            object: object.into(),
            action,
            after: None,
            detail: vec![],
        }
    }
    fn exact(changes: Vec<Change>) -> Proposal {
        Proposal {
            fidelity: Fidelity::Exact,
            changes,
        }
    }

    #[test]
    fn an_approval_covers_what_it_showed_and_new_things() {
        let shown = exact(vec![change("a", Action::Delete)]);
        let e = Envelope::CREATE_ONLY;
        assert!(covers(
            Some(&shown),
            e,
            &exact(vec![
                change("a", Action::Delete),
                change("b", Action::Create)
            ])
        ));
        assert!(!covers(
            Some(&shown),
            e,
            &exact(vec![change("b", Action::Delete)])
        ));
        assert!(!covers(None, e, &exact(vec![change("b", Action::Update)])));
        assert!(covers(None, e, &exact(vec![])));
    }

    #[test]
    fn what_nobody_can_foretell_is_approved_by_name() {
        let run = Proposal::opaque("script");
        assert!(!covers(Some(&run), Envelope::CREATE_ONLY, &run));
        assert!(covers(
            None,
            Envelope {
                opaque: true,
                ..Envelope::CREATE_ONLY
            },
            &run
        ));
    }
}
