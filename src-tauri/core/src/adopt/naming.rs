//! What a job is called: by the program or the script that does the work, not by what stands before it.

const NAME_CHARS_MAX: usize = 60;

/// They prepare, and do no work of their own.
const BEFORE: [&str; 17] = [
    "cd", "test", "[", "[[", ".", "source", "export", "set", "umask", "sleep", "true", ":", "if", "!", "{", "(", "echo",
];
/// They run what comes after their own options.
const AROUND: [&str; 20] = [
    "sudo",
    "nice",
    "ionice",
    "nohup",
    "time",
    "timeout",
    "flock",
    "env",
    "chronic",
    "cronic",
    "setsid",
    "exec",
    "command",
    "systemd-cat",
    "chrt",
    "taskset",
    "stdbuf",
    "then",
    "do",
    "ifne",
];
const INTERPRETERS: [&str; 14] =
    ["sh", "bash", "dash", "zsh", "ksh", "fish", "python", "python3", "perl", "ruby", "node", "php", "Rscript", "java"];
const ENDINGS: [&str; 9] = [".sh", ".bash", ".py", ".pl", ".rb", ".php", ".js", ".ts", ".jar"];

/// Of a line for a shell; "cron job" where nothing in it is a name.
pub(super) fn of_command(command: &str) -> String {
    let named = command.split(['&', '|', ';', '\n']).find_map(of_part);
    named.map_or_else(|| "cron job".to_owned(), |name| name.chars().take(NAME_CHARS_MAX).collect())
}

fn of_part(part: &str) -> Option<String> {
    let plain: String = part.chars().filter(|letter| !matches!(letter, '"' | '\'')).collect();
    let mut words = plain.split_whitespace().skip_while(|word| is_assignment(word)).peekable();
    let mut program = words.next()?;
    while AROUND.contains(&base(program)) {
        let wrapper = base(program);
        let mut own = words.by_ref().skip_while(|word| is_option(word) || is_assignment(word) || is_amount(word));
        program = own.next()?;
        // The file that it locks.
        if wrapper == "flock" {
            program = words.by_ref().find(|word| !is_option(word) && !is_amount(word))?;
        }
    }
    if BEFORE.contains(&program) {
        return None;
    }
    let name = base(program);
    if INTERPRETERS.contains(&name) || name.starts_with("python") {
        let script = words.by_ref().find(|word| !is_option(word) || matches!(*word, "-e"))?;
        // A line of its own is no name; what follows may have one.
        return if script == "-e" { None } else { cleaned(stem(base(script))) };
    }
    let task = words.peek().filter(|word| is_task(word) && stem(name) == name);
    cleaned(&task.map_or_else(|| stem(name).to_owned(), |task| format!("{name} {task}")))
}

/// What follows the last slash.
fn base(word: &str) -> &str {
    let word = word.trim_matches(['(', ')', '{', '}', '`', '$']);
    word.trim_end_matches('/').rsplit('/').next().unwrap_or(word)
}

fn stem(name: &str) -> &str {
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).filter(|stem| !stem.is_empty()).unwrap_or(name)
}

fn cleaned(name: &str) -> Option<String> {
    let fits = |letter: &char| letter.is_alphanumeric() || " ._-:@".contains(*letter);
    let name: String = name.chars().filter(fits).collect();
    let name = name.trim().trim_start_matches('-');
    name.chars().any(char::is_alphanumeric).then(|| name.to_owned())
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn is_option(word: &str) -> bool {
    word.starts_with('-')
}

/// `10`, `5m`, `1.5h`
fn is_amount(word: &str) -> bool {
    let digits = word.trim_end_matches(['s', 'm', 'h', 'd']);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// `renew` of `certbot renew`
fn is_task(word: &str) -> bool {
    (2..=24).contains(&word.len())
        && word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_called_by_what_does_the_work() {
        for (command, name) in [
            ("/usr/local/bin/backup.sh --full", "backup"),
            ("cd /srv/app && /usr/bin/python3 -u leads.py >> log 2>&1", "leads"),
            (
                "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew",
                "certbot",
            ),
            ("certbot renew --quiet", "certbot renew"),
            ("nice -n 10 ionice -c 3 /opt/bin/index-all", "index-all"),
            ("flock -n /tmp/sync.lock rsync -a /a/ /b/", "rsync"),
            ("/usr/bin/flock -w 10 /tmp/l python3 -m leads.digest", "leads.digest"),
            ("FOO=1 BAR=2 php /var/www/artisan schedule:run", "artisan"),
            ("curl -fsS https://x.example/ping", "curl"),
            ("bash -c 'cd /x; ./run.sh'", "cd"),
            ("[ -x /usr/share/mdadm/checkarray ] && /usr/share/mdadm/checkarray --cron --all", "checkarray"),
            (
                "if [ -x /usr/share/mdadm/checkarray ] && [ $(date +%d) -le 7 ]; then /usr/share/mdadm/checkarray --all; fi",
                "checkarray",
            ),
            ("timeout 5m docker exec web ls", "docker exec"),
            ("~/bin/näh.sh", "näh"),
            ("true", "cron job"),
            ("", "cron job"),
        ] {
            assert_eq!(of_command(command), name, "{command}");
        }
    }
}
