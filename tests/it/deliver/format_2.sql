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
INSERT INTO "attempts" VALUES('8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb',1,1795288071490);
INSERT INTO "attempts" VALUES('a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d',1,1795288071887);
INSERT INTO "attempts" VALUES('ba2016a9-d97e-4c68-b2de-e563463b01f9',1,1795288071725);
INSERT INTO "attempts" VALUES('c60564f8-560e-4986-bded-110e8fab5dcd',1,1795288071606);
CREATE TABLE bands (
  from_ms INTEGER PRIMARY KEY,
  to_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE TABLE cues (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  run_count INTEGER NOT NULL DEFAULT 0,
  last_run_at_ms INTEGER
) STRICT;
INSERT INTO "cues" VALUES('cue_mwm0z9ovd6y7','done','active',1795288070444,'{"id":"cue_mwm0z9ovd6y7","definition":{"name":"done","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/run","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"revision":1,"status":"active","paused_until":null,"trigger_url":null,"created_at":1795288070444,"updated_at":1795288070444,"run_count":0,"last_run_at":null}',2,1795288071606);
INSERT INTO "cues" VALUES('cue_aoc2gr267dbg','awaited','active',1795288070783,'{"id":"cue_aoc2gr267dbg","definition":{"name":"awaited","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/later","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":3600000,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"revision":1,"status":"active","paused_until":null,"trigger_url":null,"created_at":1795288070783,"updated_at":1795288070783,"run_count":0,"last_run_at":null}',1,1795288071725);
INSERT INTO "cues" VALUES('cue_w7nxihcvzvct','retrying','active',1795288071053,'{"id":"cue_w7nxihcvzvct","definition":{"name":"retrying","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"command":{"program":{"argv":["sh","-c","exit 3"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":2,"backoff_ms":[3600000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"revision":1,"status":"active","paused_until":null,"trigger_url":null,"created_at":1795288071053,"updated_at":1795288071053,"run_count":0,"last_run_at":null}',1,1795288071887);
INSERT INTO "cues" VALUES('cue_1ofmipaeait7','yearly','active',1795288071300,'{"id":"cue_1ofmipaeait7","definition":{"name":"yearly","description":null,"agent":"","schedule":{"type":"recurring","cron":"0 9 1 1 *","timezone":"Europe/Berlin"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/run","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":true},"revision":1,"status":"active","paused_until":null,"trigger_url":null,"created_at":1795288071300,"updated_at":1795288071300,"run_count":0,"last_run_at":null}',0,NULL);
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
INSERT INTO "journal" VALUES(1,'tower',1,1,1795288069668,'tower_started','{"alive_at_ms":1795288069659,"orderly":false}');
INSERT INTO "journal" VALUES(2,'tower',2,1,1795288069672,'key_added','{"hash":"cc6a3b35b5f0fc0015a56ddfbe0c564ed1d789fa6b60e075edca16d0b47cf790","name":"owner","scopes":"cues report commands"}');
INSERT INTO "journal" VALUES(3,'cue_mwm0z9ovd6y7',1,1,1795288070444,'cue_defined','{"kind":"cue_defined","cue_id":"cue_mwm0z9ovd6y7","revision":1,"definition":{"name":"done","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/run","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false}}');
INSERT INTO "journal" VALUES(4,'cue_aoc2gr267dbg',1,1,1795288070783,'cue_defined','{"kind":"cue_defined","cue_id":"cue_aoc2gr267dbg","revision":1,"definition":{"name":"awaited","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/later","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":3600000,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false}}');
INSERT INTO "journal" VALUES(5,'cue_w7nxihcvzvct',1,1,1795288071053,'cue_defined','{"kind":"cue_defined","cue_id":"cue_w7nxihcvzvct","revision":1,"definition":{"name":"retrying","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"command":{"program":{"argv":["sh","-c","exit 3"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":2,"backoff_ms":[3600000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false}}');
INSERT INTO "journal" VALUES(6,'cue_1ofmipaeait7',1,1,1795288071300,'cue_defined','{"kind":"cue_defined","cue_id":"cue_1ofmipaeait7","revision":1,"definition":{"name":"yearly","description":null,"agent":"","schedule":{"type":"recurring","cron":"0 9 1 1 *","timezone":"Europe/Berlin"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/run","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"skip","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":true}}');
INSERT INTO "journal" VALUES(7,'cue_mwm0z9ovd6y7',2,1,1795288071490,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_mwm0z9ovd6y7!g3cppmo1daeg","due":1795288071490,"trigger":{"by":"manual_fire"},"run_id":"8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","idempotency_key":"run_8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","payload":null,"armed_at":1795288071490},"fire_key":null}');
INSERT INTO "journal" VALUES(8,'cue_mwm0z9ovd6y7',3,1,1795288071490,'run_began','{"kind":"run_began","run_id":"8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","occurrence_id":"cue_mwm0z9ovd6y7!g3cppmo1daeg"}');
INSERT INTO "journal" VALUES(9,'cue_mwm0z9ovd6y7',4,1,1795288071490,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_mwm0z9ovd6y7!g3cppmo1daeg","due":1795288071490,"end":{"end":"ran"}}');
INSERT INTO "journal" VALUES(10,'cue_mwm0z9ovd6y7',5,1,1795288071493,'attempt_delivered','{"kind":"attempt_delivered","run_id":"8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","number":1,"answered":true,"words":"answered 200 in 0 ms","http_status":200,"pid":null,"deadline":1795288371493}');
INSERT INTO "journal" VALUES(11,'cue_mwm0z9ovd6y7',6,1,1795288071493,'outcome_reported','{"kind":"outcome_reported","run_id":"8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","number":1,"late":false,"outcome":{"success":true,"result":"ok","error":null,"summary":null,"external_id":null,"result_url":null,"result_ref":null,"result_type":null,"artifacts":[],"processed":null,"errors":null,"expected":null,"tokens":null,"cost_usd":null,"metadata":null}}');
INSERT INTO "journal" VALUES(12,'cue_mwm0z9ovd6y7',7,1,1795288071493,'run_ended','{"kind":"run_ended","run_id":"8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","verdict":"claimed","late":false,"findings":[]}');
INSERT INTO "journal" VALUES(13,'cue_mwm0z9ovd6y7',8,1,1795288071606,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_mwm0z9ovd6y7!m02th2j7nib6","due":1795288071606,"trigger":{"by":"manual_fire"},"run_id":"c60564f8-560e-4986-bded-110e8fab5dcd","idempotency_key":"run_c60564f8-560e-4986-bded-110e8fab5dcd","payload":null,"armed_at":1795288071606},"fire_key":null}');
INSERT INTO "journal" VALUES(14,'cue_mwm0z9ovd6y7',9,1,1795288071606,'run_began','{"kind":"run_began","run_id":"c60564f8-560e-4986-bded-110e8fab5dcd","occurrence_id":"cue_mwm0z9ovd6y7!m02th2j7nib6"}');
INSERT INTO "journal" VALUES(15,'cue_mwm0z9ovd6y7',10,1,1795288071606,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_mwm0z9ovd6y7!m02th2j7nib6","due":1795288071606,"end":{"end":"ran"}}');
INSERT INTO "journal" VALUES(16,'cue_mwm0z9ovd6y7',11,1,1795288071609,'attempt_delivered','{"kind":"attempt_delivered","run_id":"c60564f8-560e-4986-bded-110e8fab5dcd","number":1,"answered":true,"words":"answered 200 in 0 ms","http_status":200,"pid":null,"deadline":1795288371609}');
INSERT INTO "journal" VALUES(17,'cue_mwm0z9ovd6y7',12,1,1795288071609,'outcome_reported','{"kind":"outcome_reported","run_id":"c60564f8-560e-4986-bded-110e8fab5dcd","number":1,"late":false,"outcome":{"success":true,"result":"ok","error":null,"summary":null,"external_id":null,"result_url":null,"result_ref":null,"result_type":null,"artifacts":[],"processed":null,"errors":null,"expected":null,"tokens":null,"cost_usd":null,"metadata":null}}');
INSERT INTO "journal" VALUES(18,'cue_mwm0z9ovd6y7',13,1,1795288071609,'run_ended','{"kind":"run_ended","run_id":"c60564f8-560e-4986-bded-110e8fab5dcd","verdict":"claimed","late":false,"findings":[]}');
INSERT INTO "journal" VALUES(19,'cue_aoc2gr267dbg',2,1,1795288071725,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_aoc2gr267dbg!kq4kxvm6jnkc","due":1795288071725,"trigger":{"by":"manual_fire"},"run_id":"ba2016a9-d97e-4c68-b2de-e563463b01f9","idempotency_key":"run_ba2016a9-d97e-4c68-b2de-e563463b01f9","payload":null,"armed_at":1795288071725},"fire_key":null}');
INSERT INTO "journal" VALUES(20,'cue_aoc2gr267dbg',3,1,1795288071725,'run_began','{"kind":"run_began","run_id":"ba2016a9-d97e-4c68-b2de-e563463b01f9","occurrence_id":"cue_aoc2gr267dbg!kq4kxvm6jnkc"}');
INSERT INTO "journal" VALUES(21,'cue_aoc2gr267dbg',4,1,1795288071725,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_aoc2gr267dbg!kq4kxvm6jnkc","due":1795288071725,"end":{"end":"ran"}}');
INSERT INTO "journal" VALUES(22,'cue_aoc2gr267dbg',5,1,1795288071727,'attempt_delivered','{"kind":"attempt_delivered","run_id":"ba2016a9-d97e-4c68-b2de-e563463b01f9","number":1,"answered":true,"words":"answered 200 in 0 ms","http_status":200,"pid":null,"deadline":1795291671727}');
INSERT INTO "journal" VALUES(23,'cue_w7nxihcvzvct',2,1,1795288071887,'occurrence_armed','{"kind":"occurrence_armed","armed":{"id":"cue_w7nxihcvzvct!behxy5zjz5mn","due":1795288071887,"trigger":{"by":"manual_fire"},"run_id":"a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d","idempotency_key":"run_a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d","payload":null,"armed_at":1795288071887},"fire_key":null}');
INSERT INTO "journal" VALUES(24,'cue_w7nxihcvzvct',3,1,1795288071887,'run_began','{"kind":"run_began","run_id":"a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d","occurrence_id":"cue_w7nxihcvzvct!behxy5zjz5mn"}');
INSERT INTO "journal" VALUES(25,'cue_w7nxihcvzvct',4,1,1795288071887,'occurrence_ended','{"kind":"occurrence_ended","id":"cue_w7nxihcvzvct!behxy5zjz5mn","due":1795288071887,"end":{"end":"ran"}}');
INSERT INTO "journal" VALUES(26,'cue_w7nxihcvzvct',5,1,1795288071913,'attempt_delivered','{"kind":"attempt_delivered","run_id":"a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d","number":1,"answered":true,"words":"started as process 6117","http_status":null,"pid":6117,"deadline":null}');
INSERT INTO "journal" VALUES(27,'cue_w7nxihcvzvct',6,1,1795288071915,'attempt_failed','{"kind":"attempt_failed","run_id":"a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d","number":1,"words":"exit code 3 after 5 ms","http_status":null,"exit_code":3,"lost":false,"retry_at":4102444800000}');
CREATE TABLE keys (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "keys" VALUES('cc6a3b35b5f0fc0015a56ddfbe0c564ed1d789fa6b60e075edca16d0b47cf790','owner','cues report commands',1795288069672);
CREATE TABLE lanes (
  lane TEXT PRIMARY KEY,
  lane_seq INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;
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
  ended_at_ms INTEGER,
  asks INTEGER NOT NULL DEFAULT 0,
  count INTEGER NOT NULL DEFAULT 1,
  until_ms INTEGER,
  decided_seq INTEGER
) STRICT;
INSERT INTO "occurrences" VALUES('cue_mwm0z9ovd6y7!g3cppmo1daeg','cue_mwm0z9ovd6y7',1795288071490,'manual_fire','8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb','ran',NULL,NULL,1795288071490,1795288071490,0,1,NULL,NULL);
INSERT INTO "occurrences" VALUES('cue_mwm0z9ovd6y7!m02th2j7nib6','cue_mwm0z9ovd6y7',1795288071606,'manual_fire','c60564f8-560e-4986-bded-110e8fab5dcd','ran',NULL,NULL,1795288071606,1795288071606,0,1,NULL,NULL);
INSERT INTO "occurrences" VALUES('cue_aoc2gr267dbg!kq4kxvm6jnkc','cue_aoc2gr267dbg',1795288071725,'manual_fire','ba2016a9-d97e-4c68-b2de-e563463b01f9','ran',NULL,NULL,1795288071725,1795288071725,0,1,NULL,NULL);
INSERT INTO "occurrences" VALUES('cue_w7nxihcvzvct!behxy5zjz5mn','cue_w7nxihcvzvct',1795288071887,'manual_fire','a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d','ran',NULL,NULL,1795288071887,1795288071887,0,1,NULL,NULL);
CREATE TABLE outputs (
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  stdout TEXT NOT NULL,
  stderr TEXT NOT NULL,
  truncated INTEGER NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT;
INSERT INTO "outputs" VALUES('8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb',1,'{"success": true, "result": "ok"}','',0);
INSERT INTO "outputs" VALUES('c60564f8-560e-4986-bded-110e8fab5dcd',1,'{"success": true, "result": "ok"}','',0);
INSERT INTO "outputs" VALUES('ba2016a9-d97e-4c68-b2de-e563463b01f9',1,'','',0);
INSERT INTO "outputs" VALUES('a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d',1,'','',0);
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
) STRICT;
INSERT INTO "runs" VALUES('8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb','cue_mwm0z9ovd6y7','cue_mwm0z9ovd6y7!g3cppmo1daeg',1795288071490,'manual_fire','delivered',1795288071493,'claimed',0,1795288071490,1795288071493,1,3,NULL,'Reported success; nothing verified it.','success','{"id":"8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","cue_id":"cue_mwm0z9ovd6y7","occurrence_id":"cue_mwm0z9ovd6y7!g3cppmo1daeg","due":1795288071490,"trigger":{"by":"manual_fire"},"definition":{"name":"done","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/run","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"payload":{},"idempotency_key":"run_8e13f7b2-11e7-4c1d-9185-5fc7f58f4cdb","began_at":1795288071490,"attempts":[{"number":1,"began_at":1795288071490,"delivered_at":1795288071493,"ended_at":null,"state":"delivered","words":"answered 200 in 0 ms","http_status":200,"exit_code":null,"pid":null,"outcome":{"at":1795288071493,"late":false,"outcome":{"success":true,"result":"ok","error":null,"summary":null,"external_id":null,"result_url":null,"result_ref":null,"result_type":null,"artifacts":[],"processed":null,"errors":null,"expected":null,"tokens":null,"cost_usd":null,"metadata":null}}}],"phase":{"phase":"ended","verdict":"claimed","at":1795288071493,"late":false},"findings":[],"refused":[]}');
INSERT INTO "runs" VALUES('c60564f8-560e-4986-bded-110e8fab5dcd','cue_mwm0z9ovd6y7','cue_mwm0z9ovd6y7!m02th2j7nib6',1795288071606,'manual_fire','delivered',1795288071609,'claimed',0,1795288071606,1795288071609,1,3,NULL,'Reported success; nothing verified it.','success','{"id":"c60564f8-560e-4986-bded-110e8fab5dcd","cue_id":"cue_mwm0z9ovd6y7","occurrence_id":"cue_mwm0z9ovd6y7!m02th2j7nib6","due":1795288071606,"trigger":{"by":"manual_fire"},"definition":{"name":"done","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/run","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"payload":{},"idempotency_key":"run_c60564f8-560e-4986-bded-110e8fab5dcd","began_at":1795288071606,"attempts":[{"number":1,"began_at":1795288071606,"delivered_at":1795288071609,"ended_at":null,"state":"delivered","words":"answered 200 in 0 ms","http_status":200,"exit_code":null,"pid":null,"outcome":{"at":1795288071609,"late":false,"outcome":{"success":true,"result":"ok","error":null,"summary":null,"external_id":null,"result_url":null,"result_ref":null,"result_type":null,"artifacts":[],"processed":null,"errors":null,"expected":null,"tokens":null,"cost_usd":null,"metadata":null}}}],"phase":{"phase":"ended","verdict":"claimed","at":1795288071609,"late":false},"findings":[],"refused":[]}');
INSERT INTO "runs" VALUES('ba2016a9-d97e-4c68-b2de-e563463b01f9','cue_aoc2gr267dbg','cue_aoc2gr267dbg!kq4kxvm6jnkc',1795288071725,'manual_fire','delivered',1795288071727,'working',0,1795288071725,NULL,1,3,NULL,'Delivered; its outcome is awaited.','pending_outcome','{"id":"ba2016a9-d97e-4c68-b2de-e563463b01f9","cue_id":"cue_aoc2gr267dbg","occurrence_id":"cue_aoc2gr267dbg!kq4kxvm6jnkc","due":1795288071725,"trigger":{"by":"manual_fire"},"definition":{"name":"awaited","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"webhook":{"url":"http://127.0.0.1:19191/later","method":"POST","headers":[]}},"payload":{},"retry":{"max_attempts":3,"backoff_ms":[60000,300000,900000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":3600000,"unanswered":"wait"},"confirm":"outcome","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"payload":{},"idempotency_key":"run_ba2016a9-d97e-4c68-b2de-e563463b01f9","began_at":1795288071725,"attempts":[{"number":1,"began_at":1795288071725,"delivered_at":1795288071727,"ended_at":null,"state":"delivered","words":"answered 200 in 0 ms","http_status":200,"exit_code":null,"pid":null,"outcome":null}],"phase":{"phase":"awaiting_outcome","deadline":1795291671727},"findings":[],"refused":[]}');
INSERT INTO "runs" VALUES('a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d','cue_w7nxihcvzvct','cue_w7nxihcvzvct!behxy5zjz5mn',1795288071887,'manual_fire','delivered',1795288071913,'none',0,1795288071887,NULL,1,2,NULL,'Exit code 3 after 5 ms. Attempt 1 of 2; the next one waits for its backoff.','retrying','{"id":"a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d","cue_id":"cue_w7nxihcvzvct","occurrence_id":"cue_w7nxihcvzvct!behxy5zjz5mn","due":1795288071887,"trigger":{"by":"manual_fire"},"definition":{"name":"retrying","description":null,"agent":"","schedule":{"type":"manual","timezone":"UTC"},"transport":{"command":{"program":{"argv":["sh","-c","exit 3"]},"cwd":null,"env":[],"stop_grace_ms":10000}},"payload":{},"retry":{"max_attempts":2,"backoff_ms":[3600000],"on_failed_outcome":false},"delivery":{"timeout_ms":30000,"outcome_deadline_ms":null,"unanswered":"wait"},"confirm":"exit_code","catch_up":{"policy":"latest","within_ms":null},"overlap":"allow","expect":{"min_processed":null,"max_error_rate":null,"evidence":[]},"pause_on_failure":false},"payload":{},"idempotency_key":"run_a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d","began_at":1795288071887,"attempts":[{"number":1,"began_at":1795288071887,"delivered_at":1795288071913,"ended_at":1795288071915,"state":"failed","words":"exit code 3 after 5 ms","http_status":null,"exit_code":3,"pid":6117,"outcome":null}],"phase":{"phase":"waiting_retry","at":4102444800000},"findings":[],"refused":[]}');
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tower (
  key TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "tower" VALUES('alive_at_ms',1795288071915);
INSERT INTO "tower" VALUES('newest_alive_ms',1795288071915);
INSERT INTO "tower" VALUES('orderly',0);
CREATE UNIQUE INDEX cues_by_name ON cues (name) WHERE status <> 'deleted';
CREATE INDEX occurrences_by_due ON occurrences (due_ms);
CREATE INDEX occurrences_by_cue ON occurrences (cue_id, due_ms);
CREATE UNIQUE INDEX occurrences_by_run ON occurrences (run_id);
CREATE INDEX occurrences_asking ON occurrences (asks) WHERE asks = 1;
CREATE INDEX runs_by_cue ON runs (cue_id, due_ms);
CREATE INDEX runs_by_due ON runs (due_ms);
CREATE INDEX alerts_by_last ON alerts (last_at_ms);
CREATE INDEX journal_definitions ON journal (lane, lane_seq) WHERE kind IN ('cue_defined', 'cue_status_changed');
COMMIT;
PRAGMA user_version = 2;
