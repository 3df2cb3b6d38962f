//! The five fields of a crontab's line, as the cron of this machine reads them. Ours reads more than cron does, and Debian's
//! parser passes over what it does not know; a line that cron takes otherwise than it looks is no schedule to copy.

use super::CronKind;
use crate::schedule::Cron;

const NAMES: [&str; 5] = ["minute", "hour", "day of month", "month", "day of week"];

/// The expression as a cue has it.
///
/// # Errors
/// Why it cannot be copied, as a sentence.
pub(super) fn expression(fields: &[&str], cron: CronKind) -> Result<String, String> {
    let text = fields.join(" ");
    if text == "@reboot" {
        return Err("It is run when the machine starts, and a cue has no such due time. Leave it to cron, or have your agents started by `restart` of a command.".to_owned());
    }
    let ours = Cron::parse(&text);
    if !text.starts_with('@') {
        for (name, field) in NAMES.into_iter().zip(fields) {
            for item in field.split(',') {
                let known = match cron {
                    CronKind::Debian => is_debians(item),
                    CronKind::Cronie => is_debians(item) || is_step_from(item),
                };
                if !known {
                    let why = match &ours {
                        Err(error) => error.to_string(),
                        Ok(_) => format!("{name}: `{item}` is not in cron's own language"),
                    };
                    return Err(format!(
                        "The cron of this machine refuses this line, or reads it otherwise than it looks ({why}). Write what you mean in the window."
                    ));
                }
            }
        }
    }
    ours.map(|cron| cron.text().to_owned()).map_err(|error| format!("Its time cannot be taken over: {error}."))
}

/// `*`, a value or a range; a step after `*` and after a range alone.
fn is_debians(item: &str) -> bool {
    let (base, step) = item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)));
    let range = base.split_once('-').is_some_and(|(from, to)| is_value(from) && is_value(to));
    let stepped = step.is_none_or(is_number);
    stepped && (base == "*" || range || (is_value(base) && step.is_none()))
}

/// `5/10`: cronie's own.
fn is_step_from(item: &str) -> bool {
    item.split_once('/').is_some_and(|(from, step)| is_value(from) && is_number(step))
}

fn is_value(text: &str) -> bool {
    is_number(text) || (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, cron: CronKind) -> Result<String, String> {
        expression(&text.split(' ').collect::<Vec<_>>(), cron)
    }

    /// What Debian's `crontab` 3.0pl1-162 takes and means as it looks.
    #[test]
    fn what_cron_reads_is_copied() {
        for text in [
            "5-5/2 * * * *",
            "* * * * sun-mon",
            "* * * * fri-7",
            "*/90 * * * *",
            "* * * JAN-mar,dec *",
            "007 * * * *",
            "1-5,* * * * *",
            "0 0 1-7 * 0",
            "@midnight",
        ] {
            assert_eq!(read(text, CronKind::Debian).as_deref(), Ok(text));
        }
    }

    /// Debian's takes `5-0` and never runs it, reads `1#2` as `1` and `0~30` as `0`; the others it refuses.
    #[test]
    fn what_cron_refuses_or_takes_otherwise_is_not() {
        for text in [
            "* * * * 5-0",
            "* * * * 1#2",
            "0~30 * * * *",
            "*-5 * * * *",
            "*5 * * * *",
            "1/5 * * * *",
            "* * * * 5L",
            "* * L * *",
            "60 * * * *",
            "0 0 31 2 *",
            "@Daily",
            "@every_minute",
            "@reboot",
        ] {
            let why = read(text, CronKind::Debian).unwrap_err();
            assert!(why.ends_with('.') && why.len() > 40, "{text}: {why}");
        }
        assert_eq!(read("1/5 * * * *", CronKind::Cronie).as_deref(), Ok("1/5 * * * *"));
    }
}
