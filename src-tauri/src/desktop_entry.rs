//! Desktop entries, the files by which a Linux desktop starts programs. Pure: what to start in, text out, and back.

use std::ffi::OsString;

/// The value of `Exec`. The error is a sentence: such a path cannot be written there.
pub fn exec(words: &[OsString], more: &str) -> Result<String, String> {
    let mut exec = String::new();
    for word in words {
        let word = word.to_str().filter(|word| !word.chars().any(char::is_control)).ok_or_else(|| {
            format!("`{}` holds letters that a desktop cannot be told. Move it.", word.to_string_lossy().escape_debug())
        })?;
        exec.push_str(&quoted(word));
        exec.push(' ');
    }
    exec.push_str(more);
    Ok(exec.trim_end().to_owned())
}

/// Quoted as an argument, then escaped as a text of such a file.
fn quoted(word: &str) -> String {
    let mut quoted = String::from('"');
    for letter in word.chars() {
        match letter {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', letter]),
            '\\' => quoted.push_str(r"\\\\"),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// An entry that starts the program; `more`: further lines.
pub fn entry(comment: &str, exec: &str, more: &[&str]) -> String {
    let mut lines = vec![
        "[Desktop Entry]".to_owned(),
        "Type=Application".to_owned(),
        "Name=Cuetower".to_owned(),
        format!("Comment={comment}"),
        format!("Exec={exec}"),
        "Icon=cuetower".to_owned(),
        "Terminal=false".to_owned(),
    ];
    lines.extend(more.iter().map(|line| (*line).to_owned()));
    lines.join("\n") + "\n"
}

/// What an entry says under this key.
pub fn value<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    let lines = entry.lines().skip_while(|line| line.trim() != "[Desktop Entry]").skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    lines.find_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == key)).map(|(_, value)| value.trim())
}

/// Whether the desktop may start it: neither taken out of use nor hidden.
pub fn is_on(entry: &str) -> bool {
    let says = |key, word| value(entry, key).is_some_and(|value| value.eq_ignore_ascii_case(word));
    !says("Hidden", "true") && !says("X-GNOME-Autostart-enabled", "false")
}

/// `mimeapps.list` without this entry, wherever it stands in it.
pub fn without(list: &str, entry: &str) -> String {
    let line = |line: &str| match line.split_once('=') {
        Some((kind, entries)) if entries.split(';').any(|one| one.trim() == entry) => {
            let left: Vec<_> = entries.split(';').filter(|one| !one.trim().is_empty() && one.trim() != entry).collect();
            (!left.is_empty()).then(|| format!("{kind}={};\n", left.join(";")))
        }
        _ => Some(format!("{line}\n")),
    };
    list.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn any_path_is_one_word_of_exec() {
        assert_eq!(
            exec(&words(&["/opt/cue tower/cuetower", "--hidden"]), "").as_deref(),
            Ok(r#""/opt/cue tower/cuetower" "--hidden""#)
        );
        assert_eq!(exec(&words(&["/a"]), "%u").as_deref(), Ok(r#""/a" %u"#));
        assert_eq!(exec(&words(&[r#"/50% $HOME`"\"#]), "").as_deref(), Ok(r#""/50%% \\$HOME\\`\\"\\\\""#));
        assert!(exec(&words(&["/a\nExec=evil"]), "").is_err_and(|why| why.contains(r"/a\nExec=evil")));
    }

    #[test]
    fn an_entry_is_read_as_the_desktop_reads_it() {
        let entry = entry("c", "\"/a\"", &["X-GNOME-Autostart-enabled=true"]);
        assert_eq!((value(&entry, "Exec"), value(&entry, "Path"), is_on(&entry)), (Some("\"/a\""), None, true));
        assert!(!is_on(&entry.replace("enabled=true", "enabled=false")));
        assert!(!is_on(&format!("{entry}Hidden=true\n")));
        assert_eq!(
            value("[Desktop Action x]\nExec=b\n[Desktop Entry]\nExec = a=b\n[Other]\nName=c", "Exec"),
            Some("a=b")
        );
        assert_eq!(value("[Desktop Entry]\nExec=a\n[Other]\nName=c", "Name"), None);
    }

    #[test]
    fn an_entry_leaves_the_list_and_nothing_else_does() {
        let list = "[Default Applications]\nx-scheme-handler/cuetower=ours.desktop\ntext/html=a.desktop;ours.desktop;b.desktop;\n\n[Added Associations]\nx=ours.desktop;\ny=z\n";
        assert_eq!(
            without(list, "ours.desktop"),
            "[Default Applications]\ntext/html=a.desktop;b.desktop;\n\n[Added Associations]\ny=z\n"
        );
        assert_eq!(without(list, "other.desktop"), list);
    }
}
