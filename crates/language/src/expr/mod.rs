//! Expressions: CEL's syntax and meaning for what wiring needs, in a grammar of our own.
//!
//! Names may hold `-`; every node knows where it stands; nothing recurses over a chain, so no text overflows the
//! stack; a value that does not exist yet makes what is computed from it not exist yet either.
mod ast;
mod eval;
mod functions;
mod network;
mod parse;
mod refs;
mod template;

pub use ast::{Ast, AstKind, Each, Op, Step};
pub use eval::{EvalError, Item, Object, Scope, eval, eval_ast};
pub use parse::{ParseError, parse};
pub use refs::{Reference, Root, references};
pub use template::{Part, Template, parse_template};
