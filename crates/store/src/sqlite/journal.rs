//! The journal: one log of events per environment, appended by the holder of its lease alone.
use super::{SqliteStore, now};
use crate::body;
use rusqlite::{OptionalExtension, Transaction, params};
use std::sync::Arc;
use strata_core::{
    event::{Event, Recorded, TaskText},
    store::{AppliedChange, Lease, StoreError},
};

/// An event as it is kept: its text, and the task that it brings.
type Text<'a> = (String, Option<&'a str>);

impl SqliteStore {
    pub(super) fn append_events(
        &self,
        lease: &mut Lease,
        run: &str,
        events: &[Event],
        applied: &[AppliedChange],
        sync: bool,
    ) -> Result<(), StoreError> {
        if let Some(event) = events.iter().find(|e| body::is_misplaced(e, run)) {
            return Err(StoreError::Io {
                doing: format!("append to the journal of {run}"),
                why: format!("an intent has the handle of something else: {event:?}"),
            });
        }
        let sync = sync || events.iter().any(Event::durable_first);
        // everything slow is done before others have to wait
        let texts: Vec<Text<'_>> = events
            .iter()
            .map(|e| (body::event_text(e), e.task().map(TaskText::text)))
            .collect();
        let changes = self.prepare_changes(applied)?;
        let at = now();
        let count = texts.len() as u64;
        self.write("append to the journal", sync, |tx| {
            // the update goes first: it is what makes a second writer wait, and then find nothing to change
            let rows = tx
                .prepare_cached("UPDATE lease SET seq = seq + ?1 WHERE env = ?2 AND generation = ?3 AND seq = ?4")?
                .execute(params![count, lease.env, lease.generation, lease.seq])?;
            if rows == 0 {
                return Err(StoreError::Fenced(lease.env.clone()).into());
            }
            insert(tx, lease, run, at, &texts)?;
            for change in &changes {
                self.change(tx, change)?;
            }
            Ok(())
        })?;
        lease.seq += count;
        Ok(())
    }

    pub(super) fn read_events(
        &self,
        env: &str,
        run: Option<&str>,
        after: u64,
        each: &mut dyn FnMut(Recorded),
    ) -> Result<(), StoreError> {
        self.read("read the journal", |c| {
            let mut after = after;
            if let Some(run) = run {
                let first: Option<u64> = c
                    .prepare_cached("SELECT seq FROM first_event WHERE env = ?1 AND run = ?2")?
                    .query_row([env, run], |r| r.get(0))
                    .optional()?;
                let Some(first) = first else {
                    return Ok(());
                };
                after = after.max(first.saturating_sub(1));
            }
            let mut statement = c.prepare_cached(if run.is_some() {
                "SELECT seq, at, body FROM event WHERE env = ?1 AND seq > ?2 AND run = ?3 ORDER BY seq"
            } else {
                "SELECT seq, at, body, run FROM event WHERE env = ?1 AND seq > ?2 ORDER BY seq"
            })?;
            let mut rows = match run {
                Some(run) => statement.query(params![env, after, run])?,
                None => statement.query(params![env, after])?,
            };
            let mut last: Arc<str> = Arc::from(run.unwrap_or_default());
            while let Some(row) = rows.next()? {
                if run.is_none() {
                    let of = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
                    if *last != *of {
                        last = of.into();
                    }
                }
                let seq = row.get(0)?;
                let text = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
                let event = body::event(text, &last)
                    .map_err(|e| self.unreadable(&format!("event {seq} of `{env}`"), &e))?;
                each(Recorded {
                    seq,
                    run: last.clone(),
                    at: row.get(1)?,
                    event,
                });
            }
            Ok(())
        })
    }
}

impl SqliteStore {
    pub(super) fn read_task(&self, env: &str, seq: u64) -> Result<Option<TaskText>, StoreError> {
        self.read("read the journal", |c| {
            let text: Option<String> = c
                .prepare_cached("SELECT body FROM task WHERE env = ?1 AND seq = ?2")?
                .query_row(params![env, seq], |r| r.get(0))
                .optional()?;
            Ok(text.map(|t| TaskText::kept(&t)))
        })
    }
}

fn insert(
    tx: &Transaction<'_>,
    lease: &Lease,
    run: &str,
    at: u64,
    texts: &[Text<'_>],
) -> rusqlite::Result<()> {
    if texts.is_empty() {
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO first_event (env, run, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![lease.env, run, lease.seq + 1])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO event (env, seq, run, generation, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (seq, (text, task)) in (lease.seq + 1..).zip(texts) {
        insert.execute(params![lease.env, seq, run, lease.generation, at, text])?;
        if let Some(task) = task {
            tx.prepare_cached("INSERT INTO task (env, seq, body) VALUES (?1, ?2, ?3)")?
                .execute(params![lease.env, seq, task])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        conformance::samples::{self, holder, numbered, unit},
        sqlite::guard,
    };
    use strata_core::store::Store;

    /// What a commit of these does: 1 leaves the log to the system, 2 syncs it.
    fn level(store: &SqliteStore, lease: &mut Lease, events: &[Event], sync: bool) -> i64 {
        store.append(lease, "r1", events, &[], sync).unwrap();
        guard(&store.writer)
            .connection
            .pragma_query_value(None, "synchronous", |r| r.get(0))
            .unwrap()
    }

    #[test]
    fn only_what_has_to_be_on_disk_is_synced() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let mut lease = store.take("prod", &holder("apply")).unwrap();
        let plain = numbered(&unit("prod", "a"), 1);
        for event in samples::events() {
            let expected = if event.durable_first() { 2 } else { 1 };
            let both = [plain.clone(), event];
            assert_eq!(
                level(&store, &mut lease, &both, false),
                expected,
                "{:?}",
                both[1]
            );
        }
        assert_eq!(level(&store, &mut lease, &[plain], true), 2);
        assert_eq!(level(&store, &mut lease, &[], true), 2);
    }
}
