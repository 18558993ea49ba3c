//! What is applied: a light row per unit for plans, and a sealed body with all that is known of it.
use super::{Fail, SqliteStore, guard};
use crate::recorded::{outputs_digest, recorded_outputs};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::{
    fmt,
    sync::{Arc, Mutex},
};
use strata_core::{
    digest::Digest,
    engine::Artifact,
    name::Address,
    store::{Applied, AppliedChange, AppliedRow, StoreError, unsettled},
};

/// Level of compression: the bodies are small and repeat themselves.
const LEVEL: i32 = 3;

/// A body that is larger than this when it is unpacked is damage.
const MOST: usize = 1 << 30;

/// Larger trees are files: the log of the database shall not carry them.
const LARGEST_TREE: usize = 1 << 18;

/// Compresses; making what it needs for that costs more than compressing a body.
#[derive(Default)]
pub(super) struct Packing(Mutex<zstd::bulk::Compressor<'static>>);

impl Packing {
    fn pack(&self, bytes: &[u8]) -> Vec<u8> {
        let mut compressor = guard(&self.0);
        compressor
            .set_compression_level(LEVEL)
            .and_then(|()| compressor.compress(bytes))
            .expect("compressing in memory works")
    }
}
impl fmt::Debug for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packing")
    }
}

/// A change that is ready to be written.
pub(super) enum Change<'a> {
    Put {
        unit: &'a Address,
        row: Box<AppliedRow>,
        tree: Option<Digest>,
        body: Vec<u8>,
    },
    Tree(Digest, &'a [u8]),
    /// Done already.
    Nothing,
    Verified(&'a Address, bool),
    Unsettled(&'a Address),
    Remove(&'a Address),
    Move(&'a Address, &'a Address),
}

const COLUMNS: &str = "unit, fingerprint, outputs_digest, outputs, verified, at";

impl SqliteStore {
    /// Digests, packs and seals.
    pub(super) fn prepare_changes<'a>(
        &self,
        applied: &'a [AppliedChange],
    ) -> Result<Vec<Change<'a>>, StoreError> {
        let ready = |change: &'a AppliedChange| match change {
            AppliedChange::Tree(_, bytes) if bytes.len() > LARGEST_TREE => {
                self.blobs.put(bytes, false).map(|_| Change::Nothing)
            }
            AppliedChange::Tree(artifact, bytes) => Ok(Change::Tree(artifact.digest, bytes)),
            AppliedChange::Put(applied) => {
                let outputs = recorded_outputs(&applied.outputs, &|b| self.seal.keyed(b));
                let row = AppliedRow {
                    unit: applied.unit.clone(),
                    fingerprint: applied.fingerprint,
                    outputs_digest: outputs_digest(&outputs),
                    outputs: outputs.into(),
                    verified: applied.verified,
                    at: applied.at,
                };
                Ok(Change::Put {
                    unit: &applied.unit,
                    row: Box::new(row),
                    tree: applied.tree.as_ref().map(|t| t.digest),
                    body: self.packed(applied)?,
                })
            }
            AppliedChange::Verified(unit, ok) => Ok(Change::Verified(unit, *ok)),
            AppliedChange::Unsettled(unit) => Ok(Change::Unsettled(unit)),
            AppliedChange::Remove(unit) => Ok(Change::Remove(unit)),
            AppliedChange::Move(from, to) => Ok(Change::Move(from, to)),
        };
        applied.iter().map(ready).collect()
    }

    pub(super) fn change(&self, tx: &Transaction<'_>, change: &Change<'_>) -> Result<(), Fail> {
        match change {
            Change::Put {
                unit,
                row,
                tree,
                body,
            } => {
                put_row(tx, row)?;
                name_tree(tx, unit, *tree)?;
                put_body(tx, unit, *tree, body)?;
            }
            Change::Tree(digest, bytes) => {
                tx.prepare_cached(
                    "INSERT INTO tree (digest, units, body) VALUES (?1, 0, ?2) ON CONFLICT DO NOTHING",
                )?
                .execute(params![digest.bytes(), bytes])?;
            }
            Change::Nothing => {}
            Change::Verified(unit, ok) => {
                tx.prepare_cached("UPDATE applied SET verified = ?3 WHERE env = ?1 AND unit = ?2")?
                    .execute(params![&*unit.env, unit.to_string(), ok])?;
            }
            Change::Unsettled(unit) => {
                tx.prepare_cached(
                    "UPDATE applied SET fingerprint = ?3 WHERE env = ?1 AND unit = ?2",
                )?
                .execute(params![
                    &*unit.env,
                    unit.to_string(),
                    unsettled().bytes()
                ])?;
            }
            Change::Remove(unit) => remove(tx, unit)?,
            Change::Move(from, to) => self.move_unit(tx, from, to)?,
        }
        Ok(())
    }

    /// Gives what is applied another address. The body holds the address too.
    fn move_unit(&self, tx: &Transaction<'_>, from: &Address, to: &Address) -> Result<(), Fail> {
        if from == to {
            return Ok(());
        }
        let Some(mut applied) = self.detail_in(tx, from)? else {
            return Ok(());
        };
        let taken: Option<i64> = tx
            .prepare_cached("SELECT 1 FROM applied_detail WHERE unit = ?1")?
            .query_row([to.to_string()], |r| r.get(0))
            .optional()?;
        if taken.is_some() {
            return Err(StoreError::Io {
                doing: format!("move {from} to {to}"),
                why: format!("{to} is applied already"),
            }
            .into());
        }
        applied.unit = to.clone();
        applied.task.unit = to.clone();
        let changes = [AppliedChange::Put(Box::new(applied))];
        for change in self.prepare_changes(&changes)? {
            self.change(tx, &change)?;
        }
        remove(tx, from)?;
        Ok(())
    }

    pub(super) fn rows(&self, env: Option<&str>) -> Result<Vec<AppliedRow>, StoreError> {
        self.read("read what is applied", |c| {
            let mut rows: Vec<AppliedRow> = Vec::new();
            let mut read = |row: &Row<'_>| -> Result<(), Fail> {
                let made = self.row(row)?;
                rows.push(made);
                Ok(())
            };
            if let Some(env) = env {
                let mut statement =
                    c.prepare_cached(&format!("SELECT {COLUMNS} FROM applied WHERE env = ?1"))?;
                let mut found = statement.query([env])?;
                while let Some(row) = found.next()? {
                    read(row)?;
                }
            } else {
                let mut statement = c.prepare_cached(&format!("SELECT {COLUMNS} FROM applied"))?;
                let mut found = statement.query([])?;
                while let Some(row) = found.next()? {
                    read(row)?;
                }
            }
            // the order of addresses is not that of their texts
            rows.sort_unstable_by(|a, b| a.unit.cmp(&b.unit));
            Ok(rows)
        })
    }

    fn row(&self, row: &Row<'_>) -> Result<AppliedRow, Fail> {
        let unit = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let unit: Address = unit
            .parse()
            .map_err(|e| self.unreadable("an address", &e))?;
        let outputs = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
        Ok(AppliedRow {
            fingerprint: Digest::from_bytes(row.get(1)?),
            outputs_digest: Digest::from_bytes(row.get(2)?),
            outputs: Arc::from(outputs),
            verified: row.get(4)?,
            at: row.get(5)?,
            unit,
        })
    }

    pub(super) fn detail(&self, unit: &Address) -> Result<Option<Applied>, StoreError> {
        self.read("read what is applied", |c| self.detail_in(c, unit))
    }

    fn detail_in(&self, c: &Connection, unit: &Address) -> Result<Option<Applied>, Fail> {
        let found: Option<(Vec<u8>, Option<bool>, [u8; 32])> = c
            .prepare_cached(
                "SELECT d.body, a.verified, a.fingerprint FROM applied a JOIN applied_detail d ON d.unit = a.unit WHERE a.env = ?1 AND a.unit = ?2",
            )?
            .query_row([&*unit.env, &unit.to_string()], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?))
            })
            .optional()?;
        let Some((body, verified, fingerprint)) = found else {
            return Ok(None);
        };
        let mut applied = self.unpacked(unit, &body)?;
        applied.verified = verified;
        applied.fingerprint = Digest::from_bytes(fingerprint);
        Ok(Some(applied))
    }

    /// Packed files that a unit names, when they are kept here. What is read is checked against its name.
    pub(super) fn tree(&self, artifact: &Artifact) -> Result<Option<Vec<u8>>, StoreError> {
        let body: Option<Vec<u8>> = self.read("read the files of a unit", |c| {
            Ok(c.prepare_cached("SELECT body FROM tree WHERE digest = ?1")?
                .query_row([artifact.digest.bytes()], |r| r.get(0))
                .optional()?)
        })?;
        match body {
            Some(bytes) if Digest::of(&bytes) != artifact.digest => Err(self.unreadable(
                &format!("the files {}", artifact.digest),
                &"their content is not what their name says",
            )),
            body => Ok(body),
        }
    }

    fn packed(&self, applied: &Applied) -> Result<Vec<u8>, StoreError> {
        let json = serde_json::to_vec(applied).expect("plain data serialises");
        let mut sized = (json.len() as u64).to_le_bytes().to_vec();
        sized.extend(self.packing.pack(&json));
        self.seal.seal_row(&applied.unit.to_string(), &sized)
    }

    fn unpacked(&self, unit: &Address, body: &[u8]) -> Result<Applied, StoreError> {
        let what = format!("{}: {unit}", self.file.display());
        let sized = self.seal.unseal_row(&unit.to_string(), body, &what)?;
        let unreadable =
            |e: &dyn std::fmt::Display| self.unreadable(&format!("what is known of {unit}"), e);
        let (size, small) = sized
            .split_first_chunk()
            .ok_or_else(|| unreadable(&"it is cut off"))?;
        let size = usize::try_from(u64::from_le_bytes(*size))
            .unwrap_or(MOST)
            .min(MOST);
        let json = zstd::bulk::decompress(small, size).map_err(|e| unreadable(&e))?;
        serde_json::from_slice(&json).map_err(|e| unreadable(&e))
    }
}

fn put_row(tx: &Transaction<'_>, row: &AppliedRow) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO applied (unit, env, fingerprint, outputs_digest, outputs, verified, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        row.unit.to_string(),
        &*row.unit.env,
        row.fingerprint.bytes(),
        row.outputs_digest.bytes(),
        &*row.outputs,
        row.verified,
        row.at
    ])?;
    Ok(())
}

fn put_body(
    tx: &Transaction<'_>,
    unit: &Address,
    tree: Option<Digest>,
    body: &[u8],
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO applied_detail (unit, tree, body) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![
        unit.to_string(),
        tree.as_ref().map(Digest::bytes),
        body
    ])?;
    Ok(())
}

/// A unit names other packed files than before, or none; those that nobody names go.
fn name_tree(tx: &Transaction<'_>, unit: &Address, tree: Option<Digest>) -> rusqlite::Result<()> {
    let before: Option<[u8; 32]> = tx
        .prepare_cached("SELECT tree FROM applied_detail WHERE unit = ?1")?
        .query_row([unit.to_string()], |r| r.get(0))
        .optional()?
        .flatten();
    if before == tree.map(|t| *t.bytes()) {
        return Ok(());
    }
    if let Some(tree) = tree {
        tx.prepare_cached("UPDATE tree SET units = units + 1 WHERE digest = ?1")?
            .execute([tree.bytes()])?;
    }
    if let Some(before) = before {
        tx.prepare_cached("UPDATE tree SET units = units - 1 WHERE digest = ?1")?
            .execute([before])?;
        tx.prepare_cached("DELETE FROM tree WHERE digest = ?1 AND units < 1")?
            .execute([before])?;
    }
    Ok(())
}

fn remove(tx: &Transaction<'_>, unit: &Address) -> rusqlite::Result<()> {
    name_tree(tx, unit, None)?;
    tx.prepare_cached("DELETE FROM applied WHERE env = ?1 AND unit = ?2")?
        .execute([&*unit.env, &unit.to_string()])?;
    tx.prepare_cached("DELETE FROM applied_detail WHERE unit = ?1")?
        .execute([unit.to_string()])?;
    Ok(())
}
