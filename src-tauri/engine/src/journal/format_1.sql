BEGIN TRANSACTION;
CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  cue_id TEXT NOT NULL,
  state TEXT NOT NULL,
  last_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE attempts (
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  began_at_ms INTEGER NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "attempts" VALUES('17c0c282-22b1-41bd-97f0-de588a9cd5c6',1,1795278018001);
INSERT INTO "attempts" VALUES('67ad5b7a-7bde-4507-a14b-480090684e44',1,1795278017001);
INSERT INTO "attempts" VALUES('e4fc27c0-a265-4b24-a65b-9af16a95d1f3',1,1795278016001);
CREATE TABLE cues (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "cues" VALUES('cue_vzllqekrxrus','nightly','paused',1795278015744,'{"id":"cue_vzllqekrxrus","definition":{"name":"nightly","description":null,"agent":"","schedule":{"type":"recurring","cron":"*/2 * * * * *","timezone":"Europe/Berlin"},"transport":{"command":{"program":{"argv":["true"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"revision":1,"status":"paused","created_at":1795278015744,"updated_at":1795278018436,"run_count":3,"last_run_at":1795278018001}');
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  lane TEXT NOT NULL,
  lane_seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (lane, lane_seq)
) STRICT;
INSERT INTO "journal" VALUES(1,'tower',1,1,1795278014222,'tower_started','{"alive_at_ms":1795278014221,"orderly":false}');
INSERT INTO "journal" VALUES(2,'tower',2,1,1795278014231,'key_added','{"hash":"f5861194aa3e5e20425cfab61562ae8503be20f706ad7d2f812f144766361cdf","name":"owner","scopes":"cues report commands"}');
INSERT INTO "journal" VALUES(3,'cue_vzllqekrxrus',1,1,1795278015744,'cue_defined','{"kind":"cue_defined","cue_id":"cue_vzllqekrxrus","revision":1,"definition":{"name":"nightly","description":null,"agent":"","schedule":{"type":"recurring","cron":"*/2 * * * * *","timezone":"Europe/Berlin"},"transport":{"command":{"program":{"argv":["true"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false}}');
INSERT INTO "journal" VALUES(4,'cue_vzllqekrxrus',2,1,1795278015744,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278016000.1","due":1795278016000,"trigger":{"by":"scheduled"},"run_id":"e4fc27c0-a265-4b24-a65b-9af16a95d1f3","idempotency_key":"run_e4fc27c0-a265-4b24-a65b-9af16a95d1f3","payload":null,"armed_at":1795278015744},"fire_key":null}');
INSERT INTO "journal" VALUES(5,'cue_vzllqekrxrus',3,1,1795278015744,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278017000.1","due":1795278017000,"trigger":{"by":"scheduled"},"run_id":"67ad5b7a-7bde-4507-a14b-480090684e44","idempotency_key":"run_67ad5b7a-7bde-4507-a14b-480090684e44","payload":null,"armed_at":1795278015744},"fire_key":null}');
INSERT INTO "journal" VALUES(6,'cue_vzllqekrxrus',4,1,1795278015744,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278018000.1","due":1795278018000,"trigger":{"by":"scheduled"},"run_id":"17c0c282-22b1-41bd-97f0-de588a9cd5c6","idempotency_key":"run_17c0c282-22b1-41bd-97f0-de588a9cd5c6","payload":null,"armed_at":1795278015744},"fire_key":null}');
INSERT INTO "journal" VALUES(7,'cue_vzllqekrxrus',5,1,1795278015744,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278019000.1","due":1795278019000,"trigger":{"by":"scheduled"},"run_id":"6ea6aaf0-c3d5-4c3d-821d-ecdd77254cf5","idempotency_key":"run_6ea6aaf0-c3d5-4c3d-821d-ecdd77254cf5","payload":null,"armed_at":1795278015744},"fire_key":null}');
INSERT INTO "journal" VALUES(8,'cue_vzllqekrxrus',6,1,1795278015744,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278020000.1","due":1795278020000,"trigger":{"by":"scheduled"},"run_id":"0256be67-01c9-43d0-92c1-014ef145a1a0","idempotency_key":"run_0256be67-01c9-43d0-92c1-014ef145a1a0","payload":null,"armed_at":1795278015744},"fire_key":null}');
INSERT INTO "journal" VALUES(9,'cue_vzllqekrxrus',7,1,1795278016001,'run_began','{"kind":"run_began","run_id":"e4fc27c0-a265-4b24-a65b-9af16a95d1f3","occurrence_id":"cue_vzllqekrxrus@1795278016000.1"}');
INSERT INTO "journal" VALUES(10,'cue_vzllqekrxrus',8,1,1795278016001,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278016000.1","due":1795278016000,"end":{"end":"ran"}}');
INSERT INTO "journal" VALUES(11,'cue_vzllqekrxrus',9,1,1795278016001,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278021000.1","due":1795278021000,"trigger":{"by":"scheduled"},"run_id":"4407005f-638c-4130-baf3-aae488b9debb","idempotency_key":"run_4407005f-638c-4130-baf3-aae488b9debb","payload":null,"armed_at":1795278016001},"fire_key":null}');
INSERT INTO "journal" VALUES(12,'cue_vzllqekrxrus',10,1,1795278016012,'attempt_delivered','{"kind":"attempt_delivered","run_id":"e4fc27c0-a265-4b24-a65b-9af16a95d1f3","number":1,"answered":true,"words":"started as process 9141","http_status":null,"pid":9141,"deadline":null}');
INSERT INTO "journal" VALUES(13,'cue_vzllqekrxrus',11,1,1795278016014,'attempt_exited','{"kind":"attempt_exited","run_id":"e4fc27c0-a265-4b24-a65b-9af16a95d1f3","number":1,"words":"exit code 0 after 8 ms","exit_code":0,"deadline":null}');
INSERT INTO "journal" VALUES(14,'cue_vzllqekrxrus',12,1,1795278016014,'run_ended','{"kind":"run_ended","run_id":"e4fc27c0-a265-4b24-a65b-9af16a95d1f3","verdict":"confirmed","late":false,"findings":[{"claim":"Ends with exit code 0","passed":true,"found":"exit code 0 after 8 ms"}]}');
INSERT INTO "journal" VALUES(15,'cue_vzllqekrxrus',13,1,1795278017001,'run_began','{"kind":"run_began","run_id":"67ad5b7a-7bde-4507-a14b-480090684e44","occurrence_id":"cue_vzllqekrxrus@1795278017000.1"}');
INSERT INTO "journal" VALUES(16,'cue_vzllqekrxrus',14,1,1795278017001,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278017000.1","due":1795278017000,"end":{"end":"ran"}}');
INSERT INTO "journal" VALUES(17,'cue_vzllqekrxrus',15,1,1795278017001,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278022000.1","due":1795278022000,"trigger":{"by":"scheduled"},"run_id":"79222fdd-de4e-427c-bdfb-0f3d59665f47","idempotency_key":"run_79222fdd-de4e-427c-bdfb-0f3d59665f47","payload":null,"armed_at":1795278017001},"fire_key":null}');
INSERT INTO "journal" VALUES(18,'cue_vzllqekrxrus',16,1,1795278017006,'attempt_delivered','{"kind":"attempt_delivered","run_id":"67ad5b7a-7bde-4507-a14b-480090684e44","number":1,"answered":true,"words":"started as process 9148","http_status":null,"pid":9148,"deadline":null}');
INSERT INTO "journal" VALUES(19,'cue_vzllqekrxrus',17,1,1795278017006,'attempt_exited','{"kind":"attempt_exited","run_id":"67ad5b7a-7bde-4507-a14b-480090684e44","number":1,"words":"exit code 0 after 2 ms","exit_code":0,"deadline":null}');
INSERT INTO "journal" VALUES(20,'cue_vzllqekrxrus',18,1,1795278017006,'run_ended','{"kind":"run_ended","run_id":"67ad5b7a-7bde-4507-a14b-480090684e44","verdict":"confirmed","late":false,"findings":[{"claim":"Ends with exit code 0","passed":true,"found":"exit code 0 after 2 ms"}]}');
INSERT INTO "journal" VALUES(21,'cue_vzllqekrxrus',19,1,1795278018001,'run_began','{"kind":"run_began","run_id":"17c0c282-22b1-41bd-97f0-de588a9cd5c6","occurrence_id":"cue_vzllqekrxrus@1795278018000.1"}');
INSERT INTO "journal" VALUES(22,'cue_vzllqekrxrus',20,1,1795278018001,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278018000.1","due":1795278018000,"end":{"end":"ran"}}');
INSERT INTO "journal" VALUES(23,'cue_vzllqekrxrus',21,1,1795278018001,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_vzllqekrxrus@1795278023000.1","due":1795278023000,"trigger":{"by":"scheduled"},"run_id":"12b1f5df-bb5a-439d-abdc-5306102c212b","idempotency_key":"run_12b1f5df-bb5a-439d-abdc-5306102c212b","payload":null,"armed_at":1795278018001},"fire_key":null}');
INSERT INTO "journal" VALUES(24,'cue_vzllqekrxrus',22,1,1795278018002,'attempt_delivered','{"kind":"attempt_delivered","run_id":"17c0c282-22b1-41bd-97f0-de588a9cd5c6","number":1,"answered":true,"words":"started as process 9159","http_status":null,"pid":9159,"deadline":null}');
INSERT INTO "journal" VALUES(25,'cue_vzllqekrxrus',23,1,1795278018005,'attempt_exited','{"kind":"attempt_exited","run_id":"17c0c282-22b1-41bd-97f0-de588a9cd5c6","number":1,"words":"exit code 0 after 1 ms","exit_code":0,"deadline":null}');
INSERT INTO "journal" VALUES(26,'cue_vzllqekrxrus',24,1,1795278018005,'run_ended','{"kind":"run_ended","run_id":"17c0c282-22b1-41bd-97f0-de588a9cd5c6","verdict":"confirmed","late":false,"findings":[{"claim":"Ends with exit code 0","passed":true,"found":"exit code 0 after 1 ms"}]}');
INSERT INTO "journal" VALUES(27,'cue_vzllqekrxrus',25,1,1795278018436,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278019000.1","due":1795278019000,"end":{"end":"skipped","policy":"paused"}}');
INSERT INTO "journal" VALUES(28,'cue_vzllqekrxrus',26,1,1795278018436,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278020000.1","due":1795278020000,"end":{"end":"skipped","policy":"paused"}}');
INSERT INTO "journal" VALUES(29,'cue_vzllqekrxrus',27,1,1795278018436,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278021000.1","due":1795278021000,"end":{"end":"skipped","policy":"paused"}}');
INSERT INTO "journal" VALUES(30,'cue_vzllqekrxrus',28,1,1795278018436,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278022000.1","due":1795278022000,"end":{"end":"skipped","policy":"paused"}}');
INSERT INTO "journal" VALUES(31,'cue_vzllqekrxrus',29,1,1795278018436,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_vzllqekrxrus@1795278023000.1","due":1795278023000,"end":{"end":"skipped","policy":"paused"}}');
INSERT INTO "journal" VALUES(32,'cue_vzllqekrxrus',30,1,1795278018436,'cue_status_changed','{"kind":"cue_status_changed","status":"paused"}');
INSERT INTO "journal" VALUES(33,'tower',3,1,1795278019460,'tower_stopped','{}');
CREATE TABLE keys (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE lanes (
  lane TEXT PRIMARY KEY,
  lane_seq INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "lanes" VALUES('cue_vzllqekrxrus',30,'{"cue":{"id":"cue_vzllqekrxrus","definition":{"name":"nightly","description":null,"agent":"","schedule":{"type":"recurring","cron":"*/2 * * * * *","timezone":"Europe/Berlin"},"transport":{"command":{"program":{"argv":["true"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"revision":1,"status":"paused","created_at":1795278015744,"updated_at":1795278018436,"run_count":3,"last_run_at":1795278018001},"seq":30,"cursor":1795278023000,"decided":1795278018000,"generation":2,"armed":[],"held":[],"runs":{},"fire_keys":{}}');
CREATE TABLE occurrences (
  id TEXT PRIMARY KEY,
  cue_id TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  triggered_by TEXT NOT NULL,
  run_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'held', 'ran', 'coalesced', 'skipped', 'missed')),
  reason TEXT,
  into_id TEXT,
  armed_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278016000.1','cue_vzllqekrxrus',1795278016000,'scheduled','e4fc27c0-a265-4b24-a65b-9af16a95d1f3','ran',NULL,NULL,1795278015744,1795278016001);
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278017000.1','cue_vzllqekrxrus',1795278017000,'scheduled','67ad5b7a-7bde-4507-a14b-480090684e44','ran',NULL,NULL,1795278015744,1795278017001);
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278018000.1','cue_vzllqekrxrus',1795278018000,'scheduled','17c0c282-22b1-41bd-97f0-de588a9cd5c6','ran',NULL,NULL,1795278015744,1795278018001);
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278019000.1','cue_vzllqekrxrus',1795278019000,'scheduled','6ea6aaf0-c3d5-4c3d-821d-ecdd77254cf5','skipped','the cue was paused before it began',NULL,1795278015744,1795278018436);
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278020000.1','cue_vzllqekrxrus',1795278020000,'scheduled','0256be67-01c9-43d0-92c1-014ef145a1a0','skipped','the cue was paused before it began',NULL,1795278015744,1795278018436);
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278021000.1','cue_vzllqekrxrus',1795278021000,'scheduled','4407005f-638c-4130-baf3-aae488b9debb','skipped','the cue was paused before it began',NULL,1795278016001,1795278018436);
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278022000.1','cue_vzllqekrxrus',1795278022000,'scheduled','79222fdd-de4e-427c-bdfb-0f3d59665f47','skipped','the cue was paused before it began',NULL,1795278017001,1795278018436);
INSERT INTO "occurrences" VALUES('cue_vzllqekrxrus@1795278023000.1','cue_vzllqekrxrus',1795278023000,'scheduled','12b1f5df-bb5a-439d-abdc-5306102c212b','skipped','the cue was paused before it began',NULL,1795278018001,1795278018436);
CREATE TABLE outputs (
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  stdout TEXT NOT NULL,
  stderr TEXT NOT NULL,
  truncated INTEGER NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "outputs" VALUES('17c0c282-22b1-41bd-97f0-de588a9cd5c6',1,'','',0);
INSERT INTO "outputs" VALUES('67ad5b7a-7bde-4507-a14b-480090684e44',1,'','',0);
INSERT INTO "outputs" VALUES('e4fc27c0-a265-4b24-a65b-9af16a95d1f3',1,'','',0);
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  cue_id TEXT NOT NULL,
  occurrence_id TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  triggered_by TEXT NOT NULL,
  delivered TEXT NOT NULL,
  delivered_at_ms INTEGER,
  confirmed TEXT NOT NULL,
  late INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  attempts INTEGER NOT NULL,
  attempts_max INTEGER NOT NULL,
  cost_usd REAL,
  sentence TEXT NOT NULL,
  status TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "runs" VALUES('17c0c282-22b1-41bd-97f0-de588a9cd5c6','cue_vzllqekrxrus','cue_vzllqekrxrus@1795278018000.1',1795278018000,'scheduled','delivered',1795278018002,'confirmed',0,1795278018001,1795278018005,1,3,NULL,'Exit code 0 after 1 ms.','success','{"id":"17c0c282-22b1-41bd-97f0-de588a9cd5c6","cue_id":"cue_vzllqekrxrus","occurrence_id":"cue_vzllqekrxrus@1795278018000.1","due":1795278018000,"trigger":{"by":"scheduled"},"definition":{"name":"nightly","description":null,"agent":"","schedule":{"type":"recurring","cron":"*/2 * * * * *","timezone":"Europe/Berlin"},"transport":{"command":{"program":{"argv":["true"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"payload":{},"idempotency_key":"run_17c0c282-22b1-41bd-97f0-de588a9cd5c6","began_at":1795278018001,"attempts":[{"number":1,"began_at":1795278018001,"delivered_at":1795278018002,"ended_at":1795278018005,"state":"ended","words":"exit code 0 after 1 ms","http_status":null,"exit_code":0,"pid":9159,"outcome":null}],"phase":{"phase":"ended","verdict":"confirmed","at":1795278018005,"late":false},"findings":[{"claim":"Ends with exit code 0","passed":true,"found":"exit code 0 after 1 ms"}],"refused":[]}');
INSERT INTO "runs" VALUES('67ad5b7a-7bde-4507-a14b-480090684e44','cue_vzllqekrxrus','cue_vzllqekrxrus@1795278017000.1',1795278017000,'scheduled','delivered',1795278017006,'confirmed',0,1795278017001,1795278017006,1,3,NULL,'Exit code 0 after 2 ms.','success','{"id":"67ad5b7a-7bde-4507-a14b-480090684e44","cue_id":"cue_vzllqekrxrus","occurrence_id":"cue_vzllqekrxrus@1795278017000.1","due":1795278017000,"trigger":{"by":"scheduled"},"definition":{"name":"nightly","description":null,"agent":"","schedule":{"type":"recurring","cron":"*/2 * * * * *","timezone":"Europe/Berlin"},"transport":{"command":{"program":{"argv":["true"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"payload":{},"idempotency_key":"run_67ad5b7a-7bde-4507-a14b-480090684e44","began_at":1795278017001,"attempts":[{"number":1,"began_at":1795278017001,"delivered_at":1795278017006,"ended_at":1795278017006,"state":"ended","words":"exit code 0 after 2 ms","http_status":null,"exit_code":0,"pid":9148,"outcome":null}],"phase":{"phase":"ended","verdict":"confirmed","at":1795278017006,"late":false},"findings":[{"claim":"Ends with exit code 0","passed":true,"found":"exit code 0 after 2 ms"}],"refused":[]}');
INSERT INTO "runs" VALUES('e4fc27c0-a265-4b24-a65b-9af16a95d1f3','cue_vzllqekrxrus','cue_vzllqekrxrus@1795278016000.1',1795278016000,'scheduled','delivered',1795278016012,'confirmed',0,1795278016001,1795278016014,1,3,NULL,'Exit code 0 after 8 ms.','success','{"id":"e4fc27c0-a265-4b24-a65b-9af16a95d1f3","cue_id":"cue_vzllqekrxrus","occurrence_id":"cue_vzllqekrxrus@1795278016000.1","due":1795278016000,"trigger":{"by":"scheduled"},"definition":{"name":"nightly","description":null,"agent":"","schedule":{"type":"recurring","cron":"*/2 * * * * *","timezone":"Europe/Berlin"},"transport":{"command":{"program":{"argv":["true"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"payload":{},"idempotency_key":"run_e4fc27c0-a265-4b24-a65b-9af16a95d1f3","began_at":1795278016001,"attempts":[{"number":1,"began_at":1795278016001,"delivered_at":1795278016012,"ended_at":1795278016014,"state":"ended","words":"exit code 0 after 8 ms","http_status":null,"exit_code":0,"pid":9141,"outcome":null}],"phase":{"phase":"ended","verdict":"confirmed","at":1795278016014,"late":false},"findings":[{"claim":"Ends with exit code 0","passed":true,"found":"exit code 0 after 8 ms"}],"refused":[]}');
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tower (
  key TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "tower" VALUES('alive_at_ms',1795278019460);
INSERT INTO "tower" VALUES('orderly',1);
CREATE UNIQUE INDEX cues_by_name ON cues (name) WHERE status <> 'deleted';
CREATE INDEX occurrences_by_due ON occurrences (due_ms);
CREATE INDEX occurrences_by_cue ON occurrences (cue_id, due_ms);
CREATE UNIQUE INDEX occurrences_by_run ON occurrences (run_id);
CREATE INDEX runs_by_cue ON runs (cue_id, due_ms);
CREATE INDEX runs_by_due ON runs (due_ms);
CREATE INDEX alerts_by_last ON alerts (last_at_ms);
COMMIT;
PRAGMA user_version = 1;
