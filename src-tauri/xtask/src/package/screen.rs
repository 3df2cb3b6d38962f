//! A screen that is nobody's, to see on it whether a window came.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{folder_made, quietly};
use crate::call;
use crate::place::Place;

const TITLE: &str = "Cuetower";
/// More than a ground and an edge.
const COLOURS_MIN: u32 = 20;
/// The rail and the two bars on top, with room to spare: they are painted before the tower has answered.
const FRAME: &str = "90x120";

pub struct Screen {
    server: Child,
    /// As DISPLAY names it.
    pub name: String,
}

impl Screen {
    pub fn start(place: &Place) -> Result<Screen, String> {
        let mut server = place.program("Xvfb", "");
        // Whoever finds its socket may draw on it: the owner in the clean root is somebody else than who runs this.
        server.args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset", "-ac"]);
        let started = call::start(server.stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut server = started.map_err(|error| format!("Xvfb could not be started: {error}"))?;
        let mut line = String::new();
        if let Some(out) = server.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|error| format!("Xvfb says nothing: {error}"))?;
        }
        let screen = Screen { server, name: format!(":{}", line.trim()) };
        if line.trim().is_empty() { Err("Xvfb has no screen to give".into()) } else { Ok(screen) }
    }

    /// Waits until a window of Cuetower's has something painted inside of its frame, and takes a picture of the screen.
    pub fn shows_the_window(&self, place: &Place, patience: Duration, picture: &Path) -> Result<(), String> {
        let until = Instant::now() + patience;
        let folder = picture.parent().unwrap_or(picture);
        folder_made(folder)?;
        let part = folder.join("part.png");
        while !self.windows(place).iter().any(|id| self.colours(place, id, &part) > COLOURS_MIN) {
            if Instant::now() > until {
                return Err(format!("no window of `{TITLE}` was painted within {} s", patience.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        drop(std::fs::remove_file(part));
        quietly(place.program("import", "").env("DISPLAY", &self.name).args(["-window", "root"]).arg(picture)).map(drop)
    }

    fn windows(&self, place: &Place) -> Vec<String> {
        let mut search = place.program("xdotool", "");
        search.env("DISPLAY", &self.name).args(["search", "--onlyvisible", "--name", TITLE]);
        call::output(&mut search).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn colours(&self, place: &Place, id: &str, part: &Path) -> u32 {
        let mut taken = place.program("import", "");
        taken.env("DISPLAY", &self.name).args(["-window", id]).arg(part);
        let mut count = place.program("convert", "");
        count.arg(part).args(["-gravity", "NorthWest", "-chop", FRAME, "-format", "%k", "info:"]);
        let mut counted = || call::output(&mut count).and_then(|said| said.parse().ok());
        quietly(&mut taken).ok().and_then(|_| counted()).unwrap_or(0)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Gone already is as good.
        drop(self.server.kill().and_then(|()| self.server.wait()));
    }
}
