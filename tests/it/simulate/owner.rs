//! What the owner does, and whoever calls trigger URLs and changes files.

use cuetower_core::attempt::RestartBy;
use cuetower_core::event::FileSeen;
use cuetower_core::id::CueId;
use cuetower_core::input::{Fire, Input, Triggered};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Evidence;
use serde_json::json;

use super::batch::Tower;
use super::fleet;
use super::luck::Luck;
use super::world::World;

impl World {
    pub fn owners_whim(&mut self, luck: &mut Luck) -> (Option<(CueId, Input)>, Tower) {
        if luck.chance(if self.firing { 3 } else { 30 }) {
            return (None, Tower::Firing(!self.firing));
        }
        let ids: Vec<CueId> = self.lanes.keys().cloned().collect();
        if ids.is_empty() {
            return (None, Tower::Goes);
        }
        if luck.chance(20)
            && let Some(word) = self.owners_word(luck)
        {
            return (Some(word), Tower::Goes);
        }
        // The few agents that live long are named by chance too rarely.
        if luck.chance(3)
            && let Some((id, run_id)) = self.services().next()
        {
            return (Some((id, Input::Restart { run_id, by: RestartBy::Owner })), Tower::Goes);
        }
        let id = luck.pick(&ids).clone();
        if luck.chance(25) {
            return (self.word_about(luck).or_else(|| Some((id.clone(), self.whim_about(luck, &id)?))), Tower::Goes);
        }
        (self.whim_about(luck, &id).map(|input| (id, input)), Tower::Goes)
    }

    fn whim_about(&mut self, luck: &mut Luck, id: &CueId) -> Option<Input> {
        let (now, firing) = (self.now(), self.firing);
        let lane = &self.lanes[id];
        let input = match luck.below(40) {
            0..10 => {
                let send_at = luck.chance(30).then(|| now.plus(luck.between(1, 600_000)));
                let key = luck.chance(20).then(|| format!("key-{}", luck.below(3)));
                Input::Fire(Fire { payload: None, send_at, key, exit_criteria: vec![], trigger: Trigger::ManualFire })
            }
            // A cue that begins in 1970 has every instant since then in its ledger: true, and too many for a test.
            10..23 if self.behind_ms > 0 => return None,
            10..14 => {
                let definition = fleet::edited(luck, &lane.cue.definition, now);
                Input::Edit { definition: Box::new(definition), revision: None }
            }
            14..18 => Input::Pause { until: luck.chance(60).then(|| now.plus(luck.between(1, 7_200_000))) },
            18..23 => Input::Resume,
            23..26 => Input::Stop { run_id: lane.runs.keys().next()?.clone() },
            26 => {
                // One with a process, if there is one; without, it is refused.
                let run = lane.runs.values().find(|run| run.may_have_a_process()).or(lane.runs.values().next())?;
                Input::Restart { run_id: run.id.clone(), by: RestartBy::Owner }
            }
            27..29 => Input::TriggerUrl { wanted: luck.chance(80) },
            29..32 => {
                lane.cue.trigger_url?;
                let payload = Some(json!({ "from": luck.below(2) }));
                let key = luck.chance(40).then(|| format!("url-{}", luck.below(3)));
                Input::Triggered(Triggered { trigger: Trigger::Url, payload, key, firing })
            }
            32..36 => {
                if lane.cue.definition.schedule.paths.is_empty() {
                    return None;
                }
                Input::Files { seen: self.folder(luck), firing }
            }
            36..39 => return self.answer(luck, id),
            _ if luck.chance(20) => Input::Delete,
            _ => return None,
        };
        Some(input)
    }

    /// What is said after the fact: of the run that was acknowledged last, or of an older one.
    fn word_about(&self, luck: &mut Luck) -> Option<(CueId, Input)> {
        let back = luck.below(8) as usize;
        let (run_id, _) = self.acknowledged.iter().rev().nth(back).or(self.acknowledged.last())?;
        let live = self.lanes.values().find_map(|lane| lane.runs.get(run_id)).map(|run| run.cue_id.clone());
        let cue = live.or_else(|| self.disk.ended.get(run_id).map(|run| run.cue_id.clone()))?;
        let run_id = run_id.clone();
        let input = match luck.below(13) {
            0..5 => {
                let (by, reason) = ("the owner".to_owned(), luck.chance(50).then(|| "seen".to_owned()));
                Input::Verify { run_id, valid: luck.chance(70), by, reason }
            }
            5..7 => Input::AskVerification { run_id },
            7..9 => {
                let summary = luck.chance(70).then(|| "shown later".to_owned());
                let assertions = luck.chance(50).then(|| ("met".to_owned(), luck.chance(80))).into_iter().collect();
                let evidence = Box::new(Evidence { summary, assertions, ..Evidence::default() });
                Input::Evidence { run_id, attempt: None, evidence }
            }
            9 => Input::LiveClaim { run_id, session: format!("session-{}", luck.below(2)) },
            _ => Input::CheckAgain { run_id },
        };
        Some((cue, input))
    }

    /// Run or skip what asks.
    pub fn answer(&mut self, luck: &mut Luck, id: &CueId) -> Option<Input> {
        let asked = self.lanes.get(id)?.asked.front()?;
        self.tally.answered += 1;
        Some(Input::Answer { occurrence_id: asked.id.clone(), run: luck.chance(50) })
    }

    /// Files come, change and go.
    fn folder(&mut self, luck: &mut Luck) -> Vec<(String, FileSeen)> {
        let path = format!("inbox/{}", luck.below(3));
        if luck.chance(20) {
            self.files.remove(&path);
        } else {
            self.files.insert(path, luck.below(1_000_000) as i64);
        }
        let look = |(path, modified): (&String, &i64)| (path.clone(), FileSeen { modified_ms: *modified, bytes: 1 });
        self.files.iter().map(look).collect()
    }
}
