//! How an event changes the run it is about.

use crate::Ms;
use crate::attempt::{Attempt, AttemptState, Lease, Reported, RestartAsked};
use crate::cue::Restart;
use crate::event::Event;
use crate::expect::Finding;
use crate::run::{ATTEMPTS_KEPT, Checking, HeldBy, LiveClaim, Note, Phase, REFUSED_KEPT, Refused, Run, Verification};

impl Run {
    /// How an event about this run changes it.
    pub fn apply(&mut self, at: Ms, event: &Event) {
        self.stand_ended(at, event);
        match event {
            Event::AttemptBegan { number, .. } => {
                if self.attempts.len() >= ATTEMPTS_KEPT {
                    self.attempts.remove(1);
                }
                self.attempts.push(Attempt::begun(*number, at));
                self.phase = Phase::Delivering;
            }
            Event::AttemptHeld { number, by, words, until, .. } => {
                let mut since = at;
                self.change(*number, |attempt| {
                    attempt.state = AttemptState::Waiting;
                    attempt.words.clone_from(words);
                    if *by == HeldBy::Preflight {
                        // Looked at again, and it still waits.
                        since = *attempt.checks_failed_since.get_or_insert(at);
                    }
                });
                self.phase = Phase::Held { by: *by, words: words.clone(), since, until: *until };
            }
            Event::AttemptReleased { number, .. } => {
                self.change(*number, |attempt| attempt.state = AttemptState::Delivering);
                self.phase = Phase::Delivering;
            }
            Event::AttemptOffered { number, until, .. } => {
                self.change(*number, |attempt| attempt.state = AttemptState::Offered);
                self.phase = Phase::Offered { until: *until };
            }
            Event::AttemptClaimed { number, worker, until, deadline, fuse, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = AttemptState::Delivered;
                    attempt.delivered_at = Some(at);
                    attempt.words = format!("claimed by {worker}");
                    attempt.lease = Some(Lease { worker: worker.clone(), until: *until });
                });
                self.phase = Phase::AwaitingOutcome { deadline: *deadline };
                self.fuse_at = fuse.or(self.fuse_at);
            }
            Event::LeaseExtended { number, until, .. } => self.change(*number, |attempt| {
                attempt.beat_at = Some(at);
                if let Some(lease) = &mut attempt.lease {
                    lease.until = *until;
                }
            }),
            Event::AttemptPinged { number, rid, .. } => {
                self.change(*number, |attempt| attempt.rid = rid.clone().or(attempt.rid.take()));
            }
            Event::AttemptDelivered { number, answered, words, http_status, pid, deadline, fuse, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = if *answered { AttemptState::Delivered } else { AttemptState::Unanswered };
                    attempt.delivered_at = Some(at);
                    attempt.words.clone_from(words);
                    attempt.http_status = *http_status;
                    attempt.pid = *pid;
                });
                self.fuse_at = fuse.or(self.fuse_at);
                self.await_outcome(*number, *deadline);
            }
            Event::AttemptNoted { number, words, http_status, .. } => self.change(*number, |attempt| {
                attempt.words.clone_from(words);
                attempt.http_status = *http_status;
                attempt.ended_at = attempt.ended_at.or(Some(at));
            }),
            Event::AttemptExited { number, words, exit_code, deadline, usage, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = AttemptState::Ended;
                    attempt.ended_at = Some(at);
                    attempt.words.clone_from(words);
                    attempt.exit_code = *exit_code;
                    attempt.usage = *usage;
                });
                self.await_outcome(*number, *deadline);
            }
            Event::AttemptFailed { number, words, http_status, exit_code, lost, retry_at, usage, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = if *lost { AttemptState::Lost } else { AttemptState::Failed };
                    attempt.ended_at = Some(at);
                    attempt.words.clone_from(words);
                    attempt.http_status = http_status.or(attempt.http_status);
                    attempt.exit_code = exit_code.or(attempt.exit_code);
                    attempt.usage = *usage;
                });
                if let Some(retry_at) = retry_at {
                    self.phase = Phase::WaitingRetry { at: *retry_at };
                }
            }
            Event::AttemptRestarting { number, words, exit_code, usage, retry_at, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = if *exit_code == Some(0) { AttemptState::Ended } else { AttemptState::Failed };
                    attempt.ended_at = Some(at);
                    attempt.words.clone_from(words);
                    attempt.exit_code = *exit_code;
                    attempt.usage = *usage;
                });
                // One long life has the whole of its time; tries of one piece of work share it.
                if self.definition.restart() != Restart::Never {
                    self.fuse_at = None;
                }
                self.phase = Phase::WaitingRetry { at: *retry_at };
            }
            Event::RestartAsked { number, by, .. } => self.change(*number, |attempt| {
                attempt.restart.get_or_insert(RestartAsked { at, by: by.clone() });
            }),
            Event::AttemptSteady { number, .. } => self.change(*number, |attempt| attempt.steady = true),
            Event::RetryMoved { retry_at, .. } => self.phase = Phase::WaitingRetry { at: *retry_at },
            Event::DeadlineMoved { deadline, .. } => self.phase = Phase::AwaitingOutcome { deadline: Some(*deadline) },
            Event::FuseMoved { fuse, .. } => self.fuse_at = Some(*fuse),
            Event::WaitMoved { until: moved, .. } => match &mut self.phase {
                Phase::Held { until, .. } => *until = Some(*moved),
                Phase::Offered { until } => *until = *moved,
                Phase::Delivering
                | Phase::AwaitingOutcome { .. }
                | Phase::WaitingRetry { .. }
                | Phase::Ended { .. } => {}
            },
            Event::OutcomeReported { number, late, outcome, .. } => self.change(*number, |attempt| {
                attempt.outcome = Some(Reported { at, late: *late, outcome: (**outcome).clone(), first: None });
                attempt.delivered_at = attempt.delivered_at.or(Some(at));
            }),
            Event::RunEnded { verdict, late, findings, held, .. } => {
                if *held {
                    self.verification = Some(Verification::Waiting { since: at, holds: true });
                }
                self.checking = None;
                self.phase = Phase::Ended { verdict: *verdict, at, late: *late };
                self.revised |= *late;
                self.findings.clone_from(findings);
            }
            Event::VerificationAsked { .. } => {
                self.verification = Some(Verification::Waiting { since: at, holds: false });
            }
            Event::RunVerified { valid, by, reason, verdict, follows, revises, .. } => {
                self.revised |= *follows && revises.is_some();
                if let Phase::Ended { verdict: ended, .. } = &mut self.phase {
                    *ended = *verdict;
                }
                let claim = format!("Verified by {by}");
                self.findings.retain(|finding| finding.claim != claim);
                let found =
                    reason.clone().unwrap_or_else(|| if *valid { "it is so" } else { "it is not so" }.to_owned());
                self.findings.push(Finding::of(claim, *valid, found));
                let (valid, by, reason) = (*valid, by.clone(), reason.clone());
                self.verification = Some(Verification::Given { at, valid, by, reason });
            }
            Event::EvidenceAdded { number, evidence, findings, .. } => {
                self.change(*number, |attempt| {
                    if let Some(reported) = &mut attempt.outcome {
                        let whole = reported.outcome.with(evidence);
                        let before = std::mem::replace(&mut reported.outcome, whole);
                        reported.first.get_or_insert_with(|| Box::new(before));
                    }
                });
                match &mut self.checking {
                    Some(checking) => checking.findings.clone_from(findings),
                    None => self.findings.clone_from(findings),
                }
            }
            Event::ChecksBegan { number, late, findings, .. } => {
                if !late {
                    self.phase = Phase::AwaitingOutcome { deadline: None };
                }
                self.checking = Some(Checking { since: at, number: *number, late: *late, findings: findings.clone() });
            }
            Event::ChecksEnded { findings, .. } => {
                self.checking = None;
                self.findings.clone_from(findings);
            }
            Event::LiveClaimed { session, .. } => {
                self.live_claim = Some(LiveClaim { at, session: session.clone() });
            }
            Event::StepBroke { broke, .. } => self.broke = Some(broke.clone()),
            Event::StepMended { .. } => self.broke = None,
            Event::RunNoted { words, .. } => {
                if self.notes.len() < REFUSED_KEPT {
                    self.notes.push(Note { at, words: words.clone() });
                }
            }
            Event::Gate { fact, .. } => self.gate_changed(at, fact),
            Event::ReportRefused { attempt, reason, .. } => {
                if self.refused.len() < REFUSED_KEPT {
                    self.refused.push(Refused { at, attempt: *attempt, reason: reason.clone() });
                }
            }
            Event::CueDefined { .. }
            | Event::CueStatusChanged { .. }
            | Event::BudgetSpent { .. }
            | Event::BudgetRaised {}
            | Event::TriggerUrlChanged { .. }
            | Event::PathsSeen { .. }
            | Event::SpanEnded { .. }
            | Event::OccurrenceArmed { .. }
            | Event::OccurrenceHeld { .. }
            | Event::OccurrenceEnded { .. }
            | Event::RunBegan { .. } => {}
        }
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.number == number) {
            change(attempt);
        }
    }

    /// Word of an older attempt, or of a run that ended or already waits for its retry, moves nothing.
    fn await_outcome(&mut self, number: u32, deadline: Option<Ms>) {
        let under_way = matches!(self.phase, Phase::Delivering | Phase::Offered { .. } | Phase::AwaitingOutcome { .. });
        if under_way && self.latest().number == number {
            self.phase = Phase::AwaitingOutcome { deadline };
        }
    }
}
