//! How WebKit puts the page on the screen, on Linux. It composes it in layers on the graphics card; where there is none, on one made of
//! software, which takes a good part of the start and a hundred megabytes. The board is a canvas that the processor draws either way, and
//! what else moves in the page is small: without a card WebKit is told to paint straight into the window. With one it is left as it is,
//! since there it was not measured. What the owner said of it counts more, either way.

use std::path::Path;

use cuetower_engine::OWN_DRAWING;

/// Where the kernel lists what can draw; `card0` alone only shows what is drawn.
const CARDS: &str = "/dev/dri";
const DRAWS: &str = "renderD";
/// Of NVIDIA's own driver, and of Windows beneath a Linux.
const OTHER_CARDS: [&str; 2] = ["/dev/nvidiactl", "/dev/dxg"];
/// The owner's word for or against composing.
const SAID: [&str; 2] = [OWN_DRAWING.0, "WEBKIT_FORCE_COMPOSITING_MODE"];
/// The owner's word that no card is to be used.
const SOFTWARE: &str = "LIBGL_ALWAYS_SOFTWARE";

/// To be called while the program has one thread: WebKit is told by the environment alone (told by its settings, once the view is made,
/// its process breaks off). It starts with the program, so there is nobody yet who reads it at the same time.
pub fn settle() {
    if SAID.iter().any(|name| std::env::var_os(name).is_some()) || (has_card() && !software()) {
        return;
    }
    let (name, value) = OWN_DRAWING;
    if let Err(error) = glib::setenv(name, value, false) {
        eprintln!("The window is drawn as on a machine with a graphics card: {error}.");
    }
}

fn has_card() -> bool {
    draws(Path::new(CARDS)) || OTHER_CARDS.iter().any(|card| Path::new(card).exists())
}

fn draws(cards: &Path) -> bool {
    let Ok(found) = std::fs::read_dir(cards) else { return false };
    found.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(DRAWS))
}

fn software() -> bool {
    std::env::var_os(SOFTWARE).is_some_and(|said| said == "1" || said.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_one_that_draws() {
        let folder = std::env::temp_dir().join(format!("cuetower-cards-{}", std::process::id()));
        assert!(!draws(&folder), "no folder");
        std::fs::create_dir(&folder).expect("a folder of our own");
        std::fs::write(folder.join("card0"), "").expect("a file");
        assert!(!draws(&folder), "it shows, and does not draw");
        std::fs::write(folder.join("renderD128"), "").expect("a file");
        assert!(draws(&folder));
        std::fs::remove_dir_all(&folder).expect("our own folder");
    }
}
