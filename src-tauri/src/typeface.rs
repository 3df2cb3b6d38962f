//! Whether this desktop names a typeface for its programs. Where it only names a kind ("Sans"), `system-ui` is a question that WebKit
//! puts to the system anew for each size and weight, and gets no answer to: a tenth of the way to the board. The page then asks for
//! `sans-serif` at once, which is the same face (`ui/public/early.js`).

use gtk::pango::FontDescription;
use gtk::prelude::GtkSettingsExt as _;

/// What fontconfig and Pango take for a kind, and no face.
const KINDS: [&str; 7] = ["", "sans", "sans-serif", "sans serif", "serif", "monospace", "system-ui"];

/// Read by the page before it is first painted.
const NONE: &str = "window.__CUETOWER_TYPEFACE__ = 'none';";

/// What the page is to be told, before anything else of it runs. To be called once the toolkit is up.
pub fn told() -> &'static str {
    let named = gtk::Settings::default().and_then(|settings| settings.gtk_font_name());
    if named.is_some_and(|font| names_a_face(&font)) { "" } else { NONE }
}

/// Of a font as the desktop names it: "Cantarell 11".
fn names_a_face(font: &str) -> bool {
    let families = FontDescription::from_string(font).family().unwrap_or_default();
    let first = families.split(',').next().unwrap_or_default().trim();
    !KINDS.contains(&first.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_no_face() {
        for font in [
            "Sans 10",
            "sans-serif",
            "Sans Serif Bold 11",
            "Monospace 9",
            "10",
            "",
            "system-ui 11",
            "Sans, Cantarell 11",
        ] {
            assert!(!names_a_face(font), "{font}");
        }
        for font in ["Cantarell 11", "Adwaita Sans 11", "Noto Sans,  10", "DejaVu Sans Condensed 9", "Ubuntu Medium 11"]
        {
            assert!(names_a_face(font), "{font}");
        }
    }
}
