-- A review store as schema 2 was written, with a bulk rejection and a setting: what an upgrade must keep.
BEGIN TRANSACTION;
CREATE TABLE decision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 64 AND key NOT GLOB '*[^A-Za-z0-9_-]*'),
    verdict TEXT NOT NULL CHECK (verdict IN ('reject', 'accept', 'clear')),
    reasons TEXT NOT NULL CHECK (json_type(reasons) = 'array'),
    note TEXT NOT NULL, reviewer TEXT NOT NULL, at TEXT NOT NULL, client TEXT NOT NULL,
    seq INTEGER,
    undoes INTEGER REFERENCES decision (id),
    act TEXT NOT NULL CHECK (act IN ('decide', 'undo', 'redo', 'yield', 'spare')),
    batch TEXT NOT NULL, queue TEXT NOT NULL, clock INTEGER NOT NULL, origin TEXT NOT NULL UNIQUE,
    UNIQUE (client, seq), CHECK (act = 'spare' OR (act = 'decide') = (undoes IS NULL))
);
INSERT INTO "decision" VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','reject','["wrong_answer", "unsafe"]','stops at 3 ''quoted''','ann','2026-11-27T11:28:50.092113+00:00','tab1',1,NULL,'decide','','',1795778930092113,'b5e5cb002c507e463041fe197e4cadf0');
INSERT INTO "decision" VALUES(2,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','accept','[]','','ann','2026-11-27T11:28:50.093581+00:00','tab1',2,NULL,'decide','','',1795778930093581,'9784d4480c63758f219695637ff5872a');
INSERT INTO "decision" VALUES(3,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','[]','','bob','2026-11-27T11:28:50.096659+00:00','',NULL,NULL,'decide','','',1795778930096659,'22557439c4f64b3e8218c9d72f3adaf8');
INSERT INTO "decision" VALUES(4,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','clear','[]','','ann','2026-11-27T11:28:50.100320+00:00','tab1',3,2,'undo','','',1795778930100320,'f451eb51171dc4bc9f604bc84df9d0a6');
INSERT INTO "decision" VALUES(5,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','[]','','bob','2026-11-27T11:28:50.104514+00:00','',NULL,NULL,'spare','d62086015f3f4acbbc9cb9d4559c08ef','below',1795778930104514,'d62086015f3f4acbbc9cb9d4559c08ef-0');
INSERT INTO "decision" VALUES(6,'cccccccccccccccccccccccccccccccc','reject','["off_task"]','in bulk','bob','2026-11-27T11:28:50.104514+00:00','',NULL,NULL,'decide','d62086015f3f4acbbc9cb9d4559c08ef','below',1795778930104515,'d62086015f3f4acbbc9cb9d4559c08ef-1');
INSERT INTO "decision" VALUES(7,'dddddddddddddddddddddddddddddddd','reject','["off_task"]','in bulk','bob','2026-11-27T11:28:50.104514+00:00','',NULL,NULL,'decide','d62086015f3f4acbbc9cb9d4559c08ef','below',1795778930104516,'d62086015f3f4acbbc9cb9d4559c08ef-2');
INSERT INTO "decision" VALUES(8,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','[]','','bob','2026-11-27T11:28:50.106292+00:00','',NULL,5,'undo','28d3c186a8ba45a1b50e25ababeaefc2','',1795778930106292,'28d3c186a8ba45a1b50e25ababeaefc2-0');
INSERT INTO "decision" VALUES(9,'cccccccccccccccccccccccccccccccc','clear','[]','','bob','2026-11-27T11:28:50.106292+00:00','',NULL,6,'undo','28d3c186a8ba45a1b50e25ababeaefc2','',1795778930106293,'28d3c186a8ba45a1b50e25ababeaefc2-1');
INSERT INTO "decision" VALUES(10,'dddddddddddddddddddddddddddddddd','clear','[]','','bob','2026-11-27T11:28:50.106292+00:00','',NULL,7,'undo','28d3c186a8ba45a1b50e25ababeaefc2','',1795778930106294,'28d3c186a8ba45a1b50e25ababeaefc2-2');
INSERT INTO "decision" VALUES(11,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','accept','[]','','bob','2026-11-27T11:28:50.120769+00:00','',NULL,8,'spare','543b6775e05c4559bbb163f78fe948b8','',1795778930120769,'543b6775e05c4559bbb163f78fe948b8-0');
INSERT INTO "decision" VALUES(12,'cccccccccccccccccccccccccccccccc','reject','["off_task"]','in bulk','bob','2026-11-27T11:28:50.120769+00:00','',NULL,9,'redo','543b6775e05c4559bbb163f78fe948b8','',1795778930120770,'543b6775e05c4559bbb163f78fe948b8-1');
INSERT INTO "decision" VALUES(13,'dddddddddddddddddddddddddddddddd','reject','["off_task"]','in bulk','bob','2026-11-27T11:28:50.120769+00:00','',NULL,10,'redo','543b6775e05c4559bbb163f78fe948b8','',1795778930120771,'543b6775e05c4559bbb163f78fe948b8-2');
INSERT INTO "decision" VALUES(14,'dddddddddddddddddddddddddddddddd','clear','[]','','ann','2026-11-27T11:28:50.128486+00:00','tab1',4,NULL,'decide','','',1795778930128486,'f04a485167d8d9614b458b058a488201');
CREATE TABLE setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, value TEXT NOT NULL CHECK (json_valid(value)), reviewer TEXT NOT NULL, at TEXT NOT NULL
);
INSERT INTO "setting" VALUES(1,'reasons','["unsafe"]','ann','2026-11-27T11:28:50.131942+00:00');
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
CREATE TRIGGER no_setting_update BEFORE UPDATE ON setting BEGIN SELECT RAISE(ABORT, 'settings are append-only'); END;
CREATE TRIGGER no_setting_delete BEFORE DELETE ON setting BEGIN SELECT RAISE(ABORT, 'settings are append-only'); END;
CREATE VIEW history AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin FROM decision ORDER BY clock, origin;
CREATE VIEW standing AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin FROM decision d
    WHERE act IN ('decide', 'redo') AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id);
CREATE VIEW current AS SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin FROM standing s WHERE verdict <> 'clear'
    AND NOT EXISTS (SELECT 1 FROM standing n WHERE n.key = s.key AND (n.clock, n.origin) > (s.clock, s.origin));
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decision',14);
INSERT INTO "sqlite_sequence" VALUES('setting',1);
COMMIT;
PRAGMA application_id = 1380729685;
PRAGMA user_version = 2;
