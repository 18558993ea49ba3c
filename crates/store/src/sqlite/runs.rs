//! The list of runs, and the plan of each.
use super::SqliteStore;
use rusqlite::{OptionalExtension, Row, params};
use strata_core::{
    digest::Digest,
    plan::Plan,
    store::{RunRecord, StoreError},
};

/// Plans repeat themselves a lot.
const LEVEL: i32 = 3;

impl SqliteStore {
    pub(super) fn note_run(
        &self,
        record: &RunRecord,
        plan: Option<&Plan>,
    ) -> Result<(), StoreError> {
        let envs = serde_json::to_string(&record.envs).expect("plain data serialises");
        let body = plan.map(|p| {
            let json = serde_json::to_vec(p).expect("plain data serialises");
            zstd::stream::encode_all(json.as_slice(), LEVEL).expect("compressing in memory works")
        });
        self.write("note a run", false, |tx| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO run (run, envs, verb, plan, started, ended, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                record.run,
                envs,
                record.verb,
                record.plan.bytes(),
                record.started,
                record.ended,
                record.state
            ])?;
            if let Some(body) = &body {
                tx.prepare_cached("INSERT OR REPLACE INTO plan (run, body) VALUES (?1, ?2)")?
                    .execute(params![record.run, body])?;
            }
            Ok(())
        })
    }

    pub(super) fn list_runs(
        &self,
        env: Option<&str>,
        most: usize,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read("read the list of runs", |c| {
            let mut statement = c.prepare_cached(
                "SELECT run, envs, verb, plan, started, ended, state FROM run
                 WHERE ?1 IS NULL OR EXISTS (SELECT 1 FROM json_each(envs) WHERE value = ?1)
                 ORDER BY run DESC LIMIT ?2",
            )?;
            let mut rows = statement.query(params![env, most])?;
            let mut runs = Vec::new();
            while let Some(row) = rows.next()? {
                let (record, envs) = record(row)?;
                let envs = serde_json::from_str(&envs)
                    .map_err(|e| self.unreadable(&format!("the run {}", record.run), &e))?;
                runs.push(RunRecord { envs, ..record });
            }
            Ok(runs)
        })
    }

    pub(super) fn plan_of(&self, run: &str) -> Result<Option<Plan>, StoreError> {
        let body: Option<Vec<u8>> = self.read("read a plan", |c| {
            Ok(c.prepare_cached("SELECT body FROM plan WHERE run = ?1")?
                .query_row([run], |r| r.get(0))
                .optional()?)
        })?;
        let Some(body) = body else { return Ok(None) };
        let what = format!("the plan of {run}");
        let json =
            zstd::stream::decode_all(body.as_slice()).map_err(|e| self.unreadable(&what, &e))?;
        serde_json::from_slice(&json)
            .map(Some)
            .map_err(|e| self.unreadable(&what, &e))
    }
}

/// A run without its environments, and the text that names them.
fn record(row: &Row<'_>) -> rusqlite::Result<(RunRecord, String)> {
    Ok((
        RunRecord {
            run: row.get(0)?,
            envs: Vec::new(),
            verb: row.get(2)?,
            plan: Digest::from_bytes(row.get(3)?),
            started: row.get(4)?,
            ended: row.get(5)?,
            state: row.get(6)?,
        },
        row.get(1)?,
    ))
}
