#!/usr/bin/python3
"""Backs the database up with restic and proves that the backup restores.

    backup.py now     back up, restore the new snapshot into a scratch database, compare; fails if the content differs
    backup.py due     says why `now` is due, or nothing
    backup.py timer   does it forever, at the intervals in backup.json
"""
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psycopg2

CONFIG = json.load(open("/etc/backup/backup.json"))
STATE = "/var/lib/backup"
SET, RESTORED, PROOF = STATE + "/set", STATE + "/restored", STATE + "/proof.json"
SCRATCH = "restore_proof"
LOGIN = ["--host=/run/postgresql", "--username=postgres"]
RESTIC = {**os.environ, "RESTIC_REPOSITORY": "sftp:store:/repository", "RESTIC_PASSWORD_FILE": "/etc/backup/password",
          "RESTIC_CACHE_DIR": STATE + "/cache"}


def restic(*arguments):
    command = ["restic", "-o", "sftp.command=ssh -F /etc/backup/ssh_config store -s sftp", *arguments]
    return subprocess.run(command, env=RESTIC, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout


def connect(database):
    return psycopg2.connect(host="/run/postgresql", user="postgres", dbname=database)


def content(cursor):
    """For each table its number of rows and a checksum that does not depend on their order."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    tables = {}
    for (table,) in cursor.fetchall():
        cursor.execute('SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM "%s" AS t' % table)
        rows, checksum = cursor.fetchone()
        tables[table] = {"rows": rows, "checksum": checksum}
    return tables


def back_up():
    """Dump and checksums come from one snapshot of the database, so writers may go on meanwhile."""
    shutil.rmtree(SET, ignore_errors=True)
    os.makedirs(SET, mode=0o700)
    db = connect(CONFIG["database"])
    db.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with db.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        with open(SET + "/content.json", "w") as file:
            json.dump(content(cursor), file, indent=1, sort_keys=True)
        subprocess.run(["pg_dump", *LOGIN, "--format=custom", "--compress=0", "--snapshot=" + snapshot,
                        "--file=" + SET + "/database.dump", CONFIG["database"]], check=True)
    db.close()
    try:
        restic("cat", "config")
    except subprocess.CalledProcessError:
        restic("init")
    restic("unlock")  # only locks whose owner is dead
    lines = restic("backup", "--json", "--host=database", "--tag=database", SET).splitlines()
    restic("forget", "--host=database", "--keep-last=5", "--keep-daily=7", "--keep-weekly=8", "--prune", "--quiet")
    return json.loads(lines[-1])["snapshot_id"]


def prove(snapshot):
    with open(SET + "/content.json") as file:
        expected = json.load(file)
    started = time.monotonic()
    shutil.rmtree(RESTORED, ignore_errors=True)
    restic("restore", snapshot, "--target", RESTORED)
    subprocess.run(["dropdb", *LOGIN, "--if-exists", SCRATCH], check=True, stderr=subprocess.DEVNULL)
    try:
        subprocess.run(["createdb", *LOGIN, "--template=template0", SCRATCH], check=True)
        subprocess.run(["pg_restore", *LOGIN, "--exit-on-error", "--dbname=" + SCRATCH, RESTORED + SET + "/database.dump"], check=True)
        seconds = time.monotonic() - started
        db = connect(SCRATCH)
        with db.cursor() as cursor:
            found = content(cursor)
        db.close()
    finally:
        subprocess.run(["dropdb", *LOGIN, "--if-exists", SCRATCH], check=True)
        shutil.rmtree(RESTORED, ignore_errors=True)
    differences = ["table %s: %s was backed up, %s was restored" % (table, expected.get(table), found.get(table))
                   for table in sorted({*expected, *found}) if expected.get(table) != found.get(table)]
    if differences:
        sys.exit("the restored content differs\n" + "\n".join(differences))
    proof = {"snapshot": snapshot, "restored_rows": sum(table["rows"] for table in found.values()),
             "restore_seconds": round(seconds, 2), "at": time.time(), "tables": found}
    with open(PROOF + ".new", "w") as file:
        json.dump(proof, file, indent=1)
    os.rename(PROOF + ".new", PROOF)
    print("snapshot %(snapshot)s restores: %(restored_rows)d rows in %(restore_seconds).2f s" % proof, flush=True)


def age_hours():
    try:
        with open(PROOF) as file:
            return (time.time() - json.load(file)["at"]) / 3600
    except (OSError, ValueError, KeyError):
        return None


def due():
    age = age_hours()
    if age is None:
        return "no backup was ever proved to restore"
    if age > CONFIG["prove_every_hours"]:
        return "the last proof is %d hours old" % age
    listed = json.loads(restic("snapshots", "--json", "--no-lock") or "null") or []
    if not listed:
        return "the repository holds no snapshot"
    return ""


def now():
    with open(STATE + "/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prove(back_up())


def timer():
    while True:
        age = age_hours()
        wait = (CONFIG["every_hours"] - age) * 3600 if age is not None else 0
        if wait > 0:
            time.sleep(wait)
            continue
        try:
            now()
        except (SystemExit, subprocess.CalledProcessError, psycopg2.Error) as error:
            print("failed, again in an hour: %s" % error, flush=True)
            time.sleep(3600)


def stop(*_):
    raise KeyboardInterrupt  # ends what runs at the moment and drops the scratch database


signal.signal(signal.SIGTERM, stop)
if sys.argv[1:] == ["due"]:
    print(due(), end="")
elif sys.argv[1:] == ["now"]:
    try:
        now()
    except subprocess.CalledProcessError as error:
        sys.exit("`%s` ended with %d" % (" ".join(error.cmd), error.returncode))
elif sys.argv[1:] == ["timer"]:
    timer()
else:
    sys.exit(__doc__)
