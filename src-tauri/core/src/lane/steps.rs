//! What the lane hears of the steps of its runs: which of them broke, and that it was mended. The steps themselves are a unit
//! beside it (`step`).

use crate::event::Event;
use crate::id::RunId;
use crate::input::Answer;
use crate::lane::decide::Draft;
use crate::step::Broke;

impl Draft<'_> {
    pub fn step_broke(&mut self, run_id: &RunId, broke: &Broke) -> Answer {
        if self.run(run_id).is_some_and(|run| run.broke.as_deref() != Some(broke)) {
            self.emit(Event::StepBroke { run_id: run_id.clone(), broke: Box::new(broke.clone()) });
        }
        Answer::Done
    }

    pub fn step_mended(&mut self, run_id: &RunId, key: &str) -> Answer {
        if self.run(run_id).and_then(|run| run.broke.clone()).is_some_and(|broke| broke.key == key) {
            self.emit(Event::StepMended { run_id: run_id.clone() });
        }
        Answer::Done
    }
}
