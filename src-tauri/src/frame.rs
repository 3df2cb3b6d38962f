//! Where the window stands and how large it is, and where it may stand the next time. Pure; all in pixels of the screen.

use serde::{Deserialize, Serialize};

/// In the pixels of a display without scaling.
pub const SIZE: (f64, f64) = (1280.0, 800.0);
pub const SIZE_MIN: (f64, f64) = (860.0, 560.0);

/// So much of its upper edge must be on a screen that a hand gets hold of it.
const GRIP: (i64, i64) = (160, 32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The corner of its edge, on the screens taken together.
    pub x: i32,
    pub y: i32,
    /// Without its edge.
    pub width: u32,
    pub height: u32,
}

/// A screen, without what a panel takes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Screen {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
    pub scale: f64,
}

/// The frame as it was, as far as the screens of today allow it; None if it would be on none of them, or there are none.
pub fn fitted(frame: Frame, screens: &[Screen]) -> Option<Frame> {
    let screen =
        screens.iter().max_by_key(|screen| shared(frame, screen)).filter(|screen| shared(frame, screen) > 0)?;
    let least = |least: f64| (least * screen.scale).round() as u32;
    let width = frame.width.min(screen.width).max(least(SIZE_MIN.0));
    let height = frame.height.min(screen.height).max(least(SIZE_MIN.1));
    let sized = Frame { width, height, ..frame };
    if screens.iter().any(|screen| can_be_gripped(sized, screen)) {
        return Some(sized);
    }
    let x = within(frame.x, screen.x, screen.width, width);
    let y = within(frame.y, screen.y, screen.height, height);
    Some(Frame { x, y, ..sized })
}

/// The nearest place for a length that lies within the screen; its beginning counts more than its end.
fn within(at: i32, start: i32, span: u32, length: u32) -> i32 {
    let last = i64::from(start) + i64::from(span) - i64::from(length);
    i64::from(at).min(last).max(i64::from(start)) as i32
}

/// Square pixels of the frame on this screen.
fn shared(frame: Frame, screen: &Screen) -> i64 {
    overlap(frame.x, i64::from(frame.width), screen.x, screen.width)
        * overlap(frame.y, i64::from(frame.height), screen.y, screen.height)
}

fn can_be_gripped(frame: Frame, screen: &Screen) -> bool {
    overlap(frame.x, i64::from(frame.width), screen.x, screen.width) >= GRIP.0
        && overlap(frame.y, GRIP.1, screen.y, screen.height) >= GRIP.1
}

fn overlap(at: i32, length: i64, start: i32, span: u32) -> i64 {
    let (at, start) = (i64::from(at), i64::from(start));
    ((at + length).min(start + i64::from(span)) - at.max(start)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Screen = Screen { x: 0, y: 0, width: 1920, height: 1080, scale: 1.0 };
    const RIGHT: Screen = Screen { x: 1920, y: 0, width: 2560, height: 1440, scale: 1.0 };

    fn frame(x: i32, y: i32, width: u32, height: u32) -> Frame {
        Frame { x, y, width, height }
    }

    #[test]
    fn where_it_was_it_is_again() {
        for kept in [
            frame(0, 0, 1280, 800),
            frame(2000, 300, 1400, 900),
            frame(1000, 40, 1600, 900),
            frame(1700, 1000, 900, 600),
        ] {
            assert_eq!(fitted(kept, &[LEFT, RIGHT]), Some(kept), "{kept:?}");
        }
    }

    #[test]
    fn the_screen_that_it_stood_on_is_gone() {
        assert_eq!(fitted(frame(2000, 300, 1400, 900), &[LEFT]), None);
        assert_eq!(fitted(frame(0, 0, 1280, 800), &[]), None);
    }

    #[test]
    fn what_could_not_be_gripped_is_brought_back() {
        assert_eq!(fitted(frame(-1200, 100, 1280, 800), &[LEFT]), Some(frame(0, 100, 1280, 800)), "but for a strip");
        assert_eq!(fitted(frame(300, -200, 1280, 800), &[LEFT]), Some(frame(300, 0, 1280, 800)), "its title is above");
        assert_eq!(fitted(frame(1850, 1070, 1280, 800), &[LEFT]), Some(frame(640, 280, 1280, 800)), "but for a corner");
    }

    #[test]
    fn it_is_never_larger_than_the_screen_nor_smaller_than_the_least() {
        assert_eq!(fitted(frame(0, 0, 3000, 2000), &[LEFT]), Some(frame(0, 0, 1920, 1080)));
        assert_eq!(fitted(frame(10, 10, 20, 20), &[LEFT]), Some(frame(10, 10, 860, 560)));
        let small = Screen { width: 800, height: 480, ..LEFT };
        assert_eq!(fitted(frame(50, 50, 900, 600), &[small]), Some(frame(50, 50, 860, 560)), "the least is the least");
        let fine = Screen { scale: 2.0, ..RIGHT };
        assert_eq!(fitted(frame(2000, 0, 900, 600), &[fine]), Some(frame(2000, 0, 1720, 1120)));
    }

    #[test]
    fn numbers_from_a_file_break_nothing() {
        for kept in [frame(i32::MIN, i32::MIN, u32::MAX, u32::MAX), frame(i32::MAX, 0, u32::MAX, 1), frame(0, 0, 0, 0)]
        {
            if let Some(fitted) = fitted(kept, &[LEFT]) {
                assert!(fitted.width <= 1920 && fitted.width >= 860, "{fitted:?}");
            }
        }
    }
}
