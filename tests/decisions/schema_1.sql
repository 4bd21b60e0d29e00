-- A review store as schema 1 was written, with a clock that once stepped back: what an upgrade must keep.
BEGIN TRANSACTION;
CREATE TABLE decision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 64 AND key NOT GLOB '*[^A-Za-z0-9_-]*'),
    verdict TEXT NOT NULL CHECK (verdict IN ('reject', 'accept', 'clear')),
    reasons TEXT NOT NULL CHECK (json_type(reasons) = 'array'),
    note TEXT NOT NULL, reviewer TEXT NOT NULL, at TEXT NOT NULL, client TEXT NOT NULL,
    seq INTEGER,
    undoes INTEGER UNIQUE REFERENCES decision (id),
    act TEXT NOT NULL CHECK (act IN ('decide', 'undo', 'redo', 'yield')),
    UNIQUE (client, seq), CHECK ((act = 'decide') = (undoes IS NULL))
);
INSERT INTO "decision" VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','reject','["wrong_answer", "unsafe"]','stops at 3 ''quoted''','ann','2026-11-24T23:11:53.447846+00:00','tab1',1,NULL,'decide');
INSERT INTO "decision" VALUES(2,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','accept','[]','','ann','2026-11-24T23:11:53.450848+00:00','tab1',2,NULL,'decide');
INSERT INTO "decision" VALUES(3,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','[]','','bob','2026-11-24T22:00:00.000000+00:00','',NULL,NULL,'decide');
INSERT INTO "decision" VALUES(4,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','clear','[]','','ann','2026-11-24T23:11:53.452793+00:00','tab1',3,2,'undo');
INSERT INTO "decision" VALUES(5,'cccccccccccccccccccccccccccccccc','reject','["truncated"]','ü','bob','2026-11-24T23:11:53.453748+00:00','',NULL,NULL,'decide');
INSERT INTO "decision" VALUES(6,'cccccccccccccccccccccccccccccccc','clear','[]','','bob','2026-11-24T23:11:53.454520+00:00','',NULL,5,'undo');
INSERT INTO "decision" VALUES(7,'cccccccccccccccccccccccccccccccc','reject','["truncated"]','ü','bob','2026-11-24T23:11:53.455624+00:00','',NULL,6,'redo');
INSERT INTO "decision" VALUES(8,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','[]','','ann','2026-11-24T23:11:53.456549+00:00','',NULL,1,'yield');
CREATE INDEX decision_key ON decision (key, id);
CREATE INDEX decision_reviewer ON decision (reviewer, id);
CREATE TRIGGER no_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER no_replace BEFORE INSERT ON decision
WHEN (NEW.id <> -1 AND NEW.id <= (SELECT max(id) FROM decision))
    OR EXISTS (SELECT 1 FROM decision WHERE client = NEW.client AND seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM decision WHERE undoes = NEW.undoes)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE VIEW history AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act FROM decision ORDER BY id;
CREATE VIEW standing AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act FROM decision d
    WHERE act IN ('decide', 'redo') AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id);
CREATE VIEW current AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act FROM standing
    WHERE verdict <> 'clear' AND id IN (SELECT max(id) FROM standing GROUP BY key);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decision',8);
COMMIT;
PRAGMA application_id = 1380729685;
PRAGMA user_version = 1;
