-- A review store as schema 3 was written, with a comparison, a mark, an undo, a bulk rejection and a setting: what an upgrade must keep.
BEGIN TRANSACTION;
CREATE TABLE decision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 64 AND key NOT GLOB '*[^A-Za-z0-9_-]*'),
    verdict TEXT NOT NULL CHECK (verdict IN ('reject', 'accept', 'clear', 'mark')),
    reasons TEXT NOT NULL CHECK (json_type(reasons) = 'array'),
    note TEXT NOT NULL, reviewer TEXT NOT NULL, at TEXT NOT NULL, client TEXT NOT NULL,
    seq INTEGER,
    undoes INTEGER REFERENCES decision (id),
    act TEXT NOT NULL CHECK (act IN ('decide', 'undo', 'redo', 'yield', 'spare')),
    batch TEXT NOT NULL, queue TEXT NOT NULL, clock INTEGER NOT NULL, origin TEXT NOT NULL UNIQUE,
    item INTEGER CHECK (item >= 0),
    UNIQUE (client, seq), CHECK (act = 'spare' OR (act = 'decide') = (undoes IS NULL)),
    CHECK (verdict = 'clear' OR (verdict = 'mark') = (item IS NOT NULL))
);
INSERT INTO "decision" VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','["chosen", "chosen-over:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]','','ann','2026-11-27T14:21:11.459966+00:00','tab',1,NULL,'decide','','random',1795789271459966,'48e318f548a60c0a50cffec303c14e10',NULL);
INSERT INTO "decision" VALUES(2,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','reject','["not-chosen"]','','ann','2026-11-27T14:21:11.484174+00:00','tab',2,NULL,'decide','','random',1795789271484174,'b427e3ea27c05feeb6b88ee9397f591a',NULL);
INSERT INTO "decision" VALUES(3,'cccccccccccccccccccccccccccccccc','reject','["unsafe"]','why','bob','2026-11-27T14:21:11.491566+00:00','',NULL,NULL,'decide','','random',1795789271491566,'d254400d336e431293d920e9d0a66138',NULL);
INSERT INTO "decision" VALUES(4,'cccccccccccccccccccccccccccccccc','mark','[]','','bob','2026-11-27T14:21:11.491762+00:00','',NULL,NULL,'decide','','',1795789271491762,'7aa6a59cbe5241a393d3bd5d041e823f',3);
INSERT INTO "decision" VALUES(5,'cccccccccccccccccccccccccccccccc','clear','[]','','bob','2026-11-27T14:21:11.495499+00:00','',NULL,4,'undo','','',1795789271495499,'87f125cbf5c64c9bad5f7456a61a7aae',3);
INSERT INTO "decision" VALUES(6,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','["chosen", "chosen-over:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]','','bob','2026-11-27T14:21:11.497866+00:00','',NULL,NULL,'spare','b0a3a4e9ce2248f6b4fbb756b28dbe23','below',1795789271497866,'b0a3a4e9ce2248f6b4fbb756b28dbe23-0',NULL);
INSERT INTO "decision" VALUES(7,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','reject','["not-chosen"]','','bob','2026-11-27T14:21:11.497866+00:00','',NULL,NULL,'spare','b0a3a4e9ce2248f6b4fbb756b28dbe23','below',1795789271497867,'b0a3a4e9ce2248f6b4fbb756b28dbe23-1',NULL);
INSERT INTO "decision" VALUES(8,'dddddddddddddddddddddddddddddddd','reject','["off_task"]','','bob','2026-11-27T14:21:11.497866+00:00','',NULL,NULL,'decide','b0a3a4e9ce2248f6b4fbb756b28dbe23','below',1795789271497868,'b0a3a4e9ce2248f6b4fbb756b28dbe23-2',NULL);
CREATE TABLE setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, value TEXT NOT NULL CHECK (json_valid(value)), reviewer TEXT NOT NULL, at TEXT NOT NULL
);
INSERT INTO "setting" VALUES(1,'share','0.2','ann','2026-11-27T14:21:11.506120+00:00');
CREATE TRIGGER no_setting_update BEFORE UPDATE ON setting BEGIN SELECT RAISE(ABORT, 'settings are append-only'); END;
CREATE TRIGGER no_setting_delete BEFORE DELETE ON setting BEGIN SELECT RAISE(ABORT, 'settings are append-only'); END;
CREATE INDEX decision_key ON decision (key, clock, origin);
CREATE INDEX decision_reviewer ON decision (reviewer, clock);
CREATE INDEX decision_undoes ON decision (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX decision_batch ON decision (batch) WHERE batch <> '';
CREATE INDEX decision_clock ON decision (clock);
CREATE TRIGGER no_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER no_replace BEFORE INSERT ON decision
WHEN (NEW.id <> -1 AND NEW.id <= (SELECT max(id) FROM decision))
    OR EXISTS (SELECT 1 FROM decision WHERE client = NEW.client AND seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM decision WHERE origin = NEW.origin)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE VIEW history AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin, item FROM decision ORDER BY clock, origin;
CREATE VIEW standing AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin, item FROM decision d
    WHERE act IN ('decide', 'redo') AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id);
CREATE VIEW newest AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin, item FROM standing s WHERE NOT EXISTS (SELECT 1 FROM standing n
    WHERE n.key = s.key AND n.item IS s.item AND (n.clock, n.origin) > (s.clock, s.origin));
CREATE VIEW current AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin, item FROM newest WHERE item IS NULL AND verdict <> 'clear';
CREATE VIEW marked AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin, item FROM newest WHERE verdict = 'mark';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decision',8);
INSERT INTO "sqlite_sequence" VALUES('setting',1);
COMMIT;
PRAGMA application_id = 1380729685;
PRAGMA user_version = 3;
