//! Which request asks for what, and what this server can do.
use super::{
    completion, definition, fixes,
    here::{File, Here},
    hover,
    positions::Encoding,
    protocol::Request,
    server::Server,
    symbols,
};
use lsp_types::{
    CodeActionParams, CompletionParams, DocumentSymbolParams, GotoDefinitionParams, HoverParams,
    ReferenceParams, TextDocumentPositionParams, Uri,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value as Json, json};
use std::str::FromStr as _;

/// What this server can do.
pub fn capabilities(encoding: Encoding) -> Json {
    json!({
        "capabilities": {
            "positionEncoding": match encoding {
                Encoding::Utf8 => "utf-8",
                Encoding::Utf16 => "utf-16",
            },
            // incremental
            "textDocumentSync": {"openClose": true, "change": 2, "save": {"includeText": false}},
            "completionProvider": {"triggerCharacters": [".", "[", "\"", "{", " ", ":"]},
            "hoverProvider": true,
            "definitionProvider": true,
            "referencesProvider": true,
            "documentSymbolProvider": true,
            "codeActionProvider": {"codeActionKinds": ["quickfix"]},
            "workspace": {"workspaceFolders": {"supported": true, "changeNotifications": true}},
        },
        "serverInfo": {"name": "strata", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// Asks the editor to tell of every file that changes.
pub fn watch() -> Json {
    let registration = json!({
        "id": "files",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": {"watchers": [{"globPattern": "**/*"}]},
    });
    json!({
        "jsonrpc": "2.0",
        "id": "strata-files",
        "method": "client/registerCapability",
        "params": {"registrations": [registration]},
    })
}

const KNOWN: &[&str] = &[
    "textDocument/completion",
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentSymbol",
    "textDocument/codeAction",
];

/// Is there an answer to such requests?
pub fn is_known(method: &str) -> bool {
    KNOWN.contains(&method)
}

/// Must the platform be read with the newest text first? What is typed on must be answered at once.
pub fn needs_fresh(method: &str) -> bool {
    !matches!(
        method,
        "textDocument/completion" | "textDocument/documentSymbol"
    )
}

/// The document that a request is about.
pub fn document_of(request: &Request) -> Option<Uri> {
    if !is_known(&request.method) {
        return None;
    }
    let uri = request.params["textDocument"]["uri"].as_str()?;
    Uri::from_str(uri).ok()
}

fn params<P: DeserializeOwned>(request: &Request) -> Option<P> {
    serde_json::from_value(request.params.clone()).ok()
}

fn json<T: Serialize>(value: T) -> Option<Json> {
    serde_json::to_value(value).ok()
}

/// The answer to a request; `None` when there is nothing to say.
pub fn answer(server: &Server, request: &Request) -> Option<Json> {
    let file = File::of(server, &document_of(request)?)?;
    let here = |at: &TextDocumentPositionParams| Here::of(&file, at.position);
    match request.method.as_str() {
        "textDocument/completion" => {
            let p: CompletionParams = params(request)?;
            json(completion::complete(&here(&p.text_document_position)?))
        }
        "textDocument/hover" => {
            let p: HoverParams = params(request)?;
            json(hover::hover(&here(&p.text_document_position_params)?)?)
        }
        "textDocument/definition" => {
            let p: GotoDefinitionParams = params(request)?;
            json(definition::definition(&here(
                &p.text_document_position_params,
            )?))
        }
        "textDocument/references" => {
            let p: ReferenceParams = params(request)?;
            let here = here(&p.text_document_position)?;
            json(definition::references(&here, p.context.include_declaration))
        }
        "textDocument/documentSymbol" => {
            let _: DocumentSymbolParams = params(request)?;
            symbols::symbols(&file)
        }
        "textDocument/codeAction" => {
            let p: CodeActionParams = params(request)?;
            json(fixes::fixes(&file, p.range))
        }
        _ => None,
    }
}
