//! Leases: a row that fences writers, a kernel lock that tells whether the holder lives, a file for supervisors.
use super::{SqliteStore, guard};
use crate::{
    durable,
    lock::{self, Lock},
};
use rusqlite::{OptionalExtension, params};
use strata_core::store::{Holder, Lease, StoreError};

impl SqliteStore {
    pub(super) fn take_lease(&self, env: &str, holder: &Holder) -> Result<Lease, StoreError> {
        let path = lock::lease_lock(&self.dir, env)?;
        let mut held = guard(&self.held);
        // our own lock would be tried for a while for nothing
        let lock = if held.contains_key(env) {
            None
        } else {
            Lock::take(&path)?
        };
        let Some(lock) = lock else {
            return Err(StoreError::Held {
                env: env.to_owned(),
                holder: self.named_holder(env)?,
            });
        };
        let lease = self.grow(env, holder)?;
        held.insert(env.to_owned(), (lease.generation, lock));
        Ok(lease)
    }

    /// The next generation: in the file first, so that it is never behind the row.
    fn grow(&self, env: &str, holder: &Holder) -> Result<Lease, StoreError> {
        let file = lock::generation_file(&self.dir, env)?;
        let shown = serde_json::to_string(holder).expect("plain data serialises");
        self.write("take a lease", true, |tx| {
            tx.prepare_cached(
                "INSERT INTO lease (env, generation, seq) VALUES (?1, 0, 0) ON CONFLICT DO NOTHING",
            )?
            .execute([env])?;
            let (known, seq): (u64, u64) = tx
                .prepare_cached("SELECT generation, seq FROM lease WHERE env = ?1")?
                .query_row([env], |r| Ok((r.get(0)?, r.get(1)?)))?;
            // the file knows more when the database was put back from a backup
            let generation = known.max(lock::read_generation(&file)?) + 1;
            durable::write(&file, format!("{generation}\n").as_bytes(), 0o600)?;
            tx.prepare_cached("UPDATE lease SET generation = ?2, holder = ?3 WHERE env = ?1")?
                .execute(params![env, generation, shown])?;
            Ok(Lease {
                env: env.to_owned(),
                generation,
                seq,
            })
        })
    }

    pub(super) fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut held = guard(&self.held);
        let lock = match held.get(&lease.env) {
            Some((generation, _)) if *generation == lease.generation => held.remove(&lease.env),
            _ => None,
        };
        let done_with = guard(&self.handed_out).remove(&lease.env);
        let released = self.write("give a lease back", false, |tx| {
            let rows = tx
                .prepare_cached(
                    "UPDATE lease SET holder = NULL WHERE env = ?1 AND generation = ?2",
                )?
                .execute(params![lease.env, lease.generation])?;
            if rows == 0 {
                return Err(StoreError::Fenced(lease.env.clone()).into());
            }
            if let Some(id) = done_with {
                tx.prepare_cached("DELETE FROM inbox WHERE env = ?1 AND id <= ?2")?
                    .execute(params![lease.env, id])?;
            }
            Ok(())
        });
        drop(lock);
        released
    }

    pub(super) fn living_holder(&self, env: &str) -> Result<Option<Holder>, StoreError> {
        let path = lock::lease_lock(&self.dir, env)?;
        let lives = guard(&self.held).contains_key(env) || Lock::is_held(&path)?;
        if lives {
            self.named_holder(env).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn newest_generation(&self, env: &str) -> Result<u64, StoreError> {
        self.read("read a lease", |c| {
            let known = c
                .prepare_cached("SELECT generation FROM lease WHERE env = ?1")?
                .query_row([env], |r| r.get(0))
                .optional()?;
            Ok(known.unwrap_or(0))
        })
    }

    /// Who the row says it is. A taker has the lock a moment before it has the row.
    fn named_holder(&self, env: &str) -> Result<Holder, StoreError> {
        let text: Option<String> = self.read("read a lease", |c| {
            let text = c
                .prepare_cached("SELECT holder FROM lease WHERE env = ?1")?
                .query_row([env], |r| r.get(0))
                .optional()?;
            Ok(text.flatten())
        })?;
        let Some(text) = text else {
            return Ok(Holder {
                pid: 0,
                who: "somebody".to_owned(),
                doing: "starting".to_owned(),
            });
        };
        serde_json::from_str(&text)
            .map_err(|e| self.unreadable(&format!("the holder of `{env}`"), &e))
    }
}
