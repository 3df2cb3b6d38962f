//! Start at login: whether the system starts this tower, hidden, for its owner. What is true is read from the system each time.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::arguments::HIDDEN;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartAtLogin {
    pub on: bool,
    pub possible: bool,
    pub why: Option<String>,
}

/// How this tower is started another time.
#[derive(Debug, Clone)]
pub struct Start {
    /// The name of its entry, without an ending: one for each data folder.
    pub name: String,
    pub program: PathBuf,
    /// With the data folder in full.
    pub args: Vec<OsString>,
}

impl Start {
    /// Of the program that runs.
    pub fn of_this(name: String, args: Vec<OsString>) -> io::Result<Start> {
        let said = |name| std::env::var_os(name).map(PathBuf::from);
        let program = whole(std::env::current_exe()?, said("APPIMAGE"), said("APPDIR"));
        Ok(Start { name, program, args })
    }

    fn hidden(&self) -> Vec<OsString> {
        [self.program.clone().into_os_string()].into_iter().chain(self.args.clone()).chain([HIDDEN.into()]).collect()
    }
}

/// An AppImage is started as a whole, if the program lies in it: what another one started inherits its words.
fn whole(program: PathBuf, image: Option<PathBuf>, mounted: Option<PathBuf>) -> PathBuf {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match (image, mounted) {
        (Some(image), Some(mounted)) if image.is_file() && real(&program).starts_with(real(&mounted)) => image,
        _ => program,
    }
}

#[cfg(target_os = "linux")]
mod system {
    use super::*;
    use crate::desktop_entry::{entry, exec, is_on, value};

    fn path(start: &Start) -> Option<PathBuf> {
        Some(directories::BaseDirs::new()?.config_dir().join("autostart").join(format!("{}.desktop", start.name)))
    }

    pub fn look(start: &Start) -> StartAtLogin {
        let not = |why: String| StartAtLogin { on: false, possible: false, why: Some(why) };
        let Some(path) = path(start) else { return not("This system names no folder for your settings.".into()) };
        let exec = match exec(&start.hidden(), "") {
            Ok(exec) => exec,
            Err(why) => return not(why),
        };
        let there = std::fs::read_to_string(&path).ok().filter(|entry| is_on(entry));
        let other = there.as_deref().and_then(|entry| value(entry, "Exec")).filter(|there| *there != exec);
        let why = other.map(|other| {
            format!("A login starts another Cuetower on this data folder: {other}. Switch it on to have this one.")
        });
        StartAtLogin { on: there.is_some() && why.is_none(), possible: true, why }
    }

    pub fn switch(start: &Start, on: bool) -> Result<(), String> {
        let path = path(start).ok_or("This system names no folder for your settings.")?;
        let done = if on {
            let text = entry(
                "Starts the control tower of your agents, hidden",
                &exec(&start.hidden(), "")?,
                &["X-GNOME-Autostart-enabled=true"],
            );
            std::fs::create_dir_all(path.parent().unwrap_or(&path))
                .and_then(|()| cuetower_engine::private::write(&path, text.as_bytes()))
        } else {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                done => done,
            }
        };
        done.map_err(|error| format!("{} could not be changed: {error}.", path.display()))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::*;

    fn launch(start: &Start) -> Result<auto_launch::AutoLaunch, String> {
        let args: Vec<String> =
            start.hidden().into_iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
        auto_launch::AutoLaunchBuilder::new()
            .set_app_name(&start.name)
            .set_app_path(&start.program.to_string_lossy())
            .set_args(&args)
            .build()
            .map_err(|error| format!("The system cannot be asked to start it at login: {error}."))
    }

    pub fn look(start: &Start) -> StartAtLogin {
        let on = launch(start).and_then(|launch| launch.is_enabled().map_err(|error| format!("{error}.")));
        match on {
            Ok(on) => StartAtLogin { on, possible: true, why: None },
            Err(why) => StartAtLogin { on: false, possible: false, why: Some(why) },
        }
    }

    pub fn switch(start: &Start, on: bool) -> Result<(), String> {
        let launch = launch(start)?;
        let done = if on { launch.enable() } else { launch.disable() };
        done.map_err(|error| format!("The system did not take it: {error}."))
    }
}

pub use system::{look, switch};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_started_only_if_this_program_lies_in_it() {
        let folder = std::env::temp_dir().join(format!("cuetower-login-{}", std::process::id()));
        let (mounted, elsewhere) = (folder.join("mounted"), folder.join("elsewhere"));
        let [inside, outside, image] =
            [mounted.join("usr/bin/cuetower"), elsewhere.join("cuetower"), folder.join("Cuetower.AppImage")];
        for file in [&inside, &outside, &image] {
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, "").expect("a file");
        }
        let whole = |program: &PathBuf, image: Option<&PathBuf>, mounted: Option<&PathBuf>| {
            super::whole(program.clone(), image.cloned(), mounted.cloned())
        };
        assert_eq!(whole(&inside, Some(&image), Some(&mounted)), image);
        assert_eq!(whole(&outside, Some(&image), Some(&mounted)), outside, "a terminal from an AppImage started it");
        assert_eq!(whole(&outside, Some(&image), None), outside);
        assert_eq!(whole(&inside, Some(&folder.join("gone")), Some(&mounted)), inside);
        assert_eq!(whole(&outside, None, None), outside);
        std::fs::remove_dir_all(folder).expect("the folder goes");
    }
}
