//! A plan: an immutable, digested list of what will be done.
//!
//! The digest covers content only: no commit, branch, time, host or path. The document holds no secrets and no
//! tool files; those are blobs of the store.
use crate::{
    digest::Digest,
    engine::{Artifact, Verb},
    name::Address,
    proposal::{Envelope, Proposal},
    value::OutputRef,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much of a unit's plan is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "basis")]
pub enum Basis {
    /// Everything it declares is as it was last applied.
    Unchanged {
        /// That fingerprint.
        fingerprint: Digest,
    },
    /// As above, but verification is still owed.
    Unverified {
        /// That fingerprint.
        fingerprint: Digest,
    },
    /// Planned with real inputs.
    Exact {
        /// What will be done.
        proposal: Proposal,
        /// Fingerprint of files and inputs.
        fingerprint: Digest,
    },
    /// Planned with the last recorded value of an input that may change.
    Assumed {
        /// What will be done if it does not.
        proposal: Proposal,
        /// Which inputs.
        inputs: Vec<OutputRef>,
    },
    /// Planned with values that an upstream plan foretells.
    Conditional {
        /// What will be done if they come true.
        proposal: Proposal,
        /// Which inputs.
        inputs: Vec<OutputRef>,
    },
    /// Some input does not exist yet, or an upstream may change it.
    Deferred {
        /// Which inputs are open.
        open: Vec<OutputRef>,
    },
}

impl Basis {
    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unchanged { .. } => "unchanged",
            Self::Unverified { .. } => "unverified",
            Self::Exact { .. } => "exact",
            Self::Assumed { .. } => "assumed",
            Self::Conditional { .. } => "conditional",
            Self::Deferred { .. } => "deferred",
        }
    }
    /// The fingerprint of files and inputs, where all inputs are known.
    pub const fn fingerprint(&self) -> Option<&Digest> {
        match self {
            Self::Unchanged { fingerprint }
            | Self::Unverified { fingerprint }
            | Self::Exact { fingerprint, .. } => Some(fingerprint),
            _ => None,
        }
    }
    /// The proposal, where there is one.
    pub const fn proposal(&self) -> Option<&Proposal> {
        match self {
            Self::Exact { proposal, .. }
            | Self::Assumed { proposal, .. }
            | Self::Conditional { proposal, .. } => Some(proposal),
            _ => None,
        }
    }
}

/// One verb on one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The unit.
    pub unit: Address,
    /// Its layer.
    pub layer: String,
    /// Its engine.
    pub engine: String,
    /// What is done.
    pub verb: Verb,
    /// How much is known.
    #[serde(flatten)]
    pub basis: Basis,
    /// What an approval of this plan lets it do.
    pub envelope: Envelope,
    /// Steps of this plan that come before it.
    pub needs: Vec<Address>,
    /// Why it runs, or why not, in a few words.
    pub reason: String,
    /// Digest of the files, and of a deferred unit also of its specification with its holes: another one at apply
    /// means another plan.
    pub content: Digest,
}

/// What is digested and approved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Version of this form.
    pub format: u32,
    /// The platform's id.
    pub platform: String,
    /// Environments that it writes in.
    pub environments: Vec<String>,
    /// Apply or destroy.
    pub verb: Verb,
    /// The steps in the order of their layers and edges.
    pub steps: Vec<Step>,
    /// What was applied when it was made: fingerprints by unit, for every unit that it reads or writes.
    pub baseline: BTreeMap<Address, Digest>,
}

/// A plan as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Digest of the body.
    pub digest: Digest,
    /// What is approved.
    pub body: Body,
    /// The tools' own plans, by unit: caches, not part of the digest.
    #[serde(default)]
    pub saved: BTreeMap<Address, Artifact>,
    /// Units that were applied and are no longer in the files.
    #[serde(default)]
    pub orphans: Vec<Address>,
    /// What a reader should know: unverifiable effects, changes pending elsewhere.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Plan {
    /// A plan from its body.
    pub fn new(body: Body) -> Self {
        Self {
            digest: Digest::of_json(&Approved::of(&body)),
            body,
            saved: BTreeMap::new(),
            orphans: vec![],
            notes: vec![],
        }
    }
    /// Is the digest that of the body?
    pub fn is_sound(&self) -> bool {
        self.digest == Digest::of_json(&Approved::of(&self.body))
    }
    /// The step of a unit.
    pub fn step(&self, unit: &Address) -> Option<&Step> {
        self.body.steps.iter().find(|s| s.unit == *unit)
    }
    /// Steps that will do something.
    pub fn pending(&self) -> impl Iterator<Item = &Step> {
        self.body
            .steps
            .iter()
            .filter(|s| !matches!(s.basis, Basis::Unchanged { .. }))
    }
}

/// One step as it is approved: what is shown to people is left out, what decides is in.
#[derive(Serialize)]
struct ApprovedStep<'a> {
    unit: &'a Address,
    verb: Verb,
    basis: &'static str,
    proposal: Option<Digest>,
    fingerprint: Option<&'a Digest>,
    envelope: Envelope,
    needs: &'a [Address],
    content: &'a Digest,
}

/// The canonical form of a body: texts for people are left out of proposals.
#[derive(Serialize)]
struct Approved<'a> {
    format: u32,
    platform: &'a str,
    environments: &'a [String],
    verb: Verb,
    steps: Vec<ApprovedStep<'a>>,
    baseline: &'a BTreeMap<Address, Digest>,
}

impl<'a> Approved<'a> {
    fn of(body: &'a Body) -> Self {
        let step = |s: &'a Step| ApprovedStep {
            unit: &s.unit,
            verb: s.verb,
            basis: s.basis.word(),
            proposal: s.basis.proposal().map(Proposal::digest),
            fingerprint: s.basis.fingerprint(),
            envelope: s.envelope,
            needs: &s.needs,
            content: &s.content,
        };
        Self {
            format: body.format,
            platform: &body.platform,
            environments: &body.environments,
            verb: body.verb,
            steps: body.steps.iter().map(step).collect(),
            baseline: &body.baseline,
        }
    }
}
