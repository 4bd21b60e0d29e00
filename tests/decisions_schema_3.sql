-- A review store as schema 3 was written, with a mark and a bulk rejection: what an upgrade must keep.
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
INSERT INTO "decision" VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','reject','["unsafe"]','','ann','2026-11-27T14:20:32.879759+00:00','tab1',1,NULL,'decide','','random',1795789232879759,'b5e5cb002c507e463041fe197e4cadf0',NULL);
INSERT INTO "decision" VALUES(2,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','[]','','bob','2026-11-27T14:20:32.881313+00:00','',NULL,NULL,'decide','','all',1795789232881313,'7fadf41bbba444c7acb798d6a8f01cb5',NULL);
INSERT INTO "decision" VALUES(3,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','accept','[]','','bob','2026-11-27T14:20:32.882161+00:00','',NULL,NULL,'decide','','second',1795789232882161,'a3b850689d05430394626cc81f639a8a',NULL);
INSERT INTO "decision" VALUES(4,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','mark','[]','','ann','2026-11-27T14:20:32.882942+00:00','',NULL,NULL,'decide','','',1795789232882942,'31b488b1cee44def87c1f2d794ab4b67',3);
INSERT INTO "decision" VALUES(5,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','accept','[]','','ann','2026-11-27T14:20:32.884020+00:00','',NULL,NULL,'spare','d03ead163db54d79a6d5ff414393bde6','below',1795789232884020,'d03ead163db54d79a6d5ff414393bde6-0',NULL);
INSERT INTO "decision" VALUES(6,'cccccccccccccccccccccccccccccccc','reject','[]','','ann','2026-11-27T14:20:32.884020+00:00','',NULL,NULL,'decide','d03ead163db54d79a6d5ff414393bde6','below',1795789232884021,'d03ead163db54d79a6d5ff414393bde6-1',NULL);
CREATE TABLE setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, value TEXT NOT NULL CHECK (json_valid(value)), reviewer TEXT NOT NULL, at TEXT NOT NULL
);
INSERT INTO "setting" VALUES(1,'reasons','["unsafe"]','ann','2026-11-27T14:20:32.885076+00:00');
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
INSERT INTO "sqlite_sequence" VALUES('decision',6);
INSERT INTO "sqlite_sequence" VALUES('setting',1);
COMMIT;
PRAGMA user_version = 3;
PRAGMA application_id = 1380729685;
