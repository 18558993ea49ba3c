//! Kubernetes: objects applied to a cluster, compared with it, waited for and removed.
//!
//! Two halves. What decides is pure: it works on objects as JSON and touches no file, process, clock or network.
//!
//! - [`object`]: objects from YAML and JSON, with inputs in them. [`schema`]: what a definition that comes along says.
//! - [`diff`]: what differs between two states of an object, for people; secrets and the server's noise left out.
//! - [`owner`]: who changed a field; [`owned`]: what a manager applied. [`order`]: what comes first and what last. [`ready`]: is it ready, by the rules of kstatus.
//! - [`handed`]: what Flux says of what was handed over to it; [`handed::argocd`]: what Argo CD says.
//! - [`undeclared`]: fields that only older ways of applying take.
//! - [`inventory`]: what was applied, as an ApplySet (KEP-3659). [`fault`]: what a refusal means, and the way out.
//!
//! [`session`] is the rim: it speaks to an API server, on one thread, in a process of its own.
//!
//! # How an engine uses it
//!
//! An engine is pure and does not depend on this crate; it starts a session as any other tool
//! (`strata_core::cluster` has the words):
//!
//! ```text
//! workspace:  generated private file `request.json`, mode 0600:
//!             Content::Json(Request { ask, unit, namespace, noted, wait, … }.term(cluster, inputs, hide))
//! begin:      Turn::run(state, Invocation {
//!                 program: ITSELF, args: [COMMAND, private(request.json), FILE…],
//!                 stdout: Channel::Answer(most), effect: Writes(Recovery::Rerun) where it writes })
//! next:       Answer from standard output; `answer.failure(got.tail())` when there is one,
//!             else `answer.changes` is the plan or the drift, and `answer.cluster` is noted under NOTE
//! ```
//!
//! - Objects are in the files named after the request: manifests of the work folder, or what a renderer wrote into the
//!   private folder. Each may have several documents, lists, and JSON.
//! - `cluster` is the unit's `cluster:` as it is, with secrets by name: the executor fills them in when it writes the file.
//! - `inputs` replace `${NAME}` in the objects; leave it empty where the renderer took them. `hide` are the secrets among
//!   them: their values appear in no line of the answer.
//! - `Ask::Kubeconfig` writes a kubeconfig to the one file that is named, for a tool that speaks to the cluster itself
//!   (Helm), after the cluster was found to be the one that was noted. `Ask::Wait` waits for objects that such a tool
//!   applied, `Ask::Read` gives objects as they are.
//! - `inventory: false` where the tool keeps an account itself.
//!
//! All asks are idempotent. What is applied twice is applied once; what was cut off is done again.
pub mod diff;
pub mod fault;
pub mod handed;
pub mod immutable;
pub mod inventory;
pub mod object;
pub mod order;
pub mod owned;
pub mod owner;
pub mod ready;
pub mod schema;
pub mod session;
pub mod undeclared;
