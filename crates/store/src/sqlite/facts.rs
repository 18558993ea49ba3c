//! Requests of other processes, generated secrets, and notes.
use super::{SqliteStore, guard, now};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;
use strata_core::store::{Request, StoreError};

impl SqliteStore {
    pub(super) fn leave_request(&self, env: &str, request: &Request) -> Result<(), StoreError> {
        let json = serde_json::to_vec(request).expect("plain data serialises");
        let sealed = self.seal.seal(&json);
        self.write("leave a request", true, |tx| {
            tx.prepare_cached("INSERT INTO inbox (env, at, body) VALUES (?1, ?2, ?3)")?
                .execute(params![env, now(), sealed])?;
            Ok(())
        })
    }

    /// A request goes when the next ones are asked for (or the lease is given back): by then it is in the journal.
    /// Whoever dies in between leaves it to the next holder.
    pub(super) fn hand_out_requests(&self, env: &str) -> Result<Vec<Request>, StoreError> {
        let mut handed_out = guard(&self.handed_out);
        if let Some(id) = handed_out.get(env).copied() {
            self.write("remove requests", false, |tx| {
                tx.prepare_cached("DELETE FROM inbox WHERE env = ?1 AND id <= ?2")?
                    .execute(params![env, id])?;
                Ok(())
            })?;
            handed_out.remove(env);
        }
        let found: Vec<(i64, Vec<u8>)> = self.read("read requests", |c| {
            let mut statement =
                c.prepare_cached("SELECT id, body FROM inbox WHERE env = ?1 ORDER BY id")?;
            let rows = statement.query_map([env], |r| Ok((r.get(0)?, r.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let open = |(id, sealed): &(i64, Vec<u8>)| {
            let what = format!("request {id} of `{env}`");
            let bytes = self
                .seal
                .unseal(sealed, &format!("{}: {what}", self.file.display()))?;
            serde_json::from_slice(&bytes).map_err(|e| self.unreadable(&what, &e))
        };
        let requests = found.iter().map(open).collect::<Result<_, _>>()?;
        if let Some((id, _)) = found.last() {
            handed_out.insert(env.to_owned(), *id);
        }
        Ok(requests)
    }

    pub(super) fn generated_secret(
        &self,
        name: &str,
        make: &mut dyn FnMut() -> String,
    ) -> Result<String, StoreError> {
        if let Some(secret) = self.kept_secret(name)? {
            return Ok(secret);
        }
        // made outside of the transaction: it may take its time. If two do, the first one counts
        let sealed = self.seal.seal(make().as_bytes());
        self.write("keep a generated secret", true, |tx| {
            tx.prepare_cached(
                "INSERT INTO generated (name, sealed) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params![name, sealed])?;
            Ok(())
        })?;
        self.kept_secret(name)?.ok_or_else(|| {
            self.unreadable(&format!("the generated secret `{name}`"), &"it is gone")
        })
    }

    fn kept_secret(&self, name: &str) -> Result<Option<String>, StoreError> {
        let sealed: Option<Vec<u8>> = self.read("read a generated secret", |c| {
            Ok(
                c.prepare_cached("SELECT sealed FROM generated WHERE name = ?1")?
                    .query_row([name], |r| r.get(0))
                    .optional()?,
            )
        })?;
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let what = format!("the generated secret `{name}`");
        let plain = self
            .seal
            .unseal(&sealed, &format!("{}: {what}", self.file.display()))?;
        String::from_utf8(plain)
            .map(Some)
            .map_err(|_| self.unreadable(&what, &"it is no text"))
    }

    pub(super) fn put_notes(&self, kind: &str, facts: &[(&str, &str)]) -> Result<(), StoreError> {
        self.write("write notes", false, |tx| {
            let mut insert = tx.prepare_cached(
                "INSERT OR REPLACE INTO note (kind, key, value) VALUES (?1, ?2, ?3)",
            )?;
            for (key, value) in facts {
                insert.execute([kind, key, value])?;
            }
            Ok(())
        })
    }

    pub(super) fn read_notes(&self, kind: &str) -> Result<BTreeMap<String, String>, StoreError> {
        self.read("read notes", |c| {
            let mut statement = c.prepare_cached("SELECT key, value FROM note WHERE kind = ?1")?;
            let rows = statement.query_map([kind], |r| Ok((r.get(0)?, r.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
