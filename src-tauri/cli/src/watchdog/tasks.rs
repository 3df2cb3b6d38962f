//! A task of Windows' Task Scheduler. Written by its schema; never run by us there.

use std::path::Path;

use super::launchd::escaped;
use super::{Guarded, Step};

const TASK: &str = "Cuetower";
pub const FILE: &str = "watchdog.xml";

/// The task: at the login, again a minute after it failed, and without a limit of time. A second start ends at once, because
/// the first tower holds the data folder, so one that is asked for every five minutes costs nothing.
pub fn xml(service: &Guarded) -> String {
    let program = escaped(&service.program.display().to_string());
    let args = escaped(&service.args.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!-- Written by `cuetowerctl watchdog install`; `cuetowerctl watchdog remove` takes it away. -->
<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">
  <RegistrationInfo><Description>Keeps Cuetower up</Description></RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <Repetition><Interval>PT5M</Interval><StopAtDurationEnd>false</StopAtDurationEnd></Repetition>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id=\"Author\"><LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>255</Count></RestartOnFailure>
  </Settings>
  <Actions Context=\"Author\">
    <Exec><Command>{program}</Command><Arguments>{args}</Arguments></Exec>
  </Actions>
</Task>
"
    )
}

/// As a program on Windows takes its command line apart.
fn quoted(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '"']) {
        return word.to_owned();
    }
    let mut text = String::from("\"");
    let mut slashes = 0;
    for letter in word.chars() {
        match letter {
            '\\' => slashes += 1,
            '"' => {
                text.extend(std::iter::repeat_n('\\', 2 * slashes + 1));
                slashes = 0;
                text.push('"');
                continue;
            }
            _ => {
                text.extend(std::iter::repeat_n('\\', slashes));
                slashes = 0;
                text.push(letter);
                continue;
            }
        }
    }
    text.extend(std::iter::repeat_n('\\', 2 * slashes));
    text.push('"');
    text
}

pub fn install(path: &Path, runs: bool) -> Vec<Step> {
    let file = path.display().to_string();
    let mut steps = vec![Step::of(&["schtasks", "/Create", "/F", "/TN", TASK, "/XML", &file])];
    if !runs {
        steps.push(start());
    }
    steps
}

pub fn start() -> Step {
    Step::of(&["schtasks", "/Run", "/TN", TASK])
}

pub fn remove() -> Vec<Step> {
    vec![Step::or_not(&["schtasks", "/Delete", "/F", "/TN", TASK])]
}

pub fn look() -> Step {
    Step::of(&["schtasks", "/Query", "/TN", TASK, "/FO", "LIST"])
}

/// By what [`look`] printed, in an English Windows.
pub fn is_up(said: &str) -> bool {
    said.lines().any(|line| line.starts_with("Status:") && line.trim_end().ends_with("Running"))
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_task_starts_exactly_what_was_asked_for() {
        let xml = xml(&example());
        assert!(xml.contains("<Command>/opt/cue tower/cuetowerctl</Command>"));
        let args = "<Arguments>serve --watchdog systemd --data &quot;/home/me/50% &amp; &lt;more&gt;&quot;</Arguments>";
        assert!(xml.contains(args), "{xml}");
        assert_eq!(quoted(r#"C:\my "x"\"#), r#""C:\my \"x\"\\""#);
        assert!(is_up("TaskName: \\Cuetower\nStatus:        Running\n") && !is_up("Status:        Ready\n"));
    }
}
