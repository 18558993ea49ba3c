//! What is applied: a light row per unit for plans, and a sealed body with all that is known of it.
use super::{Fail, SqliteStore};
use crate::recorded::{outputs_digest, recorded_outputs};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use std::sync::Arc;
use strata_core::{
    digest::Digest,
    name::Address,
    store::{Applied, AppliedChange, AppliedRow, StoreError},
};

/// Level of compression: the bodies are small and repeat themselves.
const LEVEL: i32 = 3;

/// A body that is larger than this when it is unpacked is damage.
const MOST: usize = 1 << 30;

/// A change that is ready to be written.
pub(super) enum Change<'a> {
    Put {
        unit: &'a Address,
        row: Box<AppliedRow>,
        body: Vec<u8>,
    },
    Verified(&'a Address, bool),
    Remove(&'a Address),
    Move(&'a Address, &'a Address),
}

const COLUMNS: &str = "unit, fingerprint, outputs_digest, outputs, verified, at";

impl SqliteStore {
    /// Digests, packs and seals.
    pub(super) fn prepare_changes<'a>(&self, applied: &'a [AppliedChange]) -> Vec<Change<'a>> {
        let ready = |change: &'a AppliedChange| match change {
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
                Change::Put {
                    unit: &applied.unit,
                    row: Box::new(row),
                    body: self.packed(applied),
                }
            }
            AppliedChange::Verified(unit, ok) => Change::Verified(unit, *ok),
            AppliedChange::Remove(unit) => Change::Remove(unit),
            AppliedChange::Move(from, to) => Change::Move(from, to),
        };
        applied.iter().map(ready).collect()
    }

    pub(super) fn change(&self, tx: &Transaction<'_>, change: &Change<'_>) -> Result<(), Fail> {
        match change {
            Change::Put { unit, row, body } => {
                put_row(tx, row)?;
                put_body(tx, unit, body)?;
            }
            Change::Verified(unit, ok) => {
                tx.prepare_cached("UPDATE applied SET verified = ?2 WHERE unit = ?1")?
                    .execute(params![unit.to_string(), ok])?;
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
            .prepare_cached("SELECT 1 FROM applied WHERE unit = ?1")?
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
        for change in self.prepare_changes(&changes) {
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

    fn detail_in(&self, c: &rusqlite::Connection, unit: &Address) -> Result<Option<Applied>, Fail> {
        let found: Option<(Vec<u8>, Option<bool>)> = c
            .prepare_cached(
                "SELECT d.body, a.verified FROM applied a JOIN applied_detail d ON d.unit = a.unit WHERE a.unit = ?1",
            )?
            .query_row([unit.to_string()], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let Some((body, verified)) = found else {
            return Ok(None);
        };
        let mut applied = self.unpacked(unit, &body)?;
        applied.verified = verified;
        Ok(Some(applied))
    }

    fn packed(&self, applied: &Applied) -> Vec<u8> {
        let json = serde_json::to_vec(applied).expect("plain data serialises");
        let small = zstd::bulk::compress(&json, LEVEL).expect("compressing in memory works");
        let mut sized = (json.len() as u64).to_le_bytes().to_vec();
        sized.extend(small);
        self.seal.seal(&sized)
    }

    fn unpacked(&self, unit: &Address, body: &[u8]) -> Result<Applied, StoreError> {
        let what = format!("{}: {unit}", self.file.display());
        let sized = self.seal.unseal(body, &what)?;
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

fn put_body(tx: &Transaction<'_>, unit: &Address, body: &[u8]) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO applied_detail (unit, body) VALUES (?1, ?2)")?
        .execute(params![unit.to_string(), body])?;
    Ok(())
}

fn remove(tx: &Transaction<'_>, unit: &Address) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM applied WHERE unit = ?1",
        "DELETE FROM applied_detail WHERE unit = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([unit.to_string()])?;
    }
    Ok(())
}
